"""What does Twilio answer? A stand-in for its Calls API: real HTTP on loopback, with faults on demand.

    with TwilioNetwork(owned={"+15005550006"}) as network:
        network.fates["+34600000001"] = "busy"
        network.fail(DROP_AFTER_ACCEPT)
        ...                      # dial through network.base_url with network.account and network.token
        assert len(network.creates) == 1

What a test may rely on:

- `requests` are all requests whose headers were read, `creates` all creates whose body was read to its end, whatever
  was answered, and `calls` the calls that were really made.
- A call is queued, rings, is talked on and ends by `clock` alone. Its fate and its times are fixed when it is made.
- A fault is used up by the next request of its kind. What it does to the call is `carried_out`.
- Closing ends every connection, also one that hangs, and joins every thread. A bug in the stand-in is raised then.

It is stricter than Twilio with a field that it does not know: it refuses it, so that a slip is noticed.

By hand: `python -m tests.twilio_network --port 4010 [--prefix /api/laml]`.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import hmac
import itertools
import json
import math
import re
import socket
import socketserver
import struct
import sys
import threading
import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

Kind = Literal["create", "list", "fetch", "update", "account", "other"]
Form = dict[str, str | list[str]]
"""The fields of a request; a repeated field is a list."""

API_VERSION = "2010-04-01"
TERMINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
STATUSES = frozenset({"queued", "ringing", "in-progress"}) | TERMINAL
UNKNOWN_WORD = "warp-drive"
PRICE_PER_MINUTE = 0.013


# -- Calls, as time goes by


@dataclass(frozen=True, slots=True)
class Times:
    """How many seconds a call is queued, rings and is talked on."""

    queue: float
    ring: float
    talk: float


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a call. One that is not completed ends where it would have been answered."""

    end: str = "completed"
    talking: str = "in-progress"
    answered_by: str = "human"
    leaves_queue: bool = True
    hangs_up: bool = True


FATES: Mapping[str, Fate] = {
    "completed": Fate(),
    "busy": Fate("busy"),
    "no-answer": Fate("no-answer"),
    "failed": Fate("failed"),
    "canceled": Fate("canceled"),
    "stays-queued": Fate(leaves_queue=False),
    "never-ends": Fate(hangs_up=False),
    "machine": Fate(answered_by="machine"),
    "fax": Fate(answered_by="fax"),
    "unknown-word": Fate(talking=UNKNOWN_WORD),
}


class Stage(NamedTuple):
    """From when on a call has a status."""

    at: float
    status: str


@dataclass(slots=True)
class Call:
    """A call that was made, with all the fields that it was asked for with."""

    sid: str
    account: str
    to: str
    from_: str
    created_at: float
    fate: Fate
    times: Times
    form: Form
    stopped: Stage | None = None

    def stages(self) -> list[Stage]:
        """Return the call's whole life, with what was stopped left out."""
        rings_at = self.created_at + (self.times.queue if self.fate.leaves_queue else math.inf)
        picked_up_at = rings_at + self.times.ring
        life = [Stage(self.created_at, "queued"), Stage(rings_at, "ringing")]
        if self.fate.end == "completed":
            talk = self.times.talk if self.fate.hangs_up else math.inf
            life += [Stage(picked_up_at, self.fate.talking), Stage(picked_up_at + talk, "completed")]
        else:
            life.append(Stage(picked_up_at, self.fate.end))
        return life if self.stopped is None else [*(s for s in life if s.at <= self.stopped.at), self.stopped]

    def until(self, now: float) -> list[Stage]:
        """Return the stages that it has reached; it is queued from the first."""
        stages = self.stages()
        return [stages[0], *(stage for stage in stages[1:] if stage.at <= now)]

    def status(self, now: float) -> str:
        """Return Twilio's word for the state of the call."""
        return self.until(now)[-1].status

    def stop(self, now: float, status: str) -> None:
        """End the call, unless it has ended."""
        assert self.status(now) not in TERMINAL, f"{self.sid} is over"
        self.stopped = Stage(now, status)

    def who_answered(self) -> str | None:
        """Return Twilio's word for who picked up; it listens only when it was asked to."""
        detection = self.form.get("MachineDetection")
        if not detection:
            return None
        machine = "machine_end_beep" if detection == "DetectMessageEnd" else "machine_start"
        return machine if self.fate.answered_by == "machine" else self.fate.answered_by


