"""Why did it ring, why did it not, and when will it? The gates' own answers, for any call, past or to come.

What has been decided is told as it was stored then. What is to come is judged by the same `decide` that dials, on the
facts as they stand: a session that is live now has expired by tomorrow, a call that is going on now is over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hyponema_cli.core import phone
from hyponema_cli.core.call import LIVE_SCHEDULES, OPEN_EXECUTIONS, CallState, ExecutionState
from hyponema_cli.core.decide import Decision, Defer, Dial, Skip, decide
from hyponema_cli.core.errors import NotFound
from hyponema_cli.core.explain import remedy
from hyponema_cli.core.gates import GATES, NOT_TAKEN, SIMULATED, WAITS, Answer, Facts
from hyponema_cli.core.records import Execution, Schedule, Settings
from hyponema_cli.core.schedule import Occurrence
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.facts import Scene
from hyponema_cli.engine.lines import Lines
from hyponema_cli.engine.materialise import occurrences_ahead
from hyponema_cli.store import Store, calls, executions, journal, numbers, schedules, users

WAITING = (ExecutionState.PENDING, ExecutionState.WAITING_RETRY)
PERSON_GATES = ("suppressed", "live_session", "line_busy", "calling_window", "call_cap")
"""The gates that look at who is called, and not at what for."""
OPENS_BY_ITSELF = frozenset(
    {
        "in_time",
        "suppressed",
        "live_session",
        "calling_window",
        "call_cap",
        "pace",
        "concurrency",
        "budget",
        "line_busy",
        "overlap",
    }
)
"""Gates that time alone opens. What another gate stops, only a change can let through."""
ENDLESS = frozenset({"suppressed", "window_never_opens", "schedule_canceled", "max_occurrences", "paused"})
"""Reasons of a stop without an end: every later occurrence would meet it too."""
LOOKED_AHEAD = timedelta(days=400)
MOST_LOOKED_AT = 200
"""How many occurrences are tried in search of the next one that would ring. What a gate is known to stop until some
instant is not tried."""
MOST_WAITS = 20
A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of one occurrence, or of one execution that waits, as things stand."""

    decision: Decision
    """As of the occurrence's own instant; of an execution, as of now."""
    rings_at: datetime | None
    """When it would be dialled; None: it would not."""


@dataclass(frozen=True, slots=True)
class Because:
    """Why a call was made or not, or would be."""

    subject: str
    """schedule, execution, user or number: what was asked about."""
    subject_id: str
    at: datetime
    """The instant for which the gates answer."""
    based_on: str
    """stored: as it was decided then; now: as of now; forecast: for an instant to come."""
    verdict: str
    """dialled, dial, wait, stop; or idle: nothing is planned."""
    reason: str | None
    gates: tuple[Mapping[str, Any], ...]
    schedule: Schedule | None = None
    execution: Execution | None = None
    scheduled_time: datetime | None = None
    phone_number: str | None = None
    next_call_at: datetime | None = None
    """When the next call of the schedule would go out, as things stand; None: none would."""
    remedies: tuple[str, ...] = ()
    """What to do about what is no gate: a doubt, or a rule that cannot be read."""

    @property
    def changes(self) -> list[str]:
        """What would have to change for the call to go out: one thing a gate that does not pass."""
        return [*self.remedies, *(gate["remedy"] for gate in self.gates if gate["remedy"])]


def why(desk: Desk, word: str, at: datetime | None) -> list[Because]:
    """Explain a schedule, an execution, a call, a user or a number; a person has an answer for each of their calls.

    The soonest comes first. Raises NotFound when the word is none of them, or nothing was planned at a past `at`.
    """
    inquiry = Inquiry(desk, desk.settings(), desk.clock.now())
    if word.lstrip().startswith("+"):
        number = phone.parse(word)
        theirs = [user.id for user in users.find(desk.store, number)]
        return inquiry.of_person("number", number, number, theirs, at)
    execution_id = calls.execution_of(desk.store, word) or word
    execution = executions.get(desk.store, execution_id)
    if execution is not None:
        return [inquiry.of_execution(execution, "execution", execution.id, at)]
    found = schedules.find(desk.store, word)
    if found:
        schedule = found[0] if len(found) == 1 else find.schedule(desk.store, word)
        return [inquiry.of_schedule(schedule, "schedule", schedule.id, at)]
    if users.find(desk.store, word):
        user = find.user(desk.store, word)
        return inquiry.of_person("user", user.id, user.phone_number, [user.id], at)
    match = find.meant(word, [*schedules.words(desk.store, word), *users.words(desk.store, word)])
    hint = f"did you mean {match!r}?" if match else "a schedule, an execution, a user, or a number with its +"
    raise NotFound(f"nothing is called {word!r}", hint=hint)


