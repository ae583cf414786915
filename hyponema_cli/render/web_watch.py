"""What does the server's first page show, and those that go on from it? Doubts on top, then what goes on and comes.

Every chart has its numbers in a table below it, for those who cannot see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from hyponema_cli.core import walltime
from hyponema_cli.core.explain import REASONS
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.month import Day, next_month
from hyponema_cli.core.records import Execution, Schedule, Settings
from hyponema_cli.engine.agenda import Agenda, Slot
from hyponema_cli.engine.overview import AgentPage
from hyponema_cli.engine.watch import Month, Watch
from hyponema_cli.render import svg, times
from hyponema_cli.render.calendar import WEEKDAYS, changed
from hyponema_cli.render.html import Html, joined, name, table, tag
from hyponema_cli.render.parts import FIRING, doubts, firing, instant, number, section, some
from hyponema_cli.render.safe import clipped
from hyponema_cli.render.web import Paging, Seat, as_of, document, link
from hyponema_cli.store.calls import Ringing
from hyponema_cli.store.schedules import AgentLoad

CALENDAR_YEARS = 20
"""No month is shown that is further off, but that of a schedule's next firing."""
DAYS_OF_A_STATUS = 30
"""How far back the history is searched for one outcome."""
_NUMBER = re.compile(r"\+[0-9]+")


def overview(it: Watch, seat: Seat) -> str:
    """Write the first page."""
    return document(
        "Overview",
        seat,
        tag("h1", "Calls of ", name(it.workspace)),
        as_of(seat, seat.to()),
        _live(it.settings),
        *_parts(it, seat),
        here="Overview",
    )


def _live(settings: Settings) -> Html | None:
    if settings.live:
        return None
    return tag("p", "This workspace is not live: only the simulated carrier dials.", class_="note")


def _parts(it: Watch, seat: Seat) -> Iterator[Html | None]:
    if it.doubt_count:
        yield doubts(
            it.doubts,
            it.doubt_count,
            it.zone,
            lambda each: link(number(each.to_number), seat.to("executions", each.execution_id)),
        )
    if it.troubles:
        yield section("troubles", "Needs attention", tag("ul", *(tag("li", each.said) for each in it.troubles)))
    ringing = f": {some(it.ringing_count, 'call')}" if it.ringing_count else ""
    yield section("ringing", f"In progress{ringing}", *_ringing(it, seat))
    if it.waiting_count:
        yield section("waiting", f"Waiting: {some(it.waiting_count, 'call')}", *_waiting(it, seat))
    yield section("hours", "The next 24 hours", *_hours(it, seat))
    yield section("schedules", "Schedules", *_schedules(it, seat))
    yield section("month", "This month", *calendar(it.month, seat, link_from=()))
    yield section("ended", "Last outcomes", *_ended(it, seat))


def _ringing(it: Watch, seat: Seat) -> Iterator[Html | None]:
    if not it.ringing:
        yield tag("p", "No call is in progress.", class_="said")
        return
    rows = [_call(each, it.zone, seat) for each in it.ringing]
    yield table("Calls in progress, the latest first", ("Calls", "Status", "Since", "Carrier"), rows, "cards")
    yield _and_more(it.ringing_count - len(it.ringing), None)


def _call(it: Ringing, zone: ZoneInfo, seat: Seat) -> tuple[str, ...]:
    return (
        link(_callee(it.callee), seat.to("why", word=it.id)),
        it.status.replace("_", " "),
        instant(it.placed_at, zone),
        it.carrier,
    )


def _callee(text: str) -> Html:
    """Write who is called: a name, or a number, masked."""
    return number(text) if _NUMBER.fullmatch(text) else name(text)


def _waiting(it: Watch, seat: Seat) -> Iterator[Html | None]:
    rows = [
        (
            link(_named(each), seat.to("executions", each.id)),
            _callee(each.callee_name or "–"),
            _reason(each) or "the next pass takes it up",
            instant(each.due_at, it.zone),
        )
        for each in it.waiting
    ]
    head = ("Schedule", "Calls", "Waits, because", "Is looked at again")
    yield table("Calls that wait, the soonest first", head, rows, "cards")
    yield _and_more(it.waiting_count - len(it.waiting), None)


