"""The page shows what an operator must know, does what the token may, and cannot be turned against anybody."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.records import Agent
from hyponema_cli.core.token import Scope
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import agenda, book, tokens
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.request import Request
from hyponema_cli.render import web
from hyponema_cli.serve.app import app_of
from hyponema_cli.serve.callers import WRONG_AT_ONCE
from hyponema_cli.serve.page_sessions import LASTS
from hyponema_cli.serve.rooms import Room
from hyponema_cli.store import agents, open_store, schedules
from hyponema_cli.wire import desk_of
from tests import look
from tests.cli.test_output import HOSTILE
from tests.render.test_report import MARKUP
from tests.serve.conftest import Site, add_token

VOID = {"meta", "link", "input"}
HERE = "http://127.0.0.1:8010"
FORM = "application/x-www-form-urlencoded"


class Page(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements = Counter[str]()
        self.attributes: list[tuple[str, dict[str, str]]] = []
        self.words: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        self.attributes.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip() and self._open[-1] != "style":
            self.words.append((self._open[-1], data.strip()))

    def of(self, element: str) -> list[str]:
        return [word for name, word in self.words if name == element]

    def section(self, heading: str) -> list[str]:
        """Return the words under a heading."""
        begin = self.words.index(("h2", heading)) + 1
        end = next((at for at in range(begin, len(self.words)) if self.words[at][0] == "h2"), None)
        return [word for _, word in self.words[begin:end]]

    def text(self) -> str:
        return " ".join(word for _, word in self.words)

    def fields(self) -> dict[str, str]:
        """Return what the form of the page that has a seal would send as it stands."""
        return {words["name"]: words.get("value", "") for name, words in self.attributes if name == "input"}

    def links(self) -> list[str]:
        return [words["href"] for name, words in self.attributes if name == "a"]


@dataclass
class Tab:
    """A browser without a window: keeps cookies, sends forms as a browser does, and follows where it is led."""

    site: Site
    app: Any
    cookies: dict[str, str] = field(default_factory=dict)
    set_cookie: str = ""
    address: str = ""

    def send(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        async def story() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=HERE, cookies=self.cookies) as client:
                said = {name.replace("_", "-"): value for name, value in headers.items() if value}
                origin = {"Origin": HERE} if method == "POST" and "origin" not in headers else {}
                answer = await client.request(method, path, data=form, headers={**origin, **said})
            # The threads of a room end with the loop that has asked them.
            rooms = self.app._app.state.porter.rooms
            for name, room in rooms.items():
                await room.close()
                rooms[name] = Room(name, self.site.house.workspaces[name], self.site.clock)
            return answer

        answer = asyncio.run(story())
        self.cookies.update(answer.cookies)
        self.set_cookie = answer.headers.get("set-cookie", "")
        self.address = path
        return answer

    def get(self, path: str, status: int = 200) -> Page:
        answer = self.send("GET", path)
        assert answer.status_code == status, answer.text
        return checked(answer)

    def post(self, path: str, form: dict[str, str], status: int = 303, **headers: str) -> Page | None:
        """Send a form; return the page that it leads to."""
        answer = self.send("POST", path, form, **headers)
        assert answer.status_code == status, answer.text
        return self.get(answer.headers["location"]) if status == 303 else checked(answer)

    def sign_in(self, whose: str) -> Page:
        found = self.post("/page/sign-in", {"token": self.site.tokens.get(whose, whose), "then": "/"})
        assert found is not None
        return found


def checked(answer: httpx.Response) -> Page:
    """Check what must hold of every page, and return it."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"] == web.POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.content) < 100_000
    text = answer.text
    found = Page(text)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert not found.elements.keys() & {"script", "img", "iframe", "object", "embed", "base"}
    ids = [words["id"] for _, words in found.attributes if "id" in words]
    assert sorted(set(ids)) == sorted(ids)
    assert found.elements["h1"] == found.elements["main"] == found.elements["head"] == 1
    assert found.elements["caption"] == found.elements["table"]
    assert ("html", {"lang": "en"}) in found.attributes
    levels = [int(name[1]) for name, _ in found.attributes if re.fullmatch("h[1-6]", name)]
    assert all(after <= before + 1 for before, after in zip([0, *levels], levels, strict=False))
    labelled = {words["for"] for name, words in found.attributes if name == "label"}
    for name, words in found.attributes:
        assert not [key for key in words if key.startswith("on") or key == "style"]
        for key in ("href", "action"):
            assert words.get(key, "/").startswith(("/", "#", "data:,")) and not words.get(key, "/").startswith("//")
        if name == "input" and words["type"] != "hidden":
            assert words["id"] in labelled
        if name == "form" and words["method"] == "post" and not words["action"].endswith("/page/sign-in"):
            assert "seal" in found.fields()
        for key in ("aria-labelledby", "aria-describedby"):
            assert set(words.get(key, "").split()) <= set(ids)
    return found


