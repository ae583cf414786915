"""How do messages get to their receivers? In order, signed, at least once; a slow or dead one delays nobody else.

The courier claims what is due, and lends it to threads: one for each receiver at a time, so that receivers wait for
nobody but themselves. Threads only send; what came of it is written by the courier, who alone has the database.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from hyponema_cli.core import webhook
from hyponema_cli.engine.batch import RECORD_PATIENCE
from hyponema_cli.engine.desk import Desk, jitter_of
from hyponema_cli.store import webhooks
from hyponema_cli.store.webhooks import Message

LEASE = timedelta(minutes=2)
"""How long a message that was taken belongs to us: longer than a round of one receiver can last."""
ROUND = 16
"""How many messages of one receiver are taken at once."""
ROUND_SECONDS = 30.0
"""How long one receiver is told what waits for it before the rest is put back, behind what waits for others."""
RECEIVERS = 8
"""How many are told at once."""
NAP_SECONDS = 0.25
FIRST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
"""How long a receiver is left alone that did not take a message; twice as long each time, until it takes one."""


class Answer(NamedTuple):
    """What a receiver said; no status: it did not."""

    status: int | None
    error: str = ""
    retry_after: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        """True for any 2xx: all else is a refusal, a redirect too."""
        return self.status is not None and 200 <= self.status < 300


Post = Callable[[Message, Sequence[bytes], datetime, bool], Answer]
"""Tells a receiver a message, signed with secrets, at a time; the last says whether private addresses are allowed."""


class _Rest(NamedTuple):
    until: datetime
    time: timedelta


class _Done(NamedTuple):
    message: Message
    answer: Answer | None
    """None: it was not sent, and is put back."""


@dataclass
class Courier:
    """Delivers the outbox of a workspace. Not for several threads: it belongs to whoever calls `step`."""

    desk: Desk
    post: Post
    secrets: Callable[[], Sequence[bytes]]
    """Called when there is something to sign."""
    on_trouble: Callable[[str], None] = lambda trouble: None
    _done: queue.SimpleQueue[list[_Done]] = field(default_factory=queue.SimpleQueue)
    _busy: set[str] = field(default_factory=set)
    _resting: dict[str, _Rest] = field(default_factory=dict)
    delivered: int = 0
    failed: int = 0

    def step(self, wait_seconds: float = 0.0) -> bool:
        """Record what came back, for so long at most; send out what is due. False when nothing is on its way."""
        self._record(wait_seconds)
        now = self.desk.clock.now()
        if len(self._busy) < RECEIVERS and webhooks.any_due(self.desk.store, now, self._left_alone(now)):
            self._send_out(now)
        return bool(self._busy)

    def drain(self, seconds: float) -> None:
        """Send nothing more; record what comes back within that time."""
        ends_at = self.desk.clock.now() + timedelta(seconds=seconds)
        while self._busy and (left := (ends_at - self.desk.clock.now()).total_seconds()) > 0:
            self._record(min(left, NAP_SECONDS))

    def _left_alone(self, now: datetime) -> list[str]:
        """Return the receivers that are told something just now, or rest."""
        resting = {url for url, rest in self._resting.items() if rest.until > now}
        return sorted(self._busy | resting)

    def run_for(self, seconds: float) -> None:
        """Deliver what is due now and comes due meanwhile, until nothing is left or the time is over."""
        ends_at = self.desk.clock.now() + timedelta(seconds=seconds)
        while self.step():
            left = (ends_at - self.desk.clock.now()).total_seconds()
            if left <= 0:
                return
            self._record(min(left, NAP_SECONDS))

    def _send_out(self, now: datetime) -> None:
        secrets = self.secrets()
        allow_private = self.desk.settings().webhook_allow_private
        room = RECEIVERS - len(self._busy)
        with self.desk.store.transaction():
            taken = webhooks.claim(self.desk.store, now, self._left_alone(now), ROUND * room, now + LEASE)
        rounds: dict[str, list[Message]] = {}
        for message in taken:
            rounds.setdefault(message.url, []).append(message)
        for index, (url, messages) in enumerate(rounds.items()):
            if index >= room:
                self._done.put([_Done(message, None) for message in messages])
                continue
            self._busy.add(url)
            threading.Thread(
                target=self._round, args=(messages, secrets, allow_private), daemon=True, name="webhooks"
            ).start()

    def _round(self, messages: list[Message], secrets: Sequence[bytes], allow_private: bool) -> None:
        """Tell one receiver what waits for it; when it does not take one, the rest is put back."""
        began, done = self.desk.clock.now(), list[_Done]()
        try:
            for message in messages:
                late = (self.desk.clock.now() - began).total_seconds() > ROUND_SECONDS
                if late or (done and not (done[-1].answer and done[-1].answer.is_taken)):
                    done.append(_Done(message, None))
                    continue
                done.append(_Done(message, self.post(message, secrets, self.desk.clock.now(), allow_private)))
        except Exception as error:
            done += [_Done(each, Answer(None, f"{type(error).__name__}")) for each in messages[len(done) :][:1]]
        finally:
            done += [_Done(message, None) for message in messages[len(done) :]]
            self._done.put(done)

    def _record(self, wait_seconds: float) -> None:
        """Write down all that has come back; wait for something to come, so long at most."""
        batches = []
        try:
            batches.append(self._done.get(timeout=wait_seconds) if wait_seconds > 0 else self._done.get_nowait())
            while True:
                batches.append(self._done.get_nowait())
        except queue.Empty:
            pass
        if not batches:
            return
        now = self.desk.clock.now()
        with self.desk.store.transaction(patience=RECORD_PATIENCE):
            for done in batches:
                self._busy.discard(done[0].message.url)
                for message, answer in done:
                    self._note(message, answer, now)

    def _note(self, message: Message, answer: Answer | None, now: datetime) -> None:
        store = self.desk.store
        if answer is None:
            webhooks.give_back(store, message.seq, now)
        elif answer.is_taken:
            webhooks.delivered(store, message.seq, now)
            self._resting.pop(message.url, None)
            self.delivered += 1
        else:
            said = f"HTTP {answer.status}" if answer.status is not None else answer.error
            jitter = jitter_of(f"{message.id}/{message.attempts}")
            again = None
            if answer.status != webhook.GONE:
                again = webhook.next_try(message.attempts, now, jitter, answer.retry_after)
            webhooks.failed(store, message.seq, said, again, now)
            rested = self._resting.get(message.url)
            rest = min(rested.time * 2, LONGEST_REST) if rested else FIRST_REST
            self._resting[message.url] = _Rest(now + rest, rest)
            self.failed += 1
            if again is None:
                self.desk.log(now, "webhook.dead", execution_id=message.execution_id, reason=f"{message.id}: {said}")
                self.on_trouble(f"webhook {message.id} is dead: {said}; see: hyp webhooks list")


def retry_after_of(text: str | None, now: datetime) -> timedelta | None:
    """Read a Retry-After header: seconds, or a date (RFC 9110, section 10.2.3)."""
    words = (text or "").strip()
    if words.isascii() and words.isdigit():
        return min(timedelta(seconds=int(words[:9])), timedelta(days=1))
    try:
        at = parsedate_to_datetime(words)
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(at.replace(tzinfo=at.tzinfo or UTC) - now, timedelta(0)), timedelta(days=1))