def _named(it: Execution) -> Html:
    return name(it.schedule_name) if it.schedule_name else tag("code", it.schedule_id)


def _reason(it: Execution) -> str | None:
    return REASONS.get(it.reason, it.reason) if it.reason else None


_ASKED_LATER = joined("The gates are asked when each comes; ", tag("code", "hyp simulate"), " asks them beforehand.")


def _hours(it: Watch, seat: Seat) -> Iterator[Html | None]:
    if not it.hours.count and not it.hours.at_least:
        yield tag("p", "Nothing comes in the next 24 hours.", class_="said")
        if it.coming:
            yield tag("p", "Then:")
            yield _coming(it.coming, it, seat)
        return
    yield tag("p", f"{_count(it.hours)} on the clocks of {it.zone.key}. ", _ASKED_LATER, _counted_how(it.hours))
    change = walltime.first_change(it.zone, it.now, it.hours.slots[-1].end)
    if change is not None:
        yield tag("p", f"The clocks change at {times.local(change, it.zone)} {it.zone.key}.", class_="note")
    drawn = svg.columns(
        [svg.Column(_hour(slot, it.zone), [("open", slot.count)], _said(slot, it.zone)) for slot in it.hours.slots],
        f"Firings by hour: {_count(it.hours)}. The numbers are in the table below.",
        labels=7,
    )
    rows = [(_said_hour(slot, it.zone), _number_of(slot)) for slot in it.hours.slots if slot.count]
    numbers = table("Firings by hour", ("Hour", "Firings"), rows, "numbers")
    yield tag(
        "figure",
        tag("div", drawn, class_="plot"),
        tag("details", tag("summary", "The numbers"), numbers),
    )
    end = it.hours.slots[-1].end
    within = [each for each in it.coming if each.next_run_at is not None and each.next_run_at < end]
    yield _coming(within, it, seat)
    yield _and_more(it.hours.schedules - len(within), link("all agents", seat.to("agents")), it.hours.at_least)


def _coming(coming: Sequence[Schedule], it: Watch, seat: Seat) -> Html:
    rows = [
        (_schedule(each, seat), *_only(firing(each, it.settings, it.now), "Calls", *FIRING[2:4])) for each in coming
    ]
    head = ("Schedule", "Calls", *FIRING[2:4])
    return table("The schedules that fire next", head, rows, "cards")


def _only(cells: tuple[str, ...], *wanted: str) -> tuple[str, ...]:
    return tuple(cell for head, cell in zip(FIRING, cells, strict=True) if head in wanted)


def _hour(slot: Slot, zone: ZoneInfo) -> str:
    return f"{slot.begin.astimezone(zone):%H:%M}"


def _said_hour(slot: Slot, zone: ZoneInfo) -> str:
    return f"{slot.begin.astimezone(zone):%a %H:%M} to {slot.end.astimezone(zone):%H:%M}"


def _said(slot: Slot, zone: ZoneInfo) -> str:
    return f"{_said_hour(slot, zone)}: {_number_of(slot)} {'firing' if slot.count == 1 else 'firings'}"


def _number_of(slot: Slot) -> str:
    return f"{slot.count:,}{'+' if slot.at_least else ''}"


def _count(it: Agenda) -> str:
    return ("At least " if it.at_least else "") + some(it.count, "firing")


def _counted_how(it: Agenda) -> str | None:
    if not it.at_least:
        return None
    return " There are too many to go through: each schedule counts with its next firings, and + means or more."


def _schedules(it: Watch, seat: Seat) -> Iterator[Html | None]:
    if not it.schedule_count:
        yield tag("p", "There is no live schedule. Add one: ", tag("code", "hyp schedules add"))
        return
    yield tag(
        "p", f"{some(it.schedule_count, 'live schedule')} of {some(it.agent_count, 'agent')}; each agent's next ones."
    )
    for each in it.agents:
        yield from _of_agent(each, it.settings, it.now, seat)
    yield _and_more(it.agent_count - len(it.agents), link("all agents", seat.to("agents")))


