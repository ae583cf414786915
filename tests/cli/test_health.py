"""hyp health and hyp metrics: what monitors are told, and what it costs to be told."""

from __future__ import annotations

import os
import re
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hyponema_cli.core.health import RULES
from hyponema_cli.core.instant import to_text
from hyponema_cli.render.metrics import Family, text
from hyponema_cli.store import heartbeat
from tests.cli.conftest import Hyp
from tests.cli.test_faults import ago, change
from tests.cli.test_output import on_a_terminal

KEYS = [
    "status", "scheduled_calls_pending", "scheduled_calls_total", "last_execution", "failed_executions_today",
    "reasons", "heartbeat_age_seconds", "oldest_due_age_seconds", "doubts", "held_carriers", "database_behind",
    "webhook_backlog", "webhooks_dead",
]  # fmt: skip


def samples(told: str) -> dict[tuple[str, str], float]:
    """Return every value by its name and what is told of it, as Prometheus reads them."""
    found = {}
    for family in text_string_to_metric_families(told):
        assert family.name.startswith("hyp_")
        assert family.documentation
        assert family.type in ("counter", "gauge")
        for sample in family.samples:
            assert sample.labels.pop("workspace") == "default"
            found[sample.name, ",".join(sample.labels.values())] = sample.value
    return found


def test_a_workspace_that_nothing_drives_is_unhealthy_until_a_pass_is_made(hyp: Hyp) -> None:
    answer = hyp("health", "--json")
    assert list(answer.json) == KEYS
    assert (answer.code, answer.json["status"], answer.json["heartbeat_age_seconds"]) == (3, "unhealthy", None)
    assert answer.err == "no_heartbeat: no pass was ever made: nothing drives the queue\n"
    hyp.ok("tick")
    well = hyp.ok("health", "--json")
    assert (well.json["status"], well.json["reasons"], well.err) == ("healthy", [], "")
    assert 0 <= well.json["heartbeat_age_seconds"] < 30


def test_the_guides_five_keys_count_what_they_say(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30")
    paused = hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "10:30", "--paused").out.strip()
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000096", "--tz", "Europe/Madrid")
    assert hyp.ok("health", "--max-heartbeat", "0", "--json").json["last_execution"] is None
    assert hyp("tick").code == 3  # refused: no such number
    hyp.ok("schedules", "add", "--at", "now")
    hyp.ok("tick")
    hyp.ok("schedules", "cancel", paused)
    found = hyp.ok("health", "--json").json
    assert (found["scheduled_calls_pending"], found["scheduled_calls_total"]) == (2, 4)
    assert found["failed_executions_today"] == 1
    assert found["last_execution"] >= ago(minutes=1)


