"""The past is thrown away, and nothing that is to come changes by it."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zlib import crc32

import pytest

from hyponema_cli.carriers.base import OutcomeUnknown, PlaceCall
from hyponema_cli.core.call import CallState
from hyponema_cli.core.errors import Conflict, InvalidInput
from hyponema_cli.engine import book, prune, sessions
from hyponema_cli.engine.examine import examine
from hyponema_cli.engine.recover import recover
from hyponema_cli.engine.simulate import _seeded
from hyponema_cli.store import calls, events, journal, schedules, webhooks
from hyponema_cli.store.prune import Selection
from tests.world import World, at

DAY = timedelta(days=1)
LEAST = prune.LEAST_KEPT


def let_pass(world: World, end: datetime, on_the_way: Callable[[], None] = lambda: None) -> None:
    """Make a pass whenever there is something to do, up to `end`."""
    while (coming := world.store.next_work_at()) is not None and coming <= end:
        world.tick(max(coming, world.clock.now() + timedelta(seconds=1)))
        on_the_way()
    world.clock.set(end)


def pruned(world: World, before: datetime | None = None, *, with_schedules: bool = False) -> prune.Pruned:
    """Prune as `hyp db prune` does; all that may go, if not said otherwise."""
    selection = Selection(before or world.clock.now() - LEAST, with_schedules)
    prune.refuse_too_recent(world.desk, selection.before)
    counted = prune.count(world.desk, selection, lambda part: None)
    done = prune.carry_out(world.desk, selection, lambda part: None)
    assert counted == done, "a dry run says what is done"
    assert prune.carry_out(world.desk, selection, lambda part: None).is_nothing
    return done


def in_order(world: World) -> list[tuple[str, datetime]]:
    """Return who was dialled when."""
    return [(call.to_number, when) for call, when in zip(world.phones.placed, world.phones.placed_at, strict=True)]


def fate_of(call: PlaceCall) -> CallState:
    """Decide by what does not differ between two worlds."""
    return (CallState.COMPLETED, CallState.BUSY, CallState.NO_ANSWER)[
        crc32(f"{call.to_number}/{call.attempt}".encode()) % 3
    ]


def furnish(world: World, seed: int) -> None:
    """Book what a workspace of some months holds; the same for the same seed."""
    world.desk.new_id = _seeded(seed)
    world.phones.answer = fate_of
    world.set("call_cap", "3/24h, 40/30d")
    zones = ["Europe/Madrid", "America/New_York", "Asia/Tokyo", "Pacific/Apia"]
    for each in range(4):
        world.user(f"user-{each}", f"+3460000010{each}", zones[each], "10:00:00")
        retries = {"max_attempts": 2, "retry_delay": "10m", "retry_on": ["busy", "no_answer"]}
        world.add({"weekdays": "1-7", "at": "09:30"}, user=f"user-{each}", **retries)
        world.add({"weekdays": "1,4"}, user=f"user-{each}")  # follows its user's time
        world.add({"cron": "15 */7 * * *"}, user=f"user-{each}", timezone="Europe/Madrid", max_occurrences=90 + each)
        world.add({"cron": "0 12 1 * *"}, user=f"user-{each}", timezone="Europe/Madrid")
        world.add({"at": f"2026-04-{each + 10} 14:30"}, user=f"user-{each}", timezone="Europe/Madrid", **retries)


def live_on(world: World, seed: int, *, with_prune: bool) -> None:
    """Let five months pass in which people move, rules are paused and changed, and time zone data change."""
    dice = random.Random(seed)
    recurring = [each.id for each in schedules.select(world.store, statuses=("active",)) if each.recurring]
    for month in range(5):
        let_pass(world, world.clock.now() + timedelta(days=dice.randint(25, 35)))
        user = f"user-{dice.randrange(4)}"
        world.edit_user(
            user, timezone=dice.choice(["Europe/Madrid", "Asia/Tokyo", "Pacific/Honolulu", "Pacific/Apia"])
        )
        if with_prune:
            pruned(world, with_schedules=True)
        if dice.random() < 0.5:
            # As if the zones had changed: every cached instant is derived anew.
            world.desk.zone_edition = f"edition-{month + 2}"
        paused = dice.choice(recurring)
        if [each.status for each in schedules.find(world.store, paused)] == ["active"]:  # else it has ended, or gone
            book.pause(world.desk, paused, None)
            let_pass(world, world.clock.now() + 2 * DAY)
            book.resume(world.desk, paused, None)
        if with_prune:
            pruned(world)


@pytest.mark.parametrize("seed", range(2))
def test_with_and_without_pruning_the_same_people_are_called_at_the_same_times(tmp_path: Path, seed: int) -> None:
    worlds = []
    for name in ("kept", "pruned"):
        (tmp_path / name).mkdir()
        world = World(tmp_path / name)
        furnish(world, seed)
        live_on(world, seed, with_prune=name == "pruned")
        worlds.append(world)
    kept, pruned_ = worlds
    assert in_order(pruned_) == in_order(kept)
    assert len(in_order(kept)) > 500
    counts = [len(world.history()) for world in worlds]
    assert counts[1] < counts[0] / 2
    assert examine(pruned_.store, pruned_.desk.zone_edition, quick=False, deep=True, on_progress=lambda _: None) == []
    seen = [
        [(each.next_run_at, each.status, each.last_run_at, each.last_status) for each in found]
        for found in (schedules.select(world.store, statuses=("active",)) for world in worlds)
    ]
    assert seen[1] == seen[0]
    for world in worlds:
        world.close()


@pytest.fixture
def old(world: World) -> World:
    """A world whose past begins a hundred days ago."""
    world.add({"weekdays": "1-7", "at": "09:30"}, name="daily")
    let_pass(world, world.clock.now() + 100 * DAY)
    return world


def test_what_a_cap_counts_is_kept_and_the_latest_instant_is_named(old: World) -> None:
    with pytest.raises(InvalidInput) as refused:
        pruned(old, old.clock.now() - LEAST + timedelta(seconds=1))
    assert "--before 30d" in str(refused.value.hint)
    old.set("call_cap", "3/24h, 40/60d")
    with pytest.raises(InvalidInput, match="40/60d") as refused:
        pruned(old, old.clock.now() - 59 * DAY)
    assert "--before 60d" in str(refused.value.hint)
    assert 39 <= pruned(old, old.clock.now() - 60 * DAY).calls <= 41, "forty of a hundred days"


def test_the_last_run_stays_and_the_trail_is_whole(old: World) -> None:
    yearly = old.add({"cron": "0 9 2 3 *"}, timezone="Europe/Madrid")
    let_pass(old, at("2027-03-03 00:00"))
    before = len(events.select(old.store))
    let_pass(old, at("2027-06-20 00:00"))
    lines = len(events.select(old.store))
    assert pruned(old).executions > 300
    assert len(events.select(old.store)) == lines + 2 > before
    shown = old.schedule(yearly)
    assert (shown.last_run_at, shown.last_status) == (at("2027-03-02 08:00"), "completed")


def test_a_number_of_occurrences_is_not_used_twice(world: World) -> None:
    ten = world.add({"weekdays": "1-7", "at": "09:30"}, max_occurrences=10)
    world.add({"weekdays": "1-7", "at": "12:00"})
    for _ in range(4):
        # Paused, so that it is not used up before its past is old.
        let_pass(world, world.clock.now() + 2 * DAY)
        book.pause(world.desk, ten.id, None)
        let_pass(world, world.clock.now() + 40 * DAY)
        book.resume(world.desk, ten.id, None)
        pruned(world)
    let_pass(world, world.clock.now() + 30 * DAY)
    assert (
        sum(when.hour == 7 for _, when in in_order(world)) + sum(when.hour == 8 for _, when in in_order(world)) == 10
    )
    assert world.schedule(ten).status == "completed"


def test_a_doubt_and_every_call_to_its_number_stay(old: World) -> None:
    old.user("ben", "+34600000002", "Europe/Madrid")
    old.add({"weekdays": "1-7", "at": "12:00"}, user="ben")

    def lose(call: PlaceCall) -> CallState:
        raise OutcomeUnknown("lost")

    old.phones.answer = lose
    let_pass(old, old.clock.now() + DAY)
    assert len(calls.in_doubt(old.store)) == 2
    old.phones.answer = lambda call: CallState.COMPLETED
    let_pass(old, old.clock.now() + 100 * DAY)
    done = pruned(old)
    assert done.calls == 0
    assert done.executions > 100, "what was skipped, because the line was busy"
    assert len(calls.in_doubt(old.store)) == 2


def test_sessions_that_were_over_go_and_live_ones_stay(old: World) -> None:
    began = old.clock.now()
    ended = sessions.start(old.desk, "ana", channel=None, ttl=timedelta(hours=1), session_id=None)
    sessions.end(old.desk, ended.id)
    sessions.start(old.desk, "+34600000009", channel=None, ttl=timedelta(hours=1), session_id=None)
    old.clock.set(began + 60 * DAY)
    live = sessions.start(old.desk, "ana", channel=None, ttl=timedelta(hours=1), session_id=None)
    assert pruned(old).sessions == 2
    assert old.store.execute("select id from sessions").fetchall() == [(live.id,)]


def test_ended_schedules_go_when_asked_for_but_not_one_with_a_ref(old: World) -> None:
    for ref in (None, "order-7"):
        book.cancel(old.desk, old.add({"weekdays": "1-7", "at": "12:00"}, ref=ref).id, None)
    old.add({"at": "now"})
    let_pass(old, old.clock.now() + 60 * DAY)
    assert pruned(old).schedules == 0
    done = pruned(old, with_schedules=True)
    assert (done.schedules, done.kept_for_ref) == (2, 1)
    left = schedules.select(old.store, statuses=("active", "canceled", "completed"))
    assert {each.name or each.ref for each in left} == {"daily", "order-7"}


def test_it_may_be_stopped_anywhere_and_is_done_again(old: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prune, "PAGE", 7)
    selection = Selection(old.clock.now() - LEAST, False)
    expected = prune.count(old.desk, selection, lambda part: None).executions
    stopped, before = 0, len(old.history())

    def stop(part: float) -> None:
        raise KeyboardInterrupt

    while True:
        try:
            prune.carry_out(old.desk, selection, stop)
        except KeyboardInterrupt:
            stopped += 1
        assert stopped < 100
        if prune.count(old.desk, selection, lambda part: None).is_nothing:
            break
        # A stop after the first page: what is behind it must be reached by the next run.
        monkeypatch.setattr(prune, "PAGE", prune.PAGE + 7)
    assert stopped > 2
    assert before - len(old.history()) == expected


def test_nothing_is_pruned_while_the_file_is_behind_its_journal(old: World) -> None:
    journal.append(old.store, [["dial", 10_000, "call_x"]])
    with pytest.raises(Conflict, match="older than its last dials"):
        pruned(old)


def test_what_was_deleted_is_overwritten(old: World) -> None:
    content = old.store.path.read_bytes()
    first = old.history()[0].id.encode()
    assert first in content
    old.store.execute("drop trigger events_are_never_deleted")
    old.store.execute("delete from events")  # the trail knows the ids, and stays
    pruned(old)
    assert first not in old.store.path.read_bytes()


def test_a_copy_from_before_that_is_put_back_meets_its_journal_and_nobody_is_called_twice(old: World) -> None:
    copy = old.keep_a_copy()
    let_pass(old, old.clock.now() + 50 * DAY)
    dials = in_order(old)
    assert pruned(old).calls > 100
    old.put_back(copy)
    let_pass(old, old.clock.now() + timedelta(hours=1))
    assert in_order(old) == dials
    recovered = recover(old.desk, old.clock.now())
    assert recovered.count == 50, "those that were pruned since, too"
    let_pass(old, old.clock.now() + 3 * DAY)
    assert [each for each in in_order(old) if each not in dials] == in_order(old)[len(dials) :]
    assert len({when.date() for _, when in in_order(old)}) == len(in_order(old)), "once a day"
    assert pruned(old).calls > 100


def test_a_copy_that_was_pruned_is_put_back_and_nobody_is_called_twice(old: World) -> None:
    pruned(old)
    copy = old.keep_a_copy()
    let_pass(old, old.clock.now() + 5 * DAY)
    dials = in_order(old)
    old.put_back(copy)
    assert recover(old.desk, old.clock.now()).count == 5
    let_pass(old, old.clock.now() + 5 * DAY)
    assert in_order(old)[: len(dials)] == dials
    assert len({when.date() for _, when in in_order(old)}) == len(in_order(old)), "once a day"


def test_a_slot_that_other_zone_data_move_behind_where_its_rule_stands_is_not_called_again(world: World) -> None:
    twice = world.add({"cron": "0 9,20 3 3 *"}, timezone="Europe/Madrid", catch_up_window="90d")
    let_pass(world, at("2026-05-01 00:00"))
    assert len(in_order(world)) == 2
    pruned(world)
    # As far as zone data have ever moved a place: in 2011 Samoa changed sides of the date line.
    world.store.execute("update schedules set timezone = 'Pacific/Pago_Pago' where id = ?", (twice.id,))
    world.desk.zone_edition = "edition-2"
    world.tick()
    world.tick("2026-05-02 00:00")
    assert len(in_order(world)) == 2
    assert world.statuses(twice) == [("completed", "answered")] * 2


def test_webhooks_that_were_over_go_and_what_is_still_to_be_told_stays(old: World) -> None:
    to = webhooks.Wanted("sch_1", "https://hooks.example/hyp", ())
    for each in range(600):
        webhooks.put(old.store, f"msg_{each}", "exe_1", "completed", to, "{}", old.clock.now())
    old.store.execute(
        "update webhooks set status = 'delivered', next_try_at = null, finished_at = created_at where seq <> 300"
    )
    old.clock.set(old.clock.now() + 40 * DAY)
    webhooks.put(old.store, "msg_new", "exe_1", "completed", to, "{}", old.clock.now())
    assert pruned(old).messages == 599
    assert old.store.execute("select id from webhooks order by seq").fetchall() == [("msg_299",), ("msg_new",)]
