"""What is a carrier? Whatever satisfies `Carrier`: something that rings phones when told to.

The whole contract is in what `place_call` may do: send at most one request that creates a call, within its time
limits, without a retry in any layer; and say truthfully what became of it. Exactly one of:

- a `CallView`: the carrier has the call, and this is its id;
- `NotSent`: no byte of the request left this machine, and none will;
- `Throttled`: the carrier says that it did not take the request, and may take it later;
- `Rejected`: the carrier says that it did not take the request, and why;
- anything else, `OutcomeUnknown` or a bug: nobody knows. hyp will not dial again.

Texts of errors are stored and shown: no secret belongs in them. `docs/writing-a-carrier.md` walks through all of it,
and `contract.py` beside this file is a suite of tests that a carrier must pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from hyponema_cli.clock import Clock
from hyponema_cli.core.call import CallState
from hyponema_cli.core.connect import NOT_CONNECTED, Connection

Scope = Literal["call", "destination", "sender", "account"]


@dataclass(frozen=True, slots=True)
class PlaceCall:
    """A call to be placed. `call_id` is ours; a carrier that can carry it should."""

    call_id: str
    to_number: str
    from_number: str
    execution_id: str
    attempt: int
    connection: Connection = NOT_CONNECTED
    """How the agent gets the call, and for how long."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the agent is told of the call, by name; see `instructions.facts`."""
    callback_url: str | None = None
    """Where the carrier may tell what becomes of this call; None: nobody listens."""


@dataclass(frozen=True, slots=True)
class CallView:
    """What a carrier says of one call."""

    carrier_call_id: str
    state: CallState | None
    """None: a word that we do not know; the call is asked about again."""
    raw_status: str
    to_number: str
    from_number: str
    created_at: datetime
    answered_by: str | None = None
    """`human`, or a word that begins with `machine` or `fax`; None: nobody listened for that, or it is not known."""
    duration_seconds: int | None = None
    price: Decimal | None = None
    """What the call cost; None: not known, or not yet."""
    currency: str | None = None
    """The ISO 4217 code of the price, such as USD."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a carrier can do, as far as it changes what hyp does."""

    find: Literal["none", "live", "history"]
    """Which calls `find_calls` can see; `none` leaves every doubt to a person."""
    calls_per_second: float | None
    """How many calls a second the account takes; None: as many as come."""
    tells_price: bool = False
    """A price follows, some time after a call has ended."""
    requests_at_once: int = 1
    """How many requests for calls one process may have under way; more than one: `place_call` runs in threads."""


LONGEST_DURATION_SECONDS = 10 * 24 * 3600
"""A call said to have lasted longer is a carrier's slip."""


class CarrierError(Exception):
    """Root of what a carrier may raise."""


class NotSent(CarrierError):
    """No byte of the request left: no call was made."""


class Throttled(CarrierError):
    """The carrier did not take the request, and says that it may later.

    With `retry_after`, the account takes no call at all before that; without it, only this call was meant.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(CarrierError):
    """The carrier did not take the request. `scope` says what is wrong.

    `call`: this request; `destination`: the callee's number; both end the execution. `sender`: the number it shows;
    `account`: everything. These two stop the number, or the carrier, for a while, and the execution waits.
    `code` is the carrier's own word for it.
    """

    def __init__(self, message: str, scope: Scope = "call", code: str | None = None) -> None:
        super().__init__(message)
        self.scope: Scope = scope
        self.code = code


class OutcomeUnknown(CarrierError):
    """The request may have been carried out, or not."""


class NotFound(CarrierError):
    """The carrier knows no such call."""


@runtime_checkable
class Carrier(Protocol):
    """Rings phones. Every method but `place_call` may be repeated."""

    def capabilities(self) -> Capabilities:
        """Say what this carrier can do."""
        ...

    def check(self) -> str:
        """Return a line on what was found if calls could be placed now; else raise a CarrierError.

        Places none and costs nothing. The line is for people, and holds no secret.
        """
        ...

    def place_call(self, call: PlaceCall, /) -> CallView:
        """Ask once for a call to be created. See the contract at the top of this file."""
        ...

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        """Return what has become of a call; raises NotFound for an unknown id."""
        ...

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        """Return the calls between two numbers created at or after `since`; raises when it could not look."""
        ...

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        """End a call, or withdraw it if it does not ring yet; returns what it has come to. May be repeated."""
        ...


@runtime_checkable
class ManyFetcher(Protocol):
    """What a carrier may do besides: tell of many calls at the price of a few requests."""

    def fetch_calls(self, carrier_call_ids: Sequence[str], /, *, since: datetime) -> Sequence[CallView]:
        """Return what has become of these calls, none of which was created before `since`.

        Those that are left out are asked about one by one.
        """
        ...


@dataclass(frozen=True, slots=True)
class CarrierSetup:
    """What a plugin gets to build its carrier from."""

    account: str
    """The name that numbers bear, such as `simulated` or `twilio:eu`."""
    workspace: Path
    """The workspace file, for carriers that keep something beside it."""
    clock: Clock
    environ: Mapping[str, str] = field(default_factory=dict)


def checked(view: object) -> CallView:
    """Return what a plugin returned, if it is what it must be; raises TypeError otherwise.

    A plugin is not ours: a fraction where a whole number belongs must not get as far as the ledger.
    """
    if not isinstance(view, CallView):
        raise TypeError(f"a carrier returned {type(view).__name__}, not a CallView")
    duration, price = view.duration_seconds, view.price
    if not (
        isinstance(view.carrier_call_id, str)
        and isinstance(view.state, CallState | None)
        and isinstance(view.answered_by, str | None)
        and isinstance(duration, int | float | None)
        and (duration is None or 0 <= duration <= LONGEST_DURATION_SECONDS)
        and isinstance(price, Decimal | None)
        and (price is None or price.is_finite())
        and isinstance(view.currency, str | None)
        and isinstance(view.created_at, datetime)
        and view.created_at.tzinfo is not None
    ):
        raise TypeError("a carrier returned a CallView with fields of other types")
    view.carrier_call_id.encode()
    return replace(
        view,
        duration_seconds=None if duration is None else int(duration),
        answered_by=None if view.answered_by is None else clean(view.answered_by),
        currency=None if view.currency is None else clean(view.currency),
    )


def clean(text: object) -> str:
    """Return text as it can be stored: no lone surrogates, no endless page."""
    return str(text).encode("utf-8", "replace").decode()[:500]


def in_words(error: BaseException) -> str:
    """Return an exception's text as it can be stored, even if it has none to give."""
    try:
        return clean(error)
    except Exception:
        return type(error).__name__