def test_today_begins_at_midnight_on_the_workspaces_clocks(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000096", "--tz", "Europe/Madrid")
    hyp("tick")
    now = datetime.now(UTC)  # noqa: TID251 - the program under test reads the machine's clock
    # Where the clock shows the hour after midnight, and where it shows an hour before.
    early, late = (f"Etc/GMT{offset:+d}" for offset in (now.hour if now.hour < 13 else now.hour - 24, now.hour - 11))
    change(hyp, "update executions set finished_at = ?", to_text(now.replace(minute=0) - timedelta(hours=1)))
    for zone, failed in ((early, 0), (late, 1)):
        hyp.ok("config", "set", "timezone", zone)
        assert hyp.ok("health", "--json").json["failed_executions_today"] == failed, zone


def test_what_a_gate_puts_off_is_not_overdue(hyp: Hyp) -> None:
    hyp.ok("numbers", "add", "+34910000002", "--carrier", "twilio")
    hyp.ok("numbers", "attach", "+34910000002", "agent-123")
    change(hyp, "update numbers set attached_at = null, agent_id = null where carrier = 'simulated'")
    hyp.ok("schedules", "add", "--at", "now", "--catch-up-window", "1d")  # waits: the workspace is not live
    hyp("tick")
    assert hyp.query("select reason from executions") == [("not_live",)]
    found = hyp.ok("health", "--json", "--max-lag", "1s").json
    assert found["oldest_due_age_seconds"] is None
    change(hyp, "update executions set due_at = ?", ago(minutes=2))
    assert hyp.ok("health", "--json").json["oldest_due_age_seconds"] >= 120
    assert hyp("health", "--max-lag", "1m").err.startswith("overdue: a call has been due for 2m")
    assert hyp.ok("health", "--max-lag", "0").err == ""


@pytest.mark.parametrize("option", ["--max-lag", "--max-heartbeat"])
def test_a_limit_that_is_no_duration_is_refused(hyp: Hyp, option: str) -> None:
    answer = hyp("health", option, "soon")
    assert (answer.code, answer.out) == (2, "")
    assert "'soon' is not a duration" in answer.err


def test_a_pass_of_a_clock_that_ran_ahead_is_said_to_lie_ahead(hyp: Hyp) -> None:
    hyp.ok("tick")
    path = heartbeat.path_of(hyp.db)
    ahead = path.stat().st_mtime + 3600
    os.utime(path, (ahead, ahead))
    shown = on_a_terminal(hyp, "health")
    assert re.search(r"last pass +(59m\S+|1h) ahead of the clock, tick", shown), shown
    assert "ago" not in shown


def test_people_read_a_few_lines(hyp: Hyp) -> None:
    hyp.ok("tick")
    shown = on_a_terminal(hyp, "health")
    assert len(shown.splitlines()) <= 9
    assert "last pass" in shown
    assert "tick " in shown


def test_health_and_metrics_need_a_workspace_and_change_nothing(hyp: Hyp, bare_hyp: Hyp) -> None:
    for word in ("health", "metrics"):
        before = hyp.db.read_bytes()
        hyp(word)
        assert hyp.db.read_bytes() == before
        assert not heartbeat.path_of(hyp.db).exists()
        assert hyp("--db", "/nowhere/calls.db", word).code == 10


def test_prometheus_reads_every_metric_and_finds_no_person_in_them(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30", "--name", "Ana's check-in")
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000096", "--tz", "Europe/Madrid")
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000099", "--tz", "Europe/Madrid")
    hyp("tick")
    told = hyp.ok("metrics").out
    assert "Ana" not in told
    assert "+34" not in told
    found = samples(told)
    assert found["hyp_healthy", ""] == 0
    assert {code for name, code in found if name == "hyp_unhealthy_reason"} == set(RULES)
    assert (found["hyp_unhealthy_reason", "doubts"], found["hyp_unhealthy_reason", "overdue"]) == (1, 0)
    assert (found["hyp_doubts", ""], found["hyp_open_calls", "in_doubt"]) == (1, 1)
    assert (found["hyp_schedules", "active"], found["hyp_schedules", "completed"]) == (2, 1)
    assert (found["hyp_dials_total", ""], found["hyp_executions_total", "failed"]) == (2, 1)
    assert found["hyp_carrier_held", "simulated"] == 0
    assert found["hyp_heartbeat_timestamp_seconds", ""] >= found["hyp_last_execution_timestamp_seconds", ""] - 1
    assert {each["name"] for each in hyp.ok("metrics", "--json").json} == {
        line.split()[2] for line in told.splitlines() if line.startswith("# TYPE")
    }


def test_a_metric_that_has_nothing_to_tell_is_not_there(hyp: Hyp) -> None:
    names = {name for name, _ in samples(hyp.ok("metrics").out)}
    assert "hyp_heartbeat_timestamp_seconds" not in names
    assert "hyp_healthy" in names


def test_label_values_are_written_so_that_they_come_back() -> None:
    words = ['a"b', "a\\b", "a\nb", 'a{b="c"} 1', "Zoë", ""]
    family = Family("hyp_x", "gauge", "A \\ and a\nline.", [({"word": word}, 1.5) for word in words])
    (read,) = text_string_to_metric_families(text([family]))
    assert [(sample.labels["word"], sample.value) for sample in read.samples] == [(word, 1.5) for word in words]
    assert read.documentation == family.about


def test_a_file_of_metrics_is_put_into_its_place_whole_and_everybody_may_read_it(hyp: Hyp) -> None:
    folder = hyp.home / "collector"
    folder.mkdir()
    target = folder / "hyp.prom"
    target.write_text("old")
    assert hyp.ok("metrics", "--write", str(target)).out == ""
    assert samples(target.read_text())["hyp_healthy", ""] == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert [each.name for each in folder.iterdir()] == ["hyp.prom"]


@pytest.mark.parametrize("where", ["nowhere/hyp.prom", "folder", "file/hyp.prom"])
def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(hyp: Hyp, where: str) -> None:
    (hyp.home / "folder").mkdir()
    (hyp.home / "file").write_text("")
    before = sorted(each.name for each in hyp.home.iterdir())
    answer = hyp("metrics", "--write", where)
    assert (answer.code, answer.out, len(answer.err.splitlines())) == (1, "", 2)
    assert Path(where).name in answer.err
    assert sorted(each.name for each in hyp.home.iterdir()) == before
