"""hyp config: the settings of a workspace."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, NamedTuple

import typer

from hyponema_cli.cli import output, values
from hyponema_cli.cli.command import WRITE, Session, command, group
from hyponema_cli.cli.users import moved_sentence
from hyponema_cli.core import caps, timewords, window
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.records import Settings
from hyponema_cli.core.webhook import EVENTS
from hyponema_cli.engine import book, configure
from hyponema_cli.engine.request import is_address, webhook_events, webhook_url, without_secret
from hyponema_cli.render.tables import Column
from hyponema_cli.store import settings

app = group("The settings of a workspace, kept in its file.")


class _Setting(NamedTuple):
    read: Callable[[str], str]
    """From what was typed to what is stored; raises InvalidInput."""
    value: Callable[[Settings], object]
    text: Callable[[Settings], str | None]
    about: str


def _read_switch(key: str) -> Callable[[str], str]:
    words = {"true": "true", "on": "true", "yes": "true", "false": "false", "off": "false", "no": "false"}

    def read(text: str) -> str:
        if text.strip().casefold() not in words:
            raise InvalidInput(f"{key} {text!r} is not true or false", hint=f"hyp config set {key} true")
        return words[text.strip().casefold()]

    return read


def _read_receiver(text: str) -> str:
    # Whether a private address is meant, the setting beside it says; `set` looks at both.
    return webhook_url(text, allow_private=True) or ""


def read_heartbeat(text: str) -> str:
    """Check an address that is told that all is well."""
    if not is_address(text, ("http", "https")):
        raise InvalidInput(
            f"heartbeat_url {without_secret(text)!r} is not http(s)", hint="as in https://example.org/ping/hyp"
        )
    return text


def read_callback(text: str) -> str:
    """Check the address under which carriers reach `hyp serve`."""
    if not is_address(text, ("http", "https")) or "?" in text or "#" in text:
        raise InvalidInput(
            f"callback_url {without_secret(text)!r} is not the address of a server",
            hint="as in https://calls.example.org, without a query",
        )
    return text.rstrip("/")


def _read_window(text: str) -> str:
    window = timewords.parse_duration(text)
    if not window:
        raise InvalidInput(f"catch_up_window {text} would miss every call", hint="a minute or more, as in 15m")
    return str(int(window.total_seconds()))


def _read_pace(text: str) -> str:
    pace = float(text) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text.strip(), re.ASCII) else 0.0
    if not SLOWEST_PACE <= pace <= FASTEST_PACE:
        raise InvalidInput(
            f"pace {text!r} is not a number of calls a second", hint=f"from {SLOWEST_PACE:g} to {FASTEST_PACE:g}"
        )
    return f"{pace:g}"


SLOWEST_PACE, FASTEST_PACE = 0.01, 1000.0
MOST_CALLS = 1_000_000


def _read_count(key: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        digits = text.strip().lstrip("0") if text.isascii() and text.strip().isdigit() else ""
        if not (digits and int(digits[:9]) <= MOST_CALLS and len(digits) < 9):
            raise InvalidInput(
                f"{key} {text!r} is not a number of calls",
                hint=f"from 1 to {MOST_CALLS:,}; for no limit: hyp config unset {key}",
            )
        return digits

    return read


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


SETTINGS = {
    "live": _Setting(
        _read_switch("live"),
        lambda it: it.live,
        lambda it: "true" if it.live else "false",
        "real carriers may dial; off: only the simulated one",
    ),
    "timezone": _Setting(
        lambda text: timewords.parse_zone(text).key,
        lambda it: it.timezone,
        lambda it: it.timezone,
        "for schedules that have none, nor their user",
    ),
    "catch_up_window": _Setting(
        _read_window,
        lambda it: int(it.catch_up_window.total_seconds()),
        lambda it: timewords.duration_text(it.catch_up_window),
        "how late a call may still go out",
    ),
    "calling_window": _Setting(
        lambda text: window.parse(text).text,
        lambda it: it.calling_window.text if it.calling_window else None,
        lambda it: it.calling_window.text if it.calling_window else None,
        "when people may be called, on their clocks; not set: at any hour",
    ),
    "call_cap": _Setting(
        lambda text: caps.to_text(caps.parse(text)),
        lambda it: caps.to_text(it.call_cap) or None,
        lambda it: caps.to_text(it.call_cap) or None,
        "how often one person may be dialled, as in 3/24h, 7/7d",
    ),
    "pace": _Setting(
        _read_pace,
        lambda it: it.pace,
        lambda it: _number(it.pace),
        "calls a second for each carrier account; not set: what the carrier says",
    ),
    "concurrency": _Setting(
        _read_count("concurrency"),
        lambda it: it.concurrency,
        lambda it: str(it.concurrency) if it.concurrency else None,
        "how many calls may go on at once",
    ),
    "daily_budget": _Setting(
        _read_count("daily_budget"),
        lambda it: it.daily_budget,
        lambda it: str(it.daily_budget) if it.daily_budget else None,
        "how many calls may be made in a day of the workspace's timezone",
    ),
    "webhook_url": _Setting(
        _read_receiver,
        lambda it: it.webhook_url,
        lambda it: it.webhook_url,
        "who is told of executions whose schedule names nobody",
    ),
    "webhook_events": _Setting(
        lambda text: ",".join(webhook_events(values.comma_list([text]) or []) or ()),
        lambda it: list(it.webhook_events),
        lambda it: ",".join(it.webhook_events) or None,
        f"of what, where the schedule does not say: {', '.join(EVENTS)}; not set: everything",
    ),
    "webhook_allow_private": _Setting(
        _read_switch("webhook_allow_private"),
        lambda it: it.webhook_allow_private,
        lambda it: "true" if it.webhook_allow_private else "false",
        "receivers may stand on this machine or in its network",
    ),
    "heartbeat_url": _Setting(
        read_heartbeat,
        lambda it: it.heartbeat_url,
        lambda it: it.heartbeat_url,
        "asked after every good pass of a worker or a tick, for a service that misses it",
    ),
    "callback_url": _Setting(
        read_callback,
        lambda it: it.callback_url,
        lambda it: it.callback_url,
        "where carriers reach hyp serve, to tell what becomes of calls; not set: they are only asked",
    ),
}

Key = Annotated[str, typer.Argument(metavar="KEY", help="See: hyp config show", show_default=False)]


@command(app, "show")
def show(session: Session) -> None:
    """Show every setting, its value and where that comes from.

    \b
    Examples:
      hyp config show
      hyp config show --json | jq .timezone
    """
    with session.store() as store:
        current, chosen = settings.load(store), settings.stored(store)
    columns = [
        Column[str]("setting", lambda key: key),
        Column[str]("value", lambda key: SETTINGS[key].text(current)),
        Column[str]("from", lambda key: "workspace" if key in chosen else "default"),
        Column[str]("about", lambda key: SETTINGS[key].about, elastic=True),
    ]
    if session.json:
        session.show_one([], {key: each.value(current) for key, each in SETTINGS.items()})
    else:
        session.show(list(SETTINGS), columns, str, "")


@command(app, "get")
def get(session: Session, key: Key) -> None:
    """Print one setting.

    \b
    Examples:
      hyp config get live
      hyp --workspace dev config get timezone
    """
    setting = _setting(key)
    with session.store() as store:
        current = settings.load(store)
    if session.json:
        session.show_one([], {key: setting.value(current)})
    else:
        output.data((setting.text(current) or "") + "\n")


@command(app, "set", WRITE)
def set_(
    session: Session, key: Key, value: Annotated[str, typer.Argument(help="Its new value.", show_default=False)]
) -> None:
    """Choose a setting.

    \b
    Examples:
      hyp config set live true
      hyp config set timezone Europe/Madrid
      hyp config set catch_up_window 30m
      hyp config set calling_window "mon-fri 09:00-20:00; sat 10:00-18:00"
      hyp config set call_cap 3/24h,7/7d
    """
    stored = _setting(key).read(value)
    _change(session, key, stored)


@command(app, "unset", WRITE)
def unset(session: Session, key: Key) -> None:
    """Go back to a setting's default.

    \b
    Examples:
      hyp config unset live
      hyp config unset daily_budget --dry-run
    """
    _setting(key)
    _change(session, key, None)


def _change(session: Session, key: str, stored: str | None) -> None:
    with session.desk() as desk:
        moved = []
        if key == "webhook_url":
            webhook_url(stored, desk.settings().webhook_allow_private)
        if key == "timezone":
            moved = book.set_workspace_zone(desk, lambda: configure.write(desk, key, stored))
        else:
            configure.change(desk, key, stored)
        current = settings.load(desk.store)
    for schedule in moved:
        output.say(moved_sentence(schedule, current.timezone))
    if key == "calling_window" and current.calling_window is not None:
        for span in current.calling_window.over_midnight:
            hours = f"{window.clock(span.start)} until {window.clock(span.end)}"
            output.say(f"note: that is over midnight: open from {hours} of the day after")
    session.done(
        f"{key} {session.says('is', 'would be')} {SETTINGS[key].text(current) or 'not set'}.",
        {key: SETTINGS[key].value(current)},
    )


def _setting(key: str) -> _Setting:
    if key not in SETTINGS:
        raise InvalidInput(f"unknown setting {key!r}", hint=suggestion(key, SETTINGS))
    return SETTINGS[key]
