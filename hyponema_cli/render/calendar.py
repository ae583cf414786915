"""How are the firings of a rule shown? As months of the local calendar, with what the clocks do marked on its days.

Every mark is a character, so that it survives a pipe, a mail and eyes that see no colours; they are ASCII, so that
columns stay columns on any terminal. A day on which nothing fires is a bare number. A date that was not looked at,
such as one before now, shows no number at all: nothing is said of it. A week of such days is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby, zip_longest
from zoneinfo import ZoneInfo

from rich.text import Text

from hyponema_cli.core.month import Day, Firings, days_of, months
from hyponema_cli.core.schedule import Note, Occurrence
from hyponema_cli.core.timewords import duration_text
from hyponema_cli.core.walltime import wall_of
from hyponema_cli.render.lines import BETWEEN, side_by_side, unbroken, wrapped, written
from hyponema_cli.render.safe import visible

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MARGIN = 3
"""Columns before Monday: the number of the ISO week."""
_WITH_TIMES = 10
"""Columns of a day that has room for `02:30 1/2`."""
_WITHOUT = 5
_NAMED = 4
"""How many times of day a note names."""
_FIRED, _QUIET, _TODAY, _NOTED = "bold", "dim", "bold reverse", "bold yellow"


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is drawn: the firings from `first` to `last`, both inclusive, on the clocks of `zone`."""

    title: str
    zone: ZoneInfo
    firings: Mapping[date, Firings]
    first: date
    last: date
    today: date

    def covers(self, day: Day) -> bool:
        """True for a day that was looked at."""
        return self.first <= day.date <= self.last


