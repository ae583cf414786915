"""An operator before a real browser: signs in, pauses, asks why, calls now, cancels. No script runs in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.core.when import WhenWords
from hyponema_cli.store import open_store
from tests.browser import Browser, browser
from tests.render.test_report import MARKUP
from tests.serve.conftest import Site
from tests.serve.test_web import book_one
from tests.tools import needed


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    profile = tmp_path_factory.mktemp("profile")
    with browser(needed("chromium"), profile) as started:
        started.tell("Emulation.setScriptExecutionDisabled", value=True)
        yield started


@pytest.fixture
def tab(chromium: Browser) -> Browser:
    """The browser, with nothing remembered."""
    chromium.tell("Network.clearBrowserCookies")
    chromium.size(1280, 900)
    return chromium


@pytest.fixture
def booked(site: Site) -> str:
    book_one(site.db, site.clock, WhenWords(weekdays="2", at="10:00"), "Evening round")
    return book_one(site.db, site.clock, WhenWords(weekdays="1,3,5", at="09:30"), "Weekly check-in")


def test_an_operators_morning(tab: Browser, site: Site, booked: str, listen: Callable[..., Any]) -> None:
    with listen(site.house) as port:
        here = f"http://127.0.0.1:{port}/"
        tab.go(here)
        assert "Sign in" in tab.text()
        tab.press_on("token")
        tab.type("hyp_wrong")
        tab.key("Enter", loads=True)
        assert "This token is not known here." in tab.text()

        tab.press_on("token")
        tab.type(site.tokens["all"])
        tab.key("Enter", loads=True)
        assert tab.run("location.href") == here
        assert "Calls of default" in tab.text()
        assert tab.run("document.cookie") == ""
        assert tab.complaints() == []

        tab.press("Weekly check-in")
        assert "Wed 2024-01-17 09:30 Europe/Madrid" in tab.text()
        tab.press("Pause …")
        assert "Pause Weekly check-in?" in tab.text()
        assert site.query("select status from schedules order by status") == [("active",)] * 2
        tab.press_on("reason")
        tab.type("on holiday")
        tab.press("Pause it")
        assert "It is paused: nobody is called until it is resumed." in tab.text()
        assert "paused: on holiday" in tab.text()
        assert "WOULD NOT RING: the schedule is paused" in tab.text()
        assert "hyp schedules resume" in tab.text()

        tab.press("Resume …")
        tab.press("Resume it")
        assert "WOULD RING" in tab.text()
        tab.press("14 gates pass", leads=False)
        assert "calling_window" in tab.text()

        tab.press("Call now …")
        assert "no phone rings" in tab.text()
        tab.press("Call now")
        assert "It was run by hand." in tab.text()
        assert site.query("select count(*) from calls") == [(1,)]
        tab.reload()
        assert site.query("select count(*) from calls") == [(1,)]

        tab.press("The schedule")
        tab.press("Cancel …")
        tab.press("Keep it")
        tab.press("Cancel …")
        tab.press("Cancel the schedule")
        assert "It is canceled, for good." in tab.text()
        assert site.query("select status from schedules order by status") == [("active",), ("canceled",)]

        tab.press_on("word")
        tab.type("Evening round")
        tab.key("Enter", loads=True)
        assert "Evening round calls Ana (+34600000001), Tue 2024-01-16 10:00 Europe/Madrid" in tab.text()

        tab.press("Sign out")
        assert "Sign in" in tab.text()
        tab.go(here + "page/history")
        assert "Sign in" in tab.text()


def test_the_keyboard_alone_is_enough(tab: Browser, site: Site, booked: str, listen: Callable[..., Any]) -> None:
    with listen(replace(site.house, open_to_all=True)) as port:
        tab.go(f"http://127.0.0.1:{port}/page/schedules/{booked}/pause")
        tab.key("Tab")
        assert tab.focused() == "Skip to the content"
        tab.key("Enter")
        passed = []
        for _ in range(4):
            tab.key("Tab")
            passed.append(tab.focused())
        assert passed[:3] == ["reason", "Pause it", "Leave it active"]
        tab.run("document.getElementById('reason').focus()")
        tab.key("Tab")
        tab.key("Enter", loads=True)
        assert "It is paused" in tab.text()


def test_a_screen_reader_is_told_what_is_what(
    tab: Browser, site: Site, booked: str, listen: Callable[..., Any]
) -> None:
    with listen(replace(site.house, open_to_all=True)) as port:
        tab.size(390, 844)
        tab.go(f"http://127.0.0.1:{port}/")
        told = tab.told()
        tab.size(1280, 900)
        assert ("columnheader", "Next, UTC") in tab.told()  # on a phone each cell says it itself
    assert told >= {
        ("main", ""),
        ("navigation", "Pages"),
        ("search", ""),
        ("searchbox", "Why?"),
        ("button", "Explain"),
        ("heading", "Calls of default"),
        ("region", "The next 24 hours"),
        ("table", "Schedules of Check-in"),
        ("rowheader", "Weekly check-in"),
        ("table", "January 2024, UTC"),
        ("link", "Weekly check-in"),
    }
    assert [name for role, name in told if role == "image"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(
    tab: Browser, site: Site, booked: str, listen: Callable[..., Any], width: int, scheme: str
) -> None:
    with closing(open_store(site.db)) as store, store.transaction():
        for change in ("update agents set name = ?", "update users set name = ?", "update schedules set name = ?"):
            store.execute(change, (MARKUP + "w" * 200,))
    with listen(replace(site.house, open_to_all=True)) as port:
        tab.size(width, 800, scheme)
        for path in ("", f"page/schedules/{booked}", f"page/schedules/{booked}/run", "page/month", "page/agents"):
            tab.go(f"http://127.0.0.1:{port}/{path}")
            assert tab.run("document.documentElement.scrollWidth") <= width
            assert tab.complaints() == []


def test_a_page_of_somebody_elses_gets_nothing_done(
    tab: Browser, site: Site, booked: str, listen: Callable[..., Any], tmp_path: Path
) -> None:
    with listen(replace(site.house, open_to_all=True)) as port:
        trap = tmp_path / "trap.html"
        action = f"http://127.0.0.1:{port}/page/schedules/{booked}/cancel"
        trap.write_text(f'<form method="post" action="{action}"><button>A prize</button></form>', "utf-8")
        tab.go(trap.as_uri())
        tab.press("A prize")
        assert "pages of other sites may not ask this server" in tab.text()
    assert site.query("select distinct status from schedules") == [("active",)]