@pytest.fixture
def tab(site: Site) -> Tab:
    """A tab that has the server before it, in which nobody has signed in."""
    return Tab(site, app_of(site.house))


@pytest.fixture
def booked(site: Site) -> str:
    """The id of a weekly schedule for Ana."""
    return book_one(site.db, site.clock, WhenWords(weekdays="1,3,5", at="09:30"), "Weekly check-in")


def book_one(db: Path, clock: VirtualClock, when: WhenWords, name: str, **more: Any) -> str:
    with closing(open_store(db)) as store:
        request = Request(user=more.pop("user", "user-1"), when=when, name=name, **more)
        return book.add(desk_of(store, clock, "operator"), request, created_by="operator")[0].id


def desk(site: Site) -> Any:
    return closing(open_store(site.db))


@pytest.fixture(scope="module")
def care(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three weeks of calls of two agents, one of which is in doubt."""
    path = tmp_path_factory.mktemp("care") / "care.db"
    look.workspace(path, with_doubt=True)
    return path


@pytest.fixture
def office(site: Site, care: Path, tmp_path: Path) -> Tab:
    """A tab on that workspace, without tokens."""
    path = tmp_path / "care.db"
    shutil.copy(care, path)
    clock = VirtualClock(look.NOW)
    house = replace(site.house, workspaces={"care": path}, main="care", clock=clock, open_to_all=True)
    site.house, site.clock, site.db = house, clock, path
    return Tab(site, app_of(house))


class TestWhatIsShown:
    def test_doubts_stand_above_all_else(self, office: Tab) -> None:
        found = office.get("/")
        assert found.of("h2") == [
            "In doubt: 1 call",
            "Needs attention",
            "In progress",
            "The next 24 hours",
            "Schedules",
            "This month",
            "Last outcomes",
        ]
        assert "hyp reconcile --resolve CALL not-placed" in found.of("code")
        (execution_id,) = office.site.query("select execution_id from calls where status = 'in_doubt'")[0]
        assert f"/page/executions/{execution_id}" in found.links()

    def test_schedules_stand_by_agent_with_both_clocks_and_their_last_outcome(self, office: Tab) -> None:
        found = office.get("/")
        assert [word for word in found.of("bdi") if word in ("Shop", "Care line")] == ["Care line", "Shop"]
        assert "Thu 2026-10-22 09:00 America/New_York" in found.of("td")
        assert "2026-10-22 13:00Z" in found.of("time")
        assert "exhausted" in found.of("td")

    def test_the_coming_day_and_the_month_are_counted_and_the_clock_change_is_said(self, office: Tab) -> None:
        found = office.get("/")
        assert any("5 firings on the clocks of Europe/Madrid." in each for each in found.of("p"))
        assert [row for row in found.of("th") if re.match(r"(Wed|Thu) \d", row)] == [
            "Thu 02:00 to 03:00",
            "Thu 12:00 to 13:00",
            "Thu 15:00 to 16:00",
            "Thu 18:00 to 19:00",
        ]
        assert "Sun 25 Oct: the clocks go back 1h, from 03:00 to 02:00" in found.of("li")
        assert any("47 firings to come." in each for each in found.of("p"))

    def test_under_the_next_24_hours_stands_only_what_fires_in_them(self, tab: Tab, site: Site) -> None:
        book_one(site.db, site.clock, WhenWords(weekdays="1,2", at="23:00"), "Night round")
        book_one(site.db, site.clock, WhenWords(weekdays="7", at="10:00"), "Sunday round")
        tab.sign_in("read")
        under = tab.get("/").section("The next 24 hours")
        assert any("1 firing on the clocks of UTC." in each for each in under)
        assert "Night round" in under and "Sunday round" not in under
        assert "Sunday round" in tab.get("/").section("Schedules")

    def test_no_whole_number_stands_in_a_list(self, office: Tab) -> None:
        for path in ("/", "/page/agents/agent-care", "/page/history"):
            assert not re.search(r"\+\d{6}", office.get(path).text())

    def test_every_link_leads_to_a_page(self, office: Tab) -> None:
        seen, to_see, of_a_kind = set[str](), ["/"], Counter[str]()
        while to_see:
            path = to_see.pop(0)
            kind = re.sub(r"(sch|exe|call)_\w+|=.*", "", path)
            of_a_kind[kind] += 1
            if path.startswith("#") or path in seen or of_a_kind[kind] > 4:
                continue
            seen.add(path)
            to_see += office.get(path).links()
        assert {re.sub(r"_\w+", "_", each.partition("?")[0]) for each in seen} >= {
            "/",
            "/page/agents",
            "/page/agents/agent-care",
            "/page/month",
            "/page/history",
            "/page/schedules/sch_",
            "/page/schedules/sch_/pause",
            "/page/executions/exe_",
        }

    def test_a_call_that_waits_says_why_in_the_words_of_hyp_why(self, tab: Tab, site: Site) -> None:
        book_one(site.db, site.clock, WhenWords(at="now"), "At once", window="mon-fri 13:05-21:00")
        with desk(site) as store:
            from hyponema_cli.engine.tick import tick

            tick(desk_of(store, site.clock, "test"))
            run_id = store.execute("select id from executions").fetchone()[0]
        tab.sign_in("read")
        found = tab.get("/")
        assert "Waiting: 1 call" in found.of("h2")
        assert "outside the calling window" in found.of("td")
        one = tab.get(f"/page/executions/{run_id}")
        assert "WAITS: outside the calling window" in one.of("strong")
        assert "calling_window" in one.of("code")
        assert any("widen the window" in word for word in one.of("code"))

    def test_a_name_as_long_as_a_book_is_cut_on_every_page(self, tab: Tab, site: Site) -> None:
        long = book_one(site.db, site.clock, WhenWords(weekdays="1-7", at="23:00"), "long " * 20_000)
        site.query("update agents set name = printf('%.*c', 50000, 'x')")
        tab.sign_in("all")
        for page in ("/", "/page/agents", "/page/agents/agent-123", f"/page/schedules/{long}/run"):
            assert len(tab.get(page).text()) < 10_000

    def test_a_schedule_that_is_decades_ahead_has_its_page(self, tab: Tab, site: Site) -> None:
        far = book_one(site.db, site.clock, WhenWords(at="2090-12-01 14:30"), "Far ahead", timezone="Europe/Madrid")
        tab.sign_in("read")
        found = tab.get(f"/page/schedules/{far}")
        assert "Far ahead" in found.of("h1") + found.of("bdi")
        assert "1 firing to come." in found.text()
        assert not [each for each in found.links() if "month=" in each]
        tab.get(f"/page/schedules/{far}?month=2090-11", 422)

    def test_a_month_of_more_schedules_than_can_be_gone_through_calls_no_day_empty(
        self, tab: Tab, site: Site, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(agenda, "MOST_SCHEDULES", 2)
        for hour in (9, 10, 11):
            book_one(site.db, site.clock, WhenWords(weekdays="1-7", at=f"{hour:02}:00"), f"Round {hour}")
        tab.sign_in("read")
        found = tab.get("/page/month?month=2024-02")
        assert "At least 0 firings to come." in found.text()
        assert found.text().count("0+") == 29
        assert "Nothing comes" not in tab.get("/").text()

    @pytest.mark.parametrize("offset", ["0" * 12 + "9" * 25, "9" * 5000, "10000000000", "-1", "x"])
    def test_an_offset_that_is_none_is_refused(self, tab: Tab, offset: str) -> None:
        tab.sign_in("read")
        for page in ("history", "agents"):
            tab.get(f"/page/{page}?offset={offset}", 422)

    def test_an_empty_workspace_says_what_to_do(self, tab: Tab) -> None:
        found = tab.sign_in("read")
        assert "Nothing comes in the next 24 hours." in found.of("p")
        assert "hyp schedules add" in found.of("code")
        for path in ("/page/agents", "/page/history", "/page/month"):
            tab.get(path)

    def test_a_call_in_progress_is_shown(self, tab: Tab, site: Site, booked: str) -> None:
        tab.sign_in("all")
        asked = tab.get(f"/page/schedules/{booked}/run")
        tab.post(f"/page/schedules/{booked}/run", asked.fields())
        with desk(site) as store, store.transaction():
            store.execute("update calls set status = 'in_progress', finished_at = null")
        assert "In progress: 1 call" in tab.get("/").of("h2")


class TestWhoGetsIn:
    def test_nobody_sees_anything_without_a_token(self, tab: Tab, booked: str) -> None:
        for path in ("/", "/page/history", f"/page/schedules/{booked}", f"/page/schedules/{booked}/pause"):
            found = tab.get(path, 401)
            assert found.of("h1") == ["Sign in"]
            assert found.fields() == {"token": "", "then": path}

    def test_after_signing_in_it_goes_on_to_where_it_was_going(self, tab: Tab, site: Site, booked: str) -> None:
        asked = tab.get(f"/page/schedules/{booked}", 401)
        tab.post("/page/sign-in", {**asked.fields(), "token": site.tokens["read"]})
        assert tab.address == f"/page/schedules/{booked}"

    @pytest.mark.parametrize("then", ["https://evil.example/", "//evil.example", "/\\evil.example", "/api/x", ""])
    def test_it_goes_on_to_no_other_place(self, tab: Tab, site: Site, then: str) -> None:
        tab.post("/page/sign-in", {"token": site.tokens["read"], "then": then})
        assert tab.address == "/"

    def test_the_cookie_is_kept_from_scripts_and_from_other_sites_and_holds_no_token(
        self, tab: Tab, site: Site
    ) -> None:
        tab.send("POST", "/page/sign-in", {"token": site.tokens["read"], "then": "/"})
        name, *words = tab.set_cookie.split("; ")
        assert set(words) == {"HttpOnly", "Max-Age=43200", "Path=/", "SameSite=strict"}
        assert name.startswith("hyp.default=") and site.tokens["read"][15:] not in name

    def test_behind_tls_the_cookie_is_for_tls_only(self, site: Site) -> None:
        house = replace(site.house, hosts=frozenset({"127.0.0.1:8010"}))
        tab = Tab(site, app_of(house))
        tab.send("POST", "/page/sign-in", {"token": site.tokens["read"]}, origin="https://127.0.0.1:8010")
        assert "Secure" in tab.set_cookie.split("; ")

    def test_a_wrong_token_is_told_and_slowed_down(self, tab: Tab) -> None:
        for _ in range(int(WRONG_AT_ONCE)):
            found = tab.post("/page/sign-in", {"token": "hyp_x", "then": "/"}, 403)
            assert found is not None and "This token is not known here." in found.of("p")
        assert tab.send("POST", "/page/sign-in", {"token": "hyp_x"}).status_code == 429

    def test_a_session_ends_with_its_token_after_half_a_day_and_when_it_is_told_to(
        self, tab: Tab, site: Site
    ) -> None:
        signed_in = tab.sign_in("read")
        answer = tab.send("POST", "/page/sign-out", {"seal": signed_in.fields()["seal"]})
        assert answer.status_code == 303 and "Max-Age=0" in tab.set_cookie
        tab.get("/", 401)

        tab.sign_in("read")
        site.clock.set(site.clock.now() + LASTS - timedelta(seconds=1))
        tab.get("/")
        site.clock.set(site.clock.now() + timedelta(seconds=1))
        tab.get("/", 401)

        tab.sign_in("read")
        with desk(site) as store:
            tokens.revoke(desk_of(store, site.clock, "operator"), "read")
        assert "This token was revoked, or the session is over." in tab.get("/", 401).of("p")

    def test_without_auth_it_works_without_signing_in(self, site: Site, booked: str) -> None:
        tab = Tab(site, app_of(replace(site.house, open_to_all=True)))
        asked = tab.get(f"/page/schedules/{booked}/pause")
        found = tab.post(f"/page/schedules/{booked}/pause", asked.fields())
        assert found is not None and "Sign out" not in found.text()
        assert site.query("select status from schedules") == [("paused",)]

    def test_a_workspace_beside_the_main_one_has_its_own_page_and_its_own_session(
        self, site: Site, tmp_path: Path, furnished: Path
    ) -> None:
        other = tmp_path / "dev.db"
        shutil.copy(furnished, other)
        token = add_token(other, "dev", Scope.READ)
        booked = book_one(other, site.clock, WhenWords(weekdays="1", at="09:30"), "Of dev")
        site.house = replace(site.house, workspaces={**site.house.workspaces, "dev": other})
        tab = Tab(site, app_of(site.house))
        tab.sign_in("read")
        tab.get("/workspaces/dev/", 401)
        tab.cookies["hyp.dev"] = tab.cookies["hyp.default"]
        tab.get("/workspaces/dev/", 401)
        del tab.cookies["hyp.dev"]
        found = tab.post("/workspaces/dev/page/sign-in", {"token": token, "then": "/workspaces/dev/"})
        assert found is not None and "Of dev" in found.of("bdi")
        assert all(link.startswith(("/workspaces/dev/", "#")) for link in found.links())
        assert "Of dev" in tab.get(f"/workspaces/dev/page/schedules/{booked}").of("bdi")
        assert "Of dev" not in tab.get("/").of("bdi")
        assert "no workspace" in tab.get("/workspaces/nowhere/", 404).text().lower()


class TestWhatIsDone:
    def test_pause_resume_and_cancel_ask_first(self, tab: Tab, site: Site, booked: str) -> None:
        tab.sign_in("all")
        here = f"/page/schedules/{booked}"
        for action, status, said in (
            ("pause", "paused", "It is paused: nobody is called until it is resumed."),
            ("resume", "active", "It is resumed."),
            ("cancel", "canceled", "It is canceled, for good."),
        ):
            assert f"{here}/{action}" in tab.get(here).links()
            before = site.query("select status from schedules")
            asked = tab.get(f"{here}/{action}")
            assert site.query("select status from schedules") == before
            found = tab.post(f"{here}/{action}", {**asked.fields(), "reason": "they asked"})
            assert found is not None and said in found.of("p")
            assert site.query("select status, status_reason from schedules") == [(status, "they asked")]
        assert tab.get(here).links().count(f"{here}/pause") == 0
        actors = site.query("select distinct actor from events where name like 'schedule.%' and actor like 'page%'")
        assert actors == [("page:all",)]

    def test_a_button_that_is_pressed_twice_calls_once(self, tab: Tab, site: Site, booked: str) -> None:
        tab.sign_in("all")
        asked = tab.get(f"/page/schedules/{booked}/run")
        assert "+34600000001" in asked.text()
        first = tab.post(f"/page/schedules/{booked}/run", asked.fields())
        again = tab.post(f"/page/schedules/{booked}/run", asked.fields())
        assert first is not None and again is not None
        assert "was not run again" in again.text()
        assert site.query("select count(*) from calls") == [(1,)]
        fresh = tab.get(f"/page/schedules/{booked}/run").fields()
        refused = tab.post(f"/page/schedules/{booked}/run", fresh, status=409)
        assert refused is not None
        assert "is being called already" in refused.text()
        assert site.query("select count(*) from executions") == [(1,)]

    @pytest.mark.parametrize(
        ("scopes", "can"),
        [
            (("read",), set[str]()),
            (("read", "write"), {"pause", "cancel"}),
            (("read", "dial"), {"run"}),
        ],
    )
    def test_a_token_can_do_what_its_scopes_say(
        self, tab: Tab, site: Site, booked: str, scopes: tuple[str, ...], can: set[str]
    ) -> None:
        tab.sign_in(add_token(site.db, "some", *map(Scope, scopes)))
        here = f"/page/schedules/{booked}"
        found = tab.get(here)
        assert {link.rpartition("/")[2] for link in found.links() if link.startswith(f"{here}/")} == can
        seal = tab.get("/").fields()["seal"]
        for action in {"pause", "resume", "cancel", "run"} - can - ({"resume"} if "write" in scopes else set()):
            tab.get(f"{here}/{action}", 403)
            tab.post(f"{here}/{action}", {"seal": seal}, 403)
        assert site.query("select status from schedules") == [("active",)]
        assert site.query("select count(*) from executions") == [(0,)]

    def test_only_a_form_from_here_is_believed(self, tab: Tab, site: Site, booked: str) -> None:
        tab.sign_in("all")
        path = f"/page/schedules/{booked}/pause"
        fields = tab.get(path).fields()
        tab.post(path, {**fields, "seal": "x"}, 403)
        tab.post(path, {**fields, "seal": "é"}, 403)
        tab.post(path, {"reason": "x"}, 403)
        tab.post(path, fields, 403, origin="")
        for origin in ("https://evil.example", "null", "http://127.0.0.1:9999"):
            assert tab.send("POST", path, fields, origin=origin).status_code == 403
        assert tab.send("POST", path, None, content_type="text/plain").status_code == 415
        stranger = Tab(site, tab.app)
        stranger.post(path, fields, 401)
        other = Tab(site, tab.app)
        other.sign_in("all")
        other.post(path, fields, 403)
        assert site.query("select status from schedules") == [("active",)]
        tab.post(path, fields)
        assert site.query("select status from schedules") == [("paused",)]

    def test_what_the_state_forbids_is_said_on_a_page(self, tab: Tab, site: Site, booked: str) -> None:
        tab.sign_in("all")
        asked = tab.get(f"/page/schedules/{booked}/pause")
        with desk(site) as store:
            book.cancel(desk_of(store, site.clock, "operator"), booked, None)
        found = tab.post(f"/page/schedules/{booked}/pause", asked.fields(), 409)
        assert found is not None and "is canceled and cannot be paused" in found.text()
        run = tab.get(f"/page/schedules/{booked}/run")
        assert tab.post(f"/page/schedules/{booked}/run", run.fields(), 409) is not None


class TestWhatIsAskedWrongly:
    @pytest.mark.parametrize(
        ("path", "status", "said"),
        [
            ("/page/schedules/nobody", 404, "no schedule 'nobody'"),
            ("/page/schedules/%3Cscript%3E", 404, "no schedule '<script>'"),
            ("/page/executions/nobody", 404, "no execution 'nobody'"),
            ("/page/agents/nobody", 404, "no agent 'nobody'"),
            ("/page/agents?offset=-1", 422, "offset '-1'"),
            ("/page/agents?offset=9999999999999999999999", 422, "offset"),
            ("/page/month?month=2027-13", 422, "month '2027-13' is no month"),
            ("/page/month?month=9999-12", 422, "9999-12 is too far off"),
            ("/page/month?month=0001-01", 422, "0001-01 is too far off"),
            ("/page/history?status=lost", 422, "status 'lost' is not known"),
            ("/page/why?word=nobody", 404, "nothing is called 'nobody'"),
            ("/page/why?word=%2Bx", 422, "'+x'"),
            ("/page/why?word=%FF%00", 404, "nothing is called"),
        ],
    )
    def test_it_is_named_on_a_page(self, tab: Tab, path: str, status: int, said: str) -> None:
        tab.sign_in("read")
        assert said.lower() in tab.get(path, status).text().lower()

    def test_what_cannot_be_done_is_no_address(self, tab: Tab, booked: str) -> None:
        tab.sign_in("all")
        tab.get(f"/page/schedules/{booked}/destroy", 404)

    def test_a_database_that_went_away_is_told_without_its_path_and_comes_back(self, tab: Tab, site: Site) -> None:
        tab.sign_in("read")
        away = site.db.with_suffix(".away")
        site.db.rename(away)
        answer = tab.send("GET", "/")
        assert answer.status_code == 503 and answer.headers["retry-after"] == "5"
        assert "The workspace is not there." in checked(answer).text()
        assert ".db" not in answer.text and str(site.db.parent) not in answer.text
        away.rename(site.db)
        tab.get("/")


@pytest.mark.parametrize("hostile", [MARKUP, HOSTILE, "\u202egnp.exe", "שלום", "x" * 3_000])
def test_names_are_words_whatever_they_hold(tab: Tab, site: Site, booked: str, hostile: str) -> None:
    tab.sign_in("all")
    paths = ("/", f"/page/schedules/{booked}", f"/page/schedules/{booked}/cancel", "/page/agents", "/page/history")
    tab.post(f"/page/schedules/{booked}/run", tab.get(f"/page/schedules/{booked}/run").fields())
    plain = [tab.get(path).elements for path in paths]
    with desk(site) as store, store.transaction():
        store.execute("update agents set name = ?", (hostile,))
        store.execute("update users set name = ?", (hostile,))
        store.execute("update schedules set name = ?", (hostile,))
        store.execute("update schedules set status_reason = ?, description = ?", (hostile, hostile))
    found = [tab.get(path).elements for path in paths]
    found[1] -= Counter({"div": 1, "dt": 1, "dd": 1})  # now it has a description
    assert found == plain


def test_of_many_agents_and_schedules_the_first_are_shown_and_the_others_counted(tab: Tab, site: Site) -> None:
    now = site.clock.now()
    with desk(site) as store, store.transaction():
        for number in range(60):
            one = Agent(f"a-{number:02}", f"Agent {number}", None, "wss://x.example/", None, now, now)
            agents.insert(store, one)
    with desk(site) as store:
        made = desk_of(store, site.clock, "operator")
        for number in range(60):
            add(made, f"a-{number:02}", f"Of {number}")
        for number in range(70):
            add(made, "a-07", f"More {number}")
    found = tab.sign_in("read")
    assert "130 live schedules of 60 agents; each agent's next ones." in found.of("p")
    assert found.elements["h3"] == 8
    assert "… and 66 more" in found.text() and "… and 52 more" in found.text()
    first = tab.get("/page/agents")
    assert (first.elements["tr"], first.links().count("/page/agents?offset=50")) == (51, 1)
    last = tab.get("/page/agents?offset=50")
    assert (last.elements["tr"], last.links().count("/page/agents")) == (11, 2)
    theirs = tab.get("/page/agents/a-07?offset=50")
    assert theirs.elements["tr"] == 22


def add(made: Desk, agent: str, name: str) -> None:
    when = WhenWords(weekdays="1-5", at="09:30")
    request = Request(agent=agent, to="+34600000001", when=when, name=name, timezone="Europe/Madrid")
    schedules.insert(made.store, book.booked(made, request, "test", made.clock.now()))


def test_the_clock_of_the_page_is_the_workspaces(office: Tab) -> None:
    local = look.NOW.astimezone(datetime.fromisoformat("2026-10-21T00:00:00+02:00").tzinfo)
    assert f"{local:%H:%M:%S}" in office.get("/").of("time")
