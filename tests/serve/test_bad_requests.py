"""What is wrong with a request is said in one problem that names it; nothing is stored, and nothing given away."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import httpx
import pytest

from hyponema_cli.engine import book
from hyponema_cli.engine.body import GRACE
from hyponema_cli.serve.callers import LARGEST, WRONG_AT_ONCE, Bucket
from hyponema_cli.store import migrations
from tests.serve.conftest import CALL, NOON, Site

CALLS = "/api/scheduled-calls"
KEYS = ["type", "title", "status", "detail", "kind", "hint"]


def problem_of(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Check that an answer is a problem, and return it."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    shape: dict[str, Any] = answer.json()
    assert list(shape) == KEYS
    assert (shape["status"], shape["kind"]) == (status, kind)
    assert "Traceback" not in answer.text
    assert ".db" not in answer.text
    return shape


class Case(NamedTuple):
    body: Any
    status: int
    says: str
    hint: str = ""


BODIES = {
    "a past time": Case(
        {**CALL, "scheduled_time": "2024-01-01 09:00"}, 422, "2024-01-01 09:00' is in the past", "later"
    ),
    "a past instant": Case({**CALL, "scheduled_time": "2024-01-15T11:58:00Z"}, 422, "in the past"),
    "an unknown field": Case({**CALL, "phone": "1"}, 422, "unknown field 'phone'", "phone_number"),
    "an unknown field inside": Case(
        {**CALL, "retry_policy": {"retries": 2}}, 422, "unknown field of retry_policy 'retries'", "max_retries"
    ),
    "a bad number": Case(
        {**CALL, "phone_number": "600"}, 422, "phone number '600' is not in E.164 form", "+34600000001"
    ),
    "a number that is none": Case({**CALL, "phone_number": 34}, 422, "phone_number 34 must be a text"),
    "an unknown zone": Case({**CALL, "timezone": "Europe/Madird"}, 422, "Europe/Madird", "Europe/Madrid"),
    "no zone": Case({**CALL, "timezone": None}, 422, "has no timezone", '"timezone": "Europe/Madrid"'),
    "an unknown agent": Case({**CALL, "agent_id": "agent-132"}, 404, "no agent 'agent-132'", "agent-123"),
    "a cron here": Case(
        {"phone_number": "+34600000001", "cron_expression": "0 9 * * *", "timezone": "UTC"},
        422,
        "repeats",
        "/recurring",
    ),
    "a gap of the clocks": Case({**CALL, "scheduled_time": "2024-03-31 02:30"}, 422, "2024-03-31 02:30", ""),
    "a list": Case([CALL], 422, "is not a JSON object", ""),
    "half a character": Case({**CALL, "name": "\ud800"}, 422, "half a character", ""),
    "a webhook at home": Case({**CALL, "webhook_url": "http://127.0.0.1/x"}, 422, "on this machine", ""),
}


@pytest.mark.parametrize("case", BODIES.values(), ids=BODIES)
def test_a_body_that_cannot_be_booked_is_named_and_stores_nothing(site: Site, case: Case) -> None:
    kind = "not_found" if case.status == 404 else "usage"
    found = problem_of(site.ask("POST", CALLS, case.body), case.status, kind)
    assert case.says in found["detail"]
    assert case.hint in (found["hint"] or "")
    assert "--" not in found["detail"] + (found["hint"] or "").partition("hyp ")[0]
    assert site.query("select count(*) from schedules") == [(0,)]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b'{"a": ', {}, 400),
        (b"\xff\xfe", {}, 400),
        (b'{"a": NaN}', {}, 400),
        (b'{"a": 1, "a": 2}', {}, 400),
        (b"[" * 100_000, {}, 400),
        (b"", {"Content-Type": "application/json"}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b" " * (LARGEST + 1), {}, 413),
        (b"{}", {"Content-Length": str(LARGEST + 1)}, 413),
        (b"{}", {"Content-Length": "-1"}, 422),
    ],
    ids=["half", "not UTF-8", "NaN", "twice", "deep", "empty", "text", "form", "large", "says large", "odd length"],
)
def test_a_body_that_cannot_be_read_is_refused(
    site: Site, content: bytes, headers: dict[str, str], status: int
) -> None:
    problem_of(site.ask("POST", CALLS, None, content=content, headers=headers), status, "usage")
    assert site.query("select count(*) from schedules") == [(0,)]


def test_a_time_that_has_just_passed_means_now(site: Site) -> None:
    said = f"{NOON - GRACE:%Y-%m-%dT%H:%M:%SZ}"
    assert site.ask("POST", CALLS, {**CALL, "scheduled_time": said}).status_code == 201


@pytest.mark.parametrize(
    ("method", "path", "status", "kind", "says"),
    [
        ("GET", f"{CALLS}/sch_nobody", 404, "not_found", "no schedule 'sch_nobody'"),
        ("PUT", f"{CALLS}/sch_nobody", 404, "not_found", "no schedule"),
        ("DELETE", f"{CALLS}/sch_nobody", 404, "not_found", "no schedule"),
        ("POST", f"{CALLS}/sch_nobody/pause", 404, "not_found", "no schedule"),
        ("POST", f"{CALLS}/sch_nobody/execute", 404, "not_found", "no schedule"),
        ("GET", f"{CALLS}/sch_nobody/history", 404, "not_found", "no schedule"),
        ("GET", "/workspaces/default/schedules/x/occurrences", 404, "not_found", "no schedule"),
        ("DELETE", "/workspaces/default/phone-numbers/+1", 404, "not_found", "no number"),
        ("GET", "/workspaces/other/schedules", 404, "not_found", "no workspace 'other'"),
        ("GET", "/workspaces/..%2Fdefault/schedules", 404, "not_found", ""),
        ("GET", f"{CALLS}?agent=x", 422, "usage", "unknown parameter 'agent'"),
        ("GET", f"{CALLS}?limit=0", 422, "usage", "limit '0'"),
        ("GET", f"{CALLS}?limit=many", 422, "usage", "limit 'many'"),
        ("GET", f"{CALLS}?status=actve", 422, "usage", "status 'actve' is not known"),
        ("GET", f"{CALLS}?agent_id=nobody", 404, "not_found", "no agent 'nobody'"),
        ("GET", "/nowhere", 404, "not_found", "nothing at this address"),
        ("GET", f"{CALLS}/", 404, "not_found", ""),
        ("PATCH", CALLS, 405, "usage", "PATCH"),
        ("DELETE", "/workspaces/default/phone-numbers/+34910000001", 409, "conflict", "cannot go"),
    ],
)
def test_an_address_that_leads_nowhere_is_said_to(
    site: Site, method: str, path: str, status: int, kind: str, says: str
) -> None:
    site.ask("POST", "/workspaces/default/schedules", {"user_id": "user-1", "weekdays": [1], "local_time": "09:30"})
    answer = site.ask(method, path, {} if method == "PUT" else None)
    assert says in problem_of(answer, status, kind)["detail"]
    if status == 405:
        assert answer.headers["allow"] == "GET, POST"


def test_what_is_over_cannot_be_changed(site: Site) -> None:
    schedule_id = site.ask("POST", CALLS, CALL).json()["id"]
    one = f"{CALLS}/{schedule_id}"
    assert site.ask("DELETE", one).json() == site.ask("DELETE", one).json()
    for method, path, body in (
        ("PUT", one, {"name": "x"}),
        ("POST", f"{one}/pause", None),
        ("POST", f"{one}/execute", None),
    ):
        problem_of(site.ask(method, path, body), 409, "conflict")
    problem_of(site.ask("PUT", f"{CALLS}/{schedule_id}", {"ref": "mine"}), 422, "usage")


class TestTokens:
    @pytest.mark.parametrize("shown", ["", "Basic eDp5", "Bearer", "Bearer ", "Token x"])
    def test_without_one_nothing_is_answered_but_that_it_is_needed(self, site: Site, shown: str) -> None:
        answer = site.ask("GET", CALLS, shows=None, headers={"Authorization": shown} if shown else {})
        problem_of(answer, 401, "credentials")
        assert answer.headers["www-authenticate"] == 'Bearer realm="hyp"'

    @pytest.mark.parametrize(
        "change", [lambda t: t[:-1] + "x-"[t[-1] == "x"], lambda t: t + "x", lambda t: "x", str.upper]
    )
    def test_a_wrong_one_is_refused(self, site: Site, change: Callable[[str], str]) -> None:
        answer = site.ask("GET", CALLS, shows=change(site.tokens["all"]))
        problem_of(answer, 401, "credentials")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]

    @pytest.mark.parametrize(
        ("method", "path", "scope"),
        [
            ("GET", CALLS, "read"), ("GET", f"{CALLS}/x", "read"), ("GET", f"{CALLS}/x/history", "read"),
            ("GET", "/api/scheduler/health", "read"), ("GET", "/workspaces/default/phone-numbers", "read"),
            ("GET", "/workspaces/default/schedules", "read"), ("GET", "/workspaces/default/schedules/x", "read"),
            ("GET", "/workspaces/default/schedules/x/occurrences", "read"),
            ("POST", CALLS, "write"), ("POST", f"{CALLS}/recurring", "write"), ("PUT", f"{CALLS}/x", "write"),
            ("DELETE", f"{CALLS}/x", "write"), ("POST", f"{CALLS}/x/pause", "write"),
            ("POST", f"{CALLS}/x/resume", "write"), ("POST", f"{CALLS}/x/execute", "dial"),
            ("POST", "/workspaces/default/phone-numbers", "write"),
            ("POST", "/workspaces/default/schedules", "write"),
            ("DELETE", "/workspaces/default/phone-numbers/x", "write"),
        ],
    )  # fmt: skip
    def test_each_route_needs_its_scope_and_no_other_will_do(
        self, site: Site, method: str, path: str, scope: str
    ) -> None:
        for held in ("read", "write", "dial"):
            answer = site.ask(method, path, shows=held)
            if held == scope:
                assert answer.status_code not in (401, 403)
            else:
                problem_of(answer, 403, "credentials")
                assert f'scope="{scope}"' in answer.headers["www-authenticate"]
        problem_of(site.ask(method, path, shows=None), 401, "credentials")

    def test_one_that_is_revoked_gets_in_no_more(self, site: Site) -> None:
        assert site.ask("GET", CALLS, shows="read").status_code == 200
        site.query("delete from tokens where name = 'read'")
        problem_of(site.ask("GET", CALLS, shows="read"), 401, "credentials")

    def test_who_guesses_is_slowed_down_and_nobody_else_is(self, site: Site) -> None:
        asked = [("GET", CALLS, None)] * int(WRONG_AT_ONCE + 5)
        statuses = [each.status_code for each in site.ask_all(asked, shows="hyp_" + "0" * 10 + "_" + "x" * 43)]
        assert statuses == [401] * int(WRONG_AT_ONCE) + [429] * 5

    def test_no_token_is_in_the_file_nor_in_the_log(self, site: Site) -> None:
        for text in site.tokens.values():
            site.ask("GET", CALLS, shows=text)
            secret = text.split("_", 2)[2]
            assert secret.encode() not in site.db.read_bytes()
            assert secret not in repr(site.logged)
            assert text not in repr(site.logged)


def test_a_client_that_runs_wild_is_held_back(site: Site) -> None:
    site.house = replace(site.house, requests_a_second=5.0)
    answers = site.ask_all([("GET", CALLS, None)] * 8)
    assert [each.status_code for each in answers][:5] == [200] * 5
    assert answers[-1].status_code == 429
    assert answers[-1].headers["retry-after"] == "1"
    bucket = Bucket(a_second=2, at_once=3)
    assert [bucket.take(now) for now in (1, 1, 1, 1, 1.4, 1.5, 1.5, 9, 9, 9, 9)] == [
        *[True] * 3, False, False, True, False, *[True] * 3, False
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8010", None, 200),
        ("localhost", None, 200),
        ("[::1]:8010", None, 200),
        ("10.1.2.3", None, 200),
        ("calls.example.org", None, 200),
        ("CALLS.example.org:443", None, 200),
        ("evil.example", None, 421),
        ("evil.example:8010", None, 421),
        ("localhost.evil.example", None, 421),
        ("127.0.0.1.evil.example", None, 421),
        ("127.0.0.1:8010", "http://127.0.0.1:8010", 200),
        ("127.0.0.1:8010", "http://evil.example", 403),
        ("127.0.0.1:8010", "http://127.0.0.1:9999", 403),
        ("127.0.0.1:8010", "null", 403),
    ],
)
def test_a_page_in_a_browser_cannot_ask_by_another_name_or_from_another_site(
    site: Site, host: str, origin: str | None, status: int
) -> None:
    site.house = replace(site.house, hosts=frozenset({"calls.example.org"}), open_to_all=True)
    headers = {"Origin": origin} if origin is not None else {}
    answer = site.ask("GET", CALLS, shows=None, host=host, headers=headers)
    assert answer.status_code == status
    assert not [name for name in answer.headers if name.startswith("access-control")]


class TestIdempotencyKeys:
    def test_a_request_that_comes_again_is_answered_and_not_done_again(self, site: Site) -> None:
        headers = {"Idempotency-Key": "7f3c"}
        first, again = site.ask_all([("POST", CALLS, CALL)] * 2, headers=headers)
        assert (first.status_code, first.json()) == (again.status_code, again.json())
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        assert first.headers["location"] == again.headers["location"]
        problem_of(site.ask("POST", CALLS, {**CALL, "name": "x"}, headers=headers), 422, "usage")
        assert site.ask("POST", CALLS, CALL, headers=headers, shows="write").json() != first.json(), "another's key"
        assert site.query("select count(*) from schedules") == [(2,)]

    def test_a_hundred_at_once_make_one(self, site: Site) -> None:
        answers = site.ask_all([("POST", CALLS, CALL)] * 100, headers={"Idempotency-Key": "k"}, together=True)
        assert {each.status_code for each in answers} == {201}
        assert len({each.json()["id"] for each in answers}) == 1
        assert site.query("select count(*) from schedules") == [(1,)]

    def test_nobody_is_called_twice_by_a_request_that_comes_twice(self, site: Site) -> None:
        schedule_id = site.ask("POST", CALLS, CALL).json()["id"]
        asked = [("POST", f"{CALLS}/{schedule_id}/execute", None)] * 3
        answers = site.ask_all(asked, headers={"Idempotency-Key": "k"}, shows="dial", together=True)
        assert {each.status_code for each in answers} == {202}
        assert len({each.json()["execution_id"] for each in answers}) == 1
        assert site.query("select count(*) from calls") == [(1,)]

    def test_what_was_refused_is_not_kept(self, site: Site) -> None:
        headers = {"Idempotency-Key": "k"}
        problem_of(site.ask("POST", CALLS, {**CALL, "phone_number": "1"}, headers=headers), 422, "usage")
        assert site.ask("POST", CALLS, CALL, headers=headers).status_code == 201

    def test_a_key_is_forgotten_after_a_day_and_what_it_made_stays(self, site: Site) -> None:
        from datetime import timedelta

        for hours, count in ((0, 1), (23, 1), (25, 2)):
            site.clock.set(NOON + timedelta(hours=hours))
            site.ask("POST", CALLS, CALL, headers={"Idempotency-Key": "k"})
            assert site.query("select count(*) from schedules") == [(count,)]
        assert site.query("select count(*) from idempotency_keys") == [(1,)]

    @pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "a b", "\u00e9".encode()])
    def test_a_key_that_is_none_is_refused(self, site: Site, key: str | bytes) -> None:
        problem_of(site.ask("POST", CALLS, CALL, headers={"Idempotency-Key": key}), 422, "usage")


def test_a_database_that_went_away_is_said_without_its_path_and_used_again_when_it_is_back(site: Site) -> None:
    async def story() -> list[httpx.Response]:
        from hyponema_cli.serve.app import app_of

        app = app_of(replace(site.house, open_to_all=True))
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        answers = []
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answers.append(await client.get(CALLS))
            shutil.move(site.db, f"{site.db}.away")
            answers.append(await client.get(CALLS))
            answers.append(await client.post(CALLS, json=CALL))
            shutil.move(f"{site.db}.away", site.db)
            answers.append(await client.post(CALLS, json=CALL))
        for room in app._app.state.porter.rooms.values():  # type: ignore[attr-defined]
            await room.close()
        return answers

    before, away, unbooked, back = asyncio.run(story())
    assert (before.status_code, back.status_code) == (200, 201)
    for answer in (away, unbooked):
        problem_of(answer, 503, "no_database")
        assert answer.headers["retry-after"] == "5"
    assert str(site.db) in repr(site.logged), "its log says which"


def test_a_file_of_a_newer_hyp_is_not_touched(site: Site) -> None:
    site.query(f"pragma user_version = {migrations.SCHEMA_VERSION + 1}")
    problem_of(site.ask("GET", CALLS), 503, "schema")


def test_our_own_fault_is_told_without_a_trace_and_logged(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("secret words")

    monkeypatch.setattr(book, "add", fails)
    answer = site.ask("POST", CALLS, CALL)
    problem_of(answer, 500, "internal")
    assert "secret words" not in answer.text
    assert ("http.failed", {"error": "ZeroDivisionError: secret words", "trace": None}) in site.logged


def test_a_line_is_logged_for_each_request_without_a_number_of_anybody(site: Site) -> None:
    site.ask("DELETE", "/workspaces/default/phone-numbers/+34999000111")
    site.ask("GET", f"{CALLS}?user_id=%2B34999000111")
    lines = [words for event, words in site.logged if event == "http.answered"]
    assert [(each["method"], each["path"], each["status"], each["who"]) for each in lines] == [
        ("DELETE", "/workspaces/{workspace}/phone-numbers/{number}", "404", "all"),
        ("GET", CALLS, "404", "all"),
    ]
    assert "34999" not in repr(site.logged)
