"""Is all well with a workspace? Everything that can be found out without changing it, each finding by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hyponema_cli.core.errors import HypError, InvalidInput
from hyponema_cli.core.instant import maybe_text
from hyponema_cli.core.records import Schedule, Settings
from hyponema_cli.core.schedule import next_occurrence
from hyponema_cli.engine.materialise import unrecorded
from hyponema_cli.store import Store, backup, check, journal, schedules, settings
from hyponema_cli.store.check import Finding
from hyponema_cli.store.migrations import SCHEMA_VERSION

SAMPLE = 1000
"""How many schedules are derived anew, those that fire next; all of them with `deep`."""
PAGE = 500


def examine(
    store: Store, zone_edition: str, *, quick: bool, deep: bool, on_progress: Callable[[float], None]
) -> list[Finding]:
    """Return everything that is not as it should be.

    Raises Unusable when there is no room for the copy that is looked at, Busy when the file stays locked.
    """
    damage = check.unreadable(store)
    if damage is not None:
        return [damage]
    # Before the copy: a number is committed before it is written down, so no journal that was read first can be
    # ahead of a database that is read later.
    found = list(of_the_journal(store))
    with backup.private_copy(store, on_progress) as (connection, _):
        connection.execute("pragma query_only = on")
        found += check.of_the_file(connection, quick=quick)
        if any(each.check == "integrity" for each in found) or check.schema_of(connection) != SCHEMA_VERSION:
            return found
        copy = Store(store.path, connection)
        found += check.of_the_rows(copy)
        if not quick:
            found += of_the_rules(copy, zone_edition, deep=deep)
    return found


def of_the_journal(store: Store) -> Iterator[Finding]:
    """Is the dial journal readable, and not ahead of the database? A copy has none."""
    name = journal.path_of(store.path).name
    try:
        if journal.is_behind(store):
            yield Finding("journal", name, "it knows of dials that the database does not; run hyp reconcile")
    except HypError as error:
        yield Finding("journal", name, error.message)


def of_the_rules(store: Store, zone_edition: str, *, deep: bool) -> Iterator[Finding]:
    """Is each schedule's next instant what its rule yields?"""
    if settings.zone_edition(store) != zone_edition:
        return  # the instants are those of other time zone data; the next pass derives them anew
    workspace = settings.load(store)
    for schedule in _all(store) if deep else schedules.soonest(store, SAMPLE):
        said = _wrong_next(store, schedule, workspace)
        if said is not None:
            yield Finding("next_is_not_the_rules", schedule.id, said)


def _all(store: Store) -> Iterator[Schedule]:
    after = ""
    while page := schedules.live_after(store, after, PAGE):
        yield from page
        after = page[-1].id


def _wrong_next(store: Store, schedule: Schedule, workspace: Settings) -> str | None:
    """Say how a schedule's next instant differs from what its rule yields; None when it does not, or may."""
    if schedule.trouble is not None or schedules.calls_left(store, schedule) == 0:
        return None
    try:
        rule = schedule.rule(workspace.timezone)
    except InvalidInput as error:
        return f"its rule cannot be read: {error.message}"
    # A slot that was called at another instant already is passed over at once, or when it comes due.
    first = next_occurrence(rule, schedule.accounted_until)
    for wanted in (first, unrecorded(store, schedule, workspace)):
        at, slot = (wanted.at, wanted.slot) if wanted is not None else (None, None)
        if (at, slot) == (schedule.next_run_at, schedule.next_slot):
            return None
    fires, yields = maybe_text(schedule.next_run_at), maybe_text(first.at if first is not None else None)
    return f"it fires next at {fires}, its rule at {yields}"
