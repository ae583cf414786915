"""Is the stand-in for Twilio like Twilio where it should be, and broken exactly where it is told to be?"""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from requests.exceptions import ChunkedEncodingError, ConnectionError, ReadTimeout
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.processes.waiting import until
from tests.twilio_network import (
    BROKEN_JSON,
    DROP_AFTER_ACCEPT,
    DROP_BEFORE_READ,
    EMPTY_201,
    FATES,
    HALF_BODY,
    HANG,
    HANG_WITHOUT_CALL,
    NO_SID_201,
    REDIRECT_302,
    REDIRECT_307,
    RESET_AFTER_ACCEPT,
    Fault,
    Kind,
    Times,
    TwilioNetwork,
    error_after_accept,
    error_without_call,
    html_error,
    redirect,
    refused,
    slow_body,
    slow_headers,
    throttled,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
TO, FROM = "+34600000001", "+15005550006"
WHOLE = {"To": TO, "From": FROM, "Twiml": "<Response/>"}

RFC_2822 = (
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} [\d:]{8} \+0000"
)
ANY = r"(?s).+"
CALL_FIELDS = {
    # name: what it looks like, and whether it may be null
    "sid": (r"CA[0-9a-f]{32}", False),
    "date_created": (RFC_2822, False),
    "date_updated": (RFC_2822, False),
    "parent_call_sid": (r"CA[0-9a-f]{32}", True),
    "account_sid": (r"AC[0-9a-f]{32}", False),
    "to": (ANY, False),
    "to_formatted": (ANY, False),
    "from": (ANY, False),
    "from_formatted": (ANY, False),
    "phone_number_sid": (r"PN[0-9a-f]{32}", True),
    "status": (r"queued|ringing|in-progress|completed|busy|failed|no-answer|canceled|warp-drive", False),
    "start_time": (RFC_2822, True),
    "end_time": (RFC_2822, True),
    "duration": (r"\d+", True),
    "price": (r"-\d+\.\d{5}", True),
    "price_unit": (r"[A-Z]{3}", True),
    "direction": (r"outbound-api", False),
    "answered_by": (r"human|fax|unknown|machine_(start|end_(beep|silence|other))", True),
    "api_version": (r"2010-04-01", False),
    "forwarded_from": (ANY, True),
    "group_sid": (r"GP[0-9a-f]{32}", True),
    "caller_name": (ANY, True),
    "queue_time": (r"\d+", False),
    "trunk_sid": (r"TK[0-9a-f]{32}", True),
    "uri": (r"(/api/laml)?/2010-04-01/Accounts/AC\w{32}/Calls/CA\w{32}\.json", False),
}
"""Every field of Twilio's Call that is a text; `subresource_uris` is the only other one."""

PAGE_FIELDS = {
    "calls": list,
    "end": int,
    "first_page_uri": str,
    "next_page_uri": str | None,
    "page": int,
    "page_size": int,
    "previous_page_uri": str | None,
    "start": int,
    "uri": str,
}


class Hand:
    """A clock that a test holds in its hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing that is set on this machine take the requests elsewhere."""
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def network(clock: Hand) -> Iterator[TwilioNetwork]:
    with TwilioNetwork(clock=clock, queue_seconds=1, ring_seconds=10, talk_seconds=90) as made:
        yield made


@contextmanager
def sdk(network: TwilioNetwork, user: str = "", secret: str = "", timeout: float = 5) -> Iterator[Client]:
    """Twilio's own client, sent to the stand-in."""
    http = TwilioHttpClient(timeout=timeout)
    client = Client(user or network.account, secret or network.token, network.account, http_client=http)
    client.api.base_url = network.base_url
    yield client
    http.session.close()


def url(network: TwilioNetwork, path: str = "/Calls.json") -> str:
    return f"{network.base_url}/2010-04-01/Accounts/{network.account}{path}"


def ask(network: TwilioNetwork, method: str, address: str, **more: Any) -> requests.Response:
    """Ask as any program would."""
    usual: dict[str, Any] = {"auth": (network.account, network.token), "allow_redirects": False, "timeout": 5}
    return requests.request(method, address, **usual | more)  # noqa: S113 - it has a timeout


