"""How do the rows of a file become schedules? Each is judged as `schedules add` would; then all are stored at once.

While the file is read nothing is locked: the rows are staged in a temporary file. Storing them is one transaction, of
some seconds for a million rows; if what they were judged by was changed meanwhile, nothing is stored.

Most rows of a campaign differ in nothing but whom they call. The first row of a rule is booked as any schedule is; of
those that follow, only what is their own is looked at (`mapping.Parts`). A test holds the two ways together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import islice
from typing import Any

from hyponema_cli.carriers.instructions import room_for_context
from hyponema_cli.core import phone
from hyponema_cli.core.errors import Ambiguous, Conflict, HypError, InvalidInput, NotFound
from hyponema_cli.core.records import Schedule
from hyponema_cli.core.schedule import next_occurrence
from hyponema_cli.core.when import WhenWords, parse
from hyponema_cli.engine import book, find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.mapping import FromCells, FromObjects, Parts
from hyponema_cli.engine.request import Request
from hyponema_cli.ids import new_ids
from hyponema_cli.store import staged

BATCH = 1000
"""Rows that are looked up and staged together."""
RULES_REMEMBERED = 20_000

Refused = (InvalidInput, NotFound, Ambiguous, Conflict)
"""What is wrong with one row, and leaves the others as they are."""
OnRefused = Callable[[int, HypError, Any], None]
"""Hears of a row that is refused: where it stands, why, and the row."""
MOST_NUMBERS = 5
"""Impossible numbers that are told one by one."""


@dataclass(slots=True)
class Counts:
    """What became of the rows of a file; a row that asks for several schedules counts for each."""

    added: int = 0
    unchanged: int = 0
    rejected: int = 0
    impossible: int = 0
    """Of those added, how many have a number that no numbering plan could have."""
    impossible_first: list[tuple[int, str]] = field(default_factory=list)
    """Where the first of them stand, and their numbers."""

    def look_at_number(self, place: int, number: str | None) -> None:
        """Count a number that no numbering plan could have."""
        if number is not None and phone.looks_impossible(number):
            self.impossible += 1
            if len(self.impossible_first) < MOST_NUMBERS:
                self.impossible_first.append((place, number))


@dataclass(slots=True)
class _Rule:
    """What many schedules share: its number in the staging, and the longest context that needs no further look."""

    number: int
    room: int
    at: str | None
    """The time that its schedules have in common, as it was said."""
    when: WhenWords
    booked: Schedule
    shared: tuple[Any, ...]


class Importer:
    """Judges rows and stages them; `store` stores those that are good."""

    def __init__(
        self,
        desk: Desk,
        rows: FromObjects | FromCells,
        steps: int,
        stagger: timedelta,
        on_refused: OnRefused,
        place: str = "line",
    ) -> None:
        """Make one; `place` is what a row is told by."""
        rows.asked.refuse_constants(
            lambda agent: find.agent(desk.store, agent), lambda user: find.user(desk.store, user)
        )
        self.counts = Counts()
        self._desk, self._rows, self._steps, self._stagger = desk, rows, steps, stagger
        self._refuse, self._place = on_refused, place
        self._now = desk.clock.now().replace(microsecond=0)
        self._timezone = desk.settings().timezone
        self._since = staged.last_line_of_trail(desk.store)
        self._ids = new_ids("sch", desk.clock.now())
        self._rules: dict[Any, _Rule] = {}
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._rooms: dict[str, int] = {}
        self._next_rule = 0
        self._seen = 0
        self._new_rules: list[tuple[Any, ...]] = []
        self._new_rows: dict[int, staged.Row] = {}
        self._new_refs: dict[str, staged.Row] = {}

    def judge(self, rows: Iterable[tuple[int, Any]]) -> None:
        """Judge rows, each with its line, and stage the good ones."""
        rows = iter(rows)
        while batch := list(islice(rows, BATCH)):
            self._judge_batch(batch)

    def store(self) -> None:
        """Store what was staged: all of it, or nothing. Raises Busy when it was judged by what is true no more."""
        with self._desk.store.transaction():
            staged.store_schedules(self._desk.store, self._since, self._desk.actor, self._now)

    def _judge_batch(self, batch: Sequence[tuple[int, Any]]) -> None:
        rows, steps = self._rows, range(self._steps)
        apart = [(line, row, step, rows.parts(row, step)) for line, row in batch for step in steps]
        refs = [ref for _, row, step, parts in apart if (ref := parts.ref if parts else rows.ref(row, step))]
        known: set[str] = set()
        if refs:
            staged.index_refs(self._desk.store)
            known = staged.known_refs(self._desk.store, refs)
            self._new_refs = dict(staged.of_refs(self._desk.store, refs))
        fresh: list[staged.Row] = []
        for number, (line, row, step, parts) in enumerate(apart):
            later = self._stagger * (self._seen + number // self._steps)
            try:
                found = self._staged(line, row, step, parts, later, known)
            except Refused as error:
                self.counts.rejected += 1
                self._refuse(line, error, row)
                continue
            if found is None:
                self.counts.unchanged += 1
            else:
                fresh.append(found)
                self.counts.added += 1
                if step == 0:
                    self.counts.look_at_number(line, found[4])
        self._seen += len(batch)
        staged.put(self._desk.store, self._new_rules, fresh)
        self._new_rules.clear()
        self._new_refs.clear()

    def _staged(
        self, line: int, row: Any, step: int, parts: Parts | None, later: timedelta, known: set[str]
    ) -> staged.Row | None:
        """Return a row as it is staged; None when it asks for what is there. Raises one of Refused."""
        if parts is not None and not later and parts.ref not in known:
            rule = self._rules.get((step, parts.rule))
            if rule is not None and (found := self._quickly(line, rule, parts)) is not None:
                return self._unless_there(found)
        request = self._rows.request(row, step)
        if later:
            request = replace(request, when=replace(request.when, later=later))
        booked = self._booked(request, known)
        if booked is None:
            return None
        shared = staged.shared_of(booked)
        number = self._number(shared)
        if parts is not None and not later:
            self._remember((step, parts.rule), number, parts.at, request.when, booked, shared)
        return self._unless_there((line, number, *staged.own_of(booked)))

    def _quickly(self, line: int, rule: _Rule, it: Parts) -> staged.Row | None:
        """Return a row of a rule that another row has; None when it needs a further look."""
        context = json.dumps(it.context) if it.context else "{}"
        if len(context) > rule.room:
            return None
        number = rule.number if it.at == rule.at else self._at_another_time(rule, it.at)
        if number is None:
            return None
        metadata = json.dumps(it.metadata) if it.metadata else "{}"
        return (line, number, next(self._ids), None, it.to, it.name, it.description, context, metadata, it.ref)

    def _at_another_time(self, rule: _Rule, at: str | None) -> int | None:
        """Return the number of a rule that differs from another in its only instant; None for any other."""
        booked = rule.booked
        if booked.kind != "once" or at is None:
            return None
        zone = booked.zone(self._timezone)
        try:
            when = parse(replace(rule.when, at=at), zone, self._now)
            once = when.rule(zone)
        except InvalidInput:
            return None
        following = next_occurrence(
            replace(once, start=booked.start_at, until=booked.until_at), booked.accounted_until
        )
        if following is None:
            return None
        return self._number(staged.at_another_time(rule.shared, when, following))

    def _booked(self, request: Request, known_refs: set[str]) -> Schedule | None:
        """Return the schedule that a request books; None when its ref has booked it before."""
        ref = book.read_ref(request.ref)
        known = book.known_by(self._desk.store, ref) if ref in known_refs else None
        if known is None:
            return replace(book.booked(self._desk, request, self._desk.actor, self._now), id=next(self._ids))
        book.refuse_other_content(
            known, book.booked(self._desk, request, self._desk.actor, known.created_at), request.ref
        )
        return None

    def _unless_there(self, row: staged.Row) -> staged.Row | None:
        """Return a row, unless its ref stands in the file already; raises Conflict if it does with other content."""
        ref = row[-1]
        if ref is None:
            return row
        before = self._new_refs.setdefault(ref, row)
        if before is row:
            return row
        # All but the line and the id; what is JSON may be in another order.
        if _content(before) == _content(row):
            return None
        raise Conflict(
            f"ref {ref!r} stands on {self._place} {before[0]} with other content", hint="a ref names one schedule"
        )

    def _number(self, shared: tuple[Any, ...]) -> int:
        number = self._numbers.get(shared)
        if number is None:
            if len(self._numbers) >= RULES_REMEMBERED:
                self._numbers.clear()
            number = self._numbers[shared] = self._next_rule
            self._next_rule += 1
            self._new_rules.append((number, *shared))
        return number

    def _remember(
        self, key: Any, number: int, at: str | None, when: WhenWords, booked: Schedule, shared: tuple[Any, ...]
    ) -> None:
        if len(self._rules) >= RULES_REMEMBERED:
            self._rules.clear()
        room = self._rooms.get(booked.agent_id)
        if room is None:
            # As it is stored, a character takes five at most in what a carrier gets (`&amp;`).
            room = room_for_context(find.agent(self._desk.store, booked.agent_id).connection) // 5
            self._rooms[booked.agent_id] = room
        self._rules[key] = _Rule(number, room, at, when, booked, shared)


def _content(row: staged.Row) -> tuple[Any, ...]:
    _, number, _, user_id, to, name, description, context, metadata, _ = row
    return number, user_id, to, name, description, json.loads(context), json.loads(metadata)
