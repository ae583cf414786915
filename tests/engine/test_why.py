"""Each refusal is explained, and doing what the explanation says lets the call go out, when it says so."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from hyponema_cli.carriers.base import Carrier, OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import NotFound, Unusable
from hyponema_cli.core.explain import REASONS, REMEDIES
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import book, reconcile, sessions, suppressions
from hyponema_cli.engine.check import check
from hyponema_cli.engine.configure import change
from hyponema_cli.engine.recover import recover
from hyponema_cli.engine.request import Request
from hyponema_cli.engine.why import Because, why
from hyponema_cli.store import agents, executions, holds, numbers, open_store
from tests.world import MONDAY, World, at

DAILY = {"weekdays": "1-7", "at": "09:30"}
SECOND = timedelta(seconds=1)


def configure(world: World, key: str, value: str | None) -> None:
    """Change a setting as `hyp config set` and `unset` do."""
    change(world.desk, key, value)


def converse(world: World, who: str = "ana", ttl: timedelta = timedelta(minutes=5)) -> str:
    return sessions.start(world.desk, who, channel="web", ttl=ttl, session_id=None).id


def explain(world: World, word: str, moment: str | None = None) -> Because:
    """Return the first answer about a word."""
    return why(world.desk, word, at(moment) if moment else None)[0]


def blocked(it: Because) -> dict[str, Any]:
    """Return the one gate that does not pass."""
    (gate,) = [each for each in it.gates if each["verdict"] != "pass"]
    return dict(gate)


def lost_reply(call: PlaceCall) -> CallState:
    raise OutcomeUnknown("the connection was closed")


def pass_until(world: World, end: datetime) -> None:
    """Make a pass whenever there is something to do, up to and including `end`."""
    for _ in range(20_000):
        following = world.store.next_work_at()
        if following is None or following > end:
            world.tick(max(end, world.clock.now()))
            return
        world.tick(max(following, world.clock.now() + SECOND))
    pytest.fail("there was no end of work")


# --- every reason: its datum, where that is from, and the change that lets the call go out -------------------------


@dataclass(frozen=True)
class Case:
    """One thing in the way of a call."""

    reason: str
    stage: Callable[[World], Schedule]
    datum: str
    """What the gate's datum contains."""
    source: str
    fill: tuple[tuple[str, str], ...] = ()
    """What a person puts in the place of a word in capitals, or behind the words."""
    done: str | None = None
    """Words of the command that is done, where the remedy offers several; or `wait`."""


def once(world: World, **fields: Any) -> Schedule:
    return world.add({"at": "now"}, **fields)


def paused_once(world: World) -> Schedule:
    it = once(world)
    book.pause(world.desk, it.id, "INC-88")
    return it


def paused_daily(world: World) -> Schedule:
    it = world.add(DAILY)
    book.pause(world.desk, it.id, None)
    return it


def too_late(world: World) -> Schedule:
    it = world.add(DAILY)
    world.clock.set(at("2026-03-02 09:00"))
    return it


def database_behind(world: World) -> Schedule:
    """Put a copy back that was taken before a call was made to somebody else."""
    world.user("bo", "+34600000002", "Europe/Madrid")
    once(world, user="bo")
    copy = world.store.path.with_name("copy.db")
    backup = open_store(world.store.path)
    backup.execute("vacuum into ?", (str(copy),))
    backup.close()
    world.tick()
    world.tick(MONDAY + timedelta(seconds=20))
    world.store.close()
    shutil.copy(copy, world.store.path)
    world.store = world.desk.store = open_store(world.store.path)
    return once(world)


def detached(world: World) -> Schedule:
    world.store.execute("update numbers set agent_id = null, attached_at = null")
    return once(world)


def not_connected(world: World) -> Schedule:
    it = once(world)
    world.store.execute("update agents set stream_url = null")
    world.store.execute("update numbers set carrier = 'twilio'")
    change(world.desk, "live", "true")
    return it


def held(world: World) -> Schedule:
    """Let the account be refused, as a call to somebody else found out."""
    until = world.clock.now() + timedelta(minutes=5)
    holds.put(world.store, holds.Hold("simulated", None, "account_refused: Authenticate", until), until)
    return once(world)


def broken_carrier(world: World) -> Schedule:
    def refuse(account: str) -> Carrier:
        raise Unusable("the plugin has lost its key")

    world.desk.open_carrier = refuse
    world.store.execute("update numbers set carrier = 'twilio'")
    change(world.desk, "live", "true")
    return once(world)