def create(network: TwilioNetwork, **fields: Any) -> requests.Response:
    return ask(network, "POST", url(network), data=WHOLE | fields)


def fetch(network: TwilioNetwork, sid: str) -> dict[str, Any]:
    return dict(ask(network, "GET", url(network, f"/Calls/{sid}.json")).json())


def update(network: TwilioNetwork, sid: str, **fields: str) -> requests.Response:
    return ask(network, "POST", url(network, f"/Calls/{sid}.json"), data=fields)


def raw(network: TwilioNetwork) -> socket.socket:
    """A connection that a test writes on by hand."""
    return socket.create_connection(("127.0.0.1", int(network.origin.rpartition(":")[2])), timeout=5)


def assert_is_a_call(body: dict[str, Any]) -> None:
    """Check a Call against Twilio's description: every field, its form, and whether it may be null."""
    assert set(body) == {*CALL_FIELDS, "subresource_uris"}
    for name, (pattern, nullable) in CALL_FIELDS.items():
        value = body[name]
        assert (value is None and nullable) or re.fullmatch(pattern, value), (name, value)
    assert all(uri.startswith(body["uri"].removesuffix(".json")) for uri in body["subresource_uris"].values())


def assert_is_an_error(response: requests.Response, status: int, code: int) -> None:
    body = response.json()
    assert set(body) == {"code", "message", "more_info", "status"}
    assert (response.status_code, body["status"], body["code"]) == (status, status, code)


# -- Calls


def test_a_create_is_answered_with_a_queued_call(network: TwilioNetwork) -> None:
    response = create(network, To="+14155551234", StatusCallbackEvent=["initiated", "completed"])
    body = response.json()
    assert response.status_code == 201
    assert_is_a_call(body)
    assert (body["status"], body["start_time"], body["queue_time"]) == ("queued", None, "0")
    assert (body["to"], body["to_formatted"], body["from"]) == ("+14155551234", "(415) 555-1234", FROM)
    assert body["date_created"] == "Mon, 02 Mar 2026 12:00:00 +0000"
    assert network.creates == [WHOLE | {"To": "+14155551234", "StatusCallbackEvent": ["initiated", "completed"]}]
    assert [call.sid for call in network.calls] == [body["sid"]]


def test_the_sdk_creates_fetches_lists_and_ends_a_call(network: TwilioNetwork, clock: Hand) -> None:
    with sdk(network) as client:
        made = client.calls.create(to=TO, from_=FROM, twiml="<Response/>", timeout=20, machine_detection="Enable")
        clock.now += 11
        assert made.sid is not None
        assert client.calls(made.sid).fetch().status == "in-progress"
        assert [call.sid for call in client.calls.list(to=TO, from_=FROM, limit=5)] == [made.sid]
        assert client.calls(made.sid).update(status="completed").status == "completed"
        assert client.api.accounts(network.account).fetch().status == "active"
    assert network.counts == {"create": 1, "fetch": 1, "list": 1, "update": 1, "account": 1}
    assert [(each.kind, each.method) for each in network.requests][:2] == [("create", "POST"), ("fetch", "GET")]
    assert network.requests[2].query == {"To": TO, "From": FROM, "PageSize": "5"}


@pytest.mark.parametrize(
    ("fate", "words"),
    [
        ("completed", ["queued", "ringing", "in-progress", "completed"]),
        ("machine", ["queued", "ringing", "in-progress", "completed"]),
        ("fax", ["queued", "ringing", "in-progress", "completed"]),
        ("busy", ["queued", "ringing", "busy", "busy"]),
        ("no-answer", ["queued", "ringing", "no-answer", "no-answer"]),
        ("failed", ["queued", "ringing", "failed", "failed"]),
        ("canceled", ["queued", "ringing", "canceled", "canceled"]),
        ("stays-queued", ["queued", "queued", "queued", "queued"]),
        ("never-ends", ["queued", "ringing", "in-progress", "in-progress"]),
        ("unknown-word", ["queued", "ringing", "warp-drive", "completed"]),
    ],
)
def test_a_call_goes_the_way_of_its_number_as_time_goes_by(
    network: TwilioNetwork, clock: Hand, fate: str, words: list[str]
) -> None:
    network.fates[TO] = fate
    sid = create(network).json()["sid"]
    seen = []
    for seconds in (0.9, 1, 11, 101):
        clock.now = NOON + seconds
        body = fetch(network, sid)
        assert_is_a_call(body)
        seen.append(body["status"])
        assert (body["duration"] is not None) == (body["status"] == "completed")
        assert (body["start_time"] is None) == (body["status"] == "queued")
    assert seen == words


