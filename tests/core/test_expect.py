"""What a simulation must show: rules that are read, refused or judged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hyponema_cli.core import expect
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.expect import NUMBERS, Dialled, Evidence

MADRID, NEW_YORK = ZoneInfo("Europe/Madrid"), ZoneInfo("America/New_York")
NUMBERS_SEEN: dict[str, float] = {name: 10 * place for place, name in enumerate(NUMBERS)}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dials(*seen: tuple[str, str, str], zones: tuple[ZoneInfo, ...] = (MADRID,)) -> Evidence:
    """Return calls: when (UTC), to which number, of whom."""
    return Evidence([Dialled(at(when), number, person, zones) for when, number, person in seen], {})


ANA, ANAS_OTHER, BO = "+34600000001", "+34600000002", "+34600000003"


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    ("sign", "below", "same", "above"),
    [
        ("<=", True, True, False),
        ("<", True, False, False),
        ("==", False, True, False),
        (">=", False, True, True),
        (">", False, False, True),
    ],
)
def test_a_number_is_compared_as_it_is_written(name: str, sign: str, below: bool, same: bool, above: bool) -> None:
    value = NUMBERS_SEEN[name]
    for seen, holds in ((value - 1, below), (value, same), (value + 1, above)):
        verdict = expect.parse(f"{name} {sign} {value:g}")(Evidence((), {**NUMBERS_SEEN, name: seen}))
        assert (verdict.holds, verdict.detail) == (holds, f"{name} is {seen:g}")


@pytest.mark.parametrize("rule", ["calls<=10", " calls  <=  10 ", "calls <=10.0", "calls <= 10.000000"])
def test_blanks_and_zeros_mean_nothing(rule: str) -> None:
    verdict = expect.parse(rule)(Evidence((), {"calls": 10}))
    assert verdict.holds
    assert verdict.rule == rule


@pytest.mark.parametrize(
    ("rule", "named", "hint"),
    [
        ("", "''", "one of: no_call_outside, max_per_person, calls"),
        ("peak_concurency <= 10", "'peak_concurency <= 10'", "did you mean peak_concurrency?"),
        ("max_per_persn 3/24h", "'max_per_persn 3/24h'", "did you mean max_per_person?"),
        ("no_calls_outside 09:00-21:00", "'no_calls_outside 09:00-21:00'", "did you mean no_call_outside?"),
        ("Calls <= 3", "'Calls <= 3'", "did you mean calls?"),
        ("zebra", "'zebra'", "one of: "),
        ("calls", "'calls'", "as in 'calls <= 10'"),
        ("calls = 3", "'calls = 3'", "as in 'calls <= 10'"),
        ("calls <= -1", "'calls <= -1'", "as in 'calls <= 10'"),
        ("calls <= three", "'calls <= three'", "as in 'calls <= 10'"),
        ("calls <= 3 4", "'calls <= 3 4'", "as in 'calls <= 10'"),
        ("calls <= ٣", "'calls <= ٣'", "as in 'calls <= 10'"),
        ("calls <= 1e3", "'calls <= 1e3'", "as in 'calls <= 10'"),
        ("minutes <= 9999999999", "'minutes <= 9999999999'", "as in 'minutes <= 10'"),
        ("max_per_person 3/24x", "'24x'", "as in '3/24h, 7/7d'"),
        ("max_per_person", "''", "as in '3/24h, 7/7d'"),
        ("max_per_person <= 3", "'<= 3'", "as in '3/24h, 7/7d'"),
        ("no_call_outside 9-21", "'9-21'", "as in 'mon-fri 09:00-20:00"),
        ("no_call_outside", "''", "as in 'mon-fri 09:00-20:00"),
    ],
)
def test_a_rule_that_cannot_be_read_is_named_with_the_nearest(rule: str, named: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        expect.parse(rule)
    assert named in caught.value.message
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(hint)


# the clocks of Madrid go forward on 29 March 2026 at 01:00 UTC and back on 25 October 2026 at 01:00 UTC
@pytest.mark.parametrize(
    ("hours", "when", "inside"),
    [
        ("09:00-21:00", "2026-03-28 08:00", True),
        ("09:00-21:00", "2026-03-28 07:59", False),
        ("09:00-21:00", "2026-03-29 07:00", True),  # the same wall time, an hour earlier in UTC
        ("09:00-21:00", "2026-03-29 06:59", False),
        ("09:00-21:00", "2026-03-28 20:00", False),  # 21:00: the end is not part of it
        ("09:00-21:00", "2026-03-29 19:00", False),
        ("09:00-21:00", "2026-10-24 07:00", True),
        ("09:00-21:00", "2026-10-25 07:00", False),
        ("09:00-21:00", "2026-10-25 08:00", True),
        ("02:30-02:45", "2026-10-25 00:40", True),  # the first 02:40
        ("02:30-02:45", "2026-10-25 01:40", True),  # and the second
        ("02:30-02:45", "2026-10-25 01:00", False),  # 02:00 again
        ("02:00-03:00", "2026-03-29 01:00", False),  # 03:00: the hour before it does not exist
        ("mon-fri 09:00-21:00", "2026-03-29 12:00", False),  # a Sunday
        ("22:00-02:00", "2026-03-29 00:30", True),
        ("es", "2026-12-25 12:00", False),
    ],
)
def test_a_call_is_outside_by_the_callees_own_clocks(hours: str, when: str, inside: bool) -> None:
    verdict = expect.parse(f"no_call_outside {hours}")(dials((when, ANA, "ana")))
    assert verdict.holds is inside


def test_the_first_call_outside_is_shown_on_the_clock_that_was_closed_and_the_number_is_masked() -> None:
    evidence = dials(
        ("2026-03-02 15:00", ANA, "ana"),
        ("2026-03-02 12:00", ANA, "ana"),
        ("2026-03-02 11:00", ANA, "ana"),
        zones=(MADRID, NEW_YORK),
    )
    verdict = expect.parse("no_call_outside 09:00-21:00")(evidence)
    assert not verdict.holds
    assert verdict.detail.startswith("2 outside; the first: ")
    assert verdict.detail.endswith("Mon 2026-03-02 07:00 America/New_York")
    assert ANA not in verdict.detail


def test_without_a_known_clock_every_call_is_outside() -> None:
    verdict = expect.parse("no_call_outside always")(dials(("2026-03-02 12:00", ANA, "ana"), zones=()))
    assert not verdict.holds
    assert verdict.detail.endswith("unknown")


def test_nobody_called_is_nobody_outside() -> None:
    for rule in ("no_call_outside 09:00-09:01", "max_per_person 1/1s"):
        assert expect.parse(rule)(Evidence((), {})).holds


# caps | who was called when | holds
CAPS: list[tuple[str, list[tuple[str, str, str]], bool]] = [
    ("1/24h", [("2026-03-02 09:00", ANA, "ana"), ("2026-03-03 09:00", ANA, "ana")], True),
    ("1/24h", [("2026-03-02 09:00", ANA, "ana"), ("2026-03-03 08:59:59", ANA, "ana")], False),
    ("1/24h", [("2026-03-02 23:59", ANA, "ana"), ("2026-03-03 00:01", ANA, "ana")], False),
    ("1/24h", [("2026-03-02 09:00", ANA, "ana"), ("2026-03-02 09:00", BO, "bo")], True),
    ("1/24h", [("2026-03-02 09:00", ANA, "ana"), ("2026-03-02 10:00", ANAS_OTHER, "ana")], False),
    ("2/24h", [("2026-03-02 09:00", ANA, "ana"), ("2026-03-02 10:00", ANAS_OTHER, "ana")], True),
    ("1/24h", [("2026-03-03 08:00", ANA, "ana"), ("2026-03-02 09:00", ANA, "ana")], False),
    ("3/24h, 4/7d", [(f"2026-03-0{day} 09:00", ANA, "ana") for day in range(1, 5)], True),
    ("3/24h, 4/7d", [(f"2026-03-0{day} 09:00", ANA, "ana") for day in range(1, 6)], False),
    ("2/24h", [(f"2026-03-{when}", ANA, "ana") for when in ("28 09:00", "28 15:00", "29 08:59")], False),
]


@pytest.mark.parametrize(("caps", "seen", "holds"), CAPS)
def test_a_person_is_called_so_often_and_no_more_whichever_number_rang(
    caps: str, seen: list[tuple[str, str, str]], holds: bool
) -> None:
    verdict = expect.parse(f"max_per_person {caps}")(dials(*seen))
    assert verdict.holds is holds
    if not holds:
        assert verdict.detail.startswith("more than ")
        assert ANA not in verdict.detail
        assert ANAS_OTHER not in verdict.detail


def test_a_broken_cap_names_the_cap_and_the_call_that_broke_it() -> None:
    minute = timedelta(minutes=1)
    calls = [(f"{at('2026-03-02 09:00') + minute * n:%Y-%m-%d %H:%M}", ANA, "ana") for n in range(4)]
    verdict = expect.parse("max_per_person 9/7d, 3/24h")(dials(*calls))
    assert verdict.detail.startswith("more than 3/24h: ")
    assert verdict.detail.endswith(" once more at 2026-03-02T09:03:00Z")
