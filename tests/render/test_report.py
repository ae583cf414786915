"""A report is one page that stands alone, that a name cannot break, and that everybody can read."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core.tally import whole_days
from hyponema_cli.engine import overview
from hyponema_cli.render import report
from hyponema_cli.render.html import joined, tag
from hyponema_cli.store import Store, create, open_store
from tests import look
from tests.cli.test_output import HOSTILE
from tests.strategies import examples
from tests.world import World

MADRID = ZoneInfo("Europe/Madrid")
MARKUP = "<script>alert(1)</script> \"'><img src=x onerror=alert(1)> &lt;b&gt; </style></title>"
VOID = {"meta"}


class Page(HTMLParser):
    """What a browser makes of a page: its elements, their words, and whether each was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements = Counter[str]()
        self.attributes: list[tuple[str, str, str]] = []
        self.words: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements[name] += 1
        self.attributes += [(name, key, value or "") for key, value in attributes]
        if name not in VOID:
            self._open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self._open[-1] if self._open else "", data.strip()))

    def of(self, element: str) -> list[str]:
        return [word for name, word in self.words if name == element]


def page_of(store: Store, now: datetime, days: int = 30) -> str:
    begin = whole_days(days, now, MADRID)
    return report.page(overview.overview(store, now, begin, now + timedelta(seconds=1), MADRID))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of three weeks of calls, one of which is in doubt."""
    path = tmp_path_factory.mktemp("office") / "care.db"
    look.workspace(path, with_doubt=True)
    store = open_store(path)
    page = page_of(store, look.NOW)
    store.close()
    return page


def test_the_page_has_what_a_manager_asks_for_and_doubts_come_first(office: str) -> None:
    page = Page(office)
    assert page.of("h2") == [
        "In doubt: 1 call",
        "Summary",
        "What came due",
        "When people answer",
        "How punctually calls start",
        "What comes next",
    ]
    assert list(zip(page.of("dt"), page.of("dd")[::2], strict=True)) == [
        ("Calls made", "150"),
        ("Answered", "62"),
        ("Answer rate", "41%"),
        ("Exhausted", "31"),
        ("Missed", "0"),
        ("In doubt now", "1"),
    ]
    assert "hyp reconcile --resolve CALL not-placed" in page.of("code")
    assert [word for word in page.of("bdi") if word in ("Shop", "Care line")] == ["Care line", "Shop"]
    assert "2026-10-22 00:30Z" in page.of("time")
    assert "Thu 2026-10-22 02:30 Europe/Madrid" in page.of("td")


def test_the_page_stands_alone(office: str) -> None:
    page = Page(office)
    assert not page.elements.keys() & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert not re.search(r"https?:|//[a-z]|@import|url\(|javascript:|\bon\w+=", office)
    assert ("meta", "content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_everybody_can_read_the_page(office: str) -> None:
    page = Page(office)
    assert page.elements["h1"] == page.elements["main"] == page.elements["head"] == 1
    assert page.elements["caption"] == page.elements["table"] > 4
    assert ("html", "lang", "en") in page.attributes
    charts = [value for name, key, value in page.attributes if (name, key) == ("svg", "aria-label")]
    assert len(charts) == page.elements["svg"] == page.elements["details"] == 3
    assert charts[0].startswith("Bars by day: 72 completed, 31 exhausted, 2 skipped, 1 in doubt.")
    assert all(value in ("col", "row") for name, key, value in page.attributes if key == "scope")
    named = {value for _, key, value in page.attributes if key == "aria-labelledby"}
    assert named == {value for name, key, value in page.attributes if (name, key) == ("h2", "id")}


def test_no_whole_phone_number_is_on_the_page(office: str) -> None:
    assert "+491…099" in office
    assert not re.search(r"\+\d{6}", office)


def luminance(color: str) -> float:
    parts = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_words_and_bars_stand_out_from_the_paper(scheme: int) -> None:
    """WCAG 2.1: 4.5 to 1 for words, 3 to 1 for what a chart is made of."""
    style = (Path(report.__file__).parent / "report.css").read_text("utf-8")
    block = style.split(":root {")[scheme + 1].split("}")[0]
    colors = dict(re.findall(r"--([\w]+(?:-paper)?): (#[0-9a-f]{6})", block))

    def contrast(one: str, other: str) -> float:
        high, low = sorted((luminance(colors[one]), luminance(colors[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    assert min(contrast(ink, paper) for ink in ("ink", "soft") for paper in ("paper", "panel", "alarm-paper")) >= 4.5
    assert contrast("alarm", "alarm-paper") >= 4.5
    bars = set(colors) - {"paper", "panel", "ink", "soft", "line", "alarm", "alarm-paper"}
    assert len(bars) == 8
    assert min(contrast(bar, "paper") for bar in bars) >= 3


@pytest.mark.parametrize("hostile", [MARKUP, HOSTILE, "\u202egnp.exe", "שלום"])
def test_names_are_words_whatever_they_hold(world: World, hostile: str) -> None:
    schedule = world.add({"weekdays": "1", "at": "09:30"}, name="a name")
    plain = Page(page_of(world.store, world.clock.now()))
    world.store.execute("update agents set name = ?", (hostile,))
    world.store.execute("update users set name = ?", (hostile,))
    world.store.execute("update schedules set name = ? where id = ?", (hostile, schedule.id))
    text = page_of(world.store, world.clock.now())
    page = Page(text)
    assert page.elements == plain.elements
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert not [key for _, key, _ in page.attributes if key.startswith("on")]


@examples(100)
@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    page = Page(tag("p", text, joined(text), title=text) + "\n")
    assert page.elements == {"p": 1}
    assert [key for _, key, _ in page.attributes] == ["title"]


def test_an_empty_workspace_has_a_page(tmp_path: Path) -> None:
    store, _ = create(tmp_path / "empty.db")
    page = Page(page_of(store, datetime(2026, 3, 2, tzinfo=UTC)))
    store.close()
    assert page.of("h2")[0] == "Summary"
    for said in ("Nothing came due in this time.", "No call has started.", "There is no live schedule."):
        assert said in page.of("p")
    assert "–" in page.of("dd")


def test_a_page_of_many_schedules_agents_and_doubts_names_some_and_counts_the_rest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MOST_SCHEDULES", "MOST_AGENTS", "MOST_DOUBTS"):
        monkeypatch.setattr(overview, name, 1)
    world.account("other", "+34910000002", "agent-2")
    for number in range(3):
        world.add({"at": "2026-03-02T08:00:05Z"}, to=f"+3460000009{number}")
        world.add({"weekdays": "2", "at": "09:30"}, to=f"+3460000008{number}")
    world.add({"weekdays": "2", "at": "09:30"}, agent="agent-2")

    def lose(_: object) -> None:
        raise ConnectionResetError

    world.phones.answer = lose  # type: ignore[assignment]
    world.run_until("2026-03-02 08:01")
    page = Page(page_of(world.store, world.clock.now()))
    assert "In doubt: 3 calls" in page.of("h2")
    said = [word for word in page.of("p") if word.startswith("…")]
    assert said == ["… and 2 more:", "… and 5 more:", "… and 1 more:"]


def test_a_schedule_that_lost_its_zone_and_one_that_is_paused_are_told_as_such(world: World) -> None:
    lost = world.add({"weekdays": "1", "at": "09:30"}, name="lost")
    world.store.execute(
        "update schedules set timezone = 'Mars/Olympus', trouble = 'unknown timezone', next_run_at = null, "
        "next_slot = null where id = ?",
        (lost.id,),
    )
    paused = world.add({"weekdays": "1", "at": "09:30"}, name="paused")
    world.store.execute("update schedules set status = 'paused' where id = ?", (paused.id,))
    cells = Page(page_of(world.store, world.clock.now())).of("td")
    assert "trouble: unknown timezone" in cells
    assert any(cell.endswith("(paused)") for cell in cells)