def test_every_fate_is_tried_above() -> None:
    table = test_a_call_goes_the_way_of_its_number_as_time_goes_by.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {fate for fate, _ in table} == set(FATES)


def test_what_is_said_of_a_number_later_changes_no_call_that_was_made(network: TwilioNetwork, clock: Hand) -> None:
    network.fates[TO] = "busy"
    sid = create(network).json()["sid"]
    network.fates[TO] = "completed"
    network.times[TO] = Times(queue=1000, ring=0, talk=0)
    clock.now += 11
    assert fetch(network, sid)["status"] == "busy"


def test_a_number_can_have_times_of_its_own(network: TwilioNetwork, clock: Hand) -> None:
    network.times[TO] = Times(queue=0, ring=0, talk=5)
    sid = create(network).json()["sid"]
    assert fetch(network, sid)["status"] == "in-progress"
    clock.now += 5
    assert fetch(network, sid)["duration"] == "5"


def test_the_price_comes_some_time_after_the_end(network: TwilioNetwork, clock: Hand) -> None:
    sid = create(network).json()["sid"]
    clock.now = NOON + 102.9
    ended = fetch(network, sid)
    assert (ended["status"], ended["duration"], ended["price"]) == ("completed", "90", None)
    assert ended["end_time"] == ended["date_updated"] == "Mon, 02 Mar 2026 12:01:41 +0000"
    clock.now = NOON + 103
    assert fetch(network, sid)["price"] == "-0.02600"


@pytest.mark.parametrize(
    ("fate", "detection", "answered_by"),
    [
        ("completed", "Enable", "human"),
        ("machine", "Enable", "machine_start"),
        ("machine", "DetectMessageEnd", "machine_end_beep"),
        ("fax", "Enable", "fax"),
        ("machine", "", None),
        ("busy", "Enable", None),
    ],
)
def test_who_answered_is_told_only_when_it_was_asked_and_somebody_did(
    network: TwilioNetwork, clock: Hand, fate: str, detection: str, answered_by: str | None
) -> None:
    network.fates[TO] = fate
    sid = create(network, MachineDetection=detection).json()["sid"]
    clock.now = NOON + 10
    assert fetch(network, sid)["answered_by"] is None
    clock.now = NOON + 11
    assert fetch(network, sid)["answered_by"] == answered_by


def test_the_answer_to_a_create_can_lack_its_dates(network: TwilioNetwork) -> None:
    network.dated_creates = False
    body = create(network).json()
    assert (body["date_created"], body["date_updated"]) == (None, None)
    assert_is_a_call(fetch(network, body["sid"]))


# -- Refusals


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21201),
        ({"From": ""}, 21213),
        ({"Twiml": ""}, 21205),
        ({"Url": "nowhere"}, 21205),
        ({"To": "garbage"}, 21211),
        ({"From": "garbage"}, 21212),
        ({"From": "+15005550007"}, 21210),
        ({"Twiml": "x" * 4001}, 32018),
        ({"Timeout": "0"}, 21208),
        ({"Timeout": "soon"}, 21208),
        ({"Method": "PUT"}, 21209),
        ({"ApplicationSid": "nope"}, 21218),
        ({"SendDigits": "?"}, 21206),
        ({"MachineDetection": "Perhaps"}, 20001),
        ({"StatusCallbackEvent": ["initiated", "answred"]}, 20001),
        ({"Timeot": "20"}, 20001),
        ({"From": [FROM, FROM]}, 20001),
    ],
)
def test_a_create_that_is_not_as_it_must_be_is_refused_and_counted(
    network: TwilioNetwork, fields: dict[str, Any], code: int
) -> None:
    network.owned = {FROM}
    assert_is_an_error(create(network, **fields), 400, code)
    assert (len(network.creates), network.calls) == (1, [])


