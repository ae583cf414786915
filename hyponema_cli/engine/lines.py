"""Which carriers can a pass use, why not the others, and how fast does each take calls?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import isfinite

from hyponema_cli.core import phone
from hyponema_cli.core.errors import HypError
from hyponema_cli.core.gates import SIMULATED
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import numbers


class Lines:
    """The carriers of a pass.

    They are opened before the write lock is taken, because a plugin may take its time, and only those that a call
    could need: from a workspace that is not armed, the simulated one.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._own_pace: dict[str, float | None] = {}
        self._at_once: dict[str, int] = {}
        self._problems: dict[tuple[str, str | None], str] = {}
        self._notes: dict[str, str] = {}
        self._sent_at: dict[str, datetime] = {}

    def open_all(self) -> None:
        """Open the carriers of all attached numbers that are not open yet."""
        live = self._desk.settings().live
        for account in numbers.accounts(self._desk.store):
            if live or account == SIMULATED:
                self.open(account)

    def open(self, account: str) -> None:
        """Open a carrier that is not open yet; what goes wrong is its problem, and nobody else's."""
        if account in self._own_pace or self.problem(account) is not None:
            return
        try:
            can = self._desk.carrier(account).capabilities()
            self._own_pace[account] = _sane(can.calls_per_second)
            self._at_once[account] = can.requests_at_once
        except HypError as error:
            self.give_up(account, error.message)
        except Exception as error:
            from hyponema_cli.carriers.base import in_words

            self.give_up(account, f"{type(error).__name__}: {in_words(error)}")

    def at_once(self, account: str) -> int:
        """Return how many requests to a carrier may be under way in one process."""
        return self._at_once.get(account, 1)

    @property
    def take_several(self) -> bool:
        """True when an open carrier takes more than one request at once."""
        return any(number > 1 for number in self._at_once.values())

    def sent(self, account: str, at: datetime) -> None:
        """Note that a request goes out now."""
        self._sent_at[account] = at

    def free_at(self, account: str, pace: float) -> datetime:
        """Return when this process may send the account its next request."""
        last = self._sent_at.get(account)
        return datetime.min.replace(tzinfo=UTC) if last is None else last + timedelta(seconds=1 / pace)

    def give_up(self, account: str, problem: str, from_number: str | None = None) -> None:
        """Use a carrier, or one number on it, no more in this pass."""
        self._problems[account, from_number] = problem

    def problem(self, account: str, from_number: str | None = None) -> str | None:
        """Say why a carrier, or a number on it, cannot be used; None when it can, or when nobody tried."""
        return self._problems.get((account, None)) or self._problems.get((account, from_number))

    def note(self, account: str, problem: str) -> None:
        """Note why a carrier keeps somebody waiting whom this pass did not even try to call."""
        self._notes[account] = problem

    def problems(self) -> dict[str, str]:
        """Return what is wrong, by account, or by account and number."""
        return self._notes | {
            account if number is None else f"{account} {phone.masked(number)}": problem
            for (account, number), problem in self._problems.items()
        }

    def pace(self, account: str) -> float | None:
        """Return how many calls a second a carrier says that it takes; None: as many as come."""
        return self._own_pace.get(account)


def _sane(pace: object) -> float | None:
    """Return a pace that can be kept; raises ValueError for what is none."""
    if pace is None:
        return None
    if not isinstance(pace, int | float) or not isfinite(pace) or pace <= 0:
        raise ValueError(f"it says that it takes {pace!r} calls a second")
    return float(pace)
