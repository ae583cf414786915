"""Who asks, and may they? A bearer token, its scopes, and how often it may come; then what the request says.

Wrong tokens are counted by the address that they come from, and right ones by their own name. A right one is let in
however many wrong ones came before it: behind a proxy, where all come from one address, guessing keeps nobody out.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from hyponema_cli.core import document
from hyponema_cli.core.token import Scope, Token
from hyponema_cli.engine import body
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.idempotency import made_once
from hyponema_cli.serve.problems import Trouble
from hyponema_cli.serve.rooms import House, Room

LARGEST = 1 << 20
"""Bytes of a body. One is a page or two."""
BODY_SECONDS = 10.0
"""How long a body may take to arrive."""
WRONG_A_SECOND, WRONG_AT_ONCE = 1.0, 20.0
"""How often an address may show a wrong token."""
MOST_BUCKETS = 10_000
MOST_ROWS = 1_000
_CHALLENGE = 'Bearer realm="hyp"'

T = TypeVar("T")


class Bucket:
    """So many at once, and so many a second after that."""

    def __init__(self, a_second: float, at_once: float) -> None:
        self._a_second, self._most = a_second, at_once
        self._left, self._at = at_once, 0.0

    def take(self, now: float) -> bool:
        """Take one; False when there is none."""
        self._left = min(self._left + (now - self._at) * self._a_second, self._most) if self._at else self._most
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Buckets:
    """A bucket for everybody; those that nobody uses go when there are too many."""

    def __init__(self, a_second: float, at_once: float) -> None:
        self._new = partial(Bucket, a_second, at_once)
        self._of: dict[str, Bucket] = {}

    def of(self, whose: str) -> Bucket:
        """Return somebody's bucket."""
        if whose not in self._of:
            if len(self._of) >= MOST_BUCKETS:
                self._of.clear()
            self._of[whose] = self._new()
        return self._of[whose]


