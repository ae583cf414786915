"""What an agent does during a conversation: nothing is promised before the caller agreed to it, and then once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from hyponema_cli.core import tools as specs
from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.errors import Conflict, InvalidInput
from hyponema_cli.core.promise import Kept
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import agents, book, sessions, suppressions, toolbox
from hyponema_cli.store import events, executions, schedules, settings, tools
from tests.world import MONDAY, World, at

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Talk:
    """Ana talks with an agent that may use both tools; it is Monday 2 March 2026, 09:00 in Madrid."""

    def __init__(self, world: World, who: str = "ana", session: str = "talk") -> None:
        self.world, self.session = world, session
        for tool in specs.NAMES:
            agents.allow(world.desk, "agent-1", tool, allow=True)
        sessions.start(world.desk, who, channel="web", ttl=HOUR, session_id=session)

    def ask(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return self.say(tool, json.dumps(arguments).encode())

    def say(self, tool: str, octets: bytes) -> dict[str, Any]:
        return toolbox.call(self.world.desk, tool, "agent-1", self.session, octets)

    def book(self, when: str, **more: Any) -> dict[str, Any]:
        """Propose a call, and agree to it."""
        return self.agree("schedule_callback", self.ask("schedule_callback", when=when, **more))

    def agree(self, tool: str, proposed: dict[str, Any]) -> dict[str, Any]:
        assert proposed["status"] == "proposed", proposed
        return self.ask(tool, confirm=proposed["proposal"])

    def manage(self, action: str, **arguments: Any) -> dict[str, Any]:
        return self.ask("manage_callback", action=action, **arguments)

    def kept(self) -> list[tuple[Kept, str | None]]:
        """Say of each promise what became of it, the latest first."""
        now = self.world.clock.now()
        return [each.kept(now) for each in tools.promises(self.world.store, 15 * MINUTE)]


@pytest.fixture
def talk(world: World) -> Talk:
    return Talk(world)


def stored(world: World) -> list[Schedule]:
    """Return every schedule, the first first."""
    found = schedules.select(world.store, statuses=tuple(ScheduleState), limit=0)
    return sorted(found, key=lambda each: each.id)


def kind(answer: dict[str, Any]) -> str:
    found: str = answer["error"]["kind"]
    return found


def test_nothing_is_booked_before_the_caller_has_agreed(talk: Talk) -> None:
    proposed = talk.ask("schedule_callback", when="tomorrow at 10", about="the invoice")
    assert (proposed["say"], proposed["run_at"]) == (
        "Tuesday 3 March at 10:00 your time, Madrid",
        "2026-03-03T09:00:00Z",
    )
    assert stored(talk.world) == []
    booked = talk.agree("schedule_callback", proposed)
    (schedule,) = stored(talk.world)
    assert (booked["status"], booked["callback"], booked["say"]) == ("booked", schedule.id, proposed["say"])
    assert (schedule.next_run_at, schedule.created_by, schedule.description) == (
        at("2026-03-03 09:00"),
        "agent-1",
        "the invoice",
    )
    assert schedule.customer_context == {"about": "the invoice"}


def test_what_was_agreed_to_rings_at_the_time_that_was_read(talk: Talk) -> None:
    talk.book("tomorrow at 10")
    sessions.end(talk.world.desk, "talk")
    talk.world.run_until(MONDAY + 2 * DAY)
    assert talk.world.phones.placed_at == [at("2026-03-03 09:00")]
    assert talk.kept() == [(Kept.ON_TIME, None)]


def test_a_proposal_is_booked_once(talk: Talk) -> None:
    proposed = talk.ask("schedule_callback", when="tomorrow at 10")
    talk.agree("schedule_callback", proposed)
    assert kind(talk.ask("schedule_callback", confirm=proposed["proposal"])) == "already_confirmed"
    assert len(stored(talk.world)) == 1


def test_a_proposal_is_over_after_a_quarter_of_an_hour(talk: Talk) -> None:
    proposed = talk.ask("schedule_callback", when="tomorrow at 10")
    talk.world.clock.set(MONDAY + 15 * MINUTE)
    assert kind(talk.ask("schedule_callback", confirm=proposed["proposal"])) == "proposal_over"
    assert stored(talk.world) == []


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("tomorrow at 8", "two-readings"),
        ("tomorrow afternoon", "part-of-day"),
        ("not tomorrow at 10", "not-understood"),
        ("on Sunday 29 March at 2:30 am", "in-a-gap"),
        ("today at 8:30 am", "past"),
    ],
)
def test_what_has_no_single_reading_is_asked_back(talk: Talk, words: str, why: str) -> None:
    answer = talk.ask("schedule_callback", when=words)
    assert (answer["status"], answer["kind"], answer["ask"].endswith("?")) == ("unclear", why, True)
    assert tools.proposal(talk.world.store, "prop_", "talk") is None
    for offered in answer["alternatives"]:
        again = talk.ask("schedule_callback", when=offered["when"])
        assert (again["status"], again["run_at"]) == ("proposed", offered["run_at"])


def test_a_time_that_happens_twice_is_booked_as_it_was_meant(world: World) -> None:
    world.clock.set(at("2026-10-20 08:00"))
    talk = Talk(world)
    answer = talk.ask("schedule_callback", when="on Sunday 25 October at 2:30 am")
    assert (answer["kind"], len(answer["alternatives"])) == ("twice", 2)
    for offered in answer["alternatives"]:
        assert talk.book(offered["when"])["run_at"] == offered["run_at"]
    assert {each.next_run_at for each in stored(world)} == {
        at("2026-10-25 00:30"),
        at("2026-10-25 01:30"),
    }


def test_what_a_gate_would_stop_is_not_proposed_and_other_times_are_offered(talk: Talk) -> None:
    settings.put(talk.world.store, "calling_window", "mon-fri 09:00-20:00")
    answer = talk.ask("schedule_callback", when="tomorrow at 21:15")
    assert (answer["status"], [each["gate"] for each in answer["in_the_way"]]) == ("blocked", ["calling_window"])
    assert "proposal" not in answer
    assert [each["run_at"] for each in answer["alternatives"]] == [
        "2026-03-03T18:30:00Z",
        "2026-03-03T18:00:00Z",
        "2026-03-03T17:30:00Z",
    ]
    for offered in answer["alternatives"]:
        assert talk.ask("schedule_callback", when=offered["when"])["status"] == "proposed"


def test_a_cap_and_a_suppression_stand_in_the_way(talk: Talk) -> None:
    talk.world.add({"at": "now"})
    sessions.end(talk.world.desk, "talk")
    talk.world.run_until(MONDAY + 2 * MINUTE)
    talk = Talk(talk.world, session="again")
    settings.put(talk.world.store, "call_cap", "1/24h")
    answer = talk.ask("schedule_callback", when="in 2 hours")
    assert [each["gate"] for each in answer["in_the_way"]] == ["call_cap"]
    assert all(at(each["run_at"][:16].replace("T", " ")) >= MONDAY + DAY for each in answer["alternatives"])
    suppressions.add(talk.world.desk, "ana", reason=None, lasting=None, created_by="test")
    answer = talk.ask("schedule_callback", when="in 3 days")
    assert (answer["status"], answer["alternatives"]) == ("blocked", [])


def test_what_came_into_the_way_since_it_was_proposed_is_told_instead_of_booked(talk: Talk) -> None:
    proposed = talk.ask("schedule_callback", when="tomorrow at 21:15")
    settings.put(talk.world.store, "calling_window", "mon-fri 09:00-20:00")
    assert talk.ask("schedule_callback", confirm=proposed["proposal"])["status"] == "blocked"
    assert stored(talk.world) == []


def test_another_call_about_then_is_told(talk: Talk) -> None:
    other = talk.world.add({"weekdays": "2", "at": "10:30"})
    answer = talk.ask("schedule_callback", when="tomorrow at 10")
    assert [each["callback"] for each in answer["near"]] == [other.id]
    assert talk.ask("schedule_callback", when="tomorrow at 12")["near"] == []


@pytest.mark.parametrize("when", ["in 1 minute", "in 5 minutes", "in half an hour"])
def test_the_conversation_itself_does_not_stand_in_the_way_of_a_call_after_it(talk: Talk, when: str) -> None:
    assert (talk.book(when)["status"], talk.ask("manage_callback", action="list")["status"]) == ("booked", "listed")
    sessions.end(talk.world.desk, "talk")
    talk.world.run_until(MONDAY + HOUR)
    assert talk.kept() == [(Kept.ON_TIME, None)]


def test_a_conversation_on_another_channel_does(talk: Talk) -> None:
    Talk(talk.world, session="other")
    answer = talk.ask("schedule_callback", when="in 5 minutes")
    assert (answer["status"], [each["gate"] for each in answer["in_the_way"]]) == ("blocked", ["live_session"])


def test_nothing_that_is_judged_stays_in_the_file(talk: Talk) -> None:
    settings.put(talk.world.store, "calling_window", "mon-fri 09:00-20:00")
    before = list(talk.world.store.connection.iterdump())
    assert talk.ask("schedule_callback", when="tomorrow at 21:15")["status"] == "blocked"
    after = list(talk.world.store.connection.iterdump())
    assert [line for line in after if 'INSERT INTO "tool_calls"' not in line] == before
    assert len(after) == len(before) + 1


def test_a_caller_reaches_what_calls_them_and_nothing_else(talk: Talk) -> None:
    talk.world.user("ben", "+34600000002", "Europe/Madrid")
    talk.world.user("eva", "+34600000001", "Europe/Madrid")  # shares Ana's number
    mine = talk.world.add({"weekdays": "2", "at": "10:30"})
    to_number = talk.world.add({"weekdays": "3", "at": "10:30"}, user=None, to="+34600000001")
    others = [talk.world.add({"weekdays": "4", "at": "10:30"}, user=who) for who in ("ben", "eva")]
    listed = talk.manage("list")["callbacks"]
    assert [each["callback"] for each in listed] == [mine.id, to_number.id]
    for other in others:
        assert kind(talk.manage("cancel", callback=other.id)) == "unknown_callback"
    assert kind(talk.manage("cancel", callback="sch_0")) == "unknown_callback"


def test_one_call_is_canceled_after_it_was_read_back(talk: Talk) -> None:
    booked = talk.book("tomorrow at 10")
    proposed = talk.manage("cancel", callback=booked["callback"])
    assert proposed["say"] == "Cancel the call on Tuesday 3 March at 10:00 your time, Madrid"
    assert [each.status for each in stored(talk.world)] == ["active"]
    assert talk.agree("manage_callback", proposed)["status"] == "canceled"
    assert [each.status for each in stored(talk.world)] == ["canceled"]
    assert talk.kept() == [(Kept.WITHDRAWN, "the caller")]


def test_of_a_call_that_repeats_it_is_asked_which_is_meant(talk: Talk) -> None:
    series = talk.world.add({"weekdays": "2,4", "at": "10:30"})
    for action in ({"action": "cancel"}, {"action": "reschedule", "when": "tomorrow at 12"}):
        answer = talk.ask("manage_callback", callback=series.id, **action)
        assert (answer["status"], answer["kind"], answer["scopes"]) == (
            "unclear",
            "which-scope",
            ["occurrence", "series"],
        )


def test_one_time_of_a_series_is_canceled_and_the_rest_rings(talk: Talk) -> None:
    series = talk.world.add({"weekdays": "2,4", "at": "10:30"})
    canceled = talk.agree("manage_callback", talk.manage("cancel", callback=series.id, scope="occurrence"))
    assert canceled["canceled_at"] == "2026-03-03T09:30:00Z"
    (after,) = stored(talk.world)
    assert (after.next_run_at, after.last_status, after.status) == (at("2026-03-05 09:30"), None, "active")
    sessions.end(talk.world.desk, "talk")
    talk.world.run_until(MONDAY + 8 * DAY + 2 * HOUR)
    assert talk.world.phones.placed_at == [at("2026-03-05 09:30"), at("2026-03-10 09:30")]


def test_a_series_is_canceled_as_a_whole(talk: Talk) -> None:
    series = talk.world.add({"weekdays": "2,4", "at": "10:30"})
    proposed = talk.manage("cancel", callback=series.id, scope="series")
    assert proposed["say"] == "Cancel every call Tue, Thu at 10:30 Europe/Madrid"
    talk.agree("manage_callback", proposed)
    talk.world.run_until(MONDAY + 8 * DAY)
    assert talk.world.phones.placed == []


def test_a_single_call_is_moved_and_the_promise_goes_with_it(talk: Talk) -> None:
    booked = talk.book("tomorrow at 10")
    moved = talk.agree(
        "manage_callback", talk.manage("reschedule", callback=booked["callback"], when="el jueves a las 11")
    )
    assert (moved["callback"], moved["say"]) == (
        booked["callback"],
        "jueves 5 de marzo a las 11:00, hora de Madrid",
    )
    sessions.end(talk.world.desk, "talk")
    talk.world.run_until(MONDAY + 8 * DAY)
    assert talk.world.phones.placed_at == [at("2026-03-05 10:00")]
    assert talk.kept() == [(Kept.ON_TIME, None), (Kept.WITHDRAWN, "the caller")]


def test_one_time_of_a_series_is_moved_and_called_once(talk: Talk) -> None:
    series = talk.world.add(
        {"weekdays": "2,4", "at": "10:30"}, name="Check-in", max_attempts=3, context={"plan": "gold"}
    )
    proposed = talk.manage("reschedule", callback=series.id, scope="occurrence", when="wednesday at noon")
    assert proposed["say"] == (
        "Wednesday 4 March at 12:00 your time, Madrid; instead of Tuesday 3 March at 10:30 your time, Madrid"
    )
    moved = talk.agree("manage_callback", proposed)
    once = next(each for each in stored(talk.world) if each.id == moved["callback"])
    assert (once.name, once.retry.max_attempts, once.customer_context) == ("Check-in", 3, {"plan": "gold"})
    sessions.end(talk.world.desk, "talk")
    talk.world.run_until(MONDAY + 4 * DAY)
    assert talk.world.phones.placed_at == [at("2026-03-04 11:00"), at("2026-03-05 09:30")]


def test_a_series_moves_to_another_time_or_other_days(talk: Talk) -> None:
    series = talk.world.add({"weekdays": "2,4", "at": "10:30"})
    proposed = talk.manage("reschedule", callback=series.id, scope="series", at="12:00", weekdays=[3])
    assert proposed["say"] == (
        "From now on Wed at 12:00; the next call is on Wednesday 4 March at 12:00 your time, Madrid"
    )
    talk.agree("manage_callback", proposed)
    (after,) = stored(talk.world)
    assert (after.weekdays, after.local_time, after.next_run_at) == ((3,), "12:00:00", at("2026-03-04 11:00"))


def test_what_an_operator_has_paused_is_not_moved(talk: Talk) -> None:
    booked = talk.book("tomorrow at 10")
    book.pause(talk.world.desk, booked["callback"], None)
    assert kind(talk.manage("reschedule", callback=booked["callback"], when="tomorrow at 11")) == "paused"


def test_a_session_promises_a_few_calls_and_no_more(talk: Talk) -> None:
    for hours in range(2, 7):
        assert talk.book(f"in {hours} hours")["status"] == "booked"
    assert kind(talk.ask("schedule_callback", when="in 8 hours")) == "too_many"


REFUSED: list[tuple[str, bytes, str]] = [
    ("schedule_callback", b"", "invalid_json"),
    ("schedule_callback", b"{", "invalid_json"),
    ("schedule_callback", b"\xff\xfe", "invalid_json"),
    ("schedule_callback", b'{"when": NaN}', "invalid_json"),
    ("schedule_callback", b'{"when": "now", "when": "now"}', "invalid_json"),
    ("schedule_callback", b"[" * 60_000, "invalid_json"),
    ("schedule_callback", b'"' + b"x" * 10_000_000 + b'"', "too_large"),
    ("schedule_callback", b"[]", "bad_arguments"),
    ("schedule_callback", b"{}", "bad_arguments"),
    ("schedule_callback", b'{"wen": "tomorrow at 10"}', "bad_arguments"),
    ("schedule_callback", b'{"when": 10}', "bad_arguments"),
    ("schedule_callback", b'{"when": ""}', "bad_arguments"),
    ("schedule_callback", b'{"when": "' + b"x" * 201 + b'"}', "bad_arguments"),
    ("schedule_callback", b'{"confirm": "prop_1", "when": "tomorrow at 10"}', "bad_arguments"),
    ("schedule_callback", b'{"confirm": "prop_1"}', "unknown_proposal"),
    ("schedule_callback", b'{"when": "in 400 days"}', "too_far"),
    ("manage_callback", b"{}", "bad_arguments"),
    ("manage_callback", b'{"action": "remove"}', "bad_arguments"),
    ("manage_callback", b'{"action": "cancel"}', "bad_arguments"),
    ("manage_callback", b'{"action": "cancel", "callback": "sch_1"}', "unknown_callback"),
    ("manage_callback", b'{"confirm": "prop_1"}', "unknown_proposal"),
    ("schedule_calback", b"{}", "unknown_tool"),
]


@pytest.mark.parametrize(("tool", "octets", "why"), REFUSED, ids=[f"{row[0]} {row[1][:40]!r}" for row in REFUSED])
def test_what_is_refused_is_told_by_a_stable_word_and_changes_nothing(
    talk: Talk, tool: str, octets: bytes, why: str
) -> None:
    answer = talk.say(tool, octets)
    assert (kind(answer), set(answer["error"])) == (why, {"kind", "message", "hint"})
    assert len(answer["error"]["message"]) < 300
    for table in ("schedules", "proposals"):
        assert talk.world.store.execute(f"select count(*) from {table}").fetchone() == (0,)  # noqa: S608


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda world: agents.allow(world.desk, "agent-1", "schedule_callback", allow=False), "tool_not_enabled"),
        (lambda world: sessions.end(world.desk, "talk"), "session_over"),
        (lambda world: world.clock.set(MONDAY + HOUR), "session_over"),
    ],
    ids=["not enabled", "ended", "expired"],
)
def test_a_proposal_is_not_booked_by_who_may_not_any_more(
    talk: Talk, spoil: Callable[[World], object], why: str
) -> None:
    proposed = talk.ask("schedule_callback", when="tomorrow at 10")
    spoil(talk.world)
    assert kind(talk.ask("schedule_callback", confirm=proposed["proposal"])) == why
    assert kind(talk.ask("schedule_callback", when="tomorrow at 10")) == why
    assert stored(talk.world) == []


def test_a_proposal_of_another_session_is_unknown(talk: Talk) -> None:
    talk.world.user("ben", "+34600000002", "Europe/Madrid")
    other = Talk(talk.world, "ben", "other")
    proposed = other.ask("schedule_callback", when="tomorrow at 10")
    assert kind(talk.ask("schedule_callback", confirm=proposed["proposal"])) == "unknown_proposal"
    assert kind(other.ask("manage_callback", confirm=proposed["proposal"])) == "unknown_proposal"


def test_an_unknown_session_or_agent_is_not_found(talk: Talk) -> None:
    for agent, session in (("agent-2", "talk"), ("agent-1", "tolk")):
        assert kind(toolbox.call(talk.world.desk, "manage_callback", agent, session, b"{}")) == "not_found"


def test_nobody_guesses_on_which_clocks_a_caller_lives(world: World) -> None:
    talk = Talk(world, "+4930123456", "abroad")
    assert talk.ask("schedule_callback", when="tomorrow at 10")["timezone"] == "Europe/Berlin"
    talk = Talk(world, "+34600000077", "somewhere")  # Madrid, or the Canaries
    assert kind(talk.ask("schedule_callback", when="tomorrow at 10")) == "no_timezone"


def test_the_trace_tells_every_call_of_a_tool(talk: Talk) -> None:
    proposed = talk.ask("schedule_callback", when="tomorrow at 10")
    booked = talk.agree("schedule_callback", proposed)
    talk.say("manage_callback", b"nonsense")
    traced = tools.calls_of(talk.world.store, "talk")
    assert [(each.tool, each.arguments, each.status, each.run_at, each.schedule_id) for each in traced] == [
        ("schedule_callback", {"when": "tomorrow at 10"}, "proposed", at("2026-03-03 09:00"), None),
        (
            "schedule_callback",
            {"confirm": proposed["proposal"]},
            "booked",
            at("2026-03-03 09:00"),
            booked["callback"],
        ),
        ("manage_callback", "nonsense", "invalid_json", None, None),
    ]
    assert traced[0].answer["say"] == proposed["say"]


def test_a_move_that_fails_in_the_middle_has_changed_nothing(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    series = talk.world.add({"weekdays": "2,4", "at": "10:30"})
    proposed = talk.manage("reschedule", callback=series.id, scope="occurrence", when="wednesday at noon")

    def fail(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    before = list(talk.world.store.connection.iterdump())
    monkeypatch.setattr(book, "add", fail)
    assert kind(talk.ask("manage_callback", confirm=proposed["proposal"])) == "failed"
    assert list(talk.world.store.connection.iterdump()) == before
    assert events.select(talk.world.store, about=[series.id], limit=1)[0].name == "schedule.added"


def test_what_a_tool_refuses_in_the_middle_is_undone_and_traced(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    series = talk.world.add({"weekdays": "2,4", "at": "10:30"})
    proposed = talk.manage("reschedule", callback=series.id, scope="occurrence", when="wednesday at noon")

    def refuse(*_: object, **__: object) -> None:
        raise Conflict("no", hint="no")

    monkeypatch.setattr(book, "add", refuse)
    assert kind(talk.ask("manage_callback", confirm=proposed["proposal"])) == "conflict"
    assert executions.select(talk.world.store) == []
    assert events.select(talk.world.store, about=[series.id], limit=1)[0].name == "schedule.added"
    assert tools.calls_of(talk.world.store, "talk")[-1].status == "conflict"


@pytest.mark.parametrize(
    ("what", "kept"),
    [
        (lambda world, booked: world.clock.set(MONDAY + 3 * HOUR), (Kept.BROKEN, "no_pass")),
        (lambda world, booked: world.tick(MONDAY + 3 * HOUR), (Kept.BROKEN, "too_late")),
        (lambda world, booked: book.cancel(world.desk, booked, None), (Kept.WITHDRAWN, "schedule_canceled")),
    ],
    ids=["nobody looked", "it was looked at too late", "an operator canceled it"],
)
def test_what_became_of_a_promise_is_told_with_its_reason(
    talk: Talk, what: Callable[[World, str], object], kept: tuple[Kept, str]
) -> None:
    booked = talk.book("in two hours")["callback"]
    assert talk.kept() == [(Kept.PENDING, None)]
    what(talk.world, booked)
    assert talk.kept() == [kept]


def test_a_promise_is_late_when_its_call_was(talk: Talk) -> None:
    talk.book("in two hours")
    talk.world.clock.set(MONDAY + 2 * HOUR + 6 * MINUTE)
    talk.world.tick()
    assert talk.kept() == [(Kept.LATE, None)]


def test_an_occurrence_that_is_called_off_stays_off_when_the_rule_comes_to_it(world: World) -> None:
    series = world.add({"weekdays": "1-7", "at": "10:30"})
    book.call_off(world.desk, series.id, at("2026-03-03 09:30"))
    (after,) = stored(world)
    assert after.next_run_at == at("2026-03-02 09:30")
    world.run_until(MONDAY + 3 * HOUR)
    (after,) = stored(world)
    assert after.next_run_at == at("2026-03-04 09:30")
    world.run_until(MONDAY + 3 * DAY)
    assert [each.date().isoformat() for each in world.phones.placed_at] == ["2026-03-02", "2026-03-04"]
    assert [each.status for each in executions.select(world.store)] == ["completed", "canceled", "completed"]


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 9),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.lists(st.integers(0, 8), max_size=9),
)


@hypothesis_settings(deadline=None)  # the first look at a schema is slow
@given(
    st.sampled_from(specs.NAMES),
    st.dictionaries(
        st.sampled_from(["when", "about", "confirm", "action", "callback", "scope", "at", "weekdays", "x"]),
        _VALUES | st.sampled_from(["list", "series", "10:30"]),
    ),
)
def test_arguments_are_taken_if_and_only_if_the_schema_takes_them(tool: str, arguments: dict[str, Any]) -> None:
    import jsonschema

    valid = jsonschema.Draft202012Validator(specs.SCHEMAS[tool]["parameters"]).is_valid(arguments)
    try:
        specs.check(tool, arguments)
    except InvalidInput:
        assert not valid
    else:
        assert valid