def not_live(world: World) -> Schedule:
    world.store.execute("update numbers set carrier = 'twilio'")
    return once(world)


def suppressed(world: World) -> Schedule:
    suppressions.add(world.desk, "ana", reason="asked us to stop", lasting=None, created_by="test")
    return once(world)


def suppressed_former_skip(world: World) -> Schedule:
    suppressions.add(world.desk, "+34600000001", reason=None, lasting=timedelta(days=3), created_by="test")
    return world.add(DAILY)


def in_session(world: World) -> Schedule:
    converse(world)
    return once(world)


def in_session_by_number(world: World) -> Schedule:
    converse(world, "+34600000001")
    return once(world)


def daily_in_session(world: World) -> Schedule:
    world.clock.set(at("2026-03-02 08:29"))
    converse(world)
    return world.add(DAILY)


def busy(world: World) -> Schedule:
    once(world)
    world.tick()
    return once(world)


def doubted(world: World) -> Schedule:
    world.phones.answer = lost_reply
    once(world)
    world.tick()
    world.phones.answer = lambda call: CallState.COMPLETED
    return once(world)


def zone_unknown(world: World) -> Schedule:
    world.user("sat", "+80012345678", None)
    return once(world, user="sat", timezone="UTC", window="00:01-24:00")


def never_opens(world: World) -> Schedule:
    world.user("ivan", "+79161234567", None)
    return once(world, user="ivan", timezone="UTC", window="11:00-12:00")


def outside_schedules_window(world: World) -> Schedule:
    return once(world, window="20:00-21:00")


def outside_users_window(world: World) -> Schedule:
    world.edit_user("ana", calling_window="20:00-21:00")
    return once(world)


def outside_workspaces_window(world: World) -> Schedule:
    configure(world, "calling_window", "us-tcpa")
    world.clock.set(at("2026-03-02 21:30"))
    return once(world)


def capped(world: World) -> Schedule:
    configure(world, "call_cap", "1/24h")
    once(world)
    world.tick()
    world.tick(MONDAY + timedelta(minutes=1))
    return once(world)


def crowded(world: World) -> Schedule:
    configure(world, "concurrency", "1")
    world.user("bo", "+34600000002", "Europe/Madrid")
    once(world, user="bo")
    world.tick()
    return once(world)


def spent(world: World) -> Schedule:
    configure(world, "daily_budget", "1")
    world.user("bo", "+34600000002", "Europe/Madrid")
    once(world, user="bo")
    world.tick()
    world.tick(MONDAY + timedelta(minutes=1))
    return once(world)


def paced(world: World) -> Schedule:
    configure(world, "pace", "0.1")
    world.user("bo", "+34600000002", "Europe/Madrid")
    once(world, user="bo")
    world.tick()
    return once(world)


CASES = [
    Case("paused", paused_once, "paused", "schedule"),
    Case("paused", paused_daily, "paused", "schedule"),
    Case("too_late", too_late, "deadline 2026-03-02T08:45:00Z", "execution", done="run-now"),
    Case("database_behind", database_behind, "knows nothing of", "dial journal"),
    Case("no_caller_id", detached, "no number", "agent", (("NUMBER", "+34910000001"),)),
    Case("not_connected", not_connected, "no answer URL", "agent", (("URL", "wss://agent.example/v2"),)),
    Case("carrier_held", held, "Authenticate", "carrier simulated", done="check"),
    Case("carrier_unusable", broken_carrier, "the plugin has lost its key", "carrier twilio"),
    Case("not_live", not_live, "twilio", "workspace"),
    Case("suppressed", suppressed, "+34600000001 (asked us to stop)", "suppressions"),
    Case("suppressed", suppressed_former_skip, "+34600000001", "suppressions"),
    Case("live_session", in_session, " on web", "session"),
    Case("live_session", in_session_by_number, " on web", "session"),
    Case("live_session", daily_in_session, " on web", "session"),
    Case("line_busy", busy, "call_", "call", done="wait"),
    Case("line_busy", doubted, "call_", "call", (("placed|not-placed", "placed"),), done="reconcile"),
    Case("zone_unknown", zone_unknown, "on clocks that nobody knows", "number", (("ZONE", "Europe/London"),)),
    Case("window_never_opens", never_opens, "more zones", "schedule", (("ZONE", "Europe/Moscow"),)),
    Case(
        "window_never_opens",
        never_opens,
        "11:00-12:00 in",
        "schedule",
        (("HOURS", "always"),),
        done="--window",
    ),
    Case("outside_calling_window", outside_schedules_window, "20:00-21:00 in Europe/Madrid", "schedule"),
    Case("outside_calling_window", outside_users_window, "20:00-21:00 in Europe/Madrid", "user"),
    Case("outside_calling_window", outside_workspaces_window, "us-tcpa in Europe/Madrid", "workspace"),
    Case("call_cap", capped, "1 of 1/24h", "workspace", (("", "2/24h"),)),
    Case("concurrency", crowded, "1 of 1", "workspace", (("", "2"),)),
    Case("daily_budget", spent, "1 of 1 today", "workspace", (("", "2"),)),
    Case("pace", paced, "0.1 a second", "carrier", done="wait"),
]
"""`max_occurrences`, `schedule_canceled` and `overlap` have tests of their own: their call is over by then."""