def text(calendar: Calendar, width: int, *, color: bool) -> str:
    """Draw a calendar for a window of `width` columns; never wider, but for windows of less than 38."""
    size = _WITH_TIMES if width >= _month_width(_WITH_TIMES) else _WITHOUT
    abreast = max((width + BETWEEN) // (_month_width(size) + BETWEEN), 1)
    fired = {day.replace(day=1) for day in calendar.firings}
    lines = [Text(line, "bold") for line in wrapped(visible(calendar.title), width)]
    lines += [Text(line) for line in wrapped(_summary(calendar), width)]
    drawn: list[Day] = []
    for has_firings, group in groupby(months(calendar.first, calendar.last), fired.__contains__):
        theirs = list(group)
        if not has_firings:
            lines += [Text(), Text(_span(theirs) + ": no firing", _QUIET)]
            continue
        for begin in range(0, len(theirs), abreast):
            pages = [_looked_at(calendar, days_of(each, calendar.zone)) for each in theirs[begin:][:abreast]]
            lines += [Text(), *side_by_side([_month(calendar, days, size) for days in pages])]
            drawn += [day for days in pages for day in days]
    notes = [Text(line) for note in _notes(calendar, drawn) for line in wrapped(note, width)]
    legend = [Text(line, _QUIET) for line in wrapped(_legend(calendar, drawn, size), width)]
    for part in (notes, legend):
        lines += [Text(), *part] if part else []
    return written(lines, color=color)


def _month_width(size: int) -> int:
    return _MARGIN + len(WEEKDAYS) * size


def _summary(calendar: Calendar) -> str:
    count = sum(each.count for each in calendar.firings.values())
    firings = "1 firing" if count == 1 else f"{count:,} firings"
    return f"{firings} from {calendar.first:%a %Y-%m-%d} to {calendar.last:%a %Y-%m-%d}"


def _looked_at(calendar: Calendar, days: Sequence[Day]) -> list[Day]:
    """Leave out the weeks of a month of which nothing could be said."""
    weeks = {day.date.isocalendar().week for day in days if calendar.covers(day)}
    return [day for day in days if day.date.isocalendar().week in weeks]


def _span(theirs: Sequence[date]) -> str:
    first, last = theirs[0], theirs[-1]
    return f"{first:%B %Y}" if first == last else f"{first:%B %Y} to {last:%B %Y}"


def _month(calendar: Calendar, days: Sequence[Day], size: int) -> list[Text]:
    """Draw one month: a heading, then a line of numbers for each week and lines of firings where there are any."""
    width = _month_width(size)
    lines = [
        Text(f"{days[0].date:%B %Y}".center(width), "bold"),
        Text("wk " + "".join(f" {name[: size - 2]}".ljust(size) for name in WEEKDAYS), _QUIET),
    ]
    for week, group in groupby(days, lambda day: day.date.isocalendar().week):
        theirs = list(group)
        cells = [[Text(" " * size)]] * (theirs[0].date.isoweekday() - 1)
        cells += [_cell(calendar, day, size) for day in theirs]
        for number, row in enumerate(zip_longest(*cells, fillvalue=Text(" " * size))):
            line = Text().append(f"{week:>2} " if not number else " " * _MARGIN, _QUIET)
            for part in row:
                line.append_text(part)
            line.append(" " * (width - len(line)))
            lines.append(line)
    return lines


def _cell(calendar: Calendar, day: Day, size: int) -> list[Text]:
    """Draw a day: its number, and below it its firings."""
    if not day.exists:
        return [Text(" --".ljust(size), _NOTED)]
    if not calendar.covers(day):
        return [Text(" ..".ljust(size), _QUIET)]
    fired = calendar.firings.get(day.date)
    is_today = day.date == calendar.today
    number = f"[{day.date.day:>2}]" if is_today else f" {day.date.day:>2} "
    head = Text.assemble((number, _TODAY if is_today else _FIRED if fired else _QUIET))
    head.append("".join(_step(change.step) if size >= _WITH_TIMES else "~" for change in day.changes), _NOTED)
    head.truncate(size, pad=True)
    if fired is None:
        return [head]
    below = _times(fired, calendar.zone) if size >= _WITH_TIMES else [_count(fired)]
    return [head, *(Text(line[:size].ljust(size), style) for line, style in below)]


def _step(step: timedelta) -> str:
    """Write by how much the clocks are moved.

    >>> _step(timedelta(minutes=-30))
    '-30m'
    """
    return ("+" if step > timedelta(0) else "-") + duration_text(abs(step))


def _count(fired: Firings) -> tuple[str, str]:
    number = str(fired.count) if fired.count < 10_000 else "many"
    return f"{number:>3}", _NOTED if fired.noted else _FIRED


def _times(fired: Firings, zone: ZoneInfo) -> list[tuple[str, str]]:
    """Write each firing of a day; where there are many, the first, how many more, and the last."""
    lines = [_time(each, zone) for each in _shown(fired)]
    if fired.count > len(lines):
        lines.insert(1, (f" +{fired.count - len(lines):,}", _FIRED))
    return lines


def _shown(fired: Firings) -> list[Occurrence]:
    """Return the firings of a day whose times are written."""
    assert fired.last is not None, "a day of firings has a last one"
    return fired.first if fired.count <= len(fired.first) else [fired.first[0], fired.last]


def _time(each: Occurrence, zone: ZoneInfo) -> tuple[str, str]:
    shown = f"{wall_of(each.at, zone):%H:%M}"
    match each.note:
        case Note.MOVED_OUT_OF_GAP:
            return f">{shown}", _NOTED
        case Note.FIRST_OF_TWO:
            return f" {shown} 1/2", _NOTED
        case Note.SECOND_OF_TWO:
            return f" {shown} 2/2", _NOTED
        case Note.AFTER_DROPPED_SLOT:
            return f"!{shown}", _NOTED
    return f" {shown}", _FIRED


def _notes(calendar: Calendar, drawn: Sequence[Day]) -> Iterator[str]:
    """Say, day by day, what the clocks do, and what that does to the firings."""
    for day in drawn:
        if calendar.covers(day):
            said = [*changed(day, calendar.zone), *_done_to(calendar.firings.get(day.date), calendar.zone)]
            if said:
                yield f"{day.date:%a %d %b %Y}: {'; '.join(said)}"


def changed(day: Day, zone: ZoneInfo) -> Iterator[str]:
    """Say what the clocks do on a day."""
    if not day.exists:
        yield f"this day does not exist in {zone.key}"
    for change in day.changes:
        way = "forward" if change.step > timedelta(0) else "back"
        shown = "%H:%M" if change.before.date() == change.after.date() else "%a %d %b %H:%M"
        step = duration_text(abs(change.step))
        yield f"the clocks go {way} {step}, from {change.before:{shown}} to {change.after:{shown}}"


def _done_to(fired: Firings | None, zone: ZoneInfo) -> Iterator[str]:
    if fired is None:
        return
    by_note = {note: [each for each in fired.noted if each.note is note] for note in Note}
    for each in by_note[Note.MOVED_OUT_OF_GAP]:
        slot = datetime.fromisoformat(each.slot)
        yield f"{slot:%H:%M} does not exist and is called at {wall_of(each.at, zone):%H:%M}"
    first, second = by_note[Note.FIRST_OF_TWO], by_note[Note.SECOND_OF_TWO]
    if first and second:
        yield f"of its firings, {len(first)} in the time that happens twice, and {len(second)} when it comes again"
    elif first or second:
        which = "first" if first else "second"
        yield f"{_some(first or second, zone)} happens twice and is called the {which} time"
    if by_note[Note.AFTER_DROPPED_SLOT]:
        yield "a firing before it fell on a day that does not exist, and is left out"


def _some(them: Sequence[Occurrence], zone: ZoneInfo) -> str:
    shown = [f"{wall_of(each.at, zone):%H:%M}" for each in them]
    more = f"and {len(shown) - _NAMED} more"
    return ", ".join(shown if len(shown) <= _NAMED else [*shown[:_NAMED], more])


def _legend(calendar: Calendar, drawn: Sequence[Day], size: int) -> str:
    """Explain the marks that are there, and no others."""
    inside = [day for day in drawn if calendar.covers(day)]
    notes = {each.note for fired in calendar.firings.values() for each in _shown(fired)}
    changes = any(day.changes for day in inside)
    with_times = size >= _WITH_TIMES
    marks = [
        ("[ ] today", any(day.date == calendar.today for day in inside)),
        ("~ the clocks change", changes and not with_times),
        ("+1h -1h the clocks change", changes and with_times),
        ("> moved out of the gap", Note.MOVED_OUT_OF_GAP in notes and with_times),
        ("1/2 the first of two", Note.FIRST_OF_TWO in notes and with_times),
        ("2/2 the second of two", Note.SECOND_OF_TWO in notes and with_times),
        ("! after a day left out", Note.AFTER_DROPPED_SLOT in notes and with_times),
        ("-- no such day", any(not day.exists for day in inside)),
        (".. not looked at", len(inside) < len(drawn)),
    ]
    return "   ".join(unbroken(mark) for mark, is_there in marks if is_there)