def _of_agent(it: AgentPage, settings: Settings, now: datetime, seat: Seat) -> Iterator[Html | None]:
    yield tag(
        "h3", link(name(it.name), seat.to("agents", it.agent_id)), " ", tag("small", some(it.count, "schedule"))
    )
    yield schedules(it.schedules, settings, now, seat, f"Schedules of {clipped(it.name)}")
    more = it.count - len(it.schedules)
    yield _and_more(more, link("all of this agent's", seat.to("agents", it.agent_id)))


def schedules(found: Sequence[Schedule], settings: Settings, now: datetime, seat: Seat, caption: str) -> Html:
    """Write schedules with next firing and last outcome."""
    rows = [(_schedule(each, seat), *firing(each, settings, now)) for each in found]
    return table(caption, ("Schedule", *FIRING), rows, "cards")


def _schedule(it: Schedule, seat: Seat) -> Html:
    return link(name(it.name) if it.name else tag("code", it.id), seat.to("schedules", it.id))


def _and_more(count: int, where: Html | None, at_least: bool = False) -> Html | None:
    if count <= 0:
        return None
    return tag("p", f"… and {count:,}{'+' if at_least else ''} more", ": " if where else None, where, class_="said")


def _ended(it: Watch, seat: Seat) -> Iterator[Html | None]:
    yield outcomes(it.ended, it.zone, seat)
    yield tag("p", link("All history", seat.to("history"))) if it.ended else None


def outcomes(found: Sequence[Execution], zone: ZoneInfo, seat: Seat) -> Html:
    """Write executions with what became of them."""
    if not found:
        return tag("p", "Nothing has ended yet.", class_="said")
    rows = [_outcome(each, zone, seat) for each in found]
    head = ("Scheduled for", "Schedule", "Calls", "Outcome", "Why", "Talked")
    return joined(
        tag("p", f"The latest first, on the clocks of {zone.key}.", class_="said"),
        table(f"Outcomes, the latest first, on the clocks of {zone.key}", head, rows, "cards"),
    )


def _outcome(it: Execution, zone: ZoneInfo, seat: Seat) -> tuple[str, ...]:
    last = it.last_call
    return (
        link(_time(it.scheduled_time, zone), seat.to("executions", it.id)),
        _named(it),
        _callee(it.callee_name or "–"),
        tag("span", tag("span", "", class_=f"key {_series(it)}"), it.status.replace("_", " ")),
        _reason(it) or "–",
        times.duration(last.duration_seconds if last else None) or "–",
    )


def _time(at: datetime, zone: ZoneInfo) -> Html:
    return tag("time", times.local(at, zone), datetime=to_text(at))


def _series(it: Execution) -> str:
    known = ("completed", "exhausted", "failed", "missed", "skipped", "canceled", "in_doubt")
    return it.status if it.status in known else "open"


def calendar(it: Month, seat: Seat, *, link_from: tuple[str, ...] | None) -> Iterator[Html | None]:
    """Write a month: what comes on each day, and what the clocks do; with links to its neighbours.

    `link_from` is the page that shows other months; empty for the one that does nothing else, None for no links.
    """
    yield (
        tag("p", f"{_count(it.agenda)} to come. ", _ASKED_LATER, _counted_how(it.agenda)) if it.agenda.slots else None
    )
    weeks = [list(days) for _, days in groupby(it.days, lambda day: day.date.isocalendar()[:2])]
    blank = tag("td", "")
    rows = [
        tag(
            "tr",
            *([blank] * (week[0].date.isoweekday() - 1)),
            *(_day(each, it) for each in week),
            *([blank] * (7 - week[-1].date.isoweekday())),
        )
        for week in weeks
    ]
    written = tag(
        "table",
        tag("caption", f"{it.first:%B %Y}, {it.zone.key}"),
        tag("thead", tag("tr", *(tag("th", each, scope="col") for each in WEEKDAYS))),
        tag("tbody", *rows),
        class_="calendar",
    )
    yield tag("div", written, class_="wide", tabindex="0", role="region", aria_label=f"{it.first:%B %Y}")
    said = [f"{day.date:%a %-d %b}: {'; '.join(changed(day, it.zone))}" for day in it.days if _is_odd(day)]
    if said:
        yield tag("ul", *(tag("li", each) for each in said), class_="clocks")
    if link_from is not None:
        yield _neighbours(it, seat, link_from or ("month",))


def _is_odd(day: Day) -> bool:
    return bool(day.changes) or not day.exists