def test_only_who_has_the_credentials_of_an_account_gets_in(network: TwilioNetwork) -> None:
    stranger = "AC" + "0" * 32
    network.accounts[stranger] = "other"
    network.keys = {"SK" + "1" * 32: (network.account, "secret"), "SK" + "2" * 32: (stranger, "secret")}
    bad = [None, (network.account, "wrong"), (stranger, "other"), ("SK" + "2" * 32, "secret"), ("", ""), ("é", "é")]
    for auth in bad:
        response = requests.post(url(network), data=WHOLE, auth=auth, timeout=5)
        assert_is_an_error(response, 401, 20003)
    assert network.calls == []
    with sdk(network, "SK" + "1" * 32, "secret") as client:
        assert client.calls.create(to=TO, from_=FROM, twiml="<Response/>").status == "queued"
    assert len(network.creates) == len(bad) + 1


def test_an_account_sees_only_its_own_calls(network: TwilioNetwork) -> None:
    sid = create(network).json()["sid"]
    stranger = "AC" + "0" * 32
    network.accounts[stranger] = "other"
    calls = f"{network.base_url}/2010-04-01/Accounts/{stranger}/Calls"
    assert ask(network, "GET", f"{calls}.json", auth=(stranger, "other")).json()["calls"] == []
    assert_is_an_error(ask(network, "GET", f"{calls}/{sid}.json", auth=(stranger, "other")), 404, 20404)


def test_a_suspended_account_says_so_and_calls_nobody(network: TwilioNetwork) -> None:
    account = ask(network, "GET", url(network, ".json")).json()
    assert (account["sid"], account["status"], account["type"]) == (network.account, "active", "Full")
    network.suspended.add(network.account)
    assert ask(network, "GET", url(network, ".json")).json()["status"] == "suspended"
    assert_is_an_error(create(network), 401, 20005)
    assert network.calls == []


def test_what_is_not_there_is_told_in_json(network: TwilioNetwork) -> None:
    assert_is_an_error(ask(network, "GET", url(network, f"/Calls/CA{'0' * 32}.json")), 404, 20404)
    assert_is_an_error(ask(network, "GET", url(network, "/Messages.json")), 404, 20404)
    assert_is_an_error(ask(network, "GET", f"{network.base_url}/"), 404, 20404)
    assert_is_an_error(ask(network, "DELETE", url(network)), 405, 20004)
    assert_is_an_error(ask(network, "BREW", url(network)), 501, 20001)
    assert network.counts == {"fetch": 1, "other": 3}


@pytest.mark.parametrize(
    ("after", "asked", "status", "code"),
    [
        (0, "canceled", "canceled", None),
        (1, "canceled", "canceled", None),
        (11, "canceled", "in-progress", 21220),
        (0, "completed", "canceled", None),
        (1, "completed", "canceled", None),
        (11, "completed", "completed", None),
        (101, "completed", "completed", 21220),
        (101, "canceled", "completed", 21220),
        (11, "busy", "in-progress", 20001),
    ],
)
def test_a_call_is_stopped_as_its_status_allows(
    network: TwilioNetwork, clock: Hand, after: float, asked: str, status: str, code: int | None
) -> None:
    sid = create(network).json()["sid"]
    clock.now += after
    response = update(network, sid, Status=asked)
    if code is None:
        assert_is_a_call(response.json())
    else:
        assert_is_an_error(response, 400, code)
    assert fetch(network, sid)["status"] == status
    clock.now += 1000
    assert fetch(network, sid)["status"] == ("completed" if status == "in-progress" else status)


def test_a_call_that_was_stopped_in_the_queue_never_rang(network: TwilioNetwork, clock: Hand) -> None:
    sid = create(network).json()["sid"]
    update(network, sid, Status="canceled")
    clock.now += 1000
    body = fetch(network, sid)
    assert (body["status"], body["start_time"], body["end_time"], body["price"]) == ("canceled", None, None, None)
    assert body["date_updated"] == body["date_created"]


def test_a_call_that_was_stopped_lasted_until_then(network: TwilioNetwork, clock: Hand) -> None:
    sid = create(network).json()["sid"]
    clock.now += 18
    assert update(network, sid, Status="completed").json()["duration"] == "7"


