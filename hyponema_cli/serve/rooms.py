"""What does a request work on? A workspace. Threads have its file open: one of them for requests to carriers.

A third is for pages, and for what takes long to read. Bookings that wait together share a transaction; readings of
the same thing that wait together share one reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from hyponema_cli.clock import Clock
from hyponema_cli.core.token import Token, id_in
from hyponema_cli.engine import tokens
from hyponema_cli.engine.desk import Desk
from hyponema_cli.serve.problems import Trouble
from hyponema_cli.service.clerk import Clerk

MOST_WAITING = 1_000
"""Requests that wait for a workspace. Who comes then is told to come again, and not left waiting for minutes."""
FRESH_SECONDS = 1.0
"""How long the tokens are taken for what they were when they were last read."""

T = TypeVar("T")


@dataclass(frozen=True)
class House:
    """What a server was started with."""

    workspaces: Mapping[str, Path]
    """The files that it serves, by name."""
    main: str
    """The name of the one that guide B's routes are about."""
    clock: Clock
    environ: Mapping[str, str]
    """Where the secrets are found that callbacks are signed with."""
    open_to_all: bool = False
    """No token is asked for."""
    hosts: frozenset[str] = frozenset()
    """Names under which it may be asked, besides those of this machine."""
    public_url: str | None = None
    """Where carriers reach it, if the workspace's setting does not say."""
    requests_a_second: float = 2_000.0
    """For each token."""
    log: Callable[[str, Mapping[str, str | None]], None] = field(default=lambda event, words: None)
    """Gets an event and words about it; called on the event loop."""


class Room:
    """A workspace that is served."""

    def __init__(self, name: str, path: Path, clock: Clock) -> None:
        self.name = name
        self._clerk = Clerk(path, clock)
        # A request to a carrier takes seconds, and nobody who books should wait for it.
        self._dialler = Clerk(path, clock)
        # Nor for a page, which looks at more than a program asks for.
        self._looker = Clerk(path, clock)
        self._waiting = 0
        self._shared: dict[str, asyncio.Future[Any]] = {}
        self._tokens: dict[str, Token] = {}
        self._read_at = float("-inf")

    async def ask(
        self,
        act: Callable[[Desk], T],
        *,
        actor: str = "server",
        together: bool = False,
        dials: bool = False,
        looks: bool = False,
    ) -> T:
        """Let `act` be done in a thread of the workspace; `together`: in one transaction with others that wait.

        `dials`: it may wait for a carrier; `looks`: it only reads, and much.
        """
        if self._waiting >= MOST_WAITING:
            raise Trouble(503, "busy", "too many requests wait for this workspace; try again", None, _SOON)
        self._waiting += 1
        try:
            clerk = self._dialler if dials else self._looker if looks else self._clerk
            return await asyncio.wrap_future(clerk.ask(partial(_as, actor, act), together=together))
        finally:
            self._waiting -= 1

    async def ask_shared(self, name: str, act: Callable[[Desk], T]) -> T:
        """Let `act` be done once for all who ask for the same before it has begun."""
        shared = self._shared.get(name)
        if shared is None:
            shared = self._shared[name] = asyncio.ensure_future(self.ask(partial(self._begin, name, act)))
            shared.add_done_callback(lambda done: self._forget(name, done))
        return await asyncio.shield(shared)

    def _begin(self, name: str, act: Callable[[Desk], T], desk: Desk) -> T:
        # From here on it sees the workspace as it is now: whoever asks later must not be told this.
        self._shared.pop(name, None)
        return act(desk)

    def _forget(self, name: str, done: asyncio.Future[Any]) -> None:
        if self._shared.get(name) is done:
            del self._shared[name]
        if not done.cancelled():
            done.exception()  # each who waits is told; nobody may be left

    async def bearer(self, text: str) -> Token | None:
        """Return the token that somebody shows; None when it is none of this workspace's.

        All are read at once, so that a thousand guesses that wait together cost one reading.
        """
        now = asyncio.get_running_loop().time()
        if now - self._read_at >= FRESH_SECONDS or id_in(text) not in self._tokens:
            self._tokens = await self.ask_shared("tokens", lambda desk: tokens.by_id(desk.store))
            self._read_at = now
        return tokens.bearer(self._tokens, text)

    async def close(self) -> None:
        """Do what waits, and let go of the file."""
        await asyncio.gather(
            *(asyncio.wrap_future(clerk.close()) for clerk in (self._clerk, self._dialler, self._looker))
        )


_SOON = {"Retry-After": "1"}


def _as(actor: str, act: Callable[[Desk], T], desk: Desk) -> T:
    desk.actor = actor
    return act(desk)