class Porter:
    """Knows the workspaces that are served, and who came how often."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.rooms = {name: Room(name, path, house.clock) for name, path in house.workspaces.items()}
        self._wrong = Buckets(WRONG_A_SECOND, WRONG_AT_ONCE)
        self._right = Buckets(house.requests_a_second, house.requests_a_second)

    @property
    def main(self) -> Room:
        """The workspace that guide B's routes are about."""
        return self.rooms[self.house.main]

    async def admit(self, request: Request, scope: Scope, workspace: str | None) -> Caller:
        """Return the caller of a request; raises Trouble when there is no letting it in."""
        room = self.main if workspace is None else self.rooms.get(workspace)
        if self.house.open_to_all:
            request.state.who = "anybody"
            token_id, name = "", "anybody"
        else:
            # A workspace that is not served is not told from one that is to whoever has no token at all.
            token = await self._bearer(request, room or self.main)
            request.state.who = token.name
            if room is not None and scope not in token.scopes:
                raise Trouble(
                    403,
                    "credentials",
                    f"this token does not allow to {scope}",
                    f"a token that does: hyp tokens add NAME --scope {scope}",
                    {"WWW-Authenticate": f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'},
                )
            token_id, name = token.id, token.name
        if room is None:
            raise Trouble(
                404, "not_found", f"no workspace {workspace!r} is served here", "hyp serve --allow-workspace"
            )
        self.slow_down(token_id)
        return Caller(request, room, token_id, f"api:{name}")

    def slow_down(self, token_id: str) -> None:
        """Count a request of a token; raises Trouble when there were too many."""
        if not self._right.of(token_id).take(asyncio.get_running_loop().time()):
            raise Trouble(429, "busy", "too many requests; try again", None, {"Retry-After": "1"})

    async def _bearer(self, request: Request, room: Room) -> Token:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        text = text.strip()
        if kind.casefold() != "bearer" or not text:
            raise Trouble(
                401, "credentials", "a token is needed", "Authorization: Bearer TOKEN; hyp tokens add NAME", _WANTED
            )
        return await self.vouched(request, room, text)

    async def vouched(self, request: Request, room: Room, text: str) -> Token:
        """Return the token that a request shows; raises Trouble when it is wrong, or when too many were."""
        token = await room.bearer(text)
        if token is None:
            wrong = self._wrong.of(request.client.host if request.client else "")
            if not wrong.take(asyncio.get_running_loop().time()):
                said = "too many wrong tokens came from there; try again"
                raise Trouble(429, "busy", said, None, {"Retry-After": "5"})
            raise Trouble(401, "credentials", "this token is not known here", "see: hyp tokens list", _WRONG)
        return token


_WANTED = {"WWW-Authenticate": _CHALLENGE}
_WRONG = {"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'}


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who was let in, with what they ask."""

    request: Request
    room: Room
    token_id: str
    actor: str

    async def ask(self, act: Callable[[Desk], T], **how: bool) -> T:
        """Let `act` be done in the workspace; `how`: see `Room.ask`."""
        return await self.room.ask(act, actor=self.actor, **how)

    async def body(self) -> Any:
        """Return what the body says; raises Trouble for what is not JSON, or too much."""
        kind = self.request.headers.get("content-type", "").partition(";")[0].strip().casefold()
        if kind != "application/json":
            raise Trouble(415, "usage", "the body must be JSON", "Content-Type: application/json")
        try:
            return document.parse((await octets_of(self.request)).decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise Trouble(400, "usage", f"the body is not UTF-8: {error.reason} at byte {error.start}") from None
        except ValueError as error:
            raise Trouble(400, "usage", f"the body is not JSON: {error}", "one object, whole") from None

    async def create(
        self, make: Callable[[Desk], str], then: Callable[[Desk, str, bool], T], *, together: bool = True, **how: bool
    ) -> tuple[T, bool]:
        """Make something once for the Idempotency-Key of the request; the second value is False for a repetition.

        `then` gets the id of what was made, and whether that was now.
        """
        key = self.request.headers.get("idempotency-key")
        asked = await self._digest() if key is not None else ""

        def act(desk: Desk) -> tuple[T, bool]:
            made, is_new = made_once(desk, self.token_id, key, asked, lambda: make(desk))
            return then(desk, made, is_new), is_new

        return await self.ask(act, together=together, **how)

    async def _digest(self) -> str:
        line = f"{self.request.method} {self.request.url.path}\n".encode()
        return hashlib.sha256(line + await octets_of(self.request)).hexdigest()


async def octets_of(request: Request) -> bytes:
    """Return the body; raises Trouble when it is too large, or too slow."""
    cached = getattr(request.state, "octets", None)
    if cached is None:
        try:
            async with asyncio.timeout(BODY_SECONDS):
                cached = await _read(request)
        except (TimeoutError, ClientDisconnect):
            raise Trouble(408, "usage", f"the body did not arrive within {BODY_SECONDS:g} s") from None
        request.state.octets = cached
    return bytes(cached)


async def _read(request: Request) -> bytes:
    length = request.headers.get("content-length", "0")
    octets = bytearray()
    if not length.isdigit() or int(length) <= LARGEST:
        async for part in request.stream():
            octets += part
            if len(octets) > LARGEST:
                break
        else:
            return bytes(octets)
    raise Trouble(
        413, "usage", f"the body is larger than {LARGEST:,} bytes", "several requests, or hyp schedules import"
    )


def form_of(octets: bytes) -> dict[str, str]:
    """Read a body that is a form; raises Trouble for what is none, or says something twice."""
    try:
        pairs = parse_qsl(octets.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError as error:
        raise Trouble(400, "usage", "the body is no form") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Trouble(400, "usage", "the body says something twice")
    return fields


def needs(scope: Scope) -> Any:
    """Return what lets a caller in who may do that."""

    async def admitted(request: Request) -> Caller:
        porter: Porter = request.app.state.porter
        caller = await porter.admit(request, scope, request.path_params.get("workspace"))
        known = [each.alias for each in request.scope["route"].dependant.query_params]
        for name in request.query_params:
            if name not in known:
                # Passed over, a filter that is misspelt would show everything.
                raise body.unknown("parameter", name, known)
        return caller

    return Depends(admitted)


Reader = Annotated[Caller, needs(Scope.READ)]
Writer = Annotated[Caller, needs(Scope.WRITE)]
Dialler = Annotated[Caller, needs(Scope.DIAL)]


def created(shape: Any, location: str, *, is_new: bool, status: int = 201) -> JSONResponse:
    """Answer a request that has made something, now or when it came first; `location` is where that can be seen."""
    headers = {"Location": location}
    return JSONResponse(shape, status, headers if is_new else {**headers, "Idempotency-Replayed": "true"})
