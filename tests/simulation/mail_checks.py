"""Were the receivers told what was promised? Each check is named by its promise, and yields what breaks it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from hyponema_cli.core.instant import from_text
from hyponema_cli.core.webhook import DELAYS, GONE, TOLD
from hyponema_cli.store.webhooks import TOLD_FOR
from tests.simulation.checker import Complaint
from tests.simulation.mail import MailRecord
from tests.simulation.receivers import CLOSED, LOSES, Claim, Telling

LARGEST_STEP = timedelta(hours=2)
"""By how much a machine's clock may be wrong."""
Check = Callable[[MailRecord], Iterator[str]]

CLOSING = {
    "completed": "completed",
    "failed": "failed",
    "canceled": "failed",
    "exhausted": "exhausted",
    "missed": "missed",
    "skipped": "skipped",
}
"""The message that closes an execution, by the status that it ended with."""


def complaints(record: MailRecord) -> list[Complaint]:
    """Return everything that is wrong with a day."""
    return [Complaint(check.__name__, sentence) for check in CHECKS for sentence in check(record)]


def every_process_ends_as_it_should(record: MailRecord) -> Iterator[str]:
    """No courier ends with a bug, and nobody who writes a message does."""
    yield from record.troubles


def every_change_is_in_the_outbox_once(record: MailRecord) -> Iterator[str]:
    """A line of the trail that is to be told has one message; a message has its line: none of what was undone."""
    lines = Counter((line.execution_id, line.at, TOLD[line.name]) for line in record.trail if line.name in TOLD)
    messages = Counter((row.execution_id, json.loads(row.body)["timestamp"], row.event) for row in record.rows)
    for key, count in (lines - messages).items():
        yield f"{key} is missing in the outbox ({count})"
    for key, count in (messages - lines).items():
        yield f"{key} is in the outbox, and never happened ({count})"


def every_execution_that_ended_says_so_once(record: MailRecord) -> Iterator[str]:
    """An execution that ended has one closing message, of its end; it is the last of it."""
    events = defaultdict[str, list[str]](list)
    for row in record.rows:
        events[row.execution_id].append(row.event)
    for execution_id, status in record.statuses.items():
        told = events[execution_id]
        closing = [event for event in told if event in CLOSING.values()]
        if status in CLOSING and (closing != [CLOSING[status]] or told[-1] != closing[-1]):
            yield f"{execution_id} is {status}, and told {told}"


def nothing_is_left_pending(record: MailRecord) -> Iterator[str]:
    """When receivers are well for long enough, no message waits."""
    waiting = Counter(row.url for row in record.rows if row.status == "pending" and row.url != CLOSED)
    for url, count in waiting.items():
        yield f"{count} messages to {url} are pending"


def what_is_delivered_was_taken(record: MailRecord) -> Iterator[str]:
    """A message that is called delivered is with its receiver."""
    taken = {each.message.id for each in record.tellings if each.is_taken}
    for row in record.rows:
        if row.status == "delivered" and row.id not in taken:
            yield f"{row.id} to {row.url} is delivered, and nobody took it"


def only_what_was_refused_for_a_day_or_for_good_is_dead(record: MailRecord) -> Iterator[str]:
    """A message is given up after all its attempts, after a day, or when its receiver is gone."""
    refused = defaultdict[str, list[Telling]](list)
    for each in record.tellings:
        if not each.answer.is_taken:
            refused[each.message.id].append(each)
    for row in record.rows:
        gone = any(each.answer.status == GONE for each in refused[row.id])
        if row.status != "dead" or gone:
            continue
        assert row.finished_at is not None
        # One that waited for a whole day behind others to a receiver that takes none is given up with them.
        is_old = (from_text(row.finished_at) - from_text(row.created_at)).total_seconds() >= _a_day()
        if len(refused[row.id]) <= len(DELAYS) and not is_old:
            yield f"{row.id} to {row.url} is dead after {len(refused[row.id])} attempts"
        if not is_old and row.url != CLOSED and _waited(refused[row.id]) < _a_day():
            yield f"{row.id} to {row.url} is dead after {_waited(refused[row.id]):.0f} s"


def nothing_is_told_for_ever(record: MailRecord) -> Iterator[str]:
    """A message has so many attempts and no more, but for those of which nothing was written down."""
    times = Counter((each.message.id, each.message.url) for each in record.tellings if _is_written(record, each))
    for (message_id, url), count in times.items():
        if count > len(DELAYS) + 1:
            yield f"{message_id} to {url} was told {count} times"


def _waited(refused: list[Telling]) -> float:
    return (refused[-1].sent_at - refused[0].sent_at).total_seconds() if refused else 0.0


def _a_day() -> float:
    # A clock that was put back and on again takes at most forty minutes from it.
    return sum(each.total_seconds() for each in DELAYS) - 45 * 60