class Inquiry:
    """One question, asked of the workspace as it stands now."""

    def __init__(self, desk: Desk, workspace: Settings, now: datetime) -> None:
        self._desk = desk
        self._store = desk.store
        self._workspace = workspace
        self._lines = Lines(desk)
        self._now = now
        self._behind = desk.keeps_journal and journal.is_behind(desk.store)

    def of_execution(self, execution: Execution, subject: str, subject_id: str, at: datetime | None) -> Because:
        """Explain one execution: as it was decided, or, while it waits, as it would be decided."""
        schedule = find.schedule(self._store, execution.schedule_id)
        if execution.status not in WAITING:
            return self._stored(execution, schedule, subject, subject_id)
        due, judged_at, seen = self._waiting(execution, at)
        return Because(
            subject,
            subject_id,
            judged_at,
            "now" if judged_at <= self._now else "forecast",
            seen.decision.verdict,
            seen.decision.reason,
            self._gates(seen.decision.gates, schedule, due),
            schedule,
            execution,
            execution.scheduled_time,
            due.to_number,
            seen.rings_at or self._next_ring(schedule),
        )

    def of_waiting(self, execution: Execution) -> Outlook:
        """Say what would become of an execution that waits."""
        return self._waiting(execution, None)[2]

    def _waiting(self, execution: Execution, at: datetime | None) -> tuple[executions.Due, datetime, Outlook]:
        """Judge an execution that waits; also return what it was judged by, and as of when."""
        # A call that a gate put off is asked about now: at the end of its wait it would wait no more.
        waits = execution.reason in WAITS or execution.reason in NOT_TAKEN
        judged_at = at if at is not None and at > self._now else max(self._now, execution.due_at)
        if at is None and waits:
            judged_at = self._now
        due = executions.as_if_due(self._store, execution.id, judged_at)
        self._open_carrier_of(due)
        decision = decide(self._facts(due, judged_at), judged_at)
        rings_at = self._rings_at(due, decision, judged_at)
        if isinstance(decision, Dial):
            rings_at = max(judged_at, execution.due_at)  # what it waited for is there; it is looked at again then
        return due, judged_at, Outlook(decision, rings_at)

    def of_schedule(self, schedule: Schedule, subject: str, subject_id: str, at: datetime | None) -> Because:
        """Explain the call of a schedule that is at hand, or that comes next; or the last one up to a past `at`."""
        if at is not None and at <= self._now:
            past = executions.select(self._store, schedule_id=schedule.id, until=at, limit=1)
            has_come_due = schedule.next_run_at is not None and schedule.next_run_at <= at
            if past and not has_come_due:
                return self.of_execution(past[0], subject, subject_id, None)
            if not has_come_due:
                raise NotFound(
                    f"{schedule.id} had nothing planned up to {at:%Y-%m-%dT%H:%M:%SZ}",
                    hint=f"see when it fires: hyp occurrences {schedule.id}",
                )
            at = None  # it came due, and no pass has recorded it yet
        if at is None:
            open_ = executions.select(self._store, schedule_id=schedule.id, statuses=OPEN_EXECUTIONS, limit=1)
            if open_:
                return self.of_execution(open_[0], subject, subject_id, None)
        occurrence = next(occurrences_ahead(self._store, schedule, self._workspace, _just_before(at)), None)
        if occurrence is None:
            return self._nothing_to_come(schedule, subject, subject_id)
        due = self._due_of(schedule, occurrence)
        self._open_carrier_of(due)
        seen = self._outlook_of(due, occurrence.at)
        return Because(
            subject,
            subject_id,
            occurrence.at,
            "forecast" if occurrence.at > self._now else "now",
            seen.decision.verdict,
            seen.decision.reason,
            self._gates(seen.decision.gates, schedule, due),
            schedule,
            None,
            occurrence.at,
            due.to_number,
            seen.rings_at or self._next_ring(schedule),
        )

    def of_person(
        self, subject: str, subject_id: str, number: str, user_ids: Sequence[str], at: datetime | None
    ) -> list[Because]:
        """Explain every call that is planned to a person, the soonest first; without any, what would meet one."""
        answers = []
        for schedule in schedules.of_callee(self._store, number, user_ids):
            if schedule.status not in LIVE_SCHEDULES and (at is None or at > self._now):
                continue
            try:
                answers.append(self.of_schedule(schedule, subject, subject_id, at))
            except NotFound:
                continue
        answers = [each for each in answers if each.verdict != "idle" or each.remedies]
        if at is not None and at <= self._now:
            answers.sort(key=lambda each: each.scheduled_time or each.at, reverse=True)
        else:
            answers.sort(key=lambda each: each.scheduled_time or each.at)
        user_id = user_ids[0] if len(user_ids) == 1 else None
        return answers or [self._stranger(subject, subject_id, number, user_id, at)]

    def outlook(self, schedule: Schedule, occurrence: Occurrence) -> Outlook:
        """Say what would become of an occurrence."""
        return self._outlook_of(self._due_of(schedule, occurrence), occurrence.at)

    def _outlook_of(self, due: executions.Due, at: datetime) -> Outlook:
        judged_at = max(at, self._now)
        decision = decide(self._facts(due, judged_at), judged_at)
        return Outlook(decision, self._rings_at(due, decision, judged_at))

    def _rings_at(self, due: executions.Due, decision: Decision, at: datetime) -> datetime | None:
        """Follow a decision through its waits to the instant of the dial; None when it would come to none."""
        for _ in range(MOST_WAITS):
            match decision:
                case Dial():
                    return at
                case Skip():
                    return None
                case Defer(until, _, gates):
                    if any(gate.verdict == "wait" and gate.gate not in OPENS_BY_ITSELF for gate in gates):
                        return None
                    at = max(until, at + timedelta(seconds=1))
                    decision = decide(self._facts(due, at), at)
        return None

    def _next_ring(self, schedule: Schedule) -> datetime | None:
        """Return when the next call of a schedule would go out, as things stand."""
        window = self._workspace.window(schedule.catch_up_window)
        after: datetime | None = None
        for _ in range(MOST_LOOKED_AT):
            occurrence = next(occurrences_ahead(self._store, schedule, self._workspace, after), None)
            if occurrence is None or occurrence.at > self._now + LOOKED_AHEAD:
                return None
            seen = self.outlook(schedule, occurrence)
            if seen.rings_at is not None:
                return seen.rings_at
            blocked = [gate for gate in seen.decision.gates if gate.verdict != "pass"]
            if any(gate.gate not in OPENS_BY_ITSELF or _is_endless(gate) for gate in blocked):
                return None
            # Whatever is due so early that it would be too late by then meets the same gate.
            opened = [gate.until for gate in blocked if gate.until and gate.verdict == "stop"]
            after = max([occurrence.at, *(at - window - A_SECOND for at in (*opened, self._now))])
        return None

    def _facts(self, due: executions.Due, at: datetime) -> Facts:
        facts = Scene(self._desk, self._workspace, self._lines, at, behind=self._behind).facts_of(due)
        if at <= self._now:
            return facts
        # What goes on now is over by then; a doubt is over when a person says so.
        return replace(
            facts,
            busy_call_id=facts.busy_call_id if _is_doubt(self._store, facts.busy_call_id) else None,
            open_execution_id=facts.open_execution_id if _is_held(self._store, facts.open_execution_id) else None,
            live_calls=0,
            turn_at=None,
        )

    def _due_of(self, schedule: Schedule, occurrence: Occurrence) -> executions.Due:
        deadline_at = occurrence.at + self._workspace.window(schedule.catch_up_window)
        return executions.not_recorded_yet(self._store, schedule.id, occurrence.at, deadline_at)

    def _open_carrier_of(self, due: executions.Due) -> None:
        """Ask the one carrier that the call would use, as a pass would. The simulated one is always well."""
        caller = numbers.caller_of(self._store, due.agent_id, due.from_number)
        if caller is not None and self._workspace.live and caller.carrier != SIMULATED:
            self._lines.open(caller.carrier)

    def _gates(
        self, answers: Sequence[Answer], schedule: Schedule, due: executions.Due
    ) -> tuple[Mapping[str, Any], ...]:
        return tuple(_with_remedy(answer.to_json(), _words_of(schedule, due.to_number)) for answer in answers)

    def _stored(self, execution: Execution, schedule: Schedule, subject: str, subject_id: str) -> Because:
        number = execution.last_call.to_number if execution.last_call else schedule.phone_number
        words = _words_of(schedule, number)
        return Because(
            subject,
            subject_id,
            execution.finished_at or execution.actual_time or execution.due_at,
            "stored",
            "dialled" if execution.attempts else "stop",
            execution.reason,
            tuple(_with_remedy(gate, words) for gate in execution.gates),
            schedule,
            execution,
            execution.scheduled_time,
            number,
            self._next_ring(schedule),
            _of_doubt(execution),
        )

    def _nothing_to_come(self, schedule: Schedule, subject: str, subject_id: str) -> Because:
        """Explain a schedule that yields nothing any more, or whose rule cannot be read; with its last execution."""
        over = schedule.status not in LIVE_SCHEDULES
        reason = schedule.trouble or (f"the schedule is {schedule.status}" if over else "its last call has come due")
        return Because(
            subject,
            subject_id,
            self._now,
            "now",
            "idle",
            reason,
            (),
            schedule,
            next(iter(executions.select(self._store, schedule_id=schedule.id, limit=1)), None),
            phone_number=schedule.phone_number,
            remedies=_of_trouble(schedule),
        )

    def _stranger(
        self, subject: str, subject_id: str, number: str, user_id: str | None, at: datetime | None
    ) -> Because:
        """Say what would meet a call to somebody for whom none is planned."""
        judged_at = at if at is not None else self._now
        user = find.user(self._store, user_id) if user_id is not None else None
        due = executions.nobodys(
            number, user_id, user.timezone if user else None, user.calling_window if user else None, judged_at
        )
        live = next(iter(calls.live_to(self._store, number)), None)
        facts = self._facts(due._replace(busy_call_id=live), judged_at)
        answers = [GATES[gate](facts, judged_at) for gate in PERSON_GATES]
        words = {"number": number, "user": user_id or "USER"}
        blocked = [answer for answer in answers if answer.verdict != "pass"]
        return Because(
            subject,
            subject_id,
            judged_at,
            "forecast" if judged_at > self._now else "now",
            "idle",
            blocked[0].reason if blocked else "nothing is planned",
            tuple(_with_remedy(answer.to_json(), words) for answer in answers),
            phone_number=number,
        )


