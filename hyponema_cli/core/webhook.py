"""Who hears of what, signed how, and when is it told again? Webhooks as tables and values.

Signed as Standard Webhooks are (standardwebhooks.com, the specification of 2024): HMAC-SHA256 over id, time and body,
so that nobody can forge, change or replay one. The id stays the same when it is told again, so that a receiver can
drop what it has heard.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from hyponema_cli.core.errors import InvalidInput

EVENTS = ("started", "completed", "failed", "exhausted", "missed", "skipped", "in_doubt")
"""What can be told of an execution, in the guides' words and ours."""

TOLD = {
    "call.placed": "started",
    "call.adopted": "started",
    "call.in_doubt": "in_doubt",
    "execution.completed": "completed",
    "execution.failed": "failed",
    "execution.canceled": "failed",
    "execution.exhausted": "exhausted",
    "execution.missed": "missed",
    "execution.skipped": "skipped",
}
"""By the name of a line in the audit trail: the event that goes out with it, from the same transaction."""

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800))
"""The waits between the attempts: a day in all."""
JITTER = 0.1
LONGEST_WAIT = DELAYS[-1]
GONE = 410
"""By this status a receiver says that it wants no more."""

PREFIX = "whsec_"
SHORTEST_SECRET, LONGEST_SECRET = 24, 64
"""Bytes of a secret, by the specification."""


def event_for(told: str, wanted: Collection[str]) -> str | None:
    """Return the event to send, or None where nobody wants it. `wanted` empty: everything.

    An execution whose attempts are used up has failed, for those who know no better word.

    >>> event_for("exhausted", ["started", "failed"])
    'failed'
    """
    if not wanted or told in wanted:
        return told
    return "failed" if told == "exhausted" and "failed" in wanted else None


def next_try(attempts: int, now: datetime, jitter: float, retry_after: timedelta | None = None) -> datetime | None:
    """Return when to try again after so many attempts; None: never. `jitter` is drawn by the caller from [0, 1)."""
    if attempts > len(DELAYS):
        return None
    delay = DELAYS[attempts - 1] * (1 + JITTER * jitter)
    return now + min(max(delay, retry_after or delay), max(LONGEST_WAIT, delay))


def read_secrets(text: str) -> list[bytes]:
    """Read one secret or several, separated by blanks: while one is replaced, both sign.

    Raises InvalidInput, without showing it, for a text that is none.
    """
    found = []
    for word in text.split():
        try:
            key = base64.b64decode(word.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not SHORTEST_SECRET <= len(key) <= LONGEST_SECRET:
            raise InvalidInput(
                "the webhook secret is not one",
                hint=f"{PREFIX} and base64 of {SHORTEST_SECRET} to {LONGEST_SECRET} bytes; see: hyp webhooks secret",
            )
        found.append(key)
    if not found:
        raise InvalidInput("the webhook secret is empty", hint="see: hyp webhooks secret")
    return found


def signature(secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the `webhook-signature` header: one signature for each secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in secrets
    )


def is_public(address: str) -> bool:
    """True for an IP address that anybody on the internet can reach: not one of this machine or of its network.

    >>> is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("93.184.216.34")
    (False, False, True)
    """
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        inside = found.ipv4_mapped or (IPv4Address(int(found) & 0xFFFFFFFF) if found in _NAT64 else None)
        if inside is not None:
            return is_public(str(inside))
        if found.sixtofour is not None:  # of which Python's releases think differently
            return is_public(str(found.sixtofour))
        # All that anybody was given to use in public so far (IANA's registry of IPv6 addresses); what stands outside
        # is local, or carries an IPv4 address in one of many ways.
        if found not in _IPV6_IN_USE:
            return False
    return found.is_global and not found.is_multicast


_IPV6_IN_USE = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
"""By which a network without IPv4 of its own reaches IPv4 (RFC 6052)."""