def an_executions_messages_come_in_order(record: MailRecord) -> Iterator[str]:
    """A receiver hears first of what happened first."""
    heard = defaultdict[tuple[str, str], list[int]](list)
    for each in record.tellings:
        told = heard[each.message.url, each.message.execution_id]
        if each.is_taken and each.message.seq not in told:
            if told and each.message.seq < max(told):
                yield f"{each} was taken after a later one"
            told.append(each.message.seq)


def nothing_is_passed_while_an_earlier_one_waits(record: MailRecord) -> Iterator[str]:
    """No message is told before the earlier ones of its execution were taken or given up."""
    rows = defaultdict[tuple[str, str], list[int]](list)
    given_up_at: dict[int, datetime] = {}
    for row in record.rows:
        rows[row.url, row.execution_id].append(row.seq)
        waited = from_text(row.finished_at) - from_text(row.created_at) if row.finished_at else timedelta(0)
        if row.status == "dead" and waited >= TOLD_FOR:
            # With its receiver, which took nothing for a day; it need not have been tried itself.
            given_up_at[row.seq] = from_text(row.created_at) + TOLD_FOR
    refused = Counter[int]()
    over: set[int] = set()
    for each in record.tellings:
        seq = each.message.seq
        for earlier in rows[each.message.url, each.message.execution_id]:
            given_up = earlier in given_up_at and each.sent_at >= given_up_at[earlier] - LARGEST_STEP
            if earlier < seq and earlier not in over and not given_up:
                yield f"{each} was sent while {earlier} was waiting"
        refused[seq] += not each.answer.is_taken
        if each.answer.is_taken or each.answer.status == GONE or refused[seq] > len(DELAYS):
            over.add(seq)


def a_message_is_the_same_each_time(record: MailRecord) -> Iterator[str]:
    """What is sent is what was written, under its id."""
    rows = {row.id: row for row in record.rows}
    for each in record.tellings:
        row = rows.get(each.message.id)
        if row is None:
            yield f"{each} is in no outbox"
        elif (row.body, row.url) != (each.message.body, each.message.url):
            yield f"{each} was sent with another body, or elsewhere"


def nobody_is_told_twice_without_need(record: MailRecord) -> Iterator[str]:
    """What was taken is told again only if nobody could know: no answer, a dead teller, or a claim that ran out."""
    tellings = defaultdict[str, list[Telling]](list)
    for each in record.tellings:
        for before in tellings[each.message.id]:
            if before.is_taken and not _is_excused(record, before, each):
                yield f"{each} repeats {before}"
        tellings[each.message.id].append(each)


def _is_excused(record: MailRecord, before: Telling, again: Telling) -> bool:
    if before.mood == LOSES or not before.answer.is_taken:
        return True
    if before.recorded is None and before.claim.process in record.died:
        return True
    # Two had it in hand: who was slow, or slept, lost his claim to another, and could not write down what he heard.
    earlier, later = sorted((before.claim, again.claim), key=lambda claim: claim.tick)
    return _ran_out(earlier, later) and (before.claim is later or not _is_written(record, before, later.tick))


def _is_written(record: MailRecord, telling: Telling, until: float = float("inf")) -> bool:
    """True when the outcome was written down before then, by somebody whose claim nobody else had taken over."""
    if telling.recorded is None or telling.recorded > until:
        return False
    return not any(
        telling.claim.tick < claim.tick < telling.recorded for claim in record.claims_of[telling.message.seq]
    )


def _ran_out(earlier: Claim, later: Claim) -> bool:
    return earlier.tick < later.tick and later.claimed_at >= earlier.until


def no_message_is_claimed_by_two(record: MailRecord) -> Iterator[str]:
    """Who claims a message that another has in hand does so after that claim has run out."""
    last: dict[int, Claim] = {}
    over = defaultdict[Claim, float](lambda: float("inf"))
    for each in record.tellings:
        over[each.claim] = float("inf") if each.recorded is None else each.recorded
    told = {each.claim for each in record.tellings}
    for claim in record.claims:
        before = last.get(claim.seq)
        if before in told and before is not None and over[before] > claim.tick and not _ran_out(before, claim):
            yield f"{claim} was made while {before} held"
        last[claim.seq] = claim


CHECKS: tuple[Check, ...] = (
    every_process_ends_as_it_should,
    every_change_is_in_the_outbox_once,
    every_execution_that_ended_says_so_once,
    nothing_is_left_pending,
    what_is_delivered_was_taken,
    only_what_was_refused_for_a_day_or_for_good_is_dead,
    nothing_is_told_for_ever,
    an_executions_messages_come_in_order,
    nothing_is_passed_while_an_earlier_one_waits,
    a_message_is_the_same_each_time,
    nobody_is_told_twice_without_need,
    no_message_is_claimed_by_two,
)
