"""What does a row ask for? Its own columns are the fields of a request body; options fill the rest, from its columns.

- A column bears the name of a field, as in JSON, or `context.KEY`, `metadata.KEY`, `retry_policy.KEY`. In CSV any
  other name goes into the customer context; one that looks like a misspelt field is refused.
- An option may hold `{column}`. A column that an option names is used there, and nowhere else. It must not be empty,
  except in context and metadata, where its key is left out.
- A cron option that is filled with 29 February means the last day of February: a birthday is called every year.
- Options win over columns, as they do over a body. An empty cell says nothing.

`parts` is the quick way for the many rows of a file that differ only in whom they call and what is known of them. It
takes no row that `request` would read otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from operator import itemgetter
from typing import Any, NamedTuple

from hyponema_cli.core import cron, document, phone, template, timewords
from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.rows import NotJson
from hyponema_cli.core.template import Template
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import body
from hyponema_cli.engine.request import Request, laid_over

PERSONAL = frozenset({"to", "name", "description", "context", "metadata", "ref"})
"""What of a request has no part in its rule: who is called, and what is known of them."""
_PERSONAL_FIELDS = frozenset({"phone_number", "name", "description", "customer_context", "metadata", "ref"})
_NOT_RULING = _PERSONAL_FIELDS | {"scheduled_time", *body.REJECTED}
OUTER = ("context", "customer_context", "metadata", "retry_policy")
_LOOKS_LIKE = 0.85
STEP = "step"
"""Stands, in an option, for the number of the call in a sequence of several for one row."""


class Parts(NamedTuple):
    """A row taken apart: rows of the same `rule` differ in nothing but the rest."""

    rule: Any
    at: str | None
    """The time, where it is said in a word of its own, as `WhenWords.at` has it; None: it is part of the rule."""
    to: str
    name: str | None
    description: str | None
    context: dict[str, Any]
    metadata: dict[str, Any]
    ref: str | None


@dataclass(frozen=True)
class Asked:
    """What the options of an import say: a request whose texts may hold `{column}`."""

    request: Request
    delays: tuple[str, ...] = ("",)
    """How long after now, for each of the schedules that a row becomes; ("",): one, at the time that is said."""
    agent: str | None = None
    """Who talks, where neither the row nor an option says."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names, each once."""
        requests = [self.with_step(step) for step in range(len(self.delays))]
        return tuple(
            dict.fromkeys(column for each in requests for _, _, text in _templates(each) for column in text.columns)
        )

    @property
    def says_step(self) -> bool:
        """True when an option holds the number of the step."""
        return self.delays != ("",) and any(STEP in text.columns for _, _, text in _templates(self.request))

    def refuse_constants(self, find_agent: Callable[[str], object], find_user: Callable[[str], object]) -> None:
        """Raise what is wrong with an option that no row can change: it would be wrong with every row."""
        it = self.request
        checks: tuple[tuple[str | None, Callable[[str], object]], ...] = (
            (it.agent, find_agent),
            (it.user, find_user),
            (it.to, phone.parse),
            (it.timezone, timewords.parse_zone),
            (it.when.cron, cron.parse),
            *((delay, timewords.parse_duration) for delay in self.delays if self.delays != ("",)),
        )
        for said, check in checks:
            if said is not None and not template.parse(said).columns:
                check(said.replace("{{", "{").replace("}}", "}"))

    def with_step(self, step: int) -> Request:
        """Return the request of one schedule of a sequence."""
        when = self.request.when
        if self.delays == ("",):
            return self.request
        filled = _fill(self.request, {STEP: str(step + 1)}.get)
        return replace(filled, when=replace(when, delay=self.delays[step]))


def _templates(request: Request) -> Iterable[tuple[str, str, Template]]:
    """Yield each text of a request that holds a column: its field, the key or word in it, and the template."""
    for each in fields(Request):
        value = getattr(request, each.name)
        if isinstance(value, WhenWords):
            inner = {word.name: getattr(value, word.name) for word in fields(WhenWords)}
        elif isinstance(value, Mapping):
            inner = dict(value)
        else:
            inner = {"": value}
        for key, text in inner.items():
            if isinstance(text, str) and ("{" in text or "}" in text):
                yield each.name, key, template.parse(text)


def _fill(request: Request, known: Callable[[str], str | None]) -> Request:
    """Put what is known into a request; a column that is not known stays one."""

    def cell(column: str) -> str:
        found = known(column)
        return "{" + column + "}" if found is None else found.replace("{", "{{").replace("}", "}}")

    changes: dict[str, Any] = {}
    for name, key, text in _templates(request):
        # Literal braces are doubled again: it is still a template.
        doubled = Template(tuple(each.replace("{", "{{").replace("}", "}}") for each in text.literals), text.columns)
        _put(changes, request, name, key, doubled.fill(cell))
    return replace(request, **changes)