def test_only_a_call_in_progress_can_go_on_elsewhere(network: TwilioNetwork, clock: Hand) -> None:
    sid = create(network).json()["sid"]
    assert_is_an_error(update(network, sid, Twiml="<Response/>"), 400, 21220)
    clock.now += 11
    assert update(network, sid, Twiml="<Response/>").json()["status"] == "in-progress"
    assert_is_an_error(update(network, "CA" + "0" * 32, Status="completed"), 404, 20404)


# -- Lists


def pages(network: TwilioNetwork, path: str, link: str = "next_page_uri") -> Iterator[dict[str, Any]]:
    """Follow the links of a list, which are relative to the server's own address."""
    following: str | None = path
    while following:
        page = ask(network, "GET", network.origin + following).json()
        assert set(page) == set(PAGE_FIELDS)
        assert all(isinstance(page[name], kind) for name, kind in PAGE_FIELDS.items())
        yield page
        following = page[link]


@pytest.mark.parametrize("prefix", ["", "/api/laml"])
def test_a_long_list_comes_page_by_page_newest_first(clock: Hand, prefix: str) -> None:
    with TwilioNetwork(clock=clock, prefix=prefix) as network:
        made = [create(network).json()["sid"] for _ in range(120)]
        for other in range(3):
            create(network, To=f"+3460000001{other}")
        first = f"{url(network).removeprefix(network.origin)}?To=%2B34600000001"
        seen = list(pages(network, first))
        assert [call["sid"] for page in seen for call in page["calls"]] == made[::-1]
        assert [(page["page"], page["start"], page["end"]) for page in seen] == [
            (0, 0, 49),
            (1, 50, 99),
            (2, 100, 119),
        ]
        assert all(page["uri"].startswith(f"{prefix}/2010-04-01/") for page in seen)
        for call in seen[0]["calls"]:
            assert_is_a_call(call)
        back = list(pages(network, seen[2]["uri"], "previous_page_uri"))
        assert [page["calls"] for page in back] == [page["calls"] for page in seen[::-1]]
        assert seen[0]["first_page_uri"] == back[0]["first_page_uri"] == back[-1]["uri"].partition("&PageToken")[0]


def test_the_sdk_reads_every_page_where_there_is_no_prefix(network: TwilioNetwork) -> None:
    made = [create(network).json()["sid"] for _ in range(120)]
    with sdk(network) as client:
        assert [call.sid for call in client.calls.list()] == made[::-1]
        assert [call.sid for call in client.calls.list(page_size=7, limit=20)] == made[:-21:-1]


def test_the_sdk_misses_the_second_page_behind_a_prefix_as_it_really_does(clock: Hand) -> None:
    with TwilioNetwork(clock=clock, prefix="/api/laml") as network, sdk(network) as client:
        for _ in range(2):
            create(network)
        with pytest.raises(Exception, match="Unable to fetch page"):
            client.calls.list(page_size=1)
        assert network.requests[-1].path.startswith("/api/laml/api/laml/")


def test_calls_made_meanwhile_move_no_page(network: TwilioNetwork) -> None:
    made = [create(network).json()["sid"] for _ in range(4)]
    page = ask(network, "GET", url(network), params={"PageSize": 2}).json()
    create(network)
    page = ask(network, "GET", network.origin + page["next_page_uri"]).json()
    assert [call["sid"] for call in page["calls"]] == made[1::-1]
    assert page["next_page_uri"] is None


def test_a_list_is_narrowed_by_who_calls_whom_and_how_it_stands(network: TwilioNetwork, clock: Hand) -> None:
    network.fates[TO] = "busy"
    busy = create(network).json()["sid"]
    other = create(network, To="+34600000002", From="+15005550007").json()["sid"]
    clock.now += 11

    def found(**query: str) -> list[str]:
        return [call["sid"] for call in ask(network, "GET", url(network), params=query).json()["calls"]]

    assert found() == [other, busy]
    assert found(To=TO) == found(From=FROM) == found(Status="busy") == [busy]
    assert found(Status="in-progress") == [other]
    assert found(To=TO, Status="completed") == found(To="+34600000009") == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"PageSize": "1001"}, 20007),
        ({"PageSize": "0"}, 20007),
        ({"Status": "initiated"}, 20001),
        ({"Too": TO}, 20001),
        ({"StartTime>": "2026-03-02"}, 20001),
        ({"PageToken": "elsewhere"}, 20001),
    ],
)
def test_a_list_that_cannot_be_given_is_refused(network: TwilioNetwork, query: dict[str, str], code: int) -> None:
    assert_is_an_error(ask(network, "GET", url(network), params=query), 400, code)


