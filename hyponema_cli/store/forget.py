"""Where in the file does a person stand, and how are they taken out of it?

In one transaction: their rows are emptied, and every text of every table is searched for their numbers, so that a
table that comes later is not overlooked. The trail may not be rewritten; for this alone its triggers are taken away
and put back, inside that transaction.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from hyponema_cli.core.instant import to_text
from hyponema_cli.core.traces import FORGOTTEN, Traces
from hyponema_cli.store import Store


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, as far as this file knows them."""

    user_ids: tuple[str, ...] = ()
    """The user, and removed ones that had one of their numbers."""
    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    """The numbers that they have or had, and nobody else."""
    shared: tuple[str, ...] = ()
    """Numbers of theirs that are another user's too: what is that user's keeps them."""
    schedule_ids: tuple[str, ...] = ()
    """The schedules that call them."""


class InTheWay(NamedTuple):
    """A call of theirs that is not over."""

    call_id: str
    status: str


@dataclass(slots=True)
class Erased:
    """How many rows were emptied or deleted, or would be."""

    schedules: int = 0
    executions: int = 0
    calls: int = 0
    sessions: int = 0
    messages: int = 0
    """Webhooks: told, given up, or still to be told."""
    events: int = 0
    suppressions_removed: int = 0
    suppressions_kept: int = 0


def user_of(store: Store, user_id: str) -> tuple[str, str, bool] | None:
    """Return name and number of a user, also of one who was removed, and whether they were."""
    row = store.execute(
        "select name, phone_number, removed_at is not null from users where id = ?", (user_id,)
    ).fetchone()
    return (row[0], row[1], bool(row[2])) if row else None


def owners_of(store: Store, phone_number: str) -> list[str]:
    """Return the users who have a number or had it, also those who were removed."""
    rows = store.execute(
        "select id from users where phone_number = ?1 "
        "union select user_id from former_numbers where phone_number = ?1",
        (phone_number,),
    )
    return [row[0] for row in rows]


def person_of(store: Store, user_id: str | None, phone_number: str) -> Person:
    """Return all that is known of a user, or of whoever has a number and is no user."""
    if user_id is None:
        return _with_schedules(store, Person(numbers=(phone_number,)))
    known = user_of(store, user_id)
    assert known is not None, "the caller has found them"
    former = store.execute("select phone_number from former_numbers where user_id = ?", (user_id,))
    theirs = list(dict.fromkeys([phone_number, *(row[0] for row in former)]))
    owners = {number: [each for each in owners_of(store, number) if each != user_id] for number in theirs}
    users = {each: user_of(store, each) for others in owners.values() for each in others}
    gone = {each: user for each, user in users.items() if user is not None and user[2]}
    shared = tuple(number for number in theirs if any(each not in gone for each in owners[number]))
    own = tuple(number for number in theirs if number not in shared)
    same = [each for each, user in gone.items() if user[1] in own]
    names = [known[0], *(gone[each][0] for each in same)]
    person = Person((user_id, *same), tuple(name for name in dict.fromkeys(names) if name != FORGOTTEN), own, shared)
    return _with_schedules(store, person)


def _with_schedules(store: Store, person: Person) -> Person:
    rows = store.execute(
        """
        select id from schedules
        where user_id in (select value from json_each(?)) or to_number in (select value from json_each(?))
        order by id
        """,
        (json.dumps(person.user_ids), json.dumps(person.numbers)),
    )
    return replace(person, schedule_ids=tuple(row[0] for row in rows))


def in_the_way(store: Store, person: Person) -> list[InTheWay]:
    """Return the calls of a person that are not over."""
    rows = store.execute(
        """
        select c.id, c.status from calls c join executions e on e.id = c.execution_id
        where c.finished_at is null and (
          c.to_number in (select value from json_each(:numbers))
          or e.schedule_id in (select value from json_each(:schedules)))
        order by c.id
        """,
        _values(person),
    )
    return [InTheWay(*row) for row in rows]


def live_schedules(store: Store, person: Person) -> list[str]:
    """Return the schedules that still call a person."""
    rows = store.execute(
        """
        select id from schedules
        where status in ('active', 'paused') and id in (select value from json_each(:schedules)) order by id
        """,
        _values(person),
    )
    return [row[0] for row in rows]