def call_body(call: Call, now: float, price_after: float, prefix: str) -> dict[str, Any]:
    """Return Twilio's Call resource, with every field that its description names."""
    reached = call.until(now)
    began = {stage.status: stage.at for stage in reached}
    latest = reached[-1]
    answered_at = began.get(call.fate.talking)
    completed = latest.status == "completed" and answered_at is not None
    seconds = int(latest.at - answered_at) if completed and answered_at is not None else 0
    priced = completed and now >= latest.at + price_after
    uri = f"{prefix}/{API_VERSION}/Accounts/{call.account}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "date_created": rfc2822(call.created_at),
        "date_updated": rfc2822(latest.at),
        "parent_call_sid": None,
        "account_sid": call.account,
        "to": call.to,
        "to_formatted": formatted(call.to),
        "from": call.from_,
        "from_formatted": formatted(call.from_),
        "phone_number_sid": "PN" + uuid.uuid5(uuid.NAMESPACE_URL, call.from_).hex,
        "status": latest.status,
        "start_time": rfc2822(began.get("ringing")),
        "end_time": rfc2822(latest.at) if completed else None,
        "duration": str(seconds) if completed else None,
        "price": f"{-PRICE_PER_MINUTE * max(math.ceil(seconds / 60), 1):.5f}" if priced else None,
        "price_unit": "USD",
        "direction": "outbound-api",
        "answered_by": None if answered_at is None else call.who_answered(),
        "api_version": API_VERSION,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(max(int(1000 * (began.get("ringing", now) - call.created_at)), 0)),
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{camel(name)}.json" for name in SUBRESOURCES},
    }


SUBRESOURCES = (
    "notifications", "recordings", "payments", "events", "siprec", "streams", "transcriptions",
    "user_defined_message_subscriptions", "user_defined_messages",
)  # fmt: skip


def rfc2822(instant: float | None) -> str | None:
    """Return an instant as Twilio writes it, to the second below."""
    return None if instant is None else format_datetime(datetime.fromtimestamp(math.floor(instant), UTC))


def formatted(number: str) -> str:
    """Return a number as Twilio shows it: North American ones in their own way."""
    parts = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return "({}) {}-{}".format(*parts.groups()) if parts else number


def camel(name: str) -> str:
    """Return `user_defined_messages` as `UserDefinedMessages`."""
    return name.title().replace("_", "")


# -- Answers


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer, before anything goes wrong with it."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)

    def head(self) -> bytes:
        """Return the status line and the headers, with the empty line that ends them."""
        lines = [
            f"HTTP/1.1 {self.status} {phrase(self.status)}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def phrase(status: int) -> str:
    """Return the words of a status; an unusual one has none."""
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def told(status: int, body: Mapping[str, Any]) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, json.dumps(body).encode())


