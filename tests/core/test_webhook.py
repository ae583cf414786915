"""Who hears of what, signed how, told again when, and where may a receiver not stand?"""

from __future__ import annotations

import base64
import ipaddress
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from freezegun import freeze_time
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.core.webhook import (
    DELAYS,
    EVENTS,
    JITTER,
    TOLD,
    event_for,
    is_public,
    next_try,
    read_secrets,
    signature,
)
from tests.core.helpers import table, utc
from tests.strategies import examples

NOON = utc("2026-03-02T12:00Z")
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=seconds) for seconds in (1, 60, 3600, 86400))
jitters = st.floats(0, 1, exclude_max=True)
attempts = st.integers(1, len(DELAYS))

# --- who hears of what --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "wanted", "event"),
    table("""
        started   |                           | started
        exhausted |                           | exhausted
        in_doubt  |                           | in_doubt
        completed | started,completed,failed  | completed
        exhausted | started,completed,failed  | failed
        exhausted | failed                    | failed
        exhausted | failed,exhausted          | exhausted
        exhausted | exhausted                 | exhausted
        exhausted | started,completed         | none
        missed    | started,completed,failed  | none
        skipped   | started,completed,failed  | none
        in_doubt  | started,completed,failed  | none
        failed    | exhausted                 | none
        started   | completed                 | none
    """),
)
def test_who_names_events_hears_of_those_and_who_names_none_of_all(told: str, wanted: str, event: str) -> None:
    found = event_for(told, wanted.split(",") if wanted else ())
    assert (found or "none") == event


@given(st.sampled_from(EVENTS), st.sets(st.sampled_from(EVENTS), min_size=1))
@examples(200)
def test_nobody_hears_a_word_that_was_not_asked_for(told: str, wanted: set[str]) -> None:
    assert event_for(told, wanted) in {None, *wanted}


def test_every_event_has_a_line_of_the_audit_trail_that_it_goes_out_with() -> None:
    assert set(TOLD.values()) == set(EVENTS)


# --- when it is told again ----------------------------------------------------------------------------------------


def test_it_is_tried_for_a_day_in_all() -> None:
    at, tries = NOON, 0
    while (again := next_try(tries + 1, at, 0.0)) is not None:
        at, tries = again, tries + 1
    assert tries == len(DELAYS)
    assert 23 * HOUR <= at - NOON <= 24 * HOUR


@given(attempts, jitters)
@examples(200)
def test_jitter_makes_a_wait_longer_by_a_tenth_at_most(tries: int, jitter: float) -> None:
    again = next_try(tries, NOON, jitter)
    assert again is not None
    assert DELAYS[tries - 1] <= again - NOON <= DELAYS[tries - 1] * (1 + JITTER)


@given(jitters)
@examples(50)
def test_each_wait_is_longer_than_the_one_before_or_as_long(jitter: float) -> None:
    waits = [next_try(tries, NOON, jitter) for tries in range(1, len(DELAYS) + 1)]
    assert waits == sorted(each for each in waits if each is not None)


@given(attempts, jitters, st.timedeltas(timedelta(0), 3 * DAY))
@examples(300)
def test_a_receiver_that_names_a_time_is_not_asked_before_it_nor_more_than_eight_hours_late(
    tries: int, jitter: float, asked_for: timedelta
) -> None:
    without, at = next_try(tries, NOON, jitter), next_try(tries, NOON, jitter, asked_for)
    assert without is not None and at is not None
    assert at >= without
    assert at >= NOON + min(asked_for, 8 * HOUR)
    assert at <= max(without, NOON + 8 * HOUR)


@given(st.integers(len(DELAYS) + 1, 10**6), jitters, st.none() | st.timedeltas(timedelta(0), DAY))
@examples(50)
def test_after_the_last_attempt_there_is_none_whatever_the_receiver_asks_for(
    tries: int, jitter: float, asked_for: timedelta | None
) -> None:
    assert next_try(tries, NOON, jitter, asked_for) is None


# --- the secret ---------------------------------------------------------------------------------------------------

KEY, OTHER = b"0123456789abcdef01234567", bytes(range(64))