_THEIR_EXECUTIONS = "select id from executions where schedule_id in (select value from json_each(:schedules))"
_THEIR_CALLS = f"""
    (to_number in (select value from json_each(:numbers))
      or to_number in (select value from json_each(:shared)) and execution_id in ({_THEIR_EXECUTIONS}))
"""  # noqa: S608 - constants of this file
_THEIR_SESSIONS = """
    (phone_number in (select value from json_each(:numbers)) or user_id in (select value from json_each(:users)))
"""
_THEIR_MESSAGES = f"""
    (schedule_id in (select value from json_each(:schedules)) or execution_id in ({_THEIR_EXECUTIONS}))
"""  # noqa: S608
_ABOUT_THEM = f"""
    (subject_id in (select value from json_each(:users)) or schedule_id in (select value from json_each(:schedules))
      or execution_id in ({_THEIR_EXECUTIONS}))
"""  # noqa: S608


def count(store: Store, person: Person, *, also_suppressions: bool) -> Erased:
    """Count what `erase` would touch; of the trail, the lines that are about them."""

    def number_of(what: str) -> int:
        return int(store.execute(f"select count(*) from {what}", _values(person)).fetchone()[0])  # noqa: S608

    suppressed = number_of("suppressions where phone_number in (select value from json_each(:numbers))")
    return Erased(
        schedules=len(person.schedule_ids),
        executions=number_of(f"executions where id in ({_THEIR_EXECUTIONS})"),
        calls=number_of(f"calls where {_THEIR_CALLS}"),
        sessions=number_of(f"sessions where {_THEIR_SESSIONS}"),
        messages=number_of(f"webhooks where {_THEIR_MESSAGES}"),
        events=number_of(f"events where {_ABOUT_THEM}"),
        suppressions_removed=suppressed if also_suppressions else 0,
        suppressions_kept=0 if also_suppressions else suppressed,
    )


def erase(store: Store, person: Person, traces: Traces, now: datetime, *, also_suppressions: bool) -> Erased:
    """Take a person out of every table, in the transaction that is open; return how many rows that were."""
    erased = count(store, person, also_suppressions=also_suppressions)
    values = {**_values(person), "stand_in": traces.stand_in, "forgotten": FORGOTTEN, "now": to_text(now)}
    store.connection.create_function("without_traces", 1, lambda text: text and traces.without(text))
    triggers = _take_triggers_away(store)
    store.execute(
        """
        update users set name = :forgotten, phone_number = :stand_in, timezone = null, local_time = null,
          context = '{}', calling_window = null, updated_at = :now, removed_at = coalesce(removed_at, :now)
        where id in (select value from json_each(:users))
        """,
        values,
    )
    store.execute(
        """
        delete from former_numbers
        where user_id in (select value from json_each(:users))
          or phone_number in (select value from json_each(:numbers))
        """,
        values,
    )
    for table in ("tool_calls", "proposals"):
        store.execute(
            f"delete from {table} where session_id in (select id from sessions where {_THEIR_SESSIONS})",  # noqa: S608
            values,
        )
    store.execute(f"delete from sessions where {_THEIR_SESSIONS}", values)  # noqa: S608 - constants of this file
    store.execute(f"delete from webhooks where {_THEIR_MESSAGES}", values)  # noqa: S608
    # What a rule was for, and what its agent was told, is about them; when it fired and what came of it is history.
    store.execute(
        """
        update schedules set name = null, description = null, customer_context = '{}', metadata = '{}',
          webhook_url = null, status_reason = without_traces(status_reason),
          ref = iif(without_traces(ref) = ref, ref, null),
          to_number = iif(to_number is null, null, :stand_in)
        where id in (select value from json_each(:schedules))
        """,
        values,
    )
    store.execute(
        f"""
        update calls set reason = without_traces(reason), error = without_traces(error)
        where execution_id in ({_THEIR_EXECUTIONS}) or {_THEIR_CALLS}
        """,  # noqa: S608
        values,
    )
    store.execute(f"update calls set to_number = :stand_in where {_THEIR_CALLS}", values)  # noqa: S608
    store.execute(
        f"""
        update executions set reason = without_traces(reason), gates = without_traces(gates)
        where id in ({_THEIR_EXECUTIONS})
        """,  # noqa: S608
        values,
    )
    store.execute(
        f"update events set reason = without_traces(reason), detail = without_traces(detail) where {_ABOUT_THEM}",  # noqa: S608
        values,
    )
    _of_suppressions(store, values, also_suppressions=also_suppressions)
    _search_for_numbers(store, person)
    _search_reasons_for_names(store, person)
    for trigger in triggers:
        store.execute(trigger)
    return erased


