"""What does a page look like for people who never open a terminal? One file that asks the network for nothing.

Every chart has its numbers in a table below it, for those who cannot see it, and colours that keep their distance in
light and in dark. Names are text whatever they hold; phone numbers are masked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from hyponema_cli import __version__
from hyponema_cli.core.instant import to_text
from hyponema_cli.core.tally import LATENESS_EDGES, SERIES, Bar, Rate, Tally, histogram, quantile
from hyponema_cli.core.timewords import duration_text
from hyponema_cli.core.walltime import SECOND
from hyponema_cli.engine.overview import AgentPage, Overview
from hyponema_cli.render import chart, svg
from hyponema_cli.render.html import Html, joined, name, table, tag
from hyponema_cli.render.parts import FIRING, doubts, firing, more, section, some
from hyponema_cli.render.safe import clipped

_IN_WORDS = {
    "completed": "completed",
    "exhausted": "exhausted: nobody reached in any attempt",
    "failed": "failed: the carrier refused, or could not",
    "missed": "missed: too late to call",
    "skipped": "skipped: a rule said no",
    "canceled": "canceled",
    "in_doubt": "in doubt: may or may not have rung",
    "open": "not over yet",
}
_STYLE = Path(__file__).with_name("report.css")
_LATE = tuple(duration_text(timedelta(seconds=edge)) for edge in LATENESS_EDGES)


def page(it: Overview) -> str:
    """Write the page."""
    title = f"Calls of {it.workspace}"
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        # Should markup ever get through: no script runs, and nothing is fetched.
        tag("meta", http_equiv="Content-Security-Policy", content="default-src 'none'; style-src 'unsafe-inline'"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title}, {_days(it)}"),
        # Its own words, and no text of anybody's: it is written down as it is.
        tag("style", Html(_STYLE.read_text("utf-8"))),
    )
    body = (
        tag("header", tag("h1", "Calls of ", name(it.workspace)), _period(it)),
        tag("main", *_sections(it)),
        tag("footer", tag("p", f"Made at {to_text(it.now)} by hyp {__version__}. Phone numbers are masked.")),
    )
    document = tag("html", tag("head", *head), tag("body", *body), lang="en")
    return f"<!doctype html>\n{document}\n"


def _days(it: Overview) -> str:
    return f"{it.begin.astimezone(it.zone):%Y-%m-%d} to {(it.end - SECOND).astimezone(it.zone):%Y-%m-%d}"


def _period(it: Overview) -> Html:
    first, last = it.begin.astimezone(it.zone), (it.end - SECOND).astimezone(it.zone)
    count = (last.date() - first.date()).days + 1
    days = "1 day" if count == 1 else f"{count:,} days"
    span = f"{first:%a %-d %B %Y} to {last:%a %-d %B %Y}"
    live = (
        None
        if it.settings.live
        else tag("p", "This workspace is not live: only the simulated carrier dials.", class_="note")
    )
    return joined(tag("p", tag("strong", span), f" · {days}, {it.zone.key} time"), live)


def _sections(it: Overview) -> Iterator[Html]:
    if it.doubt_count:
        yield doubts(it.doubts, it.doubt_count, it.zone)
    yield section("summary", "Summary", _summary(it))
    yield section("outcomes", "What came due", *_outcomes(it.tally))
    yield section("answers", "When people answer", *_answers(it.tally))
    yield section("lateness", "How punctually calls start", *_lateness(it.tally))
    yield section("schedules", "What comes next", *_schedules(it))


def _summary(it: Overview) -> Html:
    tally, outcomes = it.tally, it.tally.outcomes
    rate = chart.percent(tally.rate.percent) if tally.rate.percent is not None else "–"
    figures = (
        ("Calls made", f"{tally.made:,}", "that the carrier took"),
        ("Answered", f"{tally.rate.answered:,}", "by a person, as far as the carrier knows"),
        ("Answer rate", rate, f"of {some(tally.rate.over, 'call')} that are over"),
        ("Exhausted", f"{outcomes['exhausted']:,}", "nobody reached in any attempt"),
        ("Missed", f"{outcomes['missed']:,}", "too late to call"),
        ("In doubt now", f"{it.doubt_count:,}", "may or may not have rung"),
    )
    return tag(
        "dl",
        *(
            tag("div", tag("dt", term), tag("dd", number, class_="number"), tag("dd", said, class_="said"))
            for term, number, said in figures
        ),
        class_="figures",
    )


def _outcomes(it: Tally) -> Iterator[Html]:
    if not it.bars:
        yield tag("p", "Nothing came due in this time.")
        return
    totals = it.outcomes
    there = [series for series in SERIES if totals[series]]
    unit = chart.unit_of([bar.slice for bar in it.bars])
    marks = (
        tag("li", tag("span", "", class_=f"key {series}"), f"{_IN_WORDS[series]} ", tag("b", f"{totals[series]:,}"))
        for series in there
    )
    said = ", ".join(f"{totals[series]:,} {series.replace('_', ' ')}" for series in there)
    drawn = svg.columns(
        [
            svg.Column(
                _short_label(bar, unit),
                [(series, bar.counts[series]) for series in there],
                f"{chart.label(bar.slice, unit)}: {_counts(bar)}",
            )
            for bar in it.bars
        ],
        f"Bars by {unit}: {said}. The numbers are in the table below.",
    )
    head = (unit.capitalize(), "All", *(series.replace("_", " ").capitalize() for series in there))
    rows = [
        (
            chart.label(bar.slice, unit),
            f"{bar.counts.total():,}",
            *(f"{bar.counts[series]:,}" for series in there),
        )
        for bar in it.bars
    ]
    yield _figure(drawn, tag("ul", *marks, class_="legend"), table(f"Outcomes by {unit}", head, rows, "numbers"))


def _counts(bar: Bar) -> str:
    there = [f"{bar.counts[series]:,} {series.replace('_', ' ')}" for series in SERIES if bar.counts[series]]
    return ", ".join(there) or "nothing came due"


def _short_label(bar: Bar, unit: str) -> str:
    return f"{bar.slice.first:%b %Y}" if unit == "month" else f"{bar.slice.first:%-d %b}"


def _answers(it: Tally) -> Iterator[Html]:
    if not it.by_hour:
        yield tag("p", "No call is over yet to people whose clocks are known.")
        return
    hours = [(hour, it.by_hour.get(hour, Rate())) for hour in range(24)]
    drawn = svg.columns(
        [
            svg.Column(
                f"{hour:02}:00",
                [("completed", rate.percent or 0)],
                f"{hour:02}:00: {rate.answered:,} of {some(rate.over, 'call')} answered",
            )
            for hour, rate in hours
        ],
        f"{it.rate.answered:,} of {it.rate.over:,} calls answered. By hour of the day, in the table below.",
        top=100,
        unit="%",
    )
    rows = [
        (f"{hour:02}:00", f"{rate.over:,}", f"{rate.answered:,}", chart.percent(rate.percent))
        for hour, rate in hours
        if rate.percent is not None
    ]
    numbers = table("Answers by hour", ("Hour", "Calls", "Answered", "Rate"), rows, "numbers")
    yield tag(
        "p", "Calls answered by a person, by the hour in which the phone rang, on the clocks of whom it rang at."
    )
    yield _figure(drawn, None, numbers)
    if it.without_zone:
        yield tag("p", f"In no hour: {some(it.without_zone, 'call')} to people without a timezone.", class_="said")


def _lateness(it: Tally) -> Iterator[Html]:
    median, late = quantile(it.lateness, 0.5), quantile(it.lateness, 0.95)
    if median is None or late is None:
        yield tag("p", "No call has started.")
        return
    yield tag(
        "p",
        "Half of what was called started within ",
        tag("strong", _seconds(median)),
        " of its time, and 95% within ",
        tag("strong", _seconds(late)),
        ". A calling window, a cap or the carrier's pace may hold a call back.",
    )
    counted = list(zip([*_LATE, "more"], histogram(it.lateness.items()), strict=True))
    drawn = svg.columns(
        [
            svg.Column(label, [("open", count)], f"Up to {label} late: {some(count, 'execution')}")
            for label, count in counted
        ],
        f"Median {_seconds(median)}, 95th percentile {_seconds(late)}. The numbers are in the table below.",
        labels=len(counted),
    )
    rows = [(label, f"{count:,}") for label, count in counted]
    yield _figure(
        drawn, None, table("First calls, by how late they started", ("Late by up to", "Executions"), rows, "numbers")
    )


def _figure(drawn: Html, legend: Html | None, numbers: Html) -> Html:
    details = tag("details", tag("summary", "The numbers"), numbers)
    return tag("figure", tag("div", drawn, class_="plot"), legend, details)


def _schedules(it: Overview) -> Iterator[Html | None]:
    if not it.schedule_count:
        yield tag("p", "There is no live schedule.")
        return
    agents = some(it.agent_count, "agent")
    yield tag("p", f"{some(it.schedule_count, 'live schedule')} of {agents}; each agent's next ones.")
    for each in it.agents:
        yield tag("h3", name(each.name), " ", tag("small", some(each.count, "schedule")))
        yield _of_agent(each, it)
    yield more(it.agent_count - len(it.agents), "hyp agents list")


def _of_agent(it: AgentPage, seen: Overview) -> Html:
    rows = [
        (name(each.name) if each.name else tag("code", each.id), *firing(each, seen.settings, seen.now))
        for each in it.schedules
    ]
    return joined(
        table(f"Schedules of {clipped(it.name)}", ("Schedule", *FIRING), rows, "cards"),
        more(it.count - len(it.schedules), "hyp schedules list --limit 0"),
    )


def _seconds(seconds: int) -> str:
    """Write how late something is.

    >>> _seconds(4), _seconds(200), _seconds(7300)
    ('4 s', '3 min 20 s', '2 h 1 min')
    """
    if seconds < 60:
        return f"{max(seconds, 1)} s"  # the clock that measured it knows no less
    minutes, rest = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {rest} s" if rest else "")
    return f"{minutes // 60} h" + (f" {minutes % 60} min" if minutes % 60 else "")
