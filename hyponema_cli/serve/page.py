"""Which pages can be looked at? `/` and what it leads to: of the main workspace, and under `/workspaces/NAME/`.

A page reads what it shows in one go. What it changes, it changes by the functions that the commands call, and only
for a form that came from here: no other site's request bears the cookie, the door has looked where the form comes
from, and it brings back what only a page of ours could know.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import wraps
from itertools import islice
from typing import TypeVar

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from hyponema_cli.core.call import LIVE_SCHEDULES, ExecutionState
from hyponema_cli.core.errors import HypError, InvalidInput, NotFound
from hyponema_cli.core.names import statuses
from hyponema_cli.core.records import Execution
from hyponema_cli.core.token import Scope
from hyponema_cli.core.walltime import wall_of
from hyponema_cli.engine import book, find
from hyponema_cli.engine import watch as engine
from hyponema_cli.engine import why as explain
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.idempotency import made_once
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.engine.overview import AgentPage
from hyponema_cli.render import web, web_watch, web_why
from hyponema_cli.render.web import Paging, Seat
from hyponema_cli.serve.callers import Porter, form_of, octets_of
from hyponema_cli.serve.page_sessions import LASTS, Session, Sessions, is_sealed
from hyponema_cli.serve.problems import OF_THE_MACHINE, Trouble, trouble_of
from hyponema_cli.serve.rooms import Room
from hyponema_cli.store import executions, schedules, tokens

routes = APIRouter(include_in_schema=False)

HEADERS = {
    "Content-Security-Policy": web.POLICY,
    # Not less: without it a browser does not say where a form of ours comes from.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
LOOKED_BACK = timedelta(days=web_watch.DAYS_OF_A_STATUS)
LARGEST_OFFSET = 1_000_000_000

T = TypeVar("T")
Route = Callable[[Request], Awaitable[Response]]


class SignedOut(Exception):
    """Nobody is signed in here, or not any more."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who looks at a workspace."""

    request: Request
    porter: Porter
    room: Room
    base: str
    session: Session | None
    """None where no token is asked for."""
    seal: str

    async def see(self, act: Callable[[Desk, Seat], T], scope: Scope = Scope.READ, **how: bool) -> tuple[T, Seat]:
        """Let `act` be done, if the token may, still; its right is read in the same go. `how`: see `Room.ask`."""

        def checked(desk: Desk) -> tuple[T, Seat]:
            seat = self._seat(desk, scope)
            return act(desk, seat), seat

        name = self.session.token.name if self.session is not None else "anybody"
        self.request.state.who = name
        self.porter.slow_down(self.session.token.id if self.session is not None else "")
        return await self.room.ask(checked, actor=f"page:{name}", **how)

    def _seat(self, desk: Desk, scope: Scope) -> Seat:
        scopes = frozenset(Scope)
        if self.session is not None:
            token = tokens.find(desk.store, self.session.token.id)
            if token is None or token.digest != self.session.token.digest:
                raise SignedOut
            scopes = token.scopes
        if scope not in scopes:
            hint = f"a token that does: hyp tokens add NAME --scope {scope}"
            raise Trouble(403, "credentials", f"this token does not allow to {scope}", hint)
        return Seat(
            self.room.name,
            self.base,
            desk.clock.now(),
            engine.zone_of(desk.settings()),
            self.session.token.name if self.session is not None else None,
            Scope.WRITE in scopes,
            Scope.DIAL in scopes,
            self.seal,
        )

    async def form(self) -> dict[str, str]:
        """Return what a form of ours says; raises Trouble for any other."""
        fields = await _fields(self.request)
        if not is_sealed(fields.get("seal", ""), self.seal):
            raise Trouble(403, "usage", "this form is too old, or none of ours", "load the page again, and then try")
        return fields


def _page(route: Callable[[Visitor], Awaitable[Response]]) -> Route:
    """Let a visitor in to a page; whatever goes wrong is told by a page too."""

    @wraps(route)
    async def shown(request: Request) -> Response:
        porter: Porter = request.app.state.porter
        base = ""
        try:
            room, base = _room_of(request)
            sessions: Sessions = request.app.state.sessions
            session = None
            if not porter.house.open_to_all:
                key = request.cookies.get(_cookie(room), "")
                session = sessions.find(key, room.name, porter.house.clock.now())
                if session is None:
                    return _asking(request, room, base)
            seal = session.seal if session is not None else sessions.seal
            return await route(Visitor(request, porter, room, base, session, seal))
        except SignedOut:
            return _asking(request, room, base, "This token was revoked, or the session is over.")
        except HypError as error:
            if error.kind in OF_THE_MACHINE:
                porter.house.log("http.trouble", {"kind": error.kind, "message": error.message})
            return _told(request, trouble_of(error), base)
        except Trouble as trouble:
            return _told(request, trouble, base)

    shown.__annotations__ = {"request": Request, "return": Response}
    del shown.__wrapped__
    return shown


