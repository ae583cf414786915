"""What does a request make of a user? The words of one who is added by hand, or of a row of many, read and checked.

A row of an import has the fields of `hyp users list --json`. It is known again by its id, else by its number: the
same again changes nothing, and other content is refused. As with schedules, all are judged before one is stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any

from hyponema_cli.core import document, names, phone, template, timewords, window
from hyponema_cli.core.errors import Conflict, InvalidInput
from hyponema_cli.core.records import User
from hyponema_cli.engine import body
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.imports import Counts, OnRefused, Refused
from hyponema_cli.engine.mapping import as_object, field_of, refuse_two
from hyponema_cli.store import staged, users

FIELDS = ("id", "name", "phone_number", "timezone", "local_time", "calling_window", "context")
PRINTED = frozenset({"created_at", "updated_at", "live_schedules", *body.REJECTED})
"""What hyp prints of a user, and nobody can ask for."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who somebody asked for, in words; None: not said."""

    id: str | None = None
    name: str | None = None
    phone_number: str | None = None
    timezone: str | None = None
    local_time: str | None = None
    calling_window: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)


def drawn_up(it: Person, new_id: Callable[[], str], now: datetime) -> User:
    """Return the user that was asked for, checked; stores nothing."""
    if it.name is None:
        raise InvalidInput("it has no name", hint="what do people call them?")
    if it.phone_number is None:
        raise InvalidInput("it has no phone_number", hint="as in +34600000001")
    return User(
        id=names.own_id(it.id) if it.id is not None else new_id(),
        name=names.name(it.name),
        phone_number=phone.parse(it.phone_number),
        timezone=timewords.parse_zone(it.timezone).key if it.timezone is not None else None,
        local_time=timewords.parse_time_of_day(it.local_time).isoformat() if it.local_time is not None else None,
        context=it.context,
        created_at=now,
        updated_at=now,
        calling_window=window.parse(it.calling_window).text if it.calling_window is not None else None,
    )


def read(row: Any, asked: Person) -> Person:
    """Read a row that is an object; what `asked` says, whose texts may hold `{field}` of it, wins."""
    if isinstance(row, InvalidInput):
        raise row
    if not isinstance(row, Mapping):
        raise InvalidInput(f"{document.shown(row)} is not a JSON object", hint='as in {"name": "Ana", …}')
    filled, used = _filled(asked, lambda name: _text(row, name))
    own = {name: value for name, value in row.items() if name not in used and value is not None}
    for name in own:
        if name not in FIELDS and name not in PRINTED:
            raise body.unknown("field", name, FIELDS)
    context = document.checked_object("context", own.pop("context", {}), 'as in {"language": "es"}')
    texts = {name: _text(own, name) for name in own if name in FIELDS}
    return _over(filled, Person(**texts, context=context))


class Columns:
    """Reads rows of cells, under the names of their columns."""

    def __init__(self, column_names: Sequence[str], asked: Person) -> None:
        _, used = _filled(asked, lambda name: name)
        template.refuse_unknown(sorted(used), column_names)
        own = [(at, name) for at, name in enumerate(column_names) if name not in used]
        refuse_two([name for _, name in own], FIELDS, PRINTED, ("context",))
        self._fields = [(at, field_of(name, FIELDS, PRINTED, ("context",))) for at, name in own]
        self._names, self._asked, self._used = column_names, asked, used

    def read(self, row: Any) -> Person:
        """Read a row; raises InvalidInput, naming the field."""
        if len(row) != len(self._names):
            raise InvalidInput(
                f"it has {len(row)} cells, and there are {len(self._names)} columns",
                hint="a cell that holds the delimiter stands in quotes",
            )
        cells = dict(zip(self._names, row, strict=True))
        filled, _ = _filled(self._asked, lambda name: cells[name])
        context: dict[str, Any] = {}
        texts: dict[str, str] = {}
        for at, name in self._fields:
            if not row[at] or name in PRINTED:
                continue
            if name == "context":
                context |= document.parse_object(name, row[at], 'as in {"language": "es"}')
            elif name.startswith("context."):
                context[name.removeprefix("context.")] = row[at]
            else:
                texts[name] = row[at]
        return _over(filled, Person(**texts, context=context))

    def as_object(self, row: Any) -> dict[str, Any]:
        """Return a row that was refused as an object that asks for the same; the options' columns are as they are."""
        if len(row) != len(self._names):
            return as_object(list(row))
        own = {name: row[at] for at, name in self._fields if row[at]}
        context = {name.removeprefix("context."): own.pop(name) for name in list(own) if name.startswith("context.")}
        found: dict[str, Any] = {name: row[at] for at, name in enumerate(self._names) if name in self._used} | own
        if not context:
            return found
        try:
            whole = document.parse_object("context", own.get("context") or "{}", "")
        except InvalidInput:
            return found
        return {**found, "context": {**whole, **context}}


