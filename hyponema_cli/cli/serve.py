"""hyp serve: the HTTP routes of both guides, as a service."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from hyponema_cli.cli.command import Session, command, single
from hyponema_cli.cli.config import read_callback
from hyponema_cli.cli.exits import Exit
from hyponema_cli.cli.pen import Pen
from hyponema_cli.cli.systemd import Notifier
from hyponema_cli.cli.worker import read_format, read_level
from hyponema_cli.config import workspace_name, workspace_path
from hyponema_cli.core.errors import Conflict, InvalidInput, MissingCredentials, Unusable
from hyponema_cli.core.instant import to_text
from hyponema_cli.render import log
from hyponema_cli.store import numbers, open_store, settings, tokens

if TYPE_CHECKING:
    import socket

    from hyponema_cli.serve.listening import Server

app = single()

LAST_CALLS = timedelta(seconds=30)
"""How long the worker beside it waits for requests to carriers when it is told to stop."""


@command(app, "serve")
def serve(
    session: Session,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", metavar="N", help="On which port.")] = 8010,
    allow_workspace: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-workspace",
            metavar="NAME",
            help="Serve this workspace, too, under /workspaces/NAME. May be repeated.",
            show_default=False,
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="A name under which it may be asked, such as a proxy's. May be repeated.",
            show_default=False,
        ),
    ] = None,
    public_url: Annotated[
        str | None,
        typer.Option(
            "--public-url",
            metavar="URL",
            help="Where carriers reach it. [default: the setting callback_url]",
            show_default=False,
        ),
    ] = None,
    no_auth: Annotated[
        bool, typer.Option("--no-auth", help="Ask for no token: whoever reaches this machine's loopback may do all.")
    ] = False,
    with_worker: Annotated[bool, typer.Option("--with-worker", help="Dial, too, as hyp run-worker does.")] = False,
    rate: Annotated[
        int, typer.Option("--rate", metavar="N", help="How many requests a second one token may send.")
    ] = 2000,
    log_format: Annotated[
        str | None,
        typer.Option(
            "--log-format",
            metavar="text|json|journal",
            help="The form of the log lines. [env: HYP_LOG_FORMAT]",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Answer HTTP requests until stopped: the routes of both guides, over the same workspace file.

    Safe beside hyp tick and hyp run-worker. Programs show a token (hyp tokens add); other machines reach it only by
    --host, and then through something that speaks TLS. Ctrl-C or SIGTERM lets the requests under way end, and ends
    with 0; a second one ends at once. docs/http.md has the routes.

    \b
    Examples:
      hyp serve
      hyp serve --with-worker --log-format json
      hyp serve --allow-workspace dev --port 8011
    """
    try:
        from hyponema_cli.serve import listening
        from hyponema_cli.serve.app import app_of
        from hyponema_cli.serve.rooms import House
    except ModuleNotFoundError as error:
        raise Unusable(
            f"hyp serve needs {error.name}, which is not installed", hint="pip install 'hyponema-cli[serve]'"
        ) from error

    if not 0 <= port <= 65535:
        raise InvalidInput(f"--port {port} is no port", hint="from 1 to 65535")
    local = listening.is_loopback(host)
    if no_auth and not local:
        raise InvalidInput(
            f"--no-auth and --host {host} cannot be used together: other machines would get in",
            hint="make a token: hyp tokens add NAME --scope read,write",
        )
    form = read_format(log_format or os.environ.get("HYP_LOG_FORMAT") or None)
    requests_a_second = _rate(rate)
    public_url = read_callback(public_url) if public_url is not None else None
    log_ = _Log(session, form or "text")
    main = workspace_name(session.path())
    named = {name: workspace_path(None, name, os.environ) for name in allow_workspace or ()}
    if named.get(main, session.path()) != session.path():
        raise InvalidInput(
            f"--allow-workspace {main!r} is another file than {str(session.path())!r}, which goes by that name here",
            hint="serve them by two servers, or give the file another name",
        )
    files = {**named, main: session.path()}
    own_hosts = [urlsplit(url).hostname for url in _public_urls(files, public_url, no_auth)]
    house = House(
        workspaces=files,
        main=main,
        clock=session.clock,
        environ=os.environ,
        open_to_all=no_auth,
        hosts=frozenset(name.casefold() for name in (*(allow_host or ()), *own_hosts, host) if name),
        public_url=public_url,
        requests_a_second=requests_a_second,
        log=log_.note,
    )
    with closing(listening.bound(host, port)) as socket_:
        if no_auth:
            log_.say("serve.trouble", "no token is asked for: every user of this machine may do all")
        for said in _never_verified(files, public_url):
            log_.say("serve.trouble", said)
        if not local:
            log_.say("serve.trouble", "this is plain HTTP: let only something that speaks TLS reach it; docs/http.md")
        server = listening.server_of(app_of(house))
        ready = f"listening on http://{_shown(host)}:{socket_.getsockname()[1]}; stop with Ctrl-C"
        _run(session, server, socket_, log_, ready, form=form or "text", with_worker=with_worker)