def _room_of(request: Request) -> tuple[Room, str]:
    porter: Porter = request.app.state.porter
    name = request.path_params.get("workspace")
    if name is None:
        return porter.main, ""
    if name not in porter.rooms:
        raise Trouble(404, "not_found", f"no workspace {name!r} is served here", "hyp serve --allow-workspace")
    return porter.rooms[name], f"/workspaces/{name}"


def _cookie(room: Room) -> str:
    return f"hyp.{room.name}"


def _html(text: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return HTMLResponse(text, status, {**HEADERS, **(headers or {})})


def _asking(request: Request, room: Room, base: str, wrong: str | None = None, status: int = 401) -> Response:
    """Ask for a token, and go on from there to what was asked for."""
    then = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    text = web.sign_in(
        f"{base}/page/sign-in",
        then if request.method == "GET" and _is_ours(then, base) else f"{base}/",
        room.name,
        wrong=wrong,
        from_elsewhere=request.headers.get("sec-fetch-site") == "cross-site",
    )
    return _html(text, status, {"WWW-Authenticate": 'Bearer realm="hyp"'} if status == 401 else None)


_TITLES = {403: "Not allowed", 404: "Not found", 409: "That cannot be done", 503: "The workspace cannot be used now"}


def _told(request: Request, trouble: Trouble, base: str) -> Response:
    title = _TITLES.get(trouble.status, "That did not work")
    ways = [("The overview", f"{base}/")]
    if request.method == "GET" and trouble.status in (429, 503):
        ways.insert(0, ("Try again", f"{request.url.path}?{request.url.query}".rstrip("?")))
    said = f"{trouble.detail[:1].upper()}{trouble.detail[1:]}."
    return _html(web.trouble(base, title, said, trouble.hint, *ways), trouble.status, trouble.headers)


def _is_ours(address: str, base: str) -> bool:
    """True for an address of a page, and of nothing else that a browser could be led to."""
    return address == f"{base}/" or address.startswith((f"{base}/?", f"{base}/page/"))


async def _fields(request: Request) -> dict[str, str]:
    if "origin" not in request.headers:
        # The door has compared it, where it was said; every browser says it of a form.
        raise Trouble(403, "usage", "this form does not say where it comes from", "programs use /api instead")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
    if kind != "application/x-www-form-urlencoded":
        raise Trouble(415, "usage", "this is for forms", "programs use /api instead")
    return form_of(await octets_of(request))


def _gone_to(address: str) -> Response:
    return RedirectResponse(address, 303, HEADERS)


@routes.post("/page/sign-in")
async def sign_in(request: Request) -> Response:
    """Begin a session for whoever shows a token."""
    porter: Porter = request.app.state.porter
    base = ""
    try:
        room, base = _room_of(request)
        fields = await _fields(request)
        then = fields.get("then", "")
        if not _is_ours(then, base):
            then = f"{base}/"
        if porter.house.open_to_all:
            return _gone_to(then)
        try:
            token = await porter.vouched(request, room, fields.get("token", "").strip())
        except Trouble as trouble:
            if trouble.status != 401:
                raise
            text = web.sign_in(f"{base}/page/sign-in", then, room.name, wrong="This token is not known here.")
            return _html(text, 403)
    except HypError as error:
        return _told(request, trouble_of(error), base)
    except Trouble as trouble:
        return _told(request, trouble, base)
    sessions: Sessions = request.app.state.sessions
    request.state.who = token.name
    sessions.end(request.cookies.get(_cookie(room), ""))
    key = sessions.begin(room.name, token, porter.house.clock.now())
    answer = _gone_to(then)
    answer.set_cookie(
        _cookie(room),
        key,
        max_age=int(LASTS.total_seconds()),
        path=f"{base}/",
        httponly=True,
        samesite="strict",
        # As the browser sees us, which a proxy may hide from us.
        secure=request.headers["origin"].startswith("https://"),
    )
    return answer


@routes.post("/page/sign-out")
@_page
async def sign_out(visitor: Visitor) -> Response:
    """End the session."""
    await visitor.form()
    sessions: Sessions = visitor.request.app.state.sessions
    sessions.end(visitor.request.cookies.get(_cookie(visitor.room), ""))
    answer = _gone_to(f"{visitor.base}/")
    answer.delete_cookie(_cookie(visitor.room), path=f"{visitor.base}/", httponly=True, samesite="strict")
    return answer


@routes.get("/")
@_page
async def overview(visitor: Visitor) -> Response:
    """Show what goes on, what comes, and above all what is in doubt."""
    found, seat = await visitor.see(
        lambda desk, seat: engine.watch(desk.store, seat.now, visitor.room.name), looks=True
    )
    return _html(web_watch.overview(found, seat))


@routes.get("/page/agents")
@_page
async def agents(visitor: Visitor) -> Response:
    """List the agents that have live schedules."""
    offset = _offset(visitor.request)
    (found, count), seat = await visitor.see(
        lambda desk, _: schedules.loads(desk.store, engine.A_PAGE, offset), looks=True
    )
    paging = _paging(seat, ("agents",), offset, has_more=count > offset + len(found))
    return _html(web_watch.agents_page(found, count, seat, paging))


@routes.get("/page/agents/{agent_id}")
@_page
async def agent(visitor: Visitor) -> Response:
    """List the live schedules of an agent."""
    offset, word = _offset(visitor.request), _word(visitor.request, "agent_id")

    def read(desk: Desk, _: Seat) -> AgentPage:
        found = find.agent(desk.store, word)
        theirs = schedules.select(
            desk.store, statuses=LIVE_SCHEDULES, agent_id=found.id, limit=engine.A_PAGE, offset=offset
        )
        return AgentPage(found.id, found.name, theirs, schedules.count_live_of(desk.store, "agent_id", found.id))

    (it, settings), seat = await visitor.see(lambda desk, seat: (read(desk, seat), desk.settings()), looks=True)
    paging = _paging(seat, ("agents", it.agent_id), offset, has_more=it.count > offset + len(it.schedules))
    return _html(web_watch.agent_page(it, settings, seat.now, seat, paging))


@routes.get("/page/month")
@_page
async def month(visitor: Visitor) -> Response:
    """Show a month of all schedules."""
    first = _month(visitor.request)

    def read(desk: Desk, seat: Seat) -> engine.Month:
        day = first or wall_of(seat.now, seat.zone).date()
        return engine.month_of(desk.store, desk.settings(), _within(day, seat), seat.zone, seat.now)

    found, seat = await visitor.see(read, looks=True)
    return _html(web_watch.month_page(found, seat))


@routes.get("/page/history")
@_page
async def history(visitor: Visitor) -> Response:
    """List what became of everything that came due."""
    offset = _offset(visitor.request)
    wanted = visitor.request.query_params.get("status") or "all"
    chosen = () if wanted == "all" else statuses("status", [wanted], tuple(ExecutionState), ())

    def read(desk: Desk, seat: Seat) -> list[Execution]:
        # What is seldom is looked for far back, and not without end.
        since = seat.now - LOOKED_BACK if chosen else None
        return executions.select(desk.store, statuses=chosen, since=since, limit=engine.A_PAGE + 1, offset=offset)

    found, seat = await visitor.see(read, looks=True)
    more = len(found) > engine.A_PAGE
    paging = _paging(seat, ("history",), offset, has_more=more, status=wanted if chosen else None)
    return _html(web_watch.history_page(found[: engine.A_PAGE], ("all", *ExecutionState), wanted, seat, paging))


@routes.get("/page/why")
@_page
async def why(visitor: Visitor) -> Response:
    """Explain the calls of a schedule, an execution, a person or a number."""
    word = _printable(visitor.request.query_params.get("word", "")).strip()
    if not word:
        return _gone_to(f"{visitor.base}/")
    (found, settings), seat = await visitor.see(
        lambda desk, _: (explain.why(desk, word, None), desk.settings()), looks=True
    )
    return _html(web_why.why_page(found, word, settings, seat))


@routes.get("/page/executions/{execution_id}")
@_page
async def execution(visitor: Visitor) -> Response:
    """Explain one call."""
    word = _word(visitor.request, "execution_id")

    def read(desk: Desk, _: Seat) -> explain.Because:
        if executions.get(desk.store, word) is None:
            raise NotFound(f"no execution {word!r}", hint="see the history")
        return explain.why(desk, word, None)[0]

    (found, settings), seat = await visitor.see(lambda desk, seat: (read(desk, seat), desk.settings()), looks=True)
    return _html(web_why.execution_page(found, settings, seat, visitor.request.query_params.get("done")))


@routes.get("/page/schedules/{schedule_id}")
@_page
async def schedule(visitor: Visitor) -> Response:
    """Show one schedule, and why it rings or does not."""
    word, first = _word(visitor.request, "schedule_id"), _month(visitor.request)

    def read(desk: Desk, seat: Seat) -> web_why.OneSchedule:
        found, settings = find.schedule(desk.store, word), desk.settings()
        try:
            zone = found.zone(settings.timezone) or seat.zone
            coming = list(islice(occurrences_ahead(desk.store, found, settings), 5))
        except InvalidInput:  # it has lost its zone, or its time of day
            zone, coming = seat.zone, []
        day = _within(first, seat) if first else wall_of(found.next_run_at or seat.now, zone).date()
        return web_why.OneSchedule(
            found,
            settings,
            explain.why(desk, found.id, None)[0],
            coming,
            engine.month_of(desk.store, settings, day, zone, seat.now, found),
            executions.select(desk.store, schedule_id=found.id, limit=10),
        )

    found, seat = await visitor.see(read, looks=True)
    return _html(web_why.schedule_page(found, seat, visitor.request.query_params.get("done")))


_DOES = {"pause": book.pause, "resume": book.resume, "cancel": book.cancel}
_DONE = {"pause": "paused", "resume": "resumed", "cancel": "canceled"}


def _scope_of(action: str) -> Scope:
    if action not in (*_DOES, "run"):
        raise Trouble(404, "not_found", "there is nothing at this address")
    return Scope.DIAL if action == "run" else Scope.WRITE


@routes.get("/page/schedules/{schedule_id}/{action}")
@_page
async def ask(visitor: Visitor) -> Response:
    """Ask whether somebody is sure."""
    word, action = _word(visitor.request, "schedule_id"), _word(visitor.request, "action")
    (found, settings), seat = await visitor.see(
        lambda desk, _: (find.schedule(desk.store, word), desk.settings()), _scope_of(action)
    )
    key = secrets.token_urlsafe(16) if action == "run" else None
    asked = web_why.question(found, action, settings, seat, key)
    here = seat.to("schedules", found.id)
    return _html(web.confirm(seat, asked, f"{here}/{action}", here))


@routes.post("/page/schedules/{schedule_id}/{action}")
@_page
async def do(visitor: Visitor) -> Response:
    """Do it: pause, resume, cancel, or call now."""
    word, action = _word(visitor.request, "schedule_id"), _word(visitor.request, "action")
    fields, scope = await visitor.form(), _scope_of(action)
    if action == "run":
        return await _run(visitor, word, fields.get("key") or None)
    reason = _printable(fields.get("reason", "")).strip()
    if len(reason) > web.LONGEST_REASON:
        raise Trouble(422, "usage", f"the reason is longer than {web.LONGEST_REASON} characters")
    done, seat = await visitor.see(lambda desk, _: _DOES[action](desk, word, reason or None), scope)
    return _gone_to(seat.to("schedules", done.id, done=_DONE[action]))


async def _run(visitor: Visitor, word: str, key: str | None) -> Response:
    """Call now; a button that is pressed twice calls once."""
    token_id = visitor.session.token.id if visitor.session is not None else ""

    def run(desk: Desk, _: Seat) -> tuple[str, bool]:
        found = find.schedule(desk.store, word)
        made, is_new = made_once(
            desk, token_id, key, f"page run {found.id}", lambda: book.record_manual(desk, found.id)
        )
        if is_new:
            book.dial_recorded(desk, made)
        return made, is_new

    (made, is_new), seat = await visitor.see(run, Scope.DIAL, dials=True)
    return _gone_to(seat.to("executions", made, done="run" if is_new else "run-before"))


def _word(request: Request, name: str) -> str:
    return _printable(str(request.path_params[name]))


def _printable(text: str) -> str:
    """Refuse what no database can hold: half a character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Trouble(400, "usage", "this address cannot be read") from None
    return text


def _offset(request: Request) -> int:
    text = request.query_params.get("offset", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_OFFSET):
        raise InvalidInput(f"offset {text!r} must be a whole number, 0 or more", hint="leave it out for the first")
    return int(text)


def _month(request: Request) -> date | None:
    text = request.query_params.get("month")
    if text is None:
        return None
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise InvalidInput(f"month {text!r} is no month", hint="as in 2027-03") from None


def _within(day: date, seat: Seat) -> date:
    """Refuse months that are too far off to be computed."""
    if not 0 <= day.year - seat.now.year + 1 <= web_watch.CALENDAR_YEARS:
        raise InvalidInput(f"{day.isoformat()[:7]} is too far off", hint="as in 2027-03")
    return day


def _paging(seat: Seat, path: tuple[str, ...], offset: int, *, has_more: bool, status: str | None = None) -> Paging:
    before = max(offset - engine.A_PAGE, 0)
    newer = seat.to(*path, status=status, offset=before or None) if offset else None
    older = seat.to(*path, status=status, offset=offset + engine.A_PAGE) if has_more else None
    return Paging(newer, older)