def _day(it: Day, month: Month) -> Html:
    index = month.slot_of(it.date)
    slot = month.agenda.slots[index] if index is not None else None
    inside: list[Html] = [tag("span", str(it.date.day), class_="date")]
    if it.date == month.today:
        inside.append(tag("span", " today", class_="unseen"))
    if not it.exists:
        inside.append(tag("span", " no such day", class_="clock"))
    if slot is not None and (slot.count or slot.at_least):
        unit = tag("span", " firing" if slot.count == 1 else " firings", class_="unseen")
        inside.append(tag("span", " ", _number_of(slot), unit, class_="count"))
    for change in it.changes:
        way = "clocks forward" if change.after > change.before else "clocks back"
        inside.append(tag("span", f" {way}", class_="clock"))
    kind = "today" if it.date == month.today else "over" if it.date < month.today else None
    return tag("td", *inside, class_=kind)


def _neighbours(it: Month, seat: Seat, path: tuple[str, ...]) -> Html | None:
    this_month = it.today.replace(day=1)
    before = previous_month(it.first)
    following = next_month(it.first)
    if following.year - it.today.year >= CALENDAR_YEARS:
        return None
    address = {each: seat.to(*path, month=f"{each:%Y-%m}") for each in (before, following)}
    paging = Paging(address[before] if before >= this_month else None, address[following])
    return paging.written(f"‹ {before:%B %Y}", f"{following:%B %Y} ›")


def previous_month(day: date) -> date:
    """Return the first day of the month before that of `day`.

    >>> previous_month(date(2027, 1, 31))
    datetime.date(2026, 12, 1)
    """
    return date(day.year - 1, 12, 1) if day.month == 1 else day.replace(month=day.month - 1, day=1)


def month_page(it: Month, seat: Seat) -> str:
    """Write a page with a month, and nothing else."""
    return document(
        f"{it.first:%B %Y}",
        seat,
        tag("h1", f"{it.first:%B %Y}"),
        as_of(seat, seat.to("month", month=f"{it.first:%Y-%m}")),
        *calendar(it, seat, link_from=()),
        here="Month",
    )


def agents_page(found: Sequence[AgentLoad], count: int, seat: Seat, paging: Paging) -> str:
    """Write a page with all agents that have live schedules."""
    rows = [
        (link(name(each.name), seat.to("agents", each.agent_id)), tag("code", each.agent_id), f"{each.schedules:,}")
        for each in found
    ]
    head = ("Agent", "Id", "Live schedules")
    return document(
        "Schedules",
        seat,
        tag("h1", "Schedules by agent"),
        tag("p", f"{some(count, 'agent')} with live schedules, those with the most first."),
        table("Agents", head, rows, "cards") if rows else tag("p", "There is no live schedule.", class_="said"),
        paging.written("‹ Those before", "Those after ›"),
        here="Schedules",
    )


def agent_page(it: AgentPage, settings: Settings, now: datetime, seat: Seat, paging: Paging) -> str:
    """Write a page with the live schedules of one agent."""
    return document(
        clipped(it.name),
        seat,
        tag("h1", "Schedules of ", name(it.name)),
        tag("p", f"{some(it.count, 'live schedule')} of ", tag("code", it.agent_id)),
        schedules(it.schedules, settings, now, seat, f"Schedules of {clipped(it.name)}") if it.schedules else None,
        paging.written("‹ Those before", "Those after ›"),
    )


def history_page(found: Sequence[Execution], statuses: Sequence[str], status: str, seat: Seat, paging: Paging) -> str:
    """Write a page with what became of everything that came due; `statuses` may be chosen from."""
    choices = (
        tag("li", link(each.replace("_", " "), seat.to("history", status=each), aria_current=_is(each == status)))
        for each in statuses
    )
    return document(
        "History",
        seat,
        tag("h1", "History"),
        tag("nav", tag("ul", *choices), aria_label="Which outcomes", class_="choices"),
        tag("p", f"Of the last {DAYS_OF_A_STATUS} days.") if status != "all" else None,
        outcomes(found, seat.zone, seat),
        paging.written("‹ Newer", "Older ›"),
        here="History",
    )


def _is(true: bool) -> str | None:
    return "true" if true else None