def secret_of(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (secret_of(KEY), [KEY]),
        (base64.b64encode(KEY).decode(), [KEY]),
        (f"  {secret_of(KEY)}\n", [KEY]),
        (f"{secret_of(KEY)} {secret_of(OTHER)}", [KEY, OTHER]),
        (f"{secret_of(OTHER)}\n\t{secret_of(KEY)}\n", [OTHER, KEY]),
    ],
)
def test_one_secret_is_read_or_several_while_one_is_replaced(text: str, keys: list[bytes]) -> None:
    assert read_secrets(text) == keys


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "whsec_",
        "sesame",
        "whsec_sesame-open",
        secret_of(b"x" * 23),
        secret_of(b"x" * 65),
        secret_of(KEY)[:-1],
        "WHSEC_" + base64.b64encode(KEY).decode(),
        "whsec_whsec_" + base64.b64encode(KEY).decode(),
        "whpk_" + base64.b64encode(KEY).decode(),
        secret_of(KEY).replace("whsec_", "whsec_é"),
        f"{secret_of(KEY)},{secret_of(OTHER)}",
        f"{secret_of(KEY)} hush",
    ],
)
def test_what_is_no_secret_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_secrets(text)
    said = f"{caught.value.message} {caught.value.hint}"
    for word in text.split():
        hidden = word.removeprefix("whsec_")
        assert not hidden or hidden not in said
    assert caught.value.hint


# --- the signature ------------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_specification() -> None:
    """The example that the libraries of Standard Webhooks are tested with."""
    secrets = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(secrets, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


keys = st.binary(min_size=24, max_size=64)
ids = st.from_regex(r"msg_[0-9A-Z]{26}", fullmatch=True)
bodies = st.dictionaries(st.text(), st.text() | st.integers() | st.none())


@given(keys, ids, st.integers(0, 2**33), bodies)
@examples(100)
def test_an_independent_signer_signs_alike(
    key: bytes, message_id: str, stamp: int, content: dict[str, object]
) -> None:
    body = json.dumps(content)
    # Its `sign` takes any datetime for UTC: a local one would sign another second.
    at = utc("1970-01-01T00:00Z") + timedelta(seconds=stamp)
    theirs = Webhook(secret_of(key)).sign(message_id, at, body)
    assert signature([key], message_id, stamp, body.encode()) == theirs


def headers_of(secrets: list[bytes], stamp: int, body: bytes, message_id: str = "msg_1") -> dict[str, str]:
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(secrets, message_id, stamp, body),
    }


BODY = b'{"type":"execution.started"}'


@pytest.fixture
def stamp() -> Iterator[int]:
    """The second that it is; the independent verifier asks the machine."""
    with freeze_time(NOON):
        yield int(NOON.timestamp())


def test_an_independent_verifier_takes_it_for_genuine(stamp: int) -> None:
    assert Webhook(secret_of(KEY)).verify(BODY, headers_of([KEY], stamp, BODY)) == json.loads(BODY)


@pytest.mark.parametrize("key", [KEY, OTHER])
def test_while_a_secret_is_replaced_who_knows_either_takes_it_for_genuine(key: bytes, stamp: int) -> None:
    Webhook(secret_of(key)).verify(BODY, headers_of([KEY, OTHER], stamp, BODY))


@pytest.mark.parametrize(
    ("changed", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-signature", ""),
        ("webhook-signature", "v1," + base64.b64encode(bytes(32)).decode()),
        ("webhook-timestamp", "one second later"),
        ("body", '{"type":"execution.completed"}'),
        ("key", "another"),
    ],
)
def test_whatever_is_changed_on_the_way_an_independent_verifier_refuses_it(
    changed: str, value: str, stamp: int
) -> None:
    headers, body = headers_of([KEY], stamp, BODY), BODY
    if changed == "body":
        body = value.encode()
    elif changed == "webhook-timestamp":
        headers[changed] = str(stamp + 1)
    elif changed != "key":
        headers[changed] = value
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(OTHER if changed == "key" else KEY)).verify(body, headers)


def test_an_old_one_is_refused_when_it_is_replayed(stamp: int) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(secret_of(KEY)).verify(BODY, headers_of([KEY], stamp - 301, BODY))


