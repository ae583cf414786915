"""Every curl of both guides works as it is printed; only host, port and token are others."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hyponema_cli.core.records import Agent, User
from hyponema_cli.core.token import Scope
from hyponema_cli.engine.tick import tick
from hyponema_cli.serve.schedules import RUN_KEYS
from hyponema_cli.store import agents, numbers, open_store, users
from hyponema_cli.wire import desk_of
from tests.serve import curls
from tests.serve.conftest import NOON, Site, add_token


class Answer(NamedTuple):
    status: int
    json: Any


class Curl(NamedTuple):
    """The program curl, and the server that it is sent to."""

    port: int
    token: str
    workspace: str

    def __call__(self, printed: str, schedule_id: str = "") -> Answer:
        """Run what a guide prints, in a shell."""
        here = f"http://127.0.0.1:{self.port}"
        words = printed.replace("http://localhost:8010", here).replace("https://api.hyponema.ai", here)
        words = words.replace("YOUR_TOKEN", self.token).replace("{schedule_id}", schedule_id)
        done = subprocess.run(
            ["bash", "-c", words + " --silent --noproxy '*' --write-out '\n%{http_code}'"],
            env={"PATH": os.environ["PATH"], "WORKSPACE_ID": self.workspace, "HYPONEMA_API_KEY": self.token},
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        body, _, status = done.stdout.rpartition("\n")
        return Answer(int(status), json.loads(body))


@pytest.fixture
def curl(site: Site, listen: Callable[..., Any]) -> Any:
    with closing(open_store(site.db)) as store, store.transaction():
        agents.insert(store, Agent("agent_...", "Of the guide", None, "wss://agent.example/s", None, NOON, NOON))
        users.insert(store, User("user_...", "Of the guide", "+34600000009", "Europe/Madrid", None, {}, NOON, NOON))
    with listen(site.house) as port:
        yield Curl(port, site.tokens["all"], "default")


def test_guide_b_from_booking_to_health(site: Site, curl: Curl) -> None:
    single = curl(curls.B_SINGLE)
    assert single.status == 201
    assert single.json["run_at"] == "2024-02-01T19:30:00Z"
    assert single.json["name"] == "Follow-up call for John"
    recurring = curl(curls.B_RECURRING)
    assert (recurring.status, recurring.json["next_run_at"]) == (201, "2024-01-15T14:00:00Z")
    assert recurring.json["max_occurrences"] == 12

    one, again = single.json["id"], recurring.json["id"]
    listed = curl(curls.B_LIST)
    assert (listed.status, {each["id"] for each in listed.json}) == (200, {one, again})
    assert curl(curls.B_SHOW, one) == (200, single.json)

    changed = curl(curls.B_UPDATE, one)
    assert changed.status == 200
    different = {key for key in changed.json if changed.json[key] != single.json[key]}
    assert different <= {"run_at", "next_run_at", "customer_context", "updated_at"}
    assert changed.json["run_at"] == "2024-02-02T15:00:00Z"
    assert changed.json["customer_context"] == {"notes": "Updated context"}

    assert curl(curls.B_PAUSE, again).json["enabled"] is False
    assert curl(curls.B_RESUME, again).json["enabled"] is True
    assert curl(curls.B_CANCEL, one).json["status"] == "canceled"
    assert curl(curls.B_SHOW, one).json["status"] == "canceled", "it can still be seen"
    assert curl(curls.B_HEALTH) == (
        200,
        {
            **curl(curls.B_HEALTH).json,
            "status": "unhealthy",  # nothing drives this queue
            "scheduled_calls_pending": 1,
            "scheduled_calls_total": 2,
            "last_execution": None,
            "failed_executions_today": 0,
        },
    )


def test_the_history_of_guide_b_has_its_exact_shape(site: Site, curl: Curl) -> None:
    schedule_id = curl(curls.B_RECURRING).json["id"]
    with closing(open_store(site.db)) as store:
        site.clock.set(NOON + timedelta(hours=2))
        tick(desk_of(store, site.clock, "tick"))
        site.clock.set(NOON + timedelta(hours=2, seconds=30))
        tick(desk_of(store, site.clock, "tick"))
    history = curl(curls.B_HISTORY, schedule_id)
    assert history.status == 200
    assert list(history.json) == ["schedule_id", "executions"]
    done, coming = history.json["executions"]
    assert list(done) == list(coming) == list(RUN_KEYS)
    assert done["execution_id"].startswith("exe_")
    assert done["call_id"].startswith("call_")
    assert {**done, "execution_id": "exec-1", "call_id": "call-456"} == {
        "execution_id": "exec-1",
        "scheduled_time": "2024-01-15T14:00:00Z",
        "actual_time": "2024-01-15T14:00:00Z",
        "call_id": "call-456",
        "status": "exhausted",
        "duration": None,
        "error": "busy",  # to the simulated carrier, numbers that end in 90 are
    }
    assert coming == {**dict.fromkeys(RUN_KEYS), "scheduled_time": "2024-01-22T14:00:00Z", "status": "pending"}


def test_guide_a_lists_numbers_and_adds_a_schedule(site: Site, curl: Curl) -> None:
    listed = curl(curls.A_NUMBERS)
    assert listed.status == 200
    assert [(each["phone_number"], each["agent_id"]) for each in listed.json] == [("+34910000001", "agent-123")]
    added = curl(curls.A_SCHEDULE)
    assert added.status == 201
    assert (added.json["kind"], added.json["weekdays"], added.json["local_time"]) == ("weekly", [1, 3, 5], "09:30:00")
    assert (added.json["max_attempts"], added.json["retry_delay_seconds"]) == (3, 600)
    assert added.json["next_run_at"] == "2024-01-17T08:30:00Z"


def test_a_workspace_that_is_allowed_is_served_by_its_name_with_its_own_tokens(
    tmp_path: Path, site: Site, listen: Callable[..., Any]
) -> None:
    dev = tmp_path / "dev.db"
    dev.write_bytes(site.db.read_bytes())
    token = add_token(dev, "dev", *Scope)
    with closing(open_store(dev)) as store:
        numbers.delete(store, numbers.select(store, 1)[0].id)
    with listen(replace(site.house, workspaces={"default": site.db, "dev": dev})) as port:
        assert Curl(port, token, "dev")(curls.A_NUMBERS) == (200, [])
        assert len(Curl(port, site.tokens["all"], "default")(curls.A_NUMBERS).json) == 1
        assert Curl(port, token, "default")(curls.A_NUMBERS).status == 401
        assert Curl(port, site.tokens["all"], "secret")(curls.A_NUMBERS).status == 404


def test_the_other_routes_of_guide_a(site: Site) -> None:
    numbers_ = "/workspaces/default/phone-numbers"
    added = site.ask("POST", numbers_, {"phone_number": "+34 910 000 002", "agent_id": "agent-123", "label": "two"})
    assert added.status_code == 201
    assert added.json()["phone_number"] == "+34910000002"
    assert added.json()["agent_id"] == "agent-123"
    assert site.ask("GET", added.headers["location"]).json() == added.json()
    assert site.ask("DELETE", f"{numbers_}/+34910000002").json()["id"] == added.json()["id"]
    assert site.ask("GET", added.headers["location"]).status_code == 404

    weekly = {"user_id": "user-1", "weekdays": [1], "local_time": "09:30"}
    schedules = "/workspaces/default/schedules"
    ids = [site.ask("POST", schedules, weekly).json()["id"] for _ in range(3)]
    paused = site.ask("POST", schedules, {**weekly, "enabled": False}).json()["id"]
    assert site.ask("GET", f"{schedules}?status=paused").json()[0]["id"] == paused
    assert len(site.ask("GET", f"{schedules}?agent_id=agent-123&user_id=user-1&status=all").json()) == 4
    page = site.ask("GET", f"{schedules}?limit=3&status=active,paused")
    rest = site.ask("GET", page.headers["link"].partition(">")[0][1:])
    assert {each["id"] for each in page.json() + rest.json()} == {*ids, paused}
    assert "link" not in rest.headers

    coming = site.ask("GET", f"{schedules}/{ids[0]}/occurrences?limit=2&after=2024-03-30").json()
    assert [(each["scheduled_time"], each["local_time"], each["verdict"]) for each in coming] == [
        ("2024-04-01T07:30:00Z", "2024-04-01T09:30:00+02:00", "dial"),
        ("2024-04-08T07:30:00Z", "2024-04-08T09:30:00+02:00", "dial"),
    ]


def test_executing_calls_now_and_says_what_came_of_it(site: Site) -> None:
    call = {"phone_number": "+34600000001", "cron_expression": "0 9 * * MON", "timezone": "Europe/Madrid"}
    schedule_id = site.ask("POST", "/api/scheduled-calls/recurring", call).json()["id"]
    done = site.ask("POST", f"/api/scheduled-calls/{schedule_id}/execute", shows="dial")
    assert done.status_code == 202
    assert (done.json()["status"], done.json()["kind"]) == ("dialing", "manual")
    again = site.ask("POST", f"/api/scheduled-calls/{schedule_id}/execute", shows="dial")
    assert (again.status_code, again.json()["kind"]) == (409, "conflict")
    assert "is being called already" in again.json()["detail"]
    other = site.ask("POST", "/api/scheduled-calls/recurring", {**call, "cron_expression": "0 9 * * TUE"}).json()[
        "id"
    ]
    busy = site.ask("POST", f"/api/scheduled-calls/{other}/execute", shows="dial").json()
    assert (busy["status"], busy["reason"]) == ("pending", "line_busy")
    assert site.query("select actor from events where name = 'call.placed'") == [("api:dial",)]
