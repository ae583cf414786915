"""What can become of a call, an execution and a schedule? Every state and every move between states is in this file.

Rules that a reader may rely on:

- The tables below are the only place that says which move is allowed; the CHECKs in the database repeat the words.
- A final state never changes. News that comes late or out of order never moves a call back.
- `placing` is committed before any byte is sent, so a call in that state may be ringing a phone.

A call, state by state:

==============  =====================================================================================
placing         the intent is on disk; a request may or may not have been sent
queued          the carrier has it and gave us its id; nothing rings yet
ringing         the carrier says that the phone rings
in_progress     somebody or something answered
in_doubt        nobody knows whether a call was made; the number is locked, nothing is redialled
completed       it was answered and is over (`answered_by` tells a person from a machine)
busy            the line was engaged
no_answer       it rang and nobody answered
rejected        the carrier refused the request; no phone rang
canceled        it was stopped before an answer
failed          the network could not connect it, or its end was never told
not_placed      we know that no request left, or that the carrier did not take it; uses up no attempt
==============  =====================================================================================
"""

from __future__ import annotations

from enum import StrEnum


class CallState(StrEnum):
    """The state of one dial attempt."""

    PLACING = "placing"
    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    IN_DOUBT = "in_doubt"
    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    CANCELED = "canceled"
    FAILED = "failed"
    NOT_PLACED = "not_placed"


class ExecutionState(StrEnum):
    """The state of the record of one occurrence that came due, or of a manual run."""

    PENDING = "pending"
    DIALING = "dialing"
    IN_PROGRESS = "in_progress"
    WAITING_RETRY = "waiting_retry"
    IN_DOUBT = "in_doubt"
    COMPLETED = "completed"
    EXHAUSTED = "exhausted"
    FAILED = "failed"
    SKIPPED = "skipped"
    MISSED = "missed"
    CANCELED = "canceled"


class ScheduleState(StrEnum):
    """The state of a rule."""

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    EXHAUSTED = "exhausted"
    CANCELED = "canceled"


class Outcome(StrEnum):
    """What a finished call came to, in the words of a retry policy."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    TIMEOUT = "timeout"
    FAILED = "failed"
    VOICEMAIL = "voicemail"
    REJECTED = "rejected"
    CANCELED = "canceled"


_C = CallState
_ENDS_AT_CARRIER = frozenset({_C.COMPLETED, _C.BUSY, _C.NO_ANSWER, _C.CANCELED, _C.FAILED})

CALL_MOVES: dict[CallState, frozenset[CallState]] = {
    _C.PLACING: _ENDS_AT_CARRIER | {_C.QUEUED, _C.RINGING, _C.IN_PROGRESS, _C.IN_DOUBT, _C.REJECTED, _C.NOT_PLACED},
    _C.QUEUED: _ENDS_AT_CARRIER | {_C.RINGING, _C.IN_PROGRESS},
    _C.RINGING: _ENDS_AT_CARRIER | {_C.IN_PROGRESS},
    _C.IN_PROGRESS: _ENDS_AT_CARRIER,
    _C.IN_DOUBT: _ENDS_AT_CARRIER | {_C.QUEUED, _C.RINGING, _C.IN_PROGRESS, _C.NOT_PLACED},
    _C.COMPLETED: frozenset(),
    _C.BUSY: frozenset(),
    _C.NO_ANSWER: frozenset(),
    _C.REJECTED: frozenset(),
    _C.CANCELED: frozenset(),
    _C.FAILED: frozenset(),
    _C.NOT_PLACED: frozenset(),
}

LIVE_CALLS = frozenset(state for state, moves in CALL_MOVES.items() if moves)
"""A call in one of these holds its callee's line: nobody else may dial that number."""

FOLLOWED_CALLS = frozenset({CallState.QUEUED, CallState.RINGING, CallState.IN_PROGRESS})
"""What a call can be while its carrier has it and it is not over."""

FINAL_EXECUTIONS = frozenset(
    {
        ExecutionState.COMPLETED,
        ExecutionState.EXHAUSTED,
        ExecutionState.FAILED,
        ExecutionState.SKIPPED,
        ExecutionState.MISSED,
        ExecutionState.CANCELED,
    }
)
OPEN_EXECUTIONS = frozenset(ExecutionState) - FINAL_EXECUTIONS

LIVE_SCHEDULES = frozenset({ScheduleState.ACTIVE, ScheduleState.PAUSED})

_OUTCOMES = {
    _C.BUSY: Outcome.BUSY,
    _C.NO_ANSWER: Outcome.NO_ANSWER,
    _C.FAILED: Outcome.FAILED,
    _C.REJECTED: Outcome.REJECTED,
    _C.CANCELED: Outcome.CANCELED,
}


def advance(state: CallState, seen: CallState) -> CallState:
    """Return the state of a call in `state` for which `seen` is reported; unchanged when that is old news.

    >>> advance(CallState.IN_PROGRESS, CallState.RINGING)
    <CallState.IN_PROGRESS: 'in_progress'>
    """
    return seen if seen in CALL_MOVES[state] else state


def outcome_of(state: CallState, answered_by: str | None) -> Outcome:
    """Say what a finished call came to. A carrier's `completed` includes machines; `answered_by` tells them apart."""
    if state is CallState.COMPLETED:
        by_machine = answered_by is not None and answered_by.startswith(("machine", "fax"))
        return Outcome.VOICEMAIL if by_machine else Outcome.ANSWERED
    return _OUTCOMES[state]


def execution_state_during(call: CallState) -> ExecutionState:
    """Return the state of an execution whose live call is in `call`."""
    if call is CallState.IN_DOUBT:
        return ExecutionState.IN_DOUBT
    return ExecutionState.IN_PROGRESS if call is CallState.IN_PROGRESS else ExecutionState.DIALING