# -- Faults


def root_of(error: BaseException) -> str:
    """Return the class that is at the root of one of requests' exceptions."""
    inner = error.args[0]
    return type(inner.args[1] if len(getattr(inner, "args", ())) > 1 else inner).__name__


@pytest.mark.parametrize(
    ("fault", "exception", "root", "creates", "calls"),
    [
        # The system tells a client of a reset once: if sending the body meets it, urllib3 goes on to an empty answer.
        (DROP_BEFORE_READ, ConnectionError, "ConnectionResetError|RemoteDisconnected", 0, 0),
        (DROP_AFTER_ACCEPT, ConnectionError, "RemoteDisconnected", 1, 1),
        (RESET_AFTER_ACCEPT, ConnectionError, "ConnectionResetError", 1, 1),
        (HALF_BODY, ChunkedEncodingError, "IncompleteRead", 1, 1),
        (BROKEN_JSON, json.JSONDecodeError, "str", 1, 1),
        (HANG, ReadTimeout, "ReadTimeoutError", 1, 1),
        (HANG_WITHOUT_CALL, ReadTimeout, "ReadTimeoutError", 1, 0),
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "",
)
def test_a_broken_exchange_looks_to_the_sdk_as_it_does_in_the_world(
    network: TwilioNetwork, fault: Fault, exception: type[Exception], root: str, creates: int, calls: int
) -> None:
    network.fail(fault)
    with sdk(network, timeout=0.3) as client:
        with pytest.raises(exception) as raised:
            client.calls.create(to=TO, from_=FROM, twiml="<Response/>")
        assert type(raised.value) is exception
        assert re.fullmatch(root, root_of(raised.value))
    assert (len(network.creates), len(network.calls)) == (creates, calls)


@pytest.mark.parametrize("fault", [EMPTY_201, NO_SID_201], ids=lambda fault: fault.name)
def test_an_answer_without_a_sid_looks_to_the_sdk_like_a_call_without_one(
    network: TwilioNetwork, fault: Fault
) -> None:
    network.fail(fault)
    with sdk(network) as client:
        assert client.calls.create(to=TO, from_=FROM, twiml="<Response/>").sid is None
    assert (len(network.creates), len(network.calls)) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "status", "code", "calls"),
    [
        (error_after_accept(), 500, 20500, 1),
        (error_after_accept(503), 503, 20500, 1),
        (error_after_accept(504, html=True), 504, 504, 1),
        (error_without_call(), 500, 20500, 0),
        (html_error(502), 502, 502, 0),
        (html_error(502, call_made=True), 502, 502, 1),
        (refused(400, 21217, "not valid"), 400, 21217, 0),
        (throttled(), 429, 20429, 0),
        (REDIRECT_302, 302, 302, 0),
        (REDIRECT_307, 307, 307, 0),
        (redirect(307, call_made=True), 307, 307, 1),
    ],
)
def test_an_error_looks_to_the_sdk_as_it_does_in_the_world(
    network: TwilioNetwork, fault: Fault, status: int, code: int, calls: int
) -> None:
    network.fail(fault)
    with sdk(network) as client, pytest.raises(TwilioRestException) as raised:
        client.calls.create(to=TO, from_=FROM, twiml="<Response/>")
    assert (raised.value.status, raised.value.code) == (status, code)
    assert (len(network.creates), len(network.calls)) == (1, calls)


