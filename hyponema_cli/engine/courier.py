"""How do messages get to their receivers? In order, signed, at least once; a slow or dead one delays nobody else.

The courier claims what is due, and lends it to threads: one for each receiver at a time, so that receivers wait for
nobody but themselves. Threads only send; what came of it is written by the courier, who alone has the database.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from hyponema_cli.core import webhook
from hyponema_cli.engine.batch import RECORD_PATIENCE
from hyponema_cli.engine.desk import Desk, jitter_of
from hyponema_cli.store import webhooks
from hyponema_cli.store.webhooks import Message

LONGEST_POST_SECONDS = 17.0
"""How long one message can be in the air; see `post.LIMITS`."""
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
LONGEST_HOLD = timedelta(hours=1)


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
    asked_until: datetime
    """Until when it asked itself to be left alone, if it did."""


class _Done(NamedTuple):
    message: Message
    answer: Answer | None
    """None: it was not sent, and is put back."""


class _Over(NamedTuple):
    """A round is over: its receiver may be told more."""

    url: str


@dataclass
class Courier:
    """Delivers the outbox of a workspace. Not for several threads: it belongs to whoever calls `step`."""

    desk: Desk
    post: Post
    secrets: Callable[[], Sequence[bytes]]
    """Called when there is something to sign."""
    on_trouble: Callable[[str], None] = lambda trouble: None
    _back: queue.SimpleQueue[_Done | _Over] = field(default_factory=queue.SimpleQueue)
    _unwritten: list[_Done | _Over] = field(default_factory=list)
    """What has come back and is not yet in the database."""
    _busy: set[str] = field(default_factory=set)
    _resting: dict[str, _Rest] = field(default_factory=dict)
    _ending: threading.Event = field(default_factory=threading.Event)
    delivered: int = 0
    failed: int = 0

    def step(self, wait_seconds: float = 0.0) -> bool:
        """Record what came back, for so long at most; send out what is due. False when nothing is on its way."""
        self._record(wait_seconds)
        now = self.desk.clock.now()
        if len(self._busy) < RECEIVERS and webhooks.any_due(self.desk.store, now, self._left_alone(now)):
            self._send_out(now)
        return bool(self._busy)

    def run_for(self, seconds: float) -> None:
        """Deliver what is due now and comes due meanwhile, until nothing is left or the time is over.

        What is in the air then is waited for, so that nothing is told again that was taken.
        """
        ends_at = self.desk.clock.now() + timedelta(seconds=seconds)
        while self.step():
            left = (ends_at - self.desk.clock.now()).total_seconds()
            if left <= 0:
                break
            self._record(min(left, NAP_SECONDS))
        self.drain(LONGEST_POST_SECONDS)

    def drain(self, seconds: float) -> None:
        """Send nothing more; record what comes back within that time."""
        self._ending.set()
        ends_at = self.desk.clock.now() + timedelta(seconds=seconds)
        while self._busy and (left := (ends_at - self.desk.clock.now()).total_seconds()) > 0:
            self._record(min(left, NAP_SECONDS))

    def _left_alone(self, now: datetime) -> list[str]:
        """Return the receivers that are told something just now, or rest."""
        resting = {url for url, rest in self._resting.items() if rest.until > now}
        return sorted(self._busy | resting)

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
                for message in messages:
                    self._back.put(_Done(message, None))
                continue
            self._busy.add(url)
            try:
                threading.Thread(
                    target=self._round, args=(messages, secrets, allow_private), daemon=True, name="webhooks"
                ).start()
            except RuntimeError:  # no more threads: not now, then
                self._unwritten += [*(_Done(message, None) for message in messages), _Over(url)]

    def _round(self, messages: list[Message], secrets: Sequence[bytes], allow_private: bool) -> None:
        """Tell one receiver what waits for it; when it does not take one, the rest is put back."""
        ends_at = self.desk.clock.now() + timedelta(seconds=ROUND_SECONDS)
        goes_on = True
        for message in messages:
            now = self.desk.clock.now()
            goes_on = goes_on and not self._ending.is_set() and now < ends_at
            answer = None
            if goes_on:
                try:
                    answer = self.post(message, secrets, now, allow_private)
                except Exception as error:  # an address that no library can make anything of, say
                    answer = Answer(None, f"it could not be sent ({type(error).__name__})")
                goes_on = answer.is_taken
            # Each by itself and at once: what was taken must be known, whatever becomes of the others.
            self._back.put(_Done(message, answer))
        self._back.put(_Over(messages[0].url))

    def _record(self, wait_seconds: float) -> None:
        """Write down all that has come back; wait for something to come, so long at most."""
        back = self._unwritten
        wait_seconds = 0.0 if back else wait_seconds
        try:
            back.append(self._back.get(timeout=wait_seconds) if wait_seconds > 0 else self._back.get_nowait())
            while True:
                back.append(self._back.get_nowait())
        except queue.Empty:
            pass
        if not back:
            return
        now = self.desk.clock.now()
        with self.desk.store.transaction(patience=RECORD_PATIENCE):
            for each in back:
                if isinstance(each, _Done):
                    self._note(each.message, each.answer, now)
        # Only now: what is told next must find this written. If it could not be, it is written with what comes next.
        self._busy -= {each.url for each in back if isinstance(each, _Over)}
        self._unwritten = []

    def _note(self, message: Message, answer: Answer | None, now: datetime) -> None:
        store = self.desk.store
        if answer is None:
            resting = self._resting.get(message.url)
            webhooks.give_back(store, message, max(now, resting.asked_until) if resting else now)
        elif answer.is_taken:
            webhooks.delivered(store, message, now)
            self._resting.pop(message.url, None)
            self.delivered += 1
        else:
            self._note_failure(message, answer, now)

    def _note_failure(self, message: Message, answer: Answer, now: datetime) -> None:
        said = f"HTTP {answer.status}" if answer.status is not None else answer.error
        again = None
        if answer.status != webhook.GONE:
            jitter = jitter_of(f"{message.id}/{message.attempts}")
            again = webhook.next_try(message.attempts + 1, now, jitter, answer.retry_after)
        rested = self._resting.get(message.url)
        rest = min(rested.time * 2, LONGEST_REST) if rested else FIRST_REST
        asked = min(answer.retry_after, LONGEST_HOLD) if answer.retry_after is not None else timedelta(0)
        self._resting[message.url] = _Rest(now + max(rest, asked), rest, now + asked)
        if asked:
            # It asks to be left alone, with all that waits for it, and by other processes too.
            webhooks.hold_back(self.desk.store, message, now + asked)
        self.failed += 1
        dead = webhooks.failed(self.desk.store, message, said, again, now) and again is None
        if dead:
            self.desk.log(now, "webhook.dead", execution_id=message.execution_id, reason=f"{message.id}: {said}")
        others = webhooks.give_up(self.desk.store, message.url, said, now)
        if others:
            self.desk.log(now, "webhook.dead", reason=f"{others} more: {said}")
        if dead or others:
            more = f", and {others} more to the same receiver" if others else ""
            self.on_trouble(f"webhook {message.id} is dead{more}: {said}; see: hyp webhooks list")
