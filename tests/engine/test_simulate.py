"""The coming days on a copy: the same from the same seed, nothing real touched, the numbers right."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import asdict
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.core import expect
from hyponema_cli.core.records import Schedule
from hyponema_cli.engine import book, suppressions
from hyponema_cli.engine.simulate import Forecast, peak_of, simulate
from hyponema_cli.store import executions, settings
from tests.world import MONDAY, World, at

DAILY = {"weekdays": "1-7", "at": "09:30"}


def foresee(world: World, days: int = 7, seed: int = 1, begin: datetime = MONDAY) -> Forecast:
    return simulate(world.store, begin, days, seed, "edition-1", lambda part: None)


def configure(world: World, key: str, value: str) -> None:
    with world.store.transaction():
        settings.put(world.store, key, value)


def holds(forecast: Forecast, rule: str) -> bool:
    return expect.parse(rule)(forecast.evidence).holds


def busy_week(world: World) -> None:
    """Eight people at two hours of the day, with retries."""
    for number in range(8):
        world.user(f"u{number}", f"+346000010{number:02}", "Europe/Madrid")
        world.add({"cron": "30 9,17 * * *"}, user=f"u{number}", max_attempts=3, retry_delay="20m")


# --- the same again ------------------------------------------------------------------------------------------------


def test_the_same_seed_and_beginning_have_the_same_future(world: World) -> None:
    busy_week(world)
    assert asdict(foresee(world, days=3, seed=7)) == asdict(foresee(world, days=3, seed=7))


def test_another_seed_has_another_future_of_the_same_rules(world: World) -> None:
    busy_week(world)
    futures = [foresee(world, days=2, seed=seed) for seed in range(4)]
    assert len({it.talk_seconds for it in futures}) == 4
    assert {it.executions for it in futures} == {32}


def test_another_beginning_has_other_days(world: World) -> None:
    world.add(DAILY)
    later = foresee(world, days=3, begin=at("2026-06-01 12:00"))
    assert list(later.per_day) == [date(2026, 6, day) for day in (2, 3, 4)]
    assert (later.began_at, later.ended_at) == (at("2026-06-01 12:00"), at("2026-06-04 12:00"))


# --- nothing real is touched ---------------------------------------------------------------------------------------


def test_the_workspace_and_everything_beside_it_stay_byte_for_byte(world: World) -> None:
    busy_week(world)
    world.tick()
    files = sorted(world.store.path.parent.iterdir())
    before = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    rung, now = world.dials(), world.clock.now()
    assert foresee(world, days=10).evidence.numbers["calls"] > 100
    assert {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(world.store.path.parent.iterdir())
    } == (before)
    assert (world.dials(), world.clock.now()) == (rung, now)


def test_progress_rises_to_the_end_and_not_beyond(world: World) -> None:
    busy_week(world)
    parts: list[float] = []
    simulate(world.store, MONDAY, 5, 1, "edition-1", parts.append)
    assert parts == sorted(parts)
    assert 0 < parts[0] < 0.1
    assert 0.8 < parts[-1] <= 1


def test_calls_that_go_on_when_it_begins_are_taken_to_be_over(world: World) -> None:
    world.add({"at": "now"})
    daily = world.add(DAILY)
    world.tick()
    assert world.statuses() == [("dialing", None)]
    forecast = foresee(world, days=2, begin=MONDAY + timedelta(seconds=5))
    assert [(each.at, each.phone_number) for each in forecast.evidence.dialled] == [
        (at("2026-03-02 08:30"), daily.phone_number),
        (at("2026-03-03 08:30"), daily.phone_number),
    ]
    assert all(reason != "before_the_simulation" for _, reason in forecast.reasons)
    assert world.statuses() == [("dialing", None)]


def test_a_workspace_of_twilio_numbers_needs_no_twilio_and_is_not_asked_whether_it_is_live(world: World) -> None:
    world.store.execute("update numbers set carrier = 'twilio'")

    def no_plugin(account: str) -> Any:
        raise AssertionError(f"{account} was opened")

    world.desk.open_carrier = no_plugin
    world.add(DAILY)
    assert foresee(world, days=3).evidence.numbers["calls"] == 3


# --- what the numbers say ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spans", "peak", "first"),
    [
        ([], 0, None),
        ([(0, 10)], 1, 0),
        ([(0, 10), (10, 20)], 1, 0),
        ([(0, 10), (9, 20)], 2, 9),
        ([(0, 10), (0, 10), (5, 6)], 3, 5),
        ([(0, 100), (10, 20), (20, 30), (30, 40)], 2, 10),
        ([(30, 40), (0, 100), (35, 36), (90, 95)], 3, 35),
    ],
)
def test_the_peak_is_the_most_spans_that_overlap_and_when_they_first_do(
    spans: list[tuple[int, int]], peak: int, first: int | None
) -> None:
    made = [(MONDAY + timedelta(seconds=begin), MONDAY + timedelta(seconds=end)) for begin, end in spans]
    assert peak_of(made) == (peak, None if first is None else MONDAY + timedelta(seconds=first))


def test_eight_calls_at_once_are_a_peak_of_eight_and_a_concurrency_holds_it_down(world: World) -> None:
    busy_week(world)
    free = foresee(world, days=1)
    assert (free.peak, free.peak_at) == (8, at("2026-03-02 08:30"))
    configure(world, "concurrency", "3")
    held = foresee(world, days=1)
    assert held.peak == 3
    assert holds(held, "peak_concurrency <= 3")
    assert not holds(free, "peak_concurrency <= 7")


def test_counts_agree_with_each_other(world: World) -> None:
    busy_week(world)
    it = foresee(world, days=3, seed=3)
    calls = it.evidence.numbers["calls"]
    assert sum(it.per_day.values()) == sum(it.per_hour) == len(it.evidence.dialled) == calls
    assert sum(it.statuses.values()) == it.executions
    assert it.evidence.numbers["calls_per_day"] == max(it.per_day.values())
    assert it.evidence.numbers["minutes"] == it.talk_seconds / 60
    machines = it.reasons.get(("completed", "voicemail"), 0)
    assert it.answered + machines == it.statuses["completed"]
    for rule in (f"calls == {calls:g}", f"answered == {it.answered}", f"exhausted == {it.statuses['exhausted']}"):
        assert holds(it, rule)


# setting | its value | a rule that it makes true and that is broken without it
LIMITS = [
    ("calling_window", "10:00-18:00", "no_call_outside 10:00-18:00"),
    ("call_cap", "1/24h", "max_per_person 1/24h"),
    ("daily_budget", "7", "calls_per_day <= 7"),
    ("concurrency", "3", "peak_concurrency <= 3"),
]


@pytest.mark.parametrize(("key", "value", "rule"), LIMITS, ids=[limit[0] for limit in LIMITS])
def test_a_limit_keeps_the_rule_that_is_broken_without_it(world: World, key: str, value: str, rule: str) -> None:
    busy_week(world)
    assert not holds(foresee(world, days=2), rule)
    configure(world, key, value)
    assert holds(foresee(world, days=2), rule)


def in_madrid(world: World, wall: str) -> Schedule:
    return world.add({"weekdays": "1-7", "at": wall})


def test_a_window_is_kept_across_the_night_of_a_clock_change(world: World) -> None:
    in_madrid(world, "09:00")
    in_madrid(world, "20:59")
    for begin in ("2026-03-27 00:00", "2026-10-23 00:00"):
        it = foresee(world, days=5, begin=at(begin))
        assert it.evidence.numbers["calls"] == 10
        assert holds(it, "no_call_outside 09:00-21:00")
        assert not holds(it, "no_call_outside 09:01-21:00")
        assert [hour for hour, count in enumerate(it.per_hour) if count] == [9, 20]


@pytest.mark.parametrize(
    ("begin", "change", "by", "night", "noon"),
    [
        ("2026-03-28 12:00", "2026-03-29 01:00", 1, "2026-03-29 01:00", "2026-03-29 10:00"),
        ("2026-10-24 12:00", "2026-10-25 01:00", -1, "2026-10-25 00:30", "2026-10-25 11:00"),
    ],
)
def test_a_clock_change_is_told_with_the_calls_that_it_touches(
    world: World, begin: str, change: str, by: int, night: str, noon: str
) -> None:
    in_madrid(world, "02:30")
    in_madrid(world, "12:00")
    it = foresee(world, days=1, begin=at(begin))
    assert [(each.at, each.zone, each.by, each.calls) for each in it.clock_changes] == [
        (at(change), "Europe/Madrid", timedelta(hours=by), 1)
    ]
    assert [each.at for each in it.evidence.dialled] == [at(night), at(noon)]


def test_the_fates_of_the_last_two_digits_and_what_stops_calls_are_counted(world: World) -> None:
    for digits in ("90", "96", "99"):
        world.add(DAILY, to=f"+346000000{digits}")
    world.add(DAILY, to="+34600000050")
    suppressions.add(world.desk, "+34600000050", reason=None, lasting=None, created_by="test")
    paused = world.add(DAILY)
    book.pause(world.desk, paused.id, None)
    it = foresee(world, days=1)
    assert it.statuses == {"exhausted": 1, "failed": 1, "in_doubt": 1, "skipped": 2}
    assert it.reasons[("skipped", "suppressed")] == it.reasons[("skipped", "paused")] == 1
    for rule in ("exhausted == 1", "failed == 1", "in_doubt == 1", "skipped == 2", "answered == 0", "calls == 2"):
        assert holds(it, rule), rule


def test_an_empty_workspace_has_a_quiet_future(world: World) -> None:
    it = foresee(world)
    assert (it.executions, it.peak, it.peak_at, it.per_day, sum(it.per_hour)) == (0, 0, None, {}, 0)
    assert holds(it, "calls == 0")


def test_what_waits_when_it_begins_is_not_forgotten(world: World) -> None:
    configure(world, "concurrency", "1")
    world.user("bo", "+34600000002", "Europe/Madrid")
    world.add({"at": "now"}, user="bo")
    world.tick()
    world.add({"at": "now"})
    world.tick()
    assert executions.select(world.store, statuses=["pending"])
    assert foresee(world, days=1, begin=MONDAY).evidence.numbers["calls"] == 1


def test_it_needs_no_package_that_dials(tmp_path: Path) -> None:
    seen = subprocess.run(
        [sys.executable, "-c", "import sys, hyponema_cli.engine.simulate; print('twilio' in sys.modules)"],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        timeout=30,
        check=True,
    )
    assert seen.stdout == "False\n"