def command_in(remedy: str, case: Case) -> str:
    """Return the command that a remedy names (of several the one with the words `done`), its blanks filled in."""
    commands = [part[part.index("hyp ") :].partition(", or ")[0] for part in remedy.split("; ") if "hyp " in part]
    command = next(each for each in commands if case.done is None or case.done in each)
    for blank, value in (*case.fill, ("HOURS", "always")):
        command = command.replace(blank, value) if blank else f"{command} {value}"
    return command


def do(world: World, command: str) -> None:
    """Do what a line of `hyp` would do, in the time of this world."""
    desk = world.desk
    match shlex.split(command):
        case ["hyp", "schedules", "resume", schedule]:
            book.resume(desk, schedule, None)
        case ["hyp", "schedules", "run-now", schedule]:
            book.run_now(desk, schedule)
        case ["hyp", "schedules", "edit", schedule, "--window", hours]:
            book.edit(desk, schedule, Request(window=hours))
        case ["hyp", "schedules", "edit", schedule, "--max-occurrences", count]:
            book.edit(desk, schedule, Request(max_occurrences=int(count)))
        case ["hyp", "users", "edit", user, "--tz", zone]:
            world.edit_user(user, timezone=zone)
        case ["hyp", "users", "edit", user, "--window", hours]:
            world.edit_user(user, calling_window=hours)
        case ["hyp", "numbers", "attach", number, agent]:
            (found,) = numbers.find(world.store, number)
            numbers.attach(world.store, found.id, agent, world.clock.now())
            executions.wake(world.store, world.clock.now(), agent_id=agent)
        case ["hyp", "config", "set", key, value]:
            configure(world, key, value)
        case ["hyp", "suppressions", "remove", number]:
            suppressions.remove(desk, number, reason=None)
        case ["hyp", "sessions", "end", session]:
            sessions.end(desk, session)
        case ["hyp", "reconcile"]:
            recover(desk, world.clock.now())
        case ["hyp", "reconcile", "--resolve", call, verdict]:
            reconcile.resolve(desk, call, placed=verdict == "placed")
        case ["hyp", "agents", "edit", agent, "--stream-url", url]:
            (found,) = agents.find(world.store, agent)
            agents.update(world.store, replace(found, stream_url=url), world.clock.now())
            executions.wake(world.store, world.clock.now(), agent_id=agent)
        case ["hyp", "carriers", "check", account]:
            check(desk, account)
        case ["hyp", "carriers", "list"]:
            desk.open_carrier = lambda account: world.phones
        case _:
            pytest.fail(f"nobody can type {command!r}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stage.__name__)
def test_a_refusal_names_its_datum_and_doing_the_change_lets_the_call_go_out(world: World, case: Case) -> None:
    refused_then_let_through(world, case, case.stage(world))


WAITS_FOR_A_CHANGE = ("paused_once", "detached", "broken_carrier", "not_live", "zone_unknown", "database_behind")


@pytest.mark.parametrize("name", WAITS_FOR_A_CHANGE)
def test_a_call_that_a_pass_left_waiting_is_explained_alike(world: World, name: str) -> None:
    (case,) = [case for case in CASES if case.stage.__name__ == name]
    it = case.stage(world)
    world.tick()
    refused_then_let_through(world, case, it)


def refused_then_let_through(world: World, case: Case, it: Schedule) -> None:
    """Expect the refusal to be explained; do what the explanation says; expect the call."""
    told = explain(world, it.id)
    gate = blocked(told)
    assert gate["reason"] == told.reason == case.reason
    assert case.datum in gate["datum"]
    assert gate["source"] == case.source
    assert told.verdict in ("wait", "stop")
    assert told.changes == [gate["remedy"]]
    assert told.reason in REASONS

    rung = len(world.dials())
    if case.done == "wait":
        assert "wait" in gate["remedy"]
    else:
        do(world, command_in(gate["remedy"], case))
    told = explain(world, it.id)
    if case.reason != "too_late":
        assert told.verdict == "dial" or case.done == "wait"
        assert told.next_call_at is not None
        pass_until(world, told.next_call_at)
    if case.done == "wait":
        pass_until(world, world.clock.now() + timedelta(minutes=1))
    assert len(world.dials()) == rung + 1
    assert world.dials()[-1] == it.phone_number


def test_every_reason_that_has_a_remedy_is_tried() -> None:
    elsewhere = {"max_occurrences", "schedule_canceled", "overlap"}
    assert {case.reason for case in CASES} | elsewhere == set(REMEDIES)


def test_an_overlap_names_the_call_before_it_and_when_that_is_settled_the_next_one_rings(world: World) -> None:
    world.phones.answer = lost_reply
    it = world.add(DAILY)
    world.tick("2026-03-02 08:30")
    world.tick("2026-03-03 08:30")
    doubted, skipped = world.history(it)
    told = explain(world, skipped.id)
    assert (told.based_on, told.verdict, told.reason) == ("stored", "stop", "overlap")
    overlap = next(gate for gate in told.gates if gate["gate"] == "overlap")
    assert (overlap["datum"], overlap["source"]) == (doubted.id, "execution")
    assert overlap["remedy"] == f"wait for the end of {doubted.id}; see: hyp why {doubted.id}"
    world.phones.answer = lambda call: CallState.COMPLETED
    do(world, f"hyp reconcile --resolve {doubted.calls[0].id} placed")
    assert rings_when_told(world, it) == at("2026-03-04 08:30")


def test_a_slot_beyond_the_last_call_names_the_number_that_would_let_it_go_out(world: World) -> None:
    it = world.add({"cron": "* * * * *"}, max_occurrences=1, start="2026-03-02T08:01:00Z")
    world.store.execute("update numbers set carrier = 'real'")  # not armed: both wait
    world.tick("2026-03-02 08:01")
    world.store.execute("update executions set status = 'waiting_retry'")
    world.tick("2026-03-02 08:02")
    world.store.execute("update executions set status = 'pending' where status = 'waiting_retry'")
    world.store.execute("update numbers set carrier = 'simulated'")
    world.phones.answer = lost_reply
    world.run_until("2026-03-02 08:05")
    told = explain(world, world.history(it)[-1].id)
    assert (told.verdict, told.reason) == ("stop", "max_occurrences")
    gate = next(gate for gate in told.gates if gate["gate"] == "schedule_active")
    assert (gate["datum"], gate["source"]) == ("all its calls were made", "schedule")
    assert gate["remedy"] == f"hyp schedules edit {it.id} --max-occurrences 2"
    do(world, gate["remedy"])
    world.phones.answer = lambda call: CallState.COMPLETED
    do(world, f"hyp reconcile --resolve {world.history(it)[0].calls[0].id} placed")
    pass_until(world, world.clock.now() + timedelta(minutes=2))
    assert len(world.dials()) == 2


def test_several_refusals_are_all_told_and_only_all_changes_together_let_the_call_go_out(world: World) -> None:
    suppressions.add(world.desk, "ana", reason=None, lasting=None, created_by="test")
    it = once(world, window="20:00-21:00")
    converse(world)
    told = explain(world, it.id)
    assert [gate["gate"] for gate in told.gates if gate["verdict"] != "pass"] == [
        "suppressed",
        "live_session",
        "calling_window",
    ]
    assert len(told.changes) == 3
    for each in told.changes:
        assert explain(world, it.id).verdict == "stop" or each is told.changes[-1]
        do(world, command_in(each, Case("", once, "", "")))
    assert explain(world, it.id).verdict == "dial"
    world.tick()
    assert len(world.dials()) == 1


# --- next_call_at is when it rings ---------------------------------------------------------------------------------


def evening(world: World) -> Schedule:
    world.clock.set(at("2026-03-06 20:00"))
    return world.add(DAILY, window="mon-fri 09:00-20:00")


def opens_within_the_catch_up_window(world: World) -> Schedule:
    return world.add(DAILY, window="09:40-20:00")


def opens_too_late(world: World) -> Schedule:
    return world.add({"cron": "0 * * * *"}, window="13:50-14:30", timezone="Europe/Madrid")


def holidays(world: World) -> Schedule:
    world.clock.set(at("2026-12-24 12:00"))
    return world.add(DAILY, window="es")


def their_own_window_elsewhere(world: World) -> Schedule:
    world.user("may", "+12125550123", "America/New_York")
    world.edit_user("may", calling_window="mon-fri 09:00-17:00")
    world.clock.set(at("2026-03-06 12:00"))
    return world.add({"weekdays": "1-7", "at": "16:00"}, user="may", timezone="Europe/Madrid")


def capped_daily(world: World) -> Schedule:
    configure(world, "call_cap", "2/72h")
    it = world.add({"cron": "30 9,17 * * *"})
    pass_until(world, at("2026-03-02 17:00"))
    return it


def two_caps(world: World) -> Schedule:
    configure(world, "call_cap", "1/6h, 3/7d")
    it = world.add({"cron": "0 */4 * * *"}, timezone="Europe/Madrid")
    pass_until(world, at("2026-03-03 09:00"))
    return it


def waiting_for_the_cap(world: World) -> Schedule:
    configure(world, "call_cap", "1/5m")
    once(world)
    world.tick()
    it = once(world)
    world.tick(MONDAY + timedelta(minutes=1))
    return it


def waiting_for_a_session(world: World) -> Schedule:
    converse(world)
    it = once(world)
    world.tick()
    return it


def suppressed_until_thursday(world: World) -> Schedule:
    suppressions.add(world.desk, "ana", reason=None, lasting=timedelta(days=3), created_by="test")
    return world.add(DAILY)


def suppressed_until_within_the_catch_up_window(world: World) -> Schedule:
    suppressions.add(world.desk, "ana", reason=None, lasting=timedelta(minutes=35), created_by="test")
    return world.add(DAILY)


def spent_until_midnight_in_madrid(world: World) -> Schedule:
    configure(world, "timezone", "Europe/Madrid")
    configure(world, "daily_budget", "3")
    it = world.add({"cron": "0 * * * *"})
    pass_until(world, at("2026-03-02 12:00"))
    return it


def the_clocks_go_forward(world: World) -> Schedule:
    world.clock.set(at("2026-03-28 12:00"))
    return world.add({"weekdays": "1-7", "at": "02:30"})


def the_clocks_go_back(world: World) -> Schedule:
    world.clock.set(at("2026-10-24 12:00"))
    return world.add({"weekdays": "1-7", "at": "02:30"})


def a_window_that_begins_in_the_gap(world: World) -> Schedule:
    world.clock.set(at("2026-03-28 12:00"))
    return world.add({"cron": "50 1 * * *"}, window="02:15-05:00", catch_up_window="30m")


def a_window_in_the_hour_that_comes_twice(world: World) -> Schedule:
    world.clock.set(at("2026-10-24 22:00"))
    return world.add({"cron": "*/20 * * * *"}, window="02:30-02:45")


def waiting_for_a_retry(world: World) -> Schedule:
    world.phones.answer = lambda call: CallState.NO_ANSWER
    it = once(world, max_attempts=3, retry_delay="7m")
    pass_until(world, MONDAY + timedelta(minutes=2))
    return it


def a_retry_outside_the_window(world: World) -> Schedule:
    world.phones.answer = lambda call: CallState.NO_ANSWER
    it = world.add(DAILY, max_attempts=3, retry_delay="7m", window="09:00-09:33")
    pass_until(world, at("2026-03-02 08:31"))
    return it


def with_an_until(world: World) -> Schedule:
    return world.add({"cron": "0 9 * * *"}, start="2026-04-01", until="2026-04-03")


SITUATIONS: list[tuple[Callable[[World], Schedule], str]] = [
    (evening, "2026-03-09 08:30"),
    (opens_within_the_catch_up_window, "2026-03-02 08:40"),
    (opens_too_late, "2026-03-02 13:00"),
    (holidays, "2026-12-28 08:30"),
    (their_own_window_elsewhere, "2026-03-06 15:00"),
    (capped_daily, "2026-03-05 08:30"),
    (two_caps, "2026-03-09 11:00"),
    (waiting_for_the_cap, "2026-03-02 08:05"),
    (waiting_for_a_session, "2026-03-02 08:05"),
    (suppressed_until_thursday, "2026-03-05 08:30"),
    (suppressed_until_within_the_catch_up_window, "2026-03-02 08:35"),
    (spent_until_midnight_in_madrid, "2026-03-02 23:00"),
    (the_clocks_go_forward, "2026-03-29 01:00"),
    (the_clocks_go_back, "2026-10-25 00:30"),
    (a_window_that_begins_in_the_gap, "2026-03-29 01:00"),
    (a_window_in_the_hour_that_comes_twice, "2026-10-25 00:30"),
    (waiting_for_a_retry, "2026-03-02 08:07:10"),
    (a_retry_outside_the_window, "2026-03-03 08:30"),
    (with_an_until, "2026-04-01 07:00"),
]


def rings_when_told(world: World, it: Schedule) -> datetime:
    """Expect silence until `next_call_at`, and a call at that very second; return it."""
    told = explain(world, it.id).next_call_at
    assert told is not None
    rung = len(world.dials())
    if told > world.clock.now():
        pass_until(world, told - SECOND)
    assert len(world.dials()) == rung, "it rang before it was said to"
    pass_until(world, told)
    assert len(world.dials()) == rung + 1
    return told


@pytest.mark.parametrize(("situation", "expected"), SITUATIONS, ids=lambda it: getattr(it, "__name__", None))
def test_the_next_call_is_when_it_really_rings(
    world: World, situation: Callable[[World], Schedule], expected: str
) -> None:
    it = situation(world)
    told = explain(world, it.id).next_call_at
    if situation in (waiting_for_a_retry, a_retry_outside_the_window):
        # The end of the call is learned by a pass; retries are spread by a jitter.
        assert told is not None
        assert abs(told - at(expected)) < timedelta(minutes=2)
    else:
        assert told == at(expected)
    assert rings_when_told(world, it) == told


@pytest.mark.parametrize("seed", range(8))
def test_whatever_is_set_the_next_call_is_when_it_really_rings_three_times_over(world: World, seed: int) -> None:
    draw = Random(seed)
    world.clock.set(at(draw.choice(["2026-03-02 08:00", "2026-03-27 20:00", "2026-10-24 03:00", "2026-12-23 15:00"])))
    zone = draw.choice(["Europe/Madrid", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"])
    world.user("kim", "+6421234567", zone)
    if draw.random() < 0.7:
        hours = [
            "mon-fri 09:00-20:00",
            "00:30-03:15",
            "fr",
            "22:00-02:00; sat 10:00-12:00",
            "02:10-02:50, 13:00-14:00",
        ]
        configure(world, "calling_window", draw.choice(hours))
    if draw.random() < 0.5:
        configure(world, "call_cap", draw.choice(["1/24h", "3/24h, 5/7d", "2/90m"]))
    if draw.random() < 0.3:
        configure(world, "daily_budget", "2")
    if draw.random() < 0.3:
        lasting = timedelta(minutes=draw.randrange(30, 5000))
        suppressions.add(world.desk, "kim", reason=None, lasting=lasting, created_by="test")
    rule = draw.choice(
        [
            {"weekdays": "1-7", "at": "02:30"},
            {"weekdays": "1,3,5", "at": "13:40"},
            {"cron": "*/25 * * * *"},
            {"cron": "15 1,2,3,10,13,22,23 * * *"},
        ]
    )
    late = draw.choice([None, "1m", "1h", "3h"])
    it = world.add(rule, user="kim", catch_up_window=late)
    for _ in range(3):
        if explain(world, it.id).next_call_at is None:
            rung = len(world.dials())
            pass_until(world, world.clock.now() + timedelta(days=10))
            assert len(world.dials()) == rung, "it was said never to ring"
            return
        rings_when_told(world, it)
        pass_until(world, world.clock.now() + timedelta(minutes=1))


def test_what_is_stopped_for_good_is_said_never_to_ring(world: World) -> None:
    for stage in (paused_daily, suppressed, never_opens, detached):
        told = explain(world, stage(world).id)
        assert told.next_call_at is None


# --- the past ------------------------------------------------------------------------------------------------------


def test_a_past_answer_comes_from_what_was_stored_then_whatever_has_changed_since(world: World) -> None:
    configure(world, "call_cap", "1/24h")
    it = world.add({"cron": "30 9,10 * * *"}, window="09:00-11:00")
    pass_until(world, at("2026-03-02 10:00"))
    rung, skipped = world.history(it)
    before = [explain(world, each.id) for each in (rung, skipped)]
    configure(world, "call_cap", None)
    configure(world, "calling_window", "03:00-04:00")
    book.edit(world.desk, it.id, Request(window="20:00-21:00"))
    suppressions.add(world.desk, "ana", reason=None, lasting=None, created_by="test")
    for told, was in zip([explain(world, each.id) for each in (rung, skipped)], before, strict=True):
        assert (told.based_on, told.verdict, told.reason, told.gates) == (
            "stored",
            was.verdict,
            was.reason,
            was.gates,
        )
    assert (before[0].verdict, before[0].reason, before[0].changes) == ("dialled", "answered", [])
    gate = blocked(before[1])
    assert (before[1].reason, gate["datum"], gate["source"], gate["until"]) == (
        "call_cap",
        "1 of 1/24h",
        "workspace",
        "2026-03-03T08:30:00Z",
    )


def test_a_past_instant_asks_for_the_last_call_up_to_it(world: World) -> None:
    it = world.add(DAILY)
    pass_until(world, at("2026-03-04 12:00"))
    monday, tuesday, _ = world.history(it)
    for moment, execution in (
        ("2026-03-02 08:30", monday),
        ("2026-03-03 08:29", monday),
        ("2026-03-03 08:30", tuesday),
    ):
        told = explain(world, it.id, moment)
        assert told.execution is not None
        assert (told.execution.id, told.based_on) == (execution.id, "stored")
    with pytest.raises(NotFound, match="nothing planned up to 2026-03-01"):
        explain(world, it.id, "2026-03-01 12:00")


def test_a_coming_instant_asks_for_the_first_call_from_it_on(world: World) -> None:
    it = world.add(DAILY)
    for moment, scheduled in (("2026-03-05 08:30", "2026-03-05 08:30"), ("2026-03-05 08:31", "2026-03-06 08:30")):
        told = explain(world, it.id, moment)
        assert (told.based_on, told.scheduled_time, told.next_call_at) == ("forecast", at(scheduled), at(scheduled))


# --- executions and schedules in every state -----------------------------------------------------------------------


def in_doubt(world: World) -> Schedule:
    world.phones.answer = lost_reply
    it = once(world)
    world.tick()
    return it


def in_progress(world: World) -> Schedule:
    it = once(world)
    world.tick()
    return it


def exhausted(world: World) -> Schedule:
    world.phones.answer = lambda call: CallState.NO_ANSWER
    it = once(world, max_attempts=2, retry_delay="1m")
    pass_until(world, MONDAY + timedelta(minutes=20))
    return it


def canceled(world: World) -> Schedule:
    it = once(world, window="20:00-21:00")
    book.cancel(world.desk, it.id, None)
    return it


def by_hand(world: World) -> Schedule:
    it = world.add(DAILY)
    book.run_now(world.desk, it.id)
    pass_until(world, MONDAY + timedelta(minutes=1))
    return it


# what happened | status | verdict | reason | calls | next call
PASTS: list[tuple[Callable[[World], Schedule], str, str, str | None, int, str | None]] = [
    (in_doubt, "in_doubt", "dialled", "no_clean_answer", 1, None),
    (in_progress, "dialing", "dialled", None, 1, None),
    (exhausted, "exhausted", "dialled", "no_answer", 2, None),
    (by_hand, "completed", "dialled", "answered", 1, "2026-03-02 08:30"),
]


@pytest.mark.parametrize(
    ("stage", "status", "verdict", "reason", "count", "following"), PASTS, ids=[case[0].__name__ for case in PASTS]
)
def test_an_execution_is_told_as_it_stands(
    world: World,
    stage: Callable[[World], Schedule],
    status: str,
    verdict: str,
    reason: str | None,
    count: int,
    following: str | None,
) -> None:
    it = stage(world)
    (execution,) = world.history(it)
    for word in (execution.id, execution.calls[-1].id):
        told = explain(world, word)
        assert told.execution is not None
        assert (told.execution.status, told.based_on, told.verdict, told.reason) == (
            status,
            "stored",
            verdict,
            reason,
        )
        assert len(told.execution.calls) == count
        assert told.next_call_at == (at(following) if following else None)
        assert len(told.gates) == 14


def test_a_retry_that_waits_is_forecast_and_shows_the_call_before_it(world: World) -> None:
    it = waiting_for_a_retry(world)
    told = explain(world, it.id)
    assert told.execution is not None
    assert (told.execution.status, told.based_on, told.verdict) == ("waiting_retry", "forecast", "dial")
    assert [call.status for call in told.execution.calls] == ["no_answer"]


@pytest.mark.parametrize(
    ("stage", "said"),
    [(canceled, "the schedule is canceled"), (exhausted, "the schedule is exhausted")],
    ids=["canceled", "exhausted"],
)
def test_a_schedule_that_is_over_says_so(world: World, stage: Callable[[World], Schedule], said: str) -> None:
    told = explain(world, stage(world).id)
    assert (told.verdict, told.reason, told.gates, told.next_call_at) == ("idle", said, (), None)


def test_a_schedule_whose_user_has_lost_the_zone_says_so_and_rings_when_it_is_back(world: World) -> None:
    it = world.add(DAILY)
    world.edit_user("ana", timezone=None)
    told = explain(world, it.id)
    assert (told.verdict, told.next_call_at) == ("idle", None)
    assert told.reason is not None
    assert told.reason.startswith("no timezone")
    world.edit_user("ana", timezone="America/New_York")
    assert rings_when_told(world, it) == at("2026-03-02 14:30")


# --- people --------------------------------------------------------------------------------------------------------


def test_the_calls_of_a_person_come_the_soonest_first_whatever_they_are_asked_by(world: World) -> None:
    late = world.add({"weekdays": "1-7", "at": "20:00"})
    early = world.add({"weekdays": "1-7", "at": "09:30"})
    bare = world.add({"weekdays": "1-7", "at": "12:00"}, to="+34600000001")
    world.user("bo", "+34600000002", "Europe/Madrid")
    world.add({"weekdays": "1-7", "at": "09:00"}, user="bo")
    for word, subject in (
        ("ana", "user"),
        ("Ana", "user"),
        ("+34600000001", "number"),
        ("+34 600 00 00 01", "number"),
    ):
        answers = why(world.desk, word, None)
        assert [each.schedule and each.schedule.id for each in answers] == [early.id, bare.id, late.id]
        assert {each.subject for each in answers} == {subject}
    over = why(world.desk, "ana", at("2026-03-02 10:00"))
    assert [each.schedule and each.schedule.id for each in over] == [bare.id, late.id, early.id]


def test_the_past_calls_of_a_person_come_the_latest_first_also_of_schedules_that_are_over(world: World) -> None:
    gone = once(world)
    daily = world.add(DAILY)
    pass_until(world, at("2026-03-02 12:00"))
    answers = why(world.desk, "ana", at("2026-03-02 12:00"))
    assert [each.schedule and each.schedule.id for each in answers] == [daily.id, gone.id]
    assert {each.based_on for each in answers} == {"stored"}


def test_for_a_stranger_it_is_told_what_a_call_would_meet(world: World) -> None:
    (clear,) = why(world.desk, "+34600000077", None)
    assert (clear.verdict, clear.reason, clear.changes) == ("idle", "nothing is planned", [])
    suppressions.add(world.desk, "+34600000077", reason="wrong number", lasting=None, created_by="test")
    (met,) = why(world.desk, "+34600000077", None)
    assert (met.verdict, met.reason) == ("idle", "suppressed")
    assert met.changes == ["hyp suppressions remove +34600000077"]
    assert blocked(met)["datum"] == "+34600000077 (wrong number)"


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("anna", "did you mean 'Ana'?"),
        ("Morning cal", "did you mean 'Morning call'?"),
        ("zebra", "a schedule, an execution, a user, or a number with its +"),
    ],
)
def test_a_word_that_nothing_bears_gets_the_nearest(world: World, word: str, hint: str) -> None:
    world.add(DAILY, name="Morning call")
    with pytest.raises(NotFound, match=f"nothing is called '{word}'") as caught:
        explain(world, word)
    assert caught.value.hint == hint


@pytest.mark.parametrize("stage", [capped, in_session, evening, in_doubt, paused_daily, zone_unknown])
def test_asking_changes_nothing(world: World, stage: Callable[[World], Schedule]) -> None:
    it = stage(world)
    world.tick()
    before = [*world.store.connection.iterdump()]
    rung = world.dials()
    why(world.desk, it.id, None)
    why(world.desk, it.phone_number, None)
    assert [*world.store.connection.iterdump()] == before
    assert world.dials() == rung