def _put(changes: dict[str, Any], request: Request, name: str, key: str, text: str) -> None:
    value, inner = changes.get(name, getattr(request, name)), dict[str, Any]({key: text})
    if isinstance(value, WhenWords):
        changes[name] = replace(value, **inner)
    elif isinstance(value, Mapping):
        changes[name] = {**value, **inner}
    else:
        changes[name] = text


class _Filler:
    """Fills the texts of a request from one row after the other."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.templates = list(_templates(request))

    def __call__(self, cell: Callable[[str], str]) -> Request:
        if not self.templates:
            return self.request
        changes: dict[str, Any] = {}
        for name, key, text in self.templates:
            if name in ("context", "metadata") and not all(cell(column) for column in text.columns):
                whole = changes.get(name, getattr(self.request, name))
                changes[name] = {each: value for each, value in whole.items() if each != key}
                continue
            for column in text.columns:
                if not cell(column):
                    raise InvalidInput(f"column {column!r} is empty", hint="an option is filled from it")
            filled = text.fill(cell)
            _put(
                changes,
                self.request,
                name,
                key,
                cron.every_year(filled) if (name, key) == ("when", "cron") else filled,
            )
        return replace(self.request, **changes)


class FromObjects:
    """Reads rows that are JSON objects."""

    def __init__(self, asked: Asked) -> None:
        self.asked = self._asked = asked
        self._used = frozenset(asked.columns)
        self._fill = [_Filler(asked.with_step(step)) for step in range(len(asked.delays))]

    def request(self, row: Any, step: int = 0) -> Request:
        """Return what a row asks for; raises InvalidInput, naming the field."""
        if isinstance(row, InvalidInput):
            raise row
        own = {name: value for name, value in row.items() if name not in self._used} if self._used else row
        filled = self._fill[step](_text_in(row))
        return _complete(laid_over(filled, body.read(own)), self._asked)

    def as_object(self, row: Any) -> dict[str, Any]:
        """Return a row that was refused, as it can be mended."""
        return as_object(row)

    def ref(self, row: Any, step: int = 0) -> str | None:
        """Return the key of the caller's that a row has; None also for one that cannot be read."""
        if not isinstance(row, Mapping):
            return None
        return _ref(self._fill[step], _text_in(row), None if "ref" in self._used else row.get("ref"))

    def parts(self, row: Any, step: int = 0) -> Parts | None:
        """Take a row apart; None when it needs to be looked at as a whole."""
        if self._fill[step].templates or not isinstance(row, dict) or row.get("user_id") is not None:
            return None
        rule = {name: value for name, value in row.items() if name not in _NOT_RULING}
        asked = self._fill[step].request
        if "" in (asked.to, asked.name, asked.description, asked.ref):
            return None
        personal = [row.get(name) for name in ("phone_number", "name", "description", "ref", "scheduled_time")]
        if asked.user is not None or not all(value is None or _is_plain(value) for value in personal):
            return None
        to, name, description, ref, at = personal
        to = asked.to or to
        try:
            context, metadata = (_object_in(row, each) for each in ("customer_context", "metadata"))
        except InvalidInput:
            return None
        if to is None or not phone.is_plain(to):
            return None
        return Parts(
            (repr(rule), at is None),
            at,
            to,
            asked.name or name,
            asked.description if asked.description is not None else description,
            {**context, **asked.context},
            {**metadata, **asked.metadata},
            asked.ref or ref,
        )


def as_object(row: Any) -> dict[str, Any]:
    """Return a row that was refused; what has no fields stands in one, for whoever mends it."""
    if isinstance(row, Mapping):
        return dict(row)
    return {body.REJECTED[-1]: row.text if isinstance(row, NotJson) else row}


def _text_in(row: Any) -> Callable[[str], str]:
    def cell(column: str) -> str:
        value = row.get(column) if isinstance(row, Mapping) else None
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise InvalidInput(f"{column} {document.shown(value)} is no text", hint="an option is filled from it")
        return str(value)

    return cell


