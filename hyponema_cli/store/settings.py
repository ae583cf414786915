"""The settings of a workspace. What is not set has its default, so a row says that somebody chose it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hyponema_cli.store import Store

if TYPE_CHECKING:
    from hyponema_cli.core.records import Settings

_ZONE_EDITION = "zone_edition"


def load(store: Store) -> Settings:
    """Read all settings."""
    # Here, because every idle tick asks `stored`, and these are a quarter of what it costs.
    from hyponema_cli.core import caps, window
    from hyponema_cli.core.catchup import DEFAULT_WINDOW
    from hyponema_cli.core.records import Settings

    rows = stored(store)
    seconds = rows.get("catch_up_window")
    return Settings(
        live=rows.get("live") == "true",
        timezone=rows.get("timezone"),
        catch_up_window=DEFAULT_WINDOW if seconds is None else timedelta(seconds=int(seconds)),
        calling_window=window.parse(rows["calling_window"]) if "calling_window" in rows else None,
        call_cap=caps.parse(rows["call_cap"]) if "call_cap" in rows else (),
        pace=float(rows["pace"]) if "pace" in rows else None,
        concurrency=int(rows["concurrency"]) if "concurrency" in rows else None,
        daily_budget=int(rows["daily_budget"]) if "daily_budget" in rows else None,
        webhook_url=rows.get("webhook_url"),
        webhook_events=tuple(rows["webhook_events"].split(",")) if rows.get("webhook_events") else (),
        webhook_allow_private=rows.get("webhook_allow_private") == "true",
        heartbeat_url=rows.get("heartbeat_url"),
        callback_url=rows.get("callback_url"),
    )


def stored(store: Store) -> dict[str, str]:
    """Return the settings that somebody chose, as stored."""
    rows = store.execute("select key, value from settings where key <> ? order by key", (_ZONE_EDITION,))
    return dict(rows.fetchall())


def put(store: Store, key: str, value: str) -> None:
    """Choose a setting."""
    store.execute(
        "insert into settings values (?, ?) on conflict (key) do update set value = excluded.value", (key, value)
    )


def drop(store: Store, key: str) -> None:
    """Go back to a default."""
    store.execute("delete from settings where key = ?", (key,))


def zone_edition(store: Store) -> str | None:
    """Return the edition of the time zone data that the cached instants were derived from."""
    row = store.execute("select value from settings where key = ?", (_ZONE_EDITION,)).fetchone()
    return row[0] if row else None


def put_zone_edition(store: Store, edition: str) -> None:
    """Say that every cached instant is derived from `edition`."""
    put(store, _ZONE_EDITION, edition)
