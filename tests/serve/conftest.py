"""A server in a thread of the test, whose clock is a variable, and a way to ask its app without a socket."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.token import Scope
from hyponema_cli.engine import tokens
from hyponema_cli.serve.app import app_of
from hyponema_cli.serve.listening import bound, server_of
from hyponema_cli.serve.rooms import House
from hyponema_cli.store import open_store
from hyponema_cli.wire import desk_of
from tests.cli.conftest import bare_hyp, furnished, hyp
from tests.processes.waiting import until

__all__ = ["bare_hyp", "furnished", "hyp"]

NOON = datetime(2024, 1, 15, 12, 0, tzinfo=UTC)
"""Before every time that the guides name."""
CALL = {"phone_number": "+34600000001", "scheduled_time": "2024-02-01 14:30:00", "timezone": "Europe/Madrid"}


def add_token(db: Path, name: str, *scopes: Scope) -> str:
    """Make a token, as `hyp tokens add` does."""
    with closing(open_store(db)) as store:
        return tokens.add(desk_of(store, VirtualClock(NOON), "operator"), name, scopes)[1]


@dataclass
class Site:
    """A workspace that is served."""

    house: House
    clock: VirtualClock
    db: Path
    tokens: dict[str, str] = field(default_factory=dict)
    logged: list[tuple[str, Mapping[str, str | None]]] = field(default_factory=list)

    def ask(
        self, method: str, path: str, body: Any = None, *, shows: str | None = "all", **more: Any
    ) -> httpx.Response:
        """Send one request to the app, without a socket."""
        return self.ask_all([(method, path, body)], shows=shows, **more)[0]

    def ask_all(
        self,
        requests: list[tuple[str, str, Any]],
        *,
        shows: str | None = "all",
        headers: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        host: str = "127.0.0.1:8010",
        together: bool = False,
    ) -> list[httpx.Response]:
        """Send requests, one after the other or all at once."""
        shown = {"Authorization": f"Bearer {self.tokens.get(shows, shows)}"} if shows is not None else {}

        async def story() -> list[httpx.Response]:
            app = app_of(self.house)
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
                sent = [
                    client.request(
                        method,
                        path,
                        headers={
                            **shown,
                            **({"Content-Type": "application/json"} if body is not None or content else {}),
                            **(headers or {}),
                        },
                        content=content if content is not None else json.dumps(body) if body is not None else None,
                    )
                    for method, path, body in requests
                ]
                answers = list(await asyncio.gather(*sent)) if together else [await each for each in sent]
            for room in app._app.state.porter.rooms.values():  # type: ignore[attr-defined]
                await room.close()
            return answers

        return asyncio.run(story())

    def query(self, sql: str) -> list[Any]:
        with closing(open_store(self.db)) as store:
            return store.execute(sql).fetchall()


@pytest.fixture
def site(tmp_path: Path, furnished: Path) -> Site:
    """A workspace with an agent, its number and Ana, at noon on 15 January 2024, and tokens for everything."""
    db = tmp_path / "default.db"
    shutil.copy(furnished, db)
    clock = VirtualClock(NOON)
    made = Site(House({"default": db}, "default", clock, {}), clock, db)
    made.house = replace(made.house, log=lambda event, words: made.logged.append((event, words)))
    made.tokens["all"] = add_token(db, "all", *Scope)
    for scope in Scope:
        made.tokens[scope] = add_token(db, scope, scope)
    return made


@pytest.fixture
def listen() -> Callable[[House], Any]:
    """Serve a house on a port of this machine while a block lasts; gives the port."""

    @contextmanager
    def listening(house: House) -> Iterator[int]:
        with closing(bound("127.0.0.1", 0)) as socket:
            server = server_of(app_of(house))
            thread = threading.Thread(target=server.run, args=([socket],))
            thread.start()
            try:
                until(lambda: server.started)
                yield socket.getsockname()[1]
            finally:
                server.should_exit = True
                thread.join()

    return listening