@pytest.mark.parametrize(
    ("retry_after", "header"),
    [
        (None, None),
        (7, "7"),
        (datetime(2026, 3, 2, 12, 5, tzinfo=UTC), "Mon, 02 Mar 2026 12:05:00 GMT"),
        ("soon", "soon"),
    ],
)
def test_who_is_throttled_is_told_when_to_come_back(
    network: TwilioNetwork, retry_after: float | datetime | str | None, header: str | None
) -> None:
    network.fail(throttled(retry_after))
    response = create(network)
    assert_is_an_error(response, 429, 20429)
    assert response.headers.get("Retry-After") == header


@pytest.mark.parametrize(("fault", "creates", "lists"), [(REDIRECT_307, 2, 0), (REDIRECT_302, 1, 1)])
def test_a_client_that_follows_is_found_out(network: TwilioNetwork, fault: Fault, creates: int, lists: int) -> None:
    network.fail(fault)
    response = ask(network, "POST", url(network), data=WHOLE, allow_redirects=True)
    assert [each.status_code for each in response.history] == [int(fault.name[-3:])]
    assert (len(network.creates), network.counts["list"]) == (creates, lists)
    assert len(network.calls) == creates - 1


def test_headers_can_drip_and_the_answer_still_comes(network: TwilioNetwork) -> None:
    network.fail(slow_headers(0.1, pause=0.01))
    response = create(network)
    assert response.headers["X-Slow"] == "." * 10
    assert_is_a_call(response.json())


def test_a_body_can_drip_and_still_be_whole(network: TwilioNetwork) -> None:
    network.fail(slow_body(0.1, pause=0.01))
    assert_is_a_call(create(network).json())


@pytest.mark.parametrize(
    ("fault", "words"),
    [(slow_headers(pause=0.01), b"\r\nX-Slow: ....."), (slow_body(pause=0.01), b'\r\n\r\n{"sid"')],
    ids=["headers", "body"],
)
def test_what_drips_without_end_drips_until_the_network_closes(
    network: TwilioNetwork, fault: Fault, words: bytes
) -> None:
    network.fail(fault)
    with closing(raw(network)) as connection:
        connection.sendall(create_by_hand(network))
        received = b""
        while not received.endswith(words):
            received += connection.recv(1)
        assert len(network.calls) == 1
        network.close()
        while connection.recv(4096):
            pass