def _object_in(row: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = row.get(name)
    return {} if value is None or value == {} else document.checked_object(name, value, "")


def _is_plain(value: Any) -> bool:
    """True for a text that any of the personal fields takes."""
    return isinstance(value, str) and bool(value.strip()) and (value.isascii() or value.isprintable())


class FromCells:
    """Reads rows of cells, under the names of their columns."""

    def __init__(self, asked: Asked, names: Sequence[str]) -> None:
        self.asked = self._asked = asked
        self._names = names
        if STEP in names and asked.says_step:
            raise InvalidInput(f"column {STEP!r} cannot be told from the number of the step", hint="rename it")
        template.refuse_unknown(asked.columns, names)
        used = frozenset(asked.columns)
        self._fields = [(at, field_of(name)) for at, name in enumerate(names) if name not in used]
        refuse_two(names[at] for at, _ in self._fields)
        says_who = {field for _, field in self._fields} | {
            field
            for field, value in (("user_id", asked.request.user), ("phone_number", asked.request.to))
            if value is not None
        }
        if not says_who & {"user_id", "phone_number"}:
            raise InvalidInput(
                "no column says who is called", hint="name one phone_number or user_id, or say which: --to '{phone}'"
            )
        self._at = {name: at for at, name in enumerate(names)}
        self._fill = [_Filler(asked.with_step(step)) for step in range(len(asked.delays))]
        self._quick = [_Quick.of(each.request, self._fields, self._at) for each in self._fill]

    def request(self, row: Sequence[str], step: int = 0) -> Request:
        """Return what a row asks for; raises InvalidInput, naming the field."""
        self._refuse_other_length(row)
        own = body.read(body.typed({field: row[at] for at, field in self._fields}))
        filled = self._fill[step](lambda column: row[self._at[column]])
        return _complete(laid_over(filled, own), self._asked)

    def as_object(self, row: Sequence[str]) -> dict[str, Any]:
        """Return a row that was refused as an object that asks for the same; the options' columns are as they are."""
        if len(row) != len(self._names):
            return as_object(list(row))
        used = {column: row[self._at[column]] for column in self._asked.columns if column in self._at}
        return {**used, **body.typed_so_far({field: row[at] for at, field in self._fields})}

    def ref(self, row: Sequence[str], step: int = 0) -> str | None:
        """Return the key of the caller's that a row has; None also for one that cannot be read."""
        if len(row) != len(self._names):
            return None
        own = next((row[at] for at, field in self._fields if field == "ref"), None)
        return _ref(self._fill[step], lambda column: row[self._at[column]], own)

    def parts(self, row: Sequence[str], step: int = 0) -> Parts | None:
        """Take a row apart; None when it needs to be looked at as a whole."""
        quick = self._quick[step]
        return quick.parts(row) if quick is not None and len(row) == len(self._names) else None

    def _refuse_other_length(self, row: Sequence[str]) -> None:
        if len(row) != len(self._names):
            raise InvalidInput(
                f"it has {len(row)} cells, and there are {len(self._names)} columns",
                hint="a cell that holds the delimiter stands in quotes",
            )


Getter = Callable[[Sequence[str]], str]


class _Quick(NamedTuple):
    """Where in a row of cells the parts are."""

    rule: Callable[[Sequence[str]], Any]
    at: Getter | None
    user: int | None
    to: Getter
    name: Getter
    description: Getter
    ref: Getter
    context: _Known
    metadata: _Known
    objects: Sequence[int]
    """Columns that hold a whole context or metadata as JSON."""

    @classmethod
    def of(cls, asked: Request, own: Sequence[tuple[int, str]], at: Mapping[str, int]) -> _Quick | None:
        """Lay out the way; None where what the options say can only be read with the row as a whole."""
        if asked.user is not None or "" in (asked.to, asked.name, asked.description, asked.ref):
            return None
        where = {field: index for index, field in own}
        texts: dict[str, Getter] = {}
        for name, field in (("to", "phone_number"), ("name", "name"), ("description", "description"), ("ref", "ref")):
            said = getattr(asked, name)
            texts[name] = _getter(said, at) if said is not None else _cell(where.get(field))
        ruling = [index for index, field in own if field.partition(".")[0] not in _NOT_RULING | {"context"}]
        ruling += [
            at[column]
            for name, word, each in _templates(asked)
            if name not in PERSONAL and (name, word) != ("when", "at")
            for column in each.columns
        ]
        time: Getter | None = None
        if asked.when.at is not None:
            time = _getter(asked.when.at, at)
        elif "scheduled_time" in where:
            time = _cell(where["scheduled_time"])
        columns: dict[str, dict[str, int]] = {"context": {}, "metadata": {}}
        for index, field in own:
            outer, dot, key = field.partition(".")
            if dot and outer in ("context", "customer_context", "metadata"):
                columns[outer.removeprefix("customer_")][key] = index
        if columns["context"].keys() & asked.context.keys() or columns["metadata"].keys() & asked.metadata.keys():
            return None
        return cls(
            itemgetter(*dict.fromkeys(ruling)) if ruling else lambda row: (),
            time,
            where.get("user_id"),
            texts["to"],
            texts["name"],
            texts["description"],
            texts["ref"],
            _Known.of(columns["context"], asked.context, at),
            _Known.of(columns["metadata"], asked.metadata, at),
            [where[field] for field in ("customer_context", "metadata") if field in where],
        )

    def parts(self, row: Sequence[str]) -> Parts | None:
        """Take a row apart; None when it needs to be looked at as a whole."""
        if self.user is not None and row[self.user]:
            return None
        for index in self.objects:
            if row[index] not in ("", "{}"):
                return None
        try:
            to, name, description, ref = self.to(row), self.name(row), self.description(row), self.ref(row)
            at = self.at(row) if self.at is not None else None
        except _Empty:
            return None
        if not phone.is_plain(to) or (name and not name.strip()) or (ref and not ref.strip()):
            return None
        return Parts(
            (self.rule(row), not at),
            at or None,
            to,
            name or None,
            description or None,
            self.context.read(row),
            self.metadata.read(row),
            ref or None,
        )


class _Known(NamedTuple):
    """Where in a row of cells the keys of a context or of metadata are."""

    columns: Sequence[tuple[str, int]]
    constants: Mapping[str, Any]
    templates: Sequence[tuple[str, Getter]]

    @classmethod
    def of(cls, columns: Mapping[str, int], said: Mapping[str, Any], at: Mapping[str, int]) -> _Known:
        filled = {key for key, text in said.items() if isinstance(text, str) and ("{" in text or "}" in text)}
        return cls(
            list(columns.items()),
            {key: value for key, value in said.items() if key not in filled},
            [(key, _getter(said[key], at)) for key in said if key in filled],
        )

    def read(self, row: Sequence[str]) -> dict[str, Any]:
        """Return what one row says."""
        found: dict[str, Any] = {key: row[index] for key, index in self.columns if row[index]}
        found |= self.constants
        for key, get in self.templates:
            try:
                found[key] = get(row)
            except _Empty:
                continue
        return found


class _Empty(Exception):
    """A column that an option names is empty."""


def _cell(index: int | None) -> Getter:
    return itemgetter(index) if index is not None else lambda row: ""


def _getter(text: str, at: Mapping[str, int]) -> Getter:
    """Return what reads a text of an option from a row; it raises _Empty when a column is empty."""
    if "{" not in text and "}" not in text:
        return lambda row: text
    parsed = template.parse(text)
    indexes, literals = [at[column] for column in parsed.columns], parsed.literals

    def get(row: Sequence[str]) -> str:
        filled = literals[0]
        for index, literal in zip(indexes, literals[1:], strict=True):
            if not row[index]:
                raise _Empty
            filled += row[index] + literal
        return filled

    return get


def _ref(fill: _Filler, cell: Callable[[str], str], own: Any) -> str | None:
    said = fill.request.ref
    if said is None:
        return own if isinstance(own, str) and own else None
    try:
        return next((text.fill(cell) for name, _, text in fill.templates if name == "ref"), said)
    except InvalidInput:
        return None


def _complete(request: Request, asked: Asked) -> Request:
    if request.user is None and request.to is None:
        # Of one who adds a single schedule, the only user can be meant; of many rows, hardly.
        raise InvalidInput("it does not say who is called", hint="its phone_number or user_id is empty")
    return replace(request, agent=request.agent or asked.agent)


def field_of(
    name: str,
    known: Sequence[str] = body.FIELDS,
    printed: Collection[str] = body.PRINTED,
    outer: Sequence[str] = OUTER,
) -> str:
    """Return the field that a column of CSV is: its own, or a key of the context."""
    before, dot, _ = name.partition(".")
    if name in known or name in printed or (dot and before in outer):
        return name
    from difflib import SequenceMatcher

    for each in known:
        if SequenceMatcher(None, name.casefold().replace(" ", "_"), each).ratio() >= _LOOKS_LIKE:
            raise InvalidInput(
                f"unknown column {name!r}", hint=f"did you mean {each}? if not, call it context.{name}"
            )
    return f"context.{name}"


def refuse_two(
    names: Iterable[str],
    known: Sequence[str] = body.FIELDS,
    printed: Collection[str] = body.PRINTED,
    outer: Sequence[str] = OUTER,
) -> None:
    """Raise InvalidInput for two columns that are the same key of the context."""
    seen: dict[str, str] = {}
    for name in names:
        field = field_of(name, known, printed, outer)
        before, dot, key = field.partition(".")
        field = f"context.{key}" if dot and before == "customer_context" else field
        if field in seen:
            raise InvalidInput(f"columns {seen[field]!r} and {name!r} are the same", hint="leave one out")
        seen[field] = name