def problem(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an error as Twilio tells it."""
    about = f"https://www.twilio.com/docs/errors/{code}"
    body = {"code": code, "message": message, "more_info": about, "status": status}
    return Answer(status, json.dumps(body).encode(), headers=headers or {})


def page_of_html(status: int) -> Answer:
    """Return what a proxy or a load balancer tells."""
    text = f"<html><body><h1>{status} {phrase(status)}</h1></body></html>"
    return Answer(status, text.encode(), "text/html")


# -- Faults


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with one request.

    `carried_out`: whether the request is done all the same: the call is made, or stopped. Then what the client should
    have been told is known; otherwise nothing was done, and there is nothing to tell.
    """

    name: str
    meaning: str
    carried_out: bool
    play: Callable[[Exchange, Answer], None] = field(repr=False)


DROP_BEFORE_READ = Fault(
    "drop_before_read",
    "the connection is reset before the headers are read; no call is made and no create counts",
    False,
    lambda exchange, _: exchange.reset(),
)
DROP_AFTER_ACCEPT = Fault(
    "drop_after_accept",
    "the call is made; the connection is closed without an answer",
    True,
    lambda exchange, _: exchange.leave(),
)
RESET_AFTER_ACCEPT = Fault(
    "reset_after_accept",
    "the call is made; the connection is reset without an answer",
    True,
    lambda exchange, _: exchange.reset(),
)
HANG = Fault(
    "hang",
    "the call is made; no answer comes until the network closes",
    True,
    lambda exchange, _: exchange.hold(),
)
HANG_WITHOUT_CALL = Fault(
    "hang_without_call",
    "no call is made; no answer comes until the network closes",
    False,
    lambda exchange, _: exchange.hold(),
)
HALF_BODY = Fault(
    "half_body",
    "the call is made; the answer breaks off in the middle of its body",
    True,
    lambda exchange, truth: exchange.leave(truth.head() + truth.body[: len(truth.body) // 2]),
)
BROKEN_JSON = Fault(
    "broken_json",
    "the call is made; the answer has the right status and a page of HTML",
    True,
    lambda exchange, truth: exchange.send(page_of_html(truth.status)),
)
EMPTY_201 = Fault(
    "empty_201",
    "the call is made; the answer has the right status and no body",
    True,
    lambda exchange, truth: exchange.send(Answer(truth.status, b"")),
)
NO_SID_201 = Fault(
    "no_sid_201",
    "the call is made; the answer has the right status and an empty JSON object",
    True,
    lambda exchange, truth: exchange.send(told(truth.status, {})),
)


def error_after_accept(status: int = 500, *, html: bool = False) -> Fault:
    """Return the fault: the call is made; the answer is an error of the server, told by Twilio or by a proxy."""
    answer = page_of_html(status) if html else problem(status, 20500, "Internal Server Error")
    return Fault("error_after_accept", f"the call is made; {status}", True, lambda e, _: e.send(answer))


def error_without_call(status: int = 500) -> Fault:
    """Return the fault: no call is made; the answer is an error of the server."""
    return refused(status, 20500, "Internal Server Error")


def html_error(status: int, *, call_made: bool = False) -> Fault:
    """Return the fault: a page of HTML with this status, from something in between; no call is made, unless told."""
    answer = page_of_html(status)
    return Fault("html_error", f"{status} in HTML", call_made, lambda e, _: e.send(answer))


def refused(status: int, code: int, message: str) -> Fault:
    """Return the fault: no call is made, and Twilio says why."""
    answer = problem(status, code, message)
    return Fault("refused", f"no call is made; {status}, {code}", False, lambda e, _: e.send(answer))


def throttled(retry_after: float | datetime | str | None = None) -> Fault:
    """Return the fault: no call is made; 429, and when to come back: in seconds, at an instant, or not said."""
    if isinstance(retry_after, datetime):
        retry_after = format_datetime(retry_after.astimezone(UTC), usegmt=True)
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    answer = problem(429, 20429, "Too Many Requests", headers)
    return Fault("throttled", "no call is made; 429", False, lambda e, _: e.send(answer))


def redirect(status: int, *, call_made: bool = False) -> Fault:
    """Return the fault: the client is sent to where it just was; no call is made, unless told.

    A client that follows makes a second create; it counts, and makes a call.
    """

    def play(exchange: Exchange, _: Answer) -> None:
        location = {"Location": f"{exchange.network.origin}{exchange.path}"}
        exchange.send(Answer(status, b"", headers=location))

    return Fault(f"redirect_{status}", f"{status} to the same place", call_made, play)


REDIRECT_302 = redirect(302)
REDIRECT_307 = redirect(307)


def slow_headers(seconds: float = math.inf, pause: float = 0.2) -> Fault:
    """Return the fault: the call is made; for so long a byte of a header comes after each pause, then the answer."""

    def play(exchange: Exchange, truth: Answer) -> None:
        status_line, rest = truth.head().split(b"\r\n", 1)
        exchange.write(status_line + b"\r\nX-Slow: ")
        exchange.drip(itertools.repeat(b"."), seconds, pause)
        exchange.write(b"\r\n" + rest + truth.body)

    return Fault("slow_headers", "the call is made; the headers drip", True, play)


def slow_body(seconds: float = math.inf, pause: float = 0.2) -> Fault:
    """Return the fault: the call is made; for so long one byte of the body comes after each pause, then the rest."""

    def play(exchange: Exchange, truth: Answer) -> None:
        body = iter(truth.body)
        exchange.write(truth.head())
        exchange.drip((bytes([byte]) for byte in body), seconds, pause)
        exchange.write(bytes(body))

    return Fault("slow_body", "the call is made; the body drips", True, play)


# -- What Twilio accepts


class Check(NamedTuple):
    """Which values a field may have, and the code of Twilio's error for others."""

    fits: Callable[[str], object]
    code: int = 20001


def between(low: int, high: int) -> Callable[[str], bool]:
    """Return the check for a whole number."""
    return lambda value: value.isdecimal() and low <= int(value) <= high


def matching(pattern: str) -> Callable[[str], object]:
    """Return the check for a pattern."""
    return re.compile(pattern).fullmatch


def anything(value: str) -> bool:
    """Let every text pass."""
    return True


WEB_ADDRESS = r"https?://[^/\s]+\S*"
METHOD = Check(matching("GET|POST"), 21209)
CALLBACK = Check(matching(WEB_ADDRESS), 21609)
YES_OR_NO = Check(matching("true|false"))
PARTY = r"\+[1-9]\d{6,14}|(sip|client|sim):\S+"

HOW_A_CALL_GOES_ON: Mapping[str, Check] = {
    "Url": Check(matching(WEB_ADDRESS), 21205),
    "Method": METHOD,
    "FallbackUrl": Check(matching(WEB_ADDRESS), 21205),
    "FallbackMethod": METHOD,
    "StatusCallback": CALLBACK,
    "StatusCallbackMethod": METHOD,
    "Twiml": Check(lambda value: len(value) <= 4000, 32018),
    "TimeLimit": Check(between(1, 86400)),
}
CREATE: Mapping[str, Check] = {
    **HOW_A_CALL_GOES_ON,
    "To": Check(matching(PARTY), 21211),
    "From": Check(matching(PARTY), 21212),
    "ApplicationSid": Check(matching("AP[0-9a-fA-F]{32}"), 21218),
    "StatusCallbackEvent": Check(matching("initiated|ringing|answered|completed")),
    "SendDigits": Check(matching("[0-9#*wW]{1,32}"), 21206),
    "Timeout": Check(between(1, 600), 21208),
    "Record": YES_OR_NO,
    "RecordingChannels": Check(matching("mono|dual")),
    "RecordingStatusCallback": CALLBACK,
    "RecordingStatusCallbackMethod": METHOD,
    "RecordingStatusCallbackEvent": Check(matching("in-progress|completed|absent")),
    "RecordingTrack": Check(matching("inbound|outbound|both")),
    "Trim": Check(matching("trim-silence|do-not-trim")),
    "SipAuthUsername": Check(anything),
    "SipAuthPassword": Check(anything),
    "CallerId": Check(anything),
    "CallReason": Check(anything),
    "CallToken": Check(anything),
    "Byoc": Check(matching("BY[0-9a-fA-F]{32}")),
    "ClientNotificationUrl": CALLBACK,
    "MachineDetection": Check(matching("Enable|DetectMessageEnd")),
    "MachineDetectionTimeout": Check(between(3, 59)),
    "MachineDetectionSpeechThreshold": Check(between(1000, 6000)),
    "MachineDetectionSpeechEndThreshold": Check(between(500, 5000)),
    "MachineDetectionSilenceTimeout": Check(between(2000, 10000)),
    "AsyncAmd": YES_OR_NO,
    "AsyncAmdStatusCallback": CALLBACK,
    "AsyncAmdStatusCallbackMethod": METHOD,
}
UPDATE: Mapping[str, Check] = {**HOW_A_CALL_GOES_ON, "Status": Check(matching("canceled|completed"))}
LIST: Mapping[str, Check] = {
    "To": Check(anything),
    "From": Check(anything),
    "Status": Check(STATUSES.__contains__),
    "PageSize": Check(between(1, 1000), 20007),
    "Page": Check(between(0, sys.maxsize)),
    "PageToken": Check(matching("P[AB]CA[0-9a-f]{32}")),
}
REPEATABLE = frozenset({"StatusCallbackEvent", "RecordingStatusCallbackEvent"})


def complaint(form: Form, checks: Mapping[str, Check]) -> Answer | None:
    """Return Twilio's refusal of the first field that is not as it must be; an empty field counts as not given."""
    for name, value in form.items():
        if name not in checks:
            return problem(400, 20001, f"The stand-in knows no parameter {name!r} here")
        if isinstance(value, list) and name not in REPEATABLE:
            return problem(400, 20001, f"Parameter {name!r} is given more than once")
        for each in value if isinstance(value, list) else [value]:
            if each and not checks[name].fits(each):
                return problem(400, checks[name].code, f"Invalid value for parameter {name!r}: {each[:80]!r}")
    return None


def what_is_missing(form: Form) -> Answer | None:
    """Return Twilio's refusal of a create that lacks a field."""
    if not form.get("To"):
        return problem(400, 21201, "No 'To' number is specified")
    if not form.get("From"):
        return problem(400, 21213, "No 'From' number is specified")
    if not any(form.get(name) for name in ("Url", "Twiml", "ApplicationSid")):
        return problem(400, 21205, "Url parameter is required.")
    return None


def form_of(text: str) -> Form:
    """Return the fields of a form or a query."""
    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in parse_qsl(text, keep_blank_values=True):
        values[name].append(value)
    return {name: each[0] if len(each) == 1 else each for name, each in values.items()}


# -- The network


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, and in which words."""

    kind: Kind
    method: str
    path: str
    query: Form


class Place(NamedTuple):
    """What a path names."""

    account: str
    calls: bool = False
    sid: str | None = None


KINDS: Mapping[tuple[str, bool, bool], Kind] = {
    ("GET", False, False): "account",
    ("GET", True, False): "list",
    ("POST", True, False): "create",
    ("GET", True, True): "fetch",
    ("POST", True, True): "update",
}
"""By method, whether calls are named, and whether one of them is."""


class TwilioNetwork:
    """Twilio, as far as calls are concerned. See the top of this file."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,  # noqa: TID251 - by default it keeps the machine's time, as Twilio does
        port: int = 0,
        prefix: str = "",
        owned: Collection[str] = (),
        queue_seconds: float = 0.2,
        ring_seconds: float = 0.2,
        talk_seconds: float = 0.5,
        price_after_seconds: float = 2.0,
    ) -> None:
        self.clock = clock
        self.prefix = f"/{prefix.strip('/')}".rstrip("/")
        self.account = "AC" + uuid.uuid4().hex
        self.token = uuid.uuid4().hex
        self.accounts: dict[str, str] = {self.account: self.token}
        """The auth token of each account; add others as you like."""
        self.keys: dict[str, tuple[str, str]] = {}
        """For each API key SK…, its account and its secret."""
        self.suspended: set[str] = set()
        self.owned: set[str] = set(owned)
        """The numbers that may call; empty: every number may."""
        self.fates: dict[str, str] = {}
        """What becomes of calls to a number: a word of FATES; completed if not said."""
        self.times: dict[str, Times] = {}
        """How long the stages of calls to a number last, where they differ from the network's."""
        self.queue_seconds = queue_seconds
        self.ring_seconds = ring_seconds
        self.talk_seconds = talk_seconds
        self.price_after_seconds = price_after_seconds
        self.dated_creates = True
        """False: the answer to a create has no dates, as Twilio's really has none (instedd/verboice issue 680)."""
        self.closing = threading.Event()
        self._lock = threading.RLock()
        self._requests: list[Request] = []
        self._creates: list[Form] = []
        self._calls: dict[str, Call] = {}
        self._faults: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._began_at = clock()
        self._port = port
        self._server: _Server | None = None

    # -- Starting and closing

    def start(self) -> Self:
        """Listen, on a free port if none was named; again on the same one, with all it knew, after it was closed."""
        self.closing.clear()
        self._server = _Server(self, self._port)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """End every connection and every thread; raise what went wrong in the stand-in itself."""
        server, self._server = self._server, None
        if server is None:
            return
        self.closing.set()
        server.shutdown()
        server.end_connections()
        server.server_close()
        self._thread.join()
        if server.bugs:
            raise server.bugs[0]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def origin(self) -> str:
        """The address without the prefix."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """The address that stands for https://api.twilio.com."""
        return self.origin + self.prefix

    # -- What a test asks and says

    @property
    def requests(self) -> list[Request]:
        """Every request whose headers were read, in order."""
        with self._lock:
            return list(self._requests)

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each kind came."""
        return Counter(request.kind for request in self.requests)

    @property
    def creates(self) -> list[Form]:
        """The fields of every create that was read to its end, in order, whatever became of it."""
        with self._lock:
            return list(self._creates)

    @property
    def calls(self) -> list[Call]:
        """The calls that were really made, in order."""
        with self._lock:
            return list(self._calls.values())

    def fail(self, fault: Fault, times: int = 1, on: Kind | Literal["connection"] = "create") -> None:
        """Let the next so many requests of a kind meet a fault, after those that were said before.

        On "connection" only DROP_BEFORE_READ makes sense: the next connection is reset when it is accepted, whatever
        would have been asked. A client may meet that while it still connects.
        """
        assert on != "connection" or fault is DROP_BEFORE_READ, "before a request is read it can only be dropped"
        with self._lock:
            self._faults[on].extend([fault] * times)

    def faults_left(self, on: Kind | Literal["connection"] = "create") -> int:
        """Return how many faults were said and not met yet."""
        with self._lock:
            return len(self._faults[on])

    # -- What an exchange asks

    def place_of(self, path: str) -> Place | None:
        """Return what a path names; None when Twilio has no such place."""
        parts = re.fullmatch(
            rf"{re.escape(self.prefix)}/{API_VERSION}/Accounts/(\w+)(/Calls(?:/([\w-]+))?)?\.json", path
        )
        return Place(parts[1], parts[2] is not None, parts[3]) if parts else None

    def kind_of(self, method: str, path: str) -> Kind:
        """Return what is asked for."""
        place = self.place_of(path)
        return "other" if place is None else KINDS.get((method, place.calls, place.sid is not None), "other")

    def next_fault(self, on: str) -> Fault | None:
        """Take the fault that is due."""
        with self._lock:
            return self._faults[on].popleft() if self._faults[on] else None

    def note(self, request: Request) -> None:
        """Remember a request."""
        with self._lock:
            self._requests.append(request)

    def note_create(self, form: Form) -> None:
        """Remember a create that was read to its end."""
        with self._lock:
            self._creates.append(form)

    def answer(self, request: Request, form: Form, authorization: str) -> Answer:
        """Do what is asked, and return what Twilio would tell."""
        place = self.place_of(request.path)
        if place is None:
            return not_found(request.path)
        if request.kind == "other":
            return problem(405, 20004, "Method not allowed")
        with self._lock:
            if not self._lets_in(authorization, place.account):
                return problem(401, 20003, "Authenticate", {"WWW-Authenticate": 'Basic realm="Twilio API"'})
            match request.kind:
                case "account":
                    return told(200, self._account_body(place.account))
                case "create":
                    return self._create(place.account, form)
                case "list":
                    return self._list(place.account, request)
                case _:
                    return self._one(place, request, form)

    # -- How it answers; the lock is held

    def _lets_in(self, authorization: str, account: str) -> bool:
        """Say whether the credentials are this account's: its own, or those of one of its keys."""
        user, secret = credentials(authorization)
        key_of, key_secret = self.keys.get(user, ("", ""))
        expected = self.accounts.get(user, "") if user == account else key_secret if key_of == account else ""
        return bool(expected) and hmac.compare_digest(secret.encode(), expected.encode())

    def _account_body(self, account: str) -> dict[str, Any]:
        uri = f"{self.prefix}/{API_VERSION}/Accounts/{account}"
        return {
            "sid": account,
            "owner_account_sid": account,
            "friendly_name": "A stand-in for Twilio",
            "status": "suspended" if account in self.suspended else "active",
            "type": "Full",
            "auth_token": self.accounts[account],
            "date_created": rfc2822(self._began_at),
            "date_updated": rfc2822(self._began_at),
            "uri": f"{uri}.json",
            "subresource_uris": {"calls": f"{uri}/Calls.json"},
        }

    def _create(self, account: str, form: Form) -> Answer:
        if account in self.suspended:
            return problem(401, 20005, "Account not active")
        wrong = what_is_missing(form) or complaint(form, CREATE)
        if wrong is not None:
            return wrong
        if self.owned and form["From"] not in self.owned:
            return problem(400, 21210, f"The source phone number provided, {form['From']}, is not yet verified.")
        body = self._body(self._make(account, form))
        if not self.dated_creates:
            body |= {"date_created": None, "date_updated": None}
        return told(201, body)

    def _make(self, account: str, form: Form) -> Call:
        to, from_ = str(form["To"]), str(form["From"])
        times = self.times.get(to) or Times(self.queue_seconds, self.ring_seconds, self.talk_seconds)
        fate = FATES[self.fates.get(to, "completed")]
        call = Call("CA" + uuid.uuid4().hex, account, to, from_, self.clock(), fate, times, form)
        self._calls[call.sid] = call
        return call

    def _body(self, call: Call) -> dict[str, Any]:
        return call_body(call, self.clock(), self.price_after_seconds, self.prefix)

    def _one(self, place: Place, request: Request, form: Form) -> Answer:
        call = self._calls.get(place.sid or "")
        if call is None or call.account != place.account:
            return not_found(request.path)
        if request.kind == "update":
            wrong = complaint(form, UPDATE) or self._change(call, form)
            if wrong is not None:
                return wrong
        return told(200, self._body(call))

    def _change(self, call: Call, form: Form) -> Answer | None:
        """Stop a call, or say why not. One that was never answered is canceled, by whichever word it is stopped."""
        now = self.clock()
        status = call.status(now)
        waiting = status in ("queued", "ringing")
        if status in TERMINAL or (form.get("Status") == "canceled" and not waiting):
            return problem(400, 21220, f"Invalid call state: the call is {status}.")
        if form.get("Status"):
            call.stop(now, "canceled" if waiting else "completed")
        elif waiting:
            return problem(400, 21220, "Call is not in-progress. Cannot redirect.")
        return None

    def _list(self, account: str, request: Request) -> Answer:
        wrong = complaint(request.query, LIST)
        if wrong is not None:
            return wrong
        now = self.clock()
        wanted = {name: str(value) for name, value in request.query.items() if value}
        newest_first = [call for call in reversed(self._calls.values()) if call.account == account]
        page = page_of(newest_first, lambda call: fits(call, wanted, now), wanted)
        return told(200, {"calls": [self._body(call) for call in page.calls], **page.links(request.path, wanted)})


def not_found(path: str) -> Answer:
    """Return Twilio's 404."""
    return problem(404, 20404, f"The requested resource {path} was not found")


def credentials(authorization: str) -> tuple[str, str]:
    """Return the user and the password of HTTP Basic; empty when there are none."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, secret


# -- Pages


def fits(call: Call, wanted: Mapping[str, str], now: float) -> bool:
    """Say whether a call is one that a list asks for."""
    facts = {"To": call.to, "From": call.from_, "Status": call.status(now)}
    return all(wanted.get(name, fact) == fact for name, fact in facts.items())


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list. As at Twilio the token says where it begins or ends; the number is only the client's own."""

    calls: list[Call]
    number: int
    size: int
    newer: bool
    older: bool

    def links(self, path: str, wanted: Mapping[str, str]) -> dict[str, Any]:
        """Return where the page is, and where the others are."""
        start = self.number * self.size
        filters = {name: value for name, value in wanted.items() if name in ("To", "From", "Status")}

        def uri(number: int, token: str = "") -> str:
            pages = {"PageSize": str(self.size), "Page": str(number)} | ({"PageToken": token} if token else {})
            return f"{path}?{urlencode(filters | pages)}"

        return {
            "first_page_uri": uri(0),
            "previous_page_uri": uri(max(self.number - 1, 0), "PB" + self.calls[0].sid) if self.newer else None,
            "uri": uri(self.number, wanted.get("PageToken", "")),
            "next_page_uri": uri(self.number + 1, "PA" + self.calls[-1].sid) if self.older else None,
            "page": self.number,
            "page_size": self.size,
            "start": start,
            "end": start + max(len(self.calls) - 1, 0),
        }


def page_of(newest_first: list[Call], fits: Callable[[Call], bool], wanted: Mapping[str, str]) -> Page:
    """Return the page that is asked for; calls made meanwhile do not move it."""
    size, number, token = int(wanted.get("PageSize", 50)), int(wanted.get("Page", 0)), wanted.get("PageToken", "")
    sids = [call.sid for call in newest_first]
    at = sids.index(token[2:]) if token[2:] in sids else -1
    if token.startswith("PB"):
        calls = [call for call in newest_first[: max(at, 0)] if fits(call)][-size:]
    else:
        calls = [call for call in newest_first[at + 1 :] if fits(call)][:size]
    if not calls:
        return Page([], number, size, newer=False, older=False)
    first, last = sids.index(calls[0].sid), sids.index(calls[-1].sid)
    return Page(
        calls,
        number,
        size,
        newer=any(map(fits, newest_first[:first])),
        older=any(map(fits, newest_first[last + 1 :])),
    )


# -- HTTP


class Exchange(BaseHTTPRequestHandler):
    """One connection, and the requests on it one after the other."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server
    raw_requestline: bytes

    @property
    def network(self) -> TwilioNetwork:
        """The network that is asked."""
        return self.server.network

    def handle(self) -> None:
        """Answer until one side has enough."""
        if self.network.next_fault("connection"):
            return self.reset()
        return super().handle()

    def parse_request(self) -> bool:
        """Read the headers, unless the request is to be dropped before."""
        method, target = [*self.raw_requestline.decode("latin-1").split(), "", ""][:2]
        self.kind = self.network.kind_of(method, urlsplit(target).path)
        self.fault = self.network.next_fault(self.kind)
        if self.fault is DROP_BEFORE_READ:
            self.reset()
            return False
        return super().parse_request()

    def serve(self) -> None:
        """Answer one request, or let it meet its fault."""
        url = urlsplit(self.path)
        request = Request(self.kind, self.command, url.path, form_of(url.query))
        self.network.note(request)
        form = self.read_form()
        if form is None:
            return self.leave()
        if self.kind == "create":
            self.network.note_create(form)
        if self.fault is not None and not self.fault.carried_out:
            return self.fault.play(self, Answer(500, b""))
        truth = self.network.answer(request, form, self.headers.get("Authorization", ""))
        return self.send(truth) if self.fault is None else self.fault.play(self, truth)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve  # noqa: N815 - names that http.server prescribes

    def read_form(self) -> Form | None:
        """Return the fields of the body; None when it did not come to its end."""
        announced = self.headers.get("Content-Length", "0")
        length = int(announced) if announced.isdecimal() else 0
        body = self.rfile.read(length)
        if len(body) < length:
            return None
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        return form_of(body.decode("utf-8", "replace")) if is_form else {}

    # -- How an answer can go

    def write(self, data: bytes) -> None:
        """Send some bytes."""
        self.wfile.write(data)

    def send(self, answer: Answer) -> None:
        """Send a whole answer at once."""
        self.write(answer.head() + answer.body)

    def leave(self, last: bytes = b"") -> None:
        """Close the connection, after these bytes."""
        self.write(last)
        self.close_connection = True

    def reset(self) -> None:
        """Close the connection with a TCP reset: what lingers is thrown away."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        self.close_connection = True

    def hold(self) -> None:
        """Say nothing until the network closes."""
        self.network.closing.wait()
        self.close_connection = True

    def drip(self, pieces: Iterable[bytes], seconds: float, pause: float) -> None:
        """Send a piece after each pause for so long; stop at once when the network closes."""
        turns = itertools.count() if math.isinf(seconds) else range(math.ceil(seconds / pause))
        for _, piece in zip(turns, pieces, strict=False):
            if self.network.closing.wait(pause):
                break
            self.write(piece)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is hardly HTTP, in Twilio's form."""
        self.leave((answer := problem(code, 20001, message or phrase(code))).head() + answer.body)


LINGER_NOT = struct.pack("ii", 1, 0)


class _Server(socketserver.ThreadingTCPServer):
    """Accepts connections, a thread each, and knows them all so that it can end them."""

    allow_reuse_address = True
    request_queue_size = 256

    def __init__(self, network: TwilioNetwork, port: int) -> None:
        self.network = network
        self.bugs: list[BaseException] = []
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Exchange)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection, and remember it."""
        connection, address = super().get_request()
        with self._lock:
            self._open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection. One that is to be reset must not be shut down first: that would end it politely."""
        lingers = request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(LINGER_NOT))
        if lingers == LINGER_NOT:
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def close_request(self, request: Any) -> None:
        """Forget a connection."""
        with self._lock:
            self._open.discard(request)
        super().close_request(request)

    def end_connections(self) -> None:
        """Wake every thread that waits for its client."""
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):  # closed by its client meanwhile
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep a bug for the test; a client that went away is none."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            self.bugs.append(error)


def main() -> None:
    """Serve until interrupted, for trying by hand."""
    options = argparse.ArgumentParser(prog="python -m tests.twilio_network", description="A stand-in for Twilio.")
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--prefix", default="", help="a path before the API's own, such as /api/laml")
    chosen = options.parse_args()
    with TwilioNetwork(port=chosen.port, prefix=chosen.prefix) as network, contextlib.suppress(KeyboardInterrupt):
        sys.stdout.write(f"{network.base_url}\n{network.account}\n{network.token}\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main()