def _filled(asked: Person, cell: Callable[[str], str]) -> tuple[Person, set[str]]:
    """Fill what was asked from a row, and return it with the names that were used."""
    changes, used = dict[str, Any](), set[str]()
    for each in fields(Person):
        value = getattr(asked, each.name)
        if each.name == "context":
            found = {}
            for key, text in value.items():
                parsed = template.parse(text) if isinstance(text, str) else None
                used |= set(parsed.columns) if parsed else set()
                if parsed is None:
                    found[key] = text
                elif all(map(cell, parsed.columns)):
                    found[key] = parsed.fill(cell)
            changes["context"] = found
        elif value is not None:
            parsed = template.parse(value)
            used |= set(parsed.columns)
            for name in parsed.columns:
                if not cell(name):
                    raise InvalidInput(f"column {name!r} is empty", hint="an option is filled from it")
            changes[each.name] = parsed.fill(cell)
    return Person(**changes), used


def _over(upper: Person, lower: Person) -> Person:
    said = {each.name: getattr(upper, each.name) for each in fields(Person)}
    said = {name: value for name, value in said.items() if value is not None}
    return replace(lower, **{**said, "context": {**lower.context, **upper.context}})


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidInput(f"{name} {document.shown(value)} must be a text", hint="in quotes")
    return body.printable(name, value)


class Importer:
    """Judges rows and stages them; `store` stores those that are good."""

    def __init__(self, desk: Desk, read: Callable[[Any], Person], on_refused: OnRefused, place: str = "line") -> None:
        """Make one; `place` is what a row is told by."""
        self.counts = Counts()
        self._desk, self._read, self._refuse, self._place = desk, read, on_refused, place
        self._now = desk.clock.now().replace(microsecond=0)

    def judge(self, rows: Iterable[tuple[int, Any]]) -> None:
        """Judge rows, each with its line, and stage the good ones."""
        for line, row in rows:
            try:
                is_new = self._judge(line, self._read(row))
            except Refused as error:
                self.counts.rejected += 1
                self._refuse(line, error, row)
                continue
            self.counts.added += is_new
            self.counts.unchanged += not is_new

    def store(self) -> None:
        """Store what was staged: all of it, or nothing. Raises Busy when somebody else added one meanwhile."""
        with self._desk.store.transaction():
            staged.store_users(self._desk.store, self._desk.actor, self._now)

    def _judge(self, line: int, person: Person) -> bool:
        """Stage a person who is new; False for one who is there. Raises Conflict for one who is there and differs."""
        store = self._desk.store
        user = drawn_up(person, lambda: self._desk.new_id("user", self._now), self._now)
        if person.id is not None:
            there, staged_before = users.by_id(store, user.id), staged.users_by(store, "id", user.id)
            if not there and users.is_taken(store, user.id):
                raise Conflict(f"id {user.id!r} is that of a user who was removed", hint="give them another")
        else:
            there = users.by_number(store, user.phone_number)
            staged_before = staged.users_by(store, "phone_number", user.phone_number)
        known = [*there, *(other for _, other in staged_before)]
        if not known:
            staged.put_user(store, line, user)
            self.counts.look_at_number(line, user.phone_number)
            return True
        if any(_said(other) == _said(user) for other in known):
            return False
        different = ", ".join(name for name, value in _said(user).items() if _said(known[0])[name] != value)
        key = f"id {user.id!r}" if person.id is not None else f"number {user.phone_number!r}"
        if there:
            raise Conflict(
                f"{key} is that of user {known[0].id}, who differs in {different}",
                hint=f"change them: hyp users edit {known[0].id}",
            )
        raise Conflict(
            f"{key} stands on {self._place} {staged_before[0][0]}, and differs in {different}", hint="give each an id"
        )


def _said(user: User) -> dict[str, Any]:
    """Return what a user was asked for as, apart from the id."""
    return {
        "name": user.name,
        "phone_number": user.phone_number,
        "timezone": user.timezone,
        "local_time": user.local_time,
        "calling_window": user.calling_window,
        "context": dict(user.context),
    }
