"""What is told of one schedule or one call? Why it rings or not, in the words of `hyp why`, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hyponema_cli.core.call import LIVE_SCHEDULES
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.explain import NOTES, REASONS, in_words
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.records import Execution, Schedule, Settings
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.core.timewords import duration_text
from hyponema_cli.engine.watch import Month
from hyponema_cli.engine.why import Because
from hyponema_cli.render import because, times
from hyponema_cli.render.html import Html, joined, name, table, tag
from hyponema_cli.render.parts import section
from hyponema_cli.render.safe import clipped
from hyponema_cli.render.web import Question, Seat, as_of, document, link, status
from hyponema_cli.render.web_watch import calendar, outcomes

_SIGNS = {"pass": "passes", "wait": "waits", "stop": "stops"}
DONE = {
    "paused": "It is paused: nobody is called until it is resumed.",
    "resumed": "It is resumed.",
    "canceled": "It is canceled, for good.",
    "run": "It was run by hand. Every gate was asked; below is what became of it.",
    "run-before": "It had been run with that button already, and was not run again. Below is what became of it.",
}
"""What is said after something was done, by its word."""


@dataclass(frozen=True, slots=True)
class OneSchedule:
    """A schedule, and all that is told of it."""

    schedule: Schedule
    settings: Settings
    why: Because
    coming: list[Occurrence]
    month: Month
    past: list[Execution]


def schedule_page(it: OneSchedule, seat: Seat, done: str | None) -> str:
    """Write the page of a schedule."""
    found = it.schedule
    here = seat.to("schedules", found.id)
    return document(
        _title(found),
        seat,
        tag("h1", name(_title(found))),
        as_of(seat, here),
        status(DONE[done]) if done in DONE else None,
        _facts(found, it.settings, seat),
        _actions(found, seat),
        section("why", "Why", *_why(it.why, it.settings, seat)),
        section("next", "Next firings", *_coming(it)),
        section("month", "Calendar", *calendar(it.month, seat, link_from=("schedules", found.id))),
        section("past", "History", outcomes(it.past, it.month.zone, seat)),
    )


def execution_page(it: Because, settings: Settings, seat: Seat, done: str | None) -> str:
    """Write the page of an execution."""
    assert it.execution is not None and it.schedule is not None, "it is about an execution"
    here = seat.to("executions", it.execution.id)
    return document(
        _title(it.schedule),
        seat,
        tag("h1", "A call of ", name(_title(it.schedule))),
        as_of(seat, here),
        status(DONE[done]) if done in DONE else None,
        section("why", "Why", *_why(it, settings, seat)),
        tag("p", link("The schedule", seat.to("schedules", it.schedule.id)), " · ", tag("code", it.execution.id)),
    )


def why_page(found: Sequence[Because], word: str, settings: Settings, seat: Seat) -> str:
    """Write what is answered when somebody asks why."""
    first, *others = found
    lines = (_line(each, settings, seat) for each in others)
    return document(
        "Why",
        seat,
        tag("h1", "Why: ", name(word)),
        as_of(seat, seat.to("why", word=word)),
        section("why", "The call at hand", *_why(first, settings, seat)),
        tag("p", link("The schedule", seat.to("schedules", first.schedule.id))) if first.schedule else None,
        section("others", f"{len(others)} more of theirs", tag("ul", *lines)) if others else None,
    )


def question(it: Schedule, action: str, settings: Settings, seat: Seat, key: str | None) -> Question:
    """Return what is asked before something is done to a schedule."""
    whom = clipped(it.callee.name) if it.callee else it.phone_number
    title, zone = _title(it), _zone_of(it, settings)
    if action == "pause":
        said = [f"{whom} is not called until it is resumed. What comes due meanwhile is skipped."]
        return Question(("Pause ", title, "?"), said, "Pause it", "Leave it active")
    if action == "resume":
        ahead = f", next {times.local_in(it.next_run_at, because.key(zone))}" if it.next_run_at else ""
        said = [f"{whom} is called again from its next time on{ahead}. What was skipped stays skipped."]
        return Question(("Resume ", title, "?"), said, "Resume it", "Leave it paused")
    if action == "cancel":
        said = [
            f"It ends for good: {whom} is not called by it any more, and what waits is not dialled.",
            "A call in progress is not cut off. Its history stays.",
        ]
        return Question(("Cancel ", title, "?"), said, "Cancel the schedule", "Keep it", is_grave=True)
    said = [
        f"{whom} is called at {it.phone_number} at once, beside the rule: the next regular call still comes.",
        "Every gate is asked first: outside a calling window, or while the line is busy, the call waits a while.",
    ]
    if not settings.live:
        said.append("This workspace is not live: only the simulated carrier dials, and no phone rings.")
    ask = ("Call now with ", title, "?")
    return Question(ask, said, "Call now", "Do not call", wants_reason=False, is_grave=True, key=key)


def _title(it: Schedule) -> str:
    return clipped(it.name) if it.name else it.id


def _zone_of(it: Schedule | None, settings: Settings) -> ZoneInfo | None:
    try:
        return it.zone(settings.timezone) if it else None
    except InvalidInput:
        return None


def _facts(it: Schedule, settings: Settings, seat: Seat) -> Html:
    zone = _zone_of(it, settings)
    try:
        rule = in_words(it.rule(settings.timezone))
    except InvalidInput:
        rule = it.trouble or "cannot be read"
    window, whose = it.window_of(settings.calling_window)
    facts: tuple[tuple[str, str | None], ...] = (
        ("Status", it.status + (f": {it.status_reason}" if it.status_reason else "")),
        ("Calls", joined(name(it.callee.name), ", ", it.phone_number) if it.callee else it.phone_number),
        ("Agent", link(name(it.agent_name), seat.to("agents", it.agent_id))),
        ("When", f"{rule}{f', {zone.key}' if zone else ''}"),
        ("Next", _both(it.next_run_at, zone) if it.next_run_at else None),
        ("Last outcome", it.last_status.replace("_", " ") if it.last_status else None),
        ("Calling window", f"{window} (the {whose}'s)" if window else None),
        ("Attempts", _attempts(it)),
        ("About", it.description),
        ("Id", tag("code", it.id)),
    )
    return tag("dl", *(tag("div", tag("dt", term), tag("dd", said)) for term, said in facts if said), class_="facts")


def _attempts(it: Schedule) -> str:
    if it.retry.max_attempts == 1:
        return "one, without retry"
    return f"up to {it.retry.max_attempts}, {duration_text(it.retry.delay)} apart"


def _both(at: datetime, zone: ZoneInfo | None) -> Html:
    """Write an instant on the clocks of a zone, and in UTC."""
    utc = tag("time", f"{at:%Y-%m-%d %H:%M}Z", datetime=to_text(at))
    return joined(f"{times.local_in(at, because.key(zone))} · ", utc) if zone else utc


def _actions(it: Schedule, seat: Seat) -> Html | None:
    if it.status not in LIVE_SCHEDULES:
        can = ["run"] if seat.may_dial and it.status != "canceled" else []
    else:
        can = ["resume" if it.status == "paused" else "pause", "cancel"] if seat.may_write else []
        can += ["run"] if seat.may_dial else []
    if not can:
        return None
    words = {"pause": "Pause …", "resume": "Resume …", "cancel": "Cancel …", "run": "Call now …"}
    links = (tag("li", link(words[each], seat.to("schedules", it.id, each), class_="button")) for each in can)
    return tag("nav", tag("ul", *links), aria_label="What can be done", class_="actions")


def _coming(it: OneSchedule) -> Iterator[Html]:
    zone = _zone_of(it.schedule, it.settings)
    if not it.coming:
        yield tag("p", "Nothing comes.", class_="said")
        return
    if it.schedule.status == "paused":
        yield tag("p", "It is paused: as it stands, these are skipped.", class_="note")
    rows = [
        (
            times.local_in(each.at, because.key(zone)) or "",
            tag("time", f"{each.at:%Y-%m-%d %H:%M}Z", datetime=to_text(each.at)),
            NOTES[each.note] if each.note is not None else "–",
        )
        for each in it.coming
    ]
    yield table("When it fires next", ("On their clocks", "UTC", "What the clocks do"), rows, "cards")


def _why(it: Because, settings: Settings, seat: Seat) -> Iterator[Html | None]:
    zone = _zone_of(it.schedule, settings)
    blocked = [gate for gate in it.gates if gate["verdict"] != "pass"]
    passed = [gate for gate in it.gates if gate["verdict"] == "pass"]
    yield tag("p", tag("strong", because.verdict(it)), class_="verdict")
    yield tag("p", because.whom_and_when(it, zone))
    if it.execution is not None and it.execution.calls:
        calls = (f"Call {each.number}: {because.call_said(each, zone)}" for each in it.execution.calls)
        yield tag("ul", *(tag("li", each) for each in calls))
    if it.verdict == "idle" and it.execution is not None:
        yield _the_last(it.execution, zone, seat)
    if blocked:
        yield _gates("Gates that hold it", blocked, zone)
    if (it.changes and it.verdict != "dialled") or it.remedies:
        alone = len(it.changes) == 1
        yield tag("p", "This would change it:" if alone else "These would change it, all together:")
        yield tag("ul", *(tag("li", tag("code", each)) for each in it.changes))
    if it.next_call_at is not None and not (it.verdict == "dial" and it.next_call_at == it.scheduled_time):
        title = "It would ring" if it.verdict == "wait" else "Next call, as things stand"
        when = times.local_in(it.next_call_at, because.key(zone))
        yield tag("p", f"{title}: {when}{because.in_time(it.next_call_at, seat.now)}")
    elif it.next_call_at is None and it.schedule is not None and it.schedule.status in LIVE_SCHEDULES and blocked:
        yield tag("p", "Next call, as things stand: none")
    if passed:
        which = "other gates pass" if blocked else "gates pass"
        yield tag("details", tag("summary", f"{len(passed)} {which}"), _gates("Gates that pass", passed, zone))


def _the_last(it: Execution, zone: ZoneInfo | None, seat: Seat) -> Html:
    said = f"{it.status}: {REASONS.get(it.reason, it.reason)}" if it.reason else it.status
    when = times.local_in(it.scheduled_time, because.key(zone))
    return tag("p", f"The last one, {when}: {said}; ", link("see why", seat.to("executions", it.id)))


def _gates(caption: str, gates: Sequence[Mapping[str, Any]], zone: ZoneInfo | None) -> Html:
    rows = [
        (tag("code", gate["gate"]), _SIGNS[gate["verdict"]], because.gate_said(gate, zone) or "–") for gate in gates
    ]
    return table(caption, ("Gate", "Says", "Because"), rows, "cards")


def _line(it: Because, settings: Settings, seat: Seat) -> Html:
    said = f"{because.whom_and_when(it, _zone_of(it.schedule, settings))}: {because.verdict(it).lower()}"
    where = seat.to("schedules", it.schedule.id) if it.schedule else None
    return tag("li", link(said, where) if where else said)