def create_by_hand(network: TwilioNetwork) -> bytes:
    """The bytes of a create."""
    body = urlencode(WHOLE)
    lines = [
        f"POST {url(network).removeprefix(network.origin)} HTTP/1.1",
        f"Authorization: Basic {b64encode(f'{network.account}:{network.token}'.encode()).decode()}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


@pytest.mark.parametrize(("fault", "end"), [(RESET_AFTER_ACCEPT, ConnectionResetError), (DROP_AFTER_ACCEPT, None)])
def test_a_reset_and_an_end_are_told_apart_on_the_wire(
    network: TwilioNetwork, fault: Fault, end: type[Exception] | None
) -> None:
    network.fail(fault)
    with closing(raw(network)) as connection:
        connection.sendall(create_by_hand(network))
        if end is None:
            assert connection.recv(1) == b""
        else:
            with pytest.raises(end):
                connection.recv(1)


def test_a_connection_can_be_reset_before_anything_is_said(network: TwilioNetwork) -> None:
    network.fail(DROP_BEFORE_READ, on="connection")
    with pytest.raises(ConnectionResetError), closing(raw(network)) as connection:
        connection.recv(1)  # unless connecting met it already
    assert network.requests == []
    assert create(network).status_code == 201


def test_a_create_that_breaks_off_does_not_count(network: TwilioNetwork) -> None:
    with closing(raw(network)) as connection:
        connection.sendall(create_by_hand(network)[:-1])
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert (network.counts, network.creates, network.calls) == ({"create": 1}, [], [])


def test_a_create_counts_although_nobody_waits_for_the_answer(network: TwilioNetwork) -> None:
    with closing(raw(network)) as connection:
        connection.sendall(create_by_hand(network))
    until(lambda: len(network.calls) == len(network.creates) == 1)


def test_a_fault_meets_only_requests_of_its_kind_as_often_and_in_the_order_told(network: TwilioNetwork) -> None:
    sid = create(network).json()["sid"]
    asks: dict[Kind, Callable[[], requests.Response]] = {
        "create": lambda: create(network),
        "fetch": lambda: ask(network, "GET", url(network, f"/Calls/{sid}.json")),
        "list": lambda: ask(network, "GET", url(network)),
        "update": lambda: update(network, sid, Status="canceled"),
        "account": lambda: ask(network, "GET", url(network, ".json")),
    }
    for kind in asks:
        network.fail(refused(403, 1, "no"), times=2, on=kind)
        network.fail(error_without_call(503), on=kind)
    seen = {kind: [one().status_code for _ in range(4)] for kind, one in asks.items()}
    assert seen == {kind: [403, 403, 503, 201 if kind == "create" else 200] for kind in asks}
    assert all(network.faults_left(kind) == 0 for kind in asks)


def test_an_update_whose_answer_is_lost_was_done(network: TwilioNetwork) -> None:
    sid = create(network).json()["sid"]
    network.fail(DROP_AFTER_ACCEPT, on="update")
    with pytest.raises(ConnectionError):
        update(network, sid, Status="canceled")
    assert fetch(network, sid)["status"] == "canceled"


# -- Robustness


def test_fifty_clients_at_once_are_all_served(network: TwilioNetwork) -> None:
    together = threading.Barrier(50)

    def dial(number: int) -> str:
        together.wait(10)
        sid = str(create(network, To=f"+346000000{number:02}").json()["sid"])
        return str(fetch(network, sid)["to"])

    with ThreadPoolExecutor(50) as pool:
        assert list(pool.map(dial, range(50))) == [f"+346000000{number:02}" for number in range(50)]
    assert len({call.sid for call in network.calls}) == len(network.creates) == 50


def test_closing_ends_what_hangs_and_what_is_idle_and_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with TwilioNetwork() as network:
        network.fail(HANG)
        silent, hanging, idle = raw(network), raw(network), raw(network)
        hanging.sendall(create_by_hand(network))
        idle.sendall(create_by_hand(network))
        until(lambda: len(network.calls) == 2)
        assert set(threading.enumerate()) != before
    assert set(threading.enumerate()) == before
    for connection in (hanging, idle, silent):
        with closing(connection):
            while connection.recv(4096):
                pass
    with pytest.raises(ConnectionRefusedError):
        raw(network)
    network.close()


def test_it_can_be_away_for_a_while_and_come_back_with_all_it_knew(network: TwilioNetwork) -> None:
    sid = create(network).json()["sid"]
    network.close()
    with pytest.raises(ConnectionError, match="refused"):
        create(network)
    network.start()
    assert fetch(network, sid)["status"] == "queued"
    assert len(network.creates) == 1


def test_nothing_is_printed_whatever_clients_do(clock: Hand, capfd: pytest.CaptureFixture[str]) -> None:
    with TwilioNetwork(clock=clock) as network:
        for words in (
            b"\r\n",
            b"\x00\xff\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"x" * 70000,
            b"GET /",
        ):
            with closing(raw(network)) as connection:
                connection.sendall(words)
        network.fail(slow_body(pause=0.001))
        with closing(raw(network)) as connection:
            connection.sendall(create_by_hand(network))
            connection.recv(1)
        assert create(network).status_code == 201
    assert capfd.readouterr() == ("", "")


def test_a_bug_in_the_stand_in_itself_is_raised_when_it_closes() -> None:
    times = iter([NOON])
    network = TwilioNetwork(clock=lambda: next(times)).start()
    with pytest.raises(ConnectionError):
        create(network)
    with pytest.raises(StopIteration):
        network.close()


def test_it_can_be_tried_by_hand() -> None:
    command = [sys.executable, "-m", "tests.twilio_network", "--prefix", "/api/laml"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdout is not None
        base_url, account, token = (process.stdout.readline().strip() for _ in range(3))
        calls = f"{base_url}/2010-04-01/Accounts/{account}/Calls.json"
        response = requests.post(calls, data=WHOLE, auth=(account, token), timeout=5)
        process.send_signal(signal.SIGINT)
        output = process.communicate(timeout=10)
    assert response.status_code == 201
    assert parsedate_to_datetime(json.loads(response.text)["date_created"]).tzinfo is UTC
    assert (process.returncode, output) == (0, ("", ""))