# --- where a receiver may not stand -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "why"),
    table("""
        0.0.0.0                 | unspecified: this machine
        0.1.2.3                 | this network
        10.0.0.1                | private
        100.64.0.1              | carrier-grade NAT
        100.127.255.254         | carrier-grade NAT
        127.0.0.1               | loopback
        127.255.255.254         | loopback
        169.254.169.254         | link-local: a cloud's metadata
        172.16.0.1              | private
        172.31.255.255          | private
        192.0.0.1               | protocol assignments
        192.0.2.1               | documentation
        192.168.255.255         | private
        198.18.0.1              | benchmarks
        198.51.100.1            | documentation
        203.0.113.1             | documentation
        224.0.0.1               | multicast
        239.255.255.255         | multicast
        240.0.0.1               | reserved
        255.255.255.255         | broadcast
        ::                      | unspecified
        ::1                     | loopback
        ::1%lo                  | loopback, with a zone
        ::127.0.0.1             | IPv4-compatible
        ::10.0.0.1              | IPv4-compatible
        ::ffff:127.0.0.1        | IPv4-mapped
        ::ffff:7f00:1           | IPv4-mapped, in hexadecimal
        ::ffff:169.254.169.254  | IPv4-mapped
        ::ffff:100.64.0.1       | IPv4-mapped
        ::ffff:224.0.0.1        | IPv4-mapped
        ::ffff:0:10.0.0.1       | IPv4-translated
        64:ff9b::10.0.0.1       | NAT64
        64:ff9b::7f00:1         | NAT64
        64:ff9b::224.0.0.1      | NAT64
        64:ff9b:1::10.0.0.1     | NAT64 of a network of one's own
        64:ff9b:1:2::a00:1      | NAT64 of a network of one's own
        100::1                  | discarded
        2001:db8::1             | documentation
        2001:0:4136:e378::1     | Teredo
        2002:7f00:1::           | 6to4
        2002:a00:1::1           | 6to4
        2002:c0a8:101::1        | 6to4
        fc00::1                 | private
        fd00:ec2::254           | private: a cloud's metadata
        fe80::1                 | link-local
        fe80::1%eth0            | link-local, with a zone
        fec0::1                 | site-local
        feff::1                 | site-local
        ff02::1                 | multicast
        ff0e::1                 | multicast, of the whole world
        localhost               | a name
        127.1                   | a short spelling
        2130706433              | a number
        0x7f.0.0.1              | hexadecimal
        0177.0.0.1              | octal
        10.0.0.1 .              | nonsense
                                | nothing
    """),
)
def test_an_address_of_this_machine_or_of_its_network_is_not_public(address: str, why: str) -> None:
    assert not is_public(address), why


@pytest.mark.parametrize(
    "addresses",
    table("""
        1.1.1.1             | 93.184.216.34                      | 223.255.255.255
        100.63.255.255      | 100.128.0.0                        | 126.255.255.255
        128.0.0.1           | 169.253.255.255                    | 169.255.0.1
        172.15.255.255      | 172.32.0.1                         | 192.167.255.255
        198.17.255.255      | 198.20.0.0                         | 2a00:1450:4003:80e::200e
        2602:fd00::10.0.0.1 | 2606:2800:220:1:248:1893:25c8:1946 | ::ffff:93.184.216.34
        2002:5db8:d822::1   | 2002:5db8:d822::10.0.0.1           | 64:ff9b::93.184.216.34
    """),
)
def test_an_address_that_anybody_can_reach_is_public(addresses: tuple[str, ...]) -> None:
    assert [each for each in addresses if not is_public(each)] == []


@given(st.ip_addresses(v=4))
@examples(500)
def test_an_address_in_the_clothes_of_ipv6_is_judged_by_what_it_leads_to(inner: object) -> None:
    number = int(inner)  # type: ignore[call-overload]
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    clothes = (f"::ffff:{high}:{low}", f"64:ff9b::{high}:{low}", f"2002:{high}:{low}::1")
    assert [is_public(each) for each in clothes] == [is_public(str(inner))] * 3


@given(st.text())
@examples(300)
def test_whatever_is_no_address_is_not_public(text: str) -> None:
    assert not is_public(text) or ipaddress.ip_address(text)