def _values(person: Person) -> dict[str, object]:
    return {
        "users": json.dumps(person.user_ids),
        "numbers": json.dumps(person.numbers),
        "shared": json.dumps(person.shared),
        "schedules": json.dumps(person.schedule_ids),
    }


def _take_triggers_away(store: Store) -> list[str]:
    """Let the trail be rewritten in this transaction; return what puts its triggers back."""
    rows = store.execute(
        "select name, sql from sqlite_master where type = 'trigger' and tbl_name = 'events'"
    ).fetchall()
    for name, _ in rows:
        store.execute(f"drop trigger {name}")
    return [sql for _, sql in rows]


def _of_suppressions(store: Store, values: dict[str, object], *, also_suppressions: bool) -> None:
    theirs = "where phone_number in (select value from json_each(:numbers))"
    if also_suppressions:
        store.execute(f"delete from suppressions {theirs}", values)  # noqa: S608
    else:
        # Beside the number itself no stand-in: it would tell whose the calls under it were.
        store.execute(f"update suppressions set reason = null {theirs}", values)  # noqa: S608


def _search_for_numbers(store: Store, person: Person) -> None:
    """Replace what is left of a person's numbers in any text of any table; one scan of each."""
    if not person.numbers:
        return
    columns = store.execute(
        """
        select t.name, c.name from pragma_table_list t join pragma_table_info(t.name) c
        where t.type = 'table' and t.schema = 'main' and substr(t.name, 1, 7) not in ('sqlite_', '_sqlite')
          and c.type = 'TEXT' collate nocase
        """
    ).fetchall()
    texts: dict[str, list[str]] = {}
    for table, column in columns:
        if not _is_kept(table, column):
            texts.setdefault(table, []).append(column)
    digits = {f"n{index}": number.removeprefix("+") for index, number in enumerate(person.numbers)}
    for table, names in texts.items():
        changes = ", ".join(f"{name} = without_traces({name})" for name in names)
        where = " or ".join(f"instr({name}, :{each}) > 0" for name in names for each in digits)
        store.execute(f"update {table} set {changes} where {where}", digits)  # noqa: S608 - names of the schema


def _is_kept(table: str, column: str) -> bool:
    """True for what is not searched for a person's number.

    Ids hold the rows together, and are ours or the operator's (but the subject of a line may be a number); a number
    that we call from is not a person's, even if somebody is called at it; a suppression goes as a whole, or stays.
    """
    is_id = column == "id" or (column.endswith("_id") and column != "subject_id")
    return (
        is_id or column == "from_number" or table == "numbers" or (table, column) == ("suppressions", "phone_number")
    )


_SAID_BY_PEOPLE = (
    ("events", "reason"),
    ("events", "detail"),
    ("executions", "reason"),
    ("executions", "gates"),
    ("calls", "reason"),
    ("calls", "error"),
    ("schedules", "status_reason"),
    ("suppressions", "reason"),
    ("holds", "problem"),
    ("webhooks", "last_error"),
)
"""What says why something was done or happened: somebody may have written a name there, whomever it is about."""


def _search_reasons_for_names(store: Store, person: Person) -> None:
    """Replace what is left of a person's names in any reason; what others are called or told is not theirs."""
    for table, column in _SAID_BY_PEOPLE:
        for name in person.names:
            store.execute(
                f"""
                update {table} set {column} = without_traces({column})
                where {column} like ?1 escape '~' or {column} like ?2 escape '~'
                """,  # noqa: S608 - constants of this file
                (_anywhere(name), _anywhere(json.dumps(name)[1:-1])),
            )


def _anywhere(text: str) -> str:
    for special in "~%_":
        text = text.replace(special, "~" + special)
    return f"%{text}%"


def schedules_again(store: Store, person: Person) -> Sequence[str]:
    """Return the schedules that call a person now; more than the person was read with, if one was added since."""
    return _with_schedules(store, person).schedule_ids