def _run(
    session: Session,
    server: Server,
    socket_: socket.socket,
    log_: _Log,
    ready: str,
    *,
    form: log.Format,
    with_worker: bool,
) -> None:
    """Serve until a signal comes; `ready` is what is said when it does."""
    notifier = Notifier(os.environ)
    if with_worker:
        from hyponema_cli.cli.worker import work
        from hyponema_cli.engine.worker import Habits

        thread = threading.Thread(target=server.run, args=([socket_],), daemon=True, name="http")
        thread.start()
        log_.say("serve.ready", ready)

        def stop() -> None:
            server.should_exit = True
            thread.join()

        work(session, Habits(requests_at_once=8, drain_within=LAST_CALLS), form, at_the_end=stop)
    else:
        _heed_signals(server, log_, notifier)
        log_.say("serve.ready", ready)
        notifier.ready("listening")
        server.run([socket_])
    log_.say("serve.stopped", "stopped")
    log_.pen.lay_down()


def _heed_signals(server: Server, log_: _Log, notifier: Notifier) -> None:
    """Let requests end at the first SIGTERM or SIGINT; end at once at the second."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        if server.should_exit:
            # Not by way of Python's end: a thread may be inside SQLite, which must not be taken apart under it.
            os._exit(Exit.INTERRUPTED if number == signal.SIGINT else Exit.TERMINATED)
        server.should_exit = True
        notifier.stopping()
        log_.say("serve.stopping", "finishing the requests under way")

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)


class _Log:
    """Writes what happens to stderr, a line each."""

    def __init__(self, session: Session, form: log.Format) -> None:
        self._clock = session.clock
        self._form = form
        self._least = log.LEVELS.index(read_level(os.environ.get("HYP_LOG_LEVEL") or "info"))
        self.pen = Pen()

    def note(self, event: str, words: Mapping[str, str | None]) -> None:
        """Write a line, if it matters enough."""
        if log.LEVELS.index(log.level_of(event)) >= self._least:
            self.pen.write(log.line(self._form, to_text(self._clock.now()), event, words))

    def say(self, event: str, said: str) -> None:
        """Say something of the server itself; to people in a sentence."""
        if self._form == "text":
            self.pen.write(f"hyp serve: {said}")
        else:
            self.note(event, {"message": said})


def _public_urls(files: Mapping[str, Path], public_url: str | None, no_auth: bool) -> list[str]:
    """Return where carriers are told to reach the workspaces; raises Conflict for one that nobody could get into."""
    found = [public_url] if public_url is not None else []
    for name, path in files.items():
        with closing(open_store(path)) as store:
            if not no_auth and not tokens.any_at_all(store):
                raise Conflict(
                    f"workspace {name!r} has no token, and nobody could get in",
                    hint="make one: hyp tokens add NAME --scope read,write; or, on this machine alone: --no-auth",
                )
            url = settings.load(store).callback_url
        found += [url] if url is not None else []
    return found


def _never_verified(files: Mapping[str, Path], public_url: str | None) -> Iterator[str]:
    """Yield why callbacks that carriers are asked for would be refused, each of them."""
    from hyponema_cli.carriers.twilio_account import auth_token_of

    for name, path in files.items():
        with closing(open_store(path)) as store:
            if public_url is None and settings.load(store).callback_url is None:
                continue
            for account in numbers.accounts(store):
                if account.partition(":")[0] != "twilio":
                    continue
                try:
                    auth_token_of(account, os.environ)
                except MissingCredentials as error:
                    yield f"workspace {name}: {error.message}; {error.hint}"


def _rate(number: int) -> float:
    if not 1 <= number <= 1_000_000:
        raise InvalidInput(f"--rate {number} must be from 1 to 1,000,000", hint="2000 is the default")
    return float(number)


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