def _is_endless(gate: Answer) -> bool:
    return gate.verdict == "stop" and gate.until is None and gate.reason in ENDLESS


def _is_doubt(store: Store, call_id: str | None) -> bool:
    return call_id is not None and calls.find_status(store, call_id) is CallState.IN_DOUBT


def _is_held(store: Store, execution_id: str | None) -> bool:
    """True when an execution stays open until a person settles its doubt."""
    execution = executions.get(store, execution_id) if execution_id is not None else None
    return execution is not None and execution.status is ExecutionState.IN_DOUBT


def _of_doubt(execution: Execution) -> tuple[str, ...]:
    if execution.status is not ExecutionState.IN_DOUBT or execution.last_call is None:
        return ()
    return (f"hyp reconcile --resolve {execution.last_call.id} placed|not-placed",)


def _of_trouble(schedule: Schedule) -> tuple[str, ...]:
    """Return what to do about a rule that cannot be read."""
    if schedule.trouble is None:
        return ()
    edit = f"hyp schedules edit {schedule.id}"
    if "time of day" in schedule.trouble:
        return (f"{edit} --at HH:MM",)
    return (f"{edit} --tz ZONE",)


def _with_remedy(gate: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    source = gate["source"] or "workspace"
    known = {
        **words,
        "datum": (gate["datum"] or "").partition(" ")[0],
        "source": source,
        "account": source.removeprefix("carrier "),
    }
    return {**gate, "remedy": remedy(gate["reason"], known) if gate["verdict"] != "pass" else None}


def _words_of(schedule: Schedule, number: str) -> dict[str, str]:
    words = {"schedule": schedule.id, "agent": schedule.agent_id, "number": number}
    if schedule.user_id is not None:
        words["user"] = schedule.user_id
    if schedule.max_occurrences is not None:
        words["more"] = str(schedule.max_occurrences + 1)
    return words


def _just_before(at: datetime | None) -> datetime | None:
    return None if at is None else at - timedelta(seconds=1)
