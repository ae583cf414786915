"""Who waits for an account's pace, and in which order? Whoever came first goes first, whatever a round looks at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import count


class Queues:
    """One queue an account, for as long as a pass lasts.

    An execution that waits for its turn is put off to that time, and so leaves the front of what is due. Without a
    queue, those whom no round has looked at yet would then stand before it.
    """

    def __init__(self) -> None:
        self._turns: defaultdict[str, dict[str, datetime]] = defaultdict(dict)
        self._account_of: dict[str, str] = {}
        self._places: dict[str, int] = {}
        self._next_place = count()
        self._given: dict[str, datetime] = {}

    def place(self, execution_id: str) -> float:
        """Return a key to sort by: those who wait in their order, then everybody else."""
        return self._places.get(execution_id, float("inf"))

    def turn_of(self, account: str, execution_id: str, free: datetime, pace: float) -> datetime:
        """Return when an execution has its turn, if `free` is the next free one of its account.

        `pace` is in calls a second. Ask in the order of `place`.
        """
        queue, step = self._turns[account], timedelta(seconds=1 / pace)
        if not queue or next(iter(queue)) == execution_id:
            return free
        if execution_id in queue:
            return max(queue[execution_id], self._given.get(account, free) + step)
        return max(queue[next(reversed(queue))], free) + step

    def join(self, account: str, execution_id: str, turn: datetime) -> None:
        """Note that an execution waits for `turn`; it keeps the place that it has."""
        if self._account_of.get(execution_id, account) != account:
            self.leave(execution_id)
        self._turns[account][execution_id] = self._given[account] = turn
        self._account_of[execution_id] = account
        if execution_id not in self._places:
            self._places[execution_id] = next(self._next_place)

    def leave(self, execution_id: str) -> None:
        """Note that an execution waits no more: it is dialled, or something else stands in its way."""
        account = self._account_of.pop(execution_id, None)
        if account is not None:
            del self._turns[account][execution_id], self._places[execution_id]

    def new_round(self, due: Collection[str], all_seen: bool, now: datetime) -> None:
        """Begin a round that looks at `due`. Whose turn has come and who is not there, although all are, is gone."""
        self._given.clear()
        if all_seen:
            for queue in list(self._turns.values()):
                for gone in [each for each, turn in queue.items() if turn <= now and each not in due]:
                    self.leave(gone)
