"""Twilio: places real calls, on the account that the environment names.

Create Call has no idempotency key, and Twilio says itself that a repeated one may be a second call (error 20500): it
is sent once, and what is not answered clearly is a doubt. The SDK is imported when something is asked of Twilio, and
not before: it costs as much as all the rest of a pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from hyponema_cli.carriers.base import (
    CallView,
    Capabilities,
    CarrierError,
    CarrierSetup,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
)
from hyponema_cli.carriers.twilio_account import Account, account_of
from hyponema_cli.clock import Clock
from hyponema_cli.core.call import CallState

if TYPE_CHECKING:
    from hyponema_cli.http_once import Limits

CALLS_PER_SECOND = 1.0
"""What an account takes unless Twilio has raised it. It queues more for up to a day, and would ring in the night."""
PAGE = 50
LARGEST_PAGE = 1000
MOST_PAGES = 3
"""How far a list is read. A call that is further down is not found: that is said, and not taken for an answer."""

ENDS_BY = {
    CallState.QUEUED: "canceled",
    CallState.RINGING: "canceled",
    CallState.IN_PROGRESS: "completed",
}
"""By what word Twilio ends a call in each state."""
UNREADABLE = (ValueError, TypeError, AttributeError, KeyError, RecursionError)
"""What the SDK raises when it can make nothing of an answer."""
OVER_ALREADY = 21220
"""The code for an end that came too late: the call is in another state."""


def open_carrier(setup: CarrierSetup) -> TwilioCarrier:
    """Open an account; nothing is asked of Twilio yet."""
    return TwilioCarrier(account_of(setup.account, setup.environ), setup.clock)


class _Page(NamedTuple):
    """One page of a list of calls."""

    views: list[CallView]
    """Those that may be ours."""
    oldest: datetime | None
    """When the last of all that stand on it was created; None: it is empty."""
    has_more: bool
    has_undated: bool
    """A call on it does not say when it was created."""


class TwilioCarrier:
    """Satisfies `Carrier` and `ManyFetcher`; see the top of this file."""

    def __init__(self, account: Account, clock: Clock, limits: Limits | None = None) -> None:
        self._account = account
        self._clock = clock
        self._limits = limits
        self._client: Any = None

    def capabilities(self) -> Capabilities:
        """Every call can be found again, and each has its price some minutes after its end."""
        return Capabilities(find="history", calls_per_second=CALLS_PER_SECOND, tells_price=True, requests_at_once=32)

    def check(self) -> str:
        """Ask who the account is. A key that may only place calls cannot be checked like this."""
        with self._asking():
            found = self._api().accounts(self._account.sid).fetch()
        if found.sid != self._account.sid:
            raise CarrierError("what answers there is not Twilio's interface, or another account")
        if found.status not in (None, "active"):
            raise Rejected(f"the account is {found.status}", "account")
        name = f" {found.friendly_name!r}" if found.friendly_name else ""
        where = f", at {self._account.base_url}" if self._account.is_elsewhere else ""
        plain = ", unencrypted" if self._account.base_url.startswith("http://") else ""
        return f"account …{self._account.sid[-4:]}{name} is active{where}{plain}"

    def place_call(self, call: PlaceCall, /) -> CallView:
        """Send one create request."""
        try:
            from hyponema_cli.carriers.twilio_codec import fields_of, refused_create, view_of
            from hyponema_cli.carriers.twilio_http import Refusal
            from hyponema_cli.http_once import Unanswered, Unsent

            create = self._api().account.calls.create
        except Exception as error:
            # A half-installed SDK, say: it was not even asked.
            raise NotSent(f"the SDK cannot be used ({type(error).__name__}: {error})") from None
        fields = fields_of(call)
        try:
            return view_of(create(**fields), self._clock.now())
        except Unsent as error:
            raise NotSent(str(error)) from None
        except Unanswered as error:
            raise OutcomeUnknown(str(error)) from None
        except Refusal as refusal:
            raise refused_create(refusal, self._clock.now()) from None
        except UNREADABLE as error:
            # The SDK could make nothing of a 2xx.
            raise OutcomeUnknown(f"the answer cannot be read ({type(error).__name__})") from None

    def fetch_call(self, carrier_call_id: str, /) -> CallView:
        """Ask about one call."""
        from hyponema_cli.carriers.twilio_codec import view_of

        with self._asking():
            return view_of(self._calls(carrier_call_id).fetch(), self._clock.now())

    def fetch_calls(self, carrier_call_ids: Sequence[str], /, *, since: datetime) -> Sequence[CallView]:
        """Ask about many calls by the list of the account's latest ones."""
        wanted, found = set(carrier_call_ids), list[CallView]()
        size = min(max(PAGE, 4 * len(wanted)), LARGEST_PAGE)
        for page in self._pages(size):
            found += [view for view in page.views if view.carrier_call_id in wanted]
            if len(found) == len(wanted) or page.oldest is None or page.oldest < since:
                break
        return found

    def find_calls(self, *, to_number: str, from_number: str, since: datetime) -> Sequence[CallView]:
        """List the calls between two numbers.

        Never by date: Twilio's filter is by the start of the ringing, which a call in its queue does not have yet.
        Raises CarrierError where the pages end before the time in question: a look that was cut short says nothing.
        """
        found, page = list[CallView](), None
        for page in self._pages(PAGE, to=to_number, from_=from_number):
            if page.has_undated:
                # It may have been made at any time: neither adopted nor overlooked.
                raise CarrierError("it lists a call without saying when it was made")
            found += [
                view
                for view in page.views
                # A server that knows no such filter lists other people's calls, too.
                if (view.to_number, view.from_number) == (to_number, from_number) and view.created_at >= since
            ]
            if page.oldest is not None and page.oldest < since:
                return found
        if page is not None and page.has_more:
            raise CarrierError(f"there are more calls to look through than stand on {MOST_PAGES} pages")
        return found

    def hang_up(self, carrier_call_id: str, /) -> CallView:
        """End a call by the word that its state asks for; one that has moved on meanwhile is told as it is."""
        from hyponema_cli.carriers.twilio_codec import code_of, view_of
        from hyponema_cli.carriers.twilio_http import Refusal

        view = self.fetch_call(carrier_call_id)
        word = ENDS_BY.get(view.state) if view.state is not None else "completed"
        if word is None:
            return view
        with self._asking():
            try:
                return view_of(self._calls(carrier_call_id).update(status=word), self._clock.now())
            except Refusal as refusal:
                if refusal.status != 404 and code_of(refusal) != OVER_ALREADY:
                    raise
        return self.fetch_call(carrier_call_id)

    def _pages(self, size: int, **filters: str) -> Iterator[_Page]:
        """Yield the calls of an account, the newest first, a page at a time, MOST_PAGES at most."""
        from hyponema_cli.carriers.twilio_codec import view_of

        now = self._clock.now()
        with self._asking():
            page = self._api().account.calls.page(page_size=size, **filters)
        for number in range(1, MOST_PAGES + 1):
            with self._asking():
                seen = list(page)
                listed = [(view_of(each, now), each.direction) for each in seen]
                has_more = page.next_page_url is not None
            yield _Page(
                # What came in is no call of ours; where a server does not say, it may be.
                [view for view, direction in listed if direction != "inbound"],
                listed[-1][0].created_at if listed else None,
                has_more,
                any(each.date_created is None for each in seen),
            )
            if number == MOST_PAGES or not has_more:
                return
            with self._asking():
                page = page.next_page()

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what goes wrong in a request that may be repeated into a CarrierError."""
        from twilio.base.exceptions import TwilioException

        from hyponema_cli.carriers.twilio_codec import message_of, refused_create
        from hyponema_cli.carriers.twilio_http import Refusal
        from hyponema_cli.http_once import Unanswered, Unsent

        try:
            yield
        except Unsent as error:
            raise NotSent(str(error)) from None
        except Unanswered as error:
            raise CarrierError(str(error)) from None
        except Refusal as refusal:
            if refusal.status == 404:
                raise NotFound(message_of(refusal)) from None
            meaning = refused_create(refusal, self._clock.now())
            raise (meaning if isinstance(meaning, Rejected | Throttled) else CarrierError(str(meaning))) from None
        except (TwilioException, *UNREADABLE) as error:
            raise CarrierError(f"its answer cannot be read ({type(error).__name__})") from None

    def _calls(self, carrier_call_id: str) -> Any:
        return self._api().account.calls(carrier_call_id)

    def _api(self) -> Any:
        """Return the SDK's way to the account, opened on first use."""
        if self._client is None:
            from twilio.rest import Client

            from hyponema_cli.carriers.twilio_http import TwilioHttp

            account = self._account
            # An environment of its own: where it gets none, or an empty one, the SDK reads the process's.
            client = Client(
                account.username,
                account.password,
                account.sid,
                environment={"TWILIO_REGION": account.region or "", "TWILIO_EDGE": account.edge or ""},
            )
            client.api.base_url = account.base_url
            home = client.get_hostname(account.base_url) if not account.is_elsewhere else account.base_url
            client.http_client = TwilioHttp(home, self._limits)
            self._client = client
        return self._client.api.v2010
