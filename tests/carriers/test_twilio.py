"""Does the Twilio carrier keep the contract? Each answer and each fault, over real HTTP, with the creates counted."""

from __future__ import annotations

import json
import re
import socket
import sys
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from hyponema_cli.carriers.base import (
    CallView,
    CarrierError,
    ManyFetcher,
    NotFound,
    NotSent,
    OutcomeUnknown,
    PlaceCall,
    Rejected,
    Throttled,
    checked,
)
from hyponema_cli.carriers.instructions import facts
from hyponema_cli.carriers.twilio import TwilioCarrier
from hyponema_cli.carriers.twilio_account import account_of
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.call import CallState
from hyponema_cli.core.connect import Connection
from hyponema_cli.http_once import Limits
from tests import loopback
from tests.twilio_network import (
    BROKEN_JSON,
    DROP_AFTER_ACCEPT,
    DROP_BEFORE_READ,
    EMPTY_201,
    HALF_BODY,
    HANG,
    HANG_WITHOUT_CALL,
    NO_SID_201,
    REDIRECT_302,
    REDIRECT_307,
    RESET_AFTER_ACCEPT,
    Answer,
    Fate,
    Fault,
    Stage,
    TwilioNetwork,
    error_after_accept,
    error_without_call,
    html_error,
    redirect,
    refused,
    slow_body,
    slow_headers,
    throttled,
    told,
)
from tests.world import World

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TO, FROM = "+34600000001", "+15005550006"
QUICK = Limits(connect=0.3, read=0.3, answer=0.6)
"""For what never answers. What does answer gets the usual limits: a slow machine is no fault of the carrier's."""
PATIENT = Limits(connect=0.3, read=30, answer=0.6)
"""For what drips: each read is quick, and the total is not."""

TOLD = facts(
    agent_id="agent-1",
    user_id="ana",
    schedule_id="sch_1",
    execution_id="exe_1",
    call_id="call_1",
    attempt=1,
    scheduled_time="2026-03-02T12:00:00Z",
    customer_context={"name": "Ana & Søn <'\"> 日本", "n": 3},
)
STREAM = Connection(stream_url="wss://agent.example/session")


def call(connection: Connection = STREAM, to: str = TO, from_: str = FROM, **told: str) -> PlaceCall:
    return PlaceCall("call_1", to, from_, "exe_1", 1, connection, {**TOLD, **told})


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing that is set on this machine take the requests elsewhere."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def network(clock: VirtualClock) -> Iterator[TwilioNetwork]:
    with network_on(clock) as made:
        yield made


def network_on(clock: VirtualClock, prefix: str = "") -> TwilioNetwork:
    return TwilioNetwork(
        clock=lambda: clock.now().timestamp(), prefix=prefix, queue_seconds=1, ring_seconds=10, talk_seconds=90
    )


def carrier_of(
    network: TwilioNetwork, clock: VirtualClock, limits: Limits | None = None, url: str | None = None
) -> TwilioCarrier:
    """Return the carrier, with the credentials of the stand-in, sent there or to `url`."""
    environ = {
        "TWILIO_ACCOUNT_SID": network.account,
        "TWILIO_AUTH_TOKEN": network.token,
        "HYP_TWILIO_BASE_URL": url or network.base_url,
    }
    return TwilioCarrier(account_of("twilio", environ), clock, limits)


@pytest.fixture
def carrier(network: TwilioNetwork, clock: VirtualClock) -> TwilioCarrier:
    return carrier_of(network, clock)


def limits_for(fault: Fault) -> Limits | None:
    """Return short limits for a fault that is waited for in vain."""
    if fault.name.startswith("slow"):
        return PATIENT
    return QUICK if fault in (HANG, HANG_WITHOUT_CALL) else None


def outcome_of(carrier: TwilioCarrier, placed: PlaceCall | None = None) -> CallView | CarrierError:
    """Place a call; return the view, or the error that was raised."""
    try:
        return checked(carrier.place_call(placed or call()))
    except CarrierError as error:
        return error


def named(value: object) -> str | None:
    """Return the name of a fault, for the table that it stands in."""
    return value.name if isinstance(value, Fault) else None


def says(body: Any = None, *, with_status: int | None = None, **changes: Any) -> Fault:
    """Return the fault: what was asked for is done; the answer has another body, other fields, or another status."""

    def play(exchange: Any, truth: Answer) -> None:
        said = body if body is not None else json.loads(truth.body) | changes
        exchange.send(told(with_status or truth.status, said))

    return Fault("says", "the answer says something else", True, play)


def sends(answer: Answer) -> Fault:
    """Return the fault: no call is made, and this is the answer."""
    return Fault("sends", "an answer of somebody else", False, lambda exchange, _: exchange.send(answer))


# -- A create that nobody answers clearly


@pytest.mark.parametrize(
    ("fault", "creates", "calls"),
    [
        (DROP_AFTER_ACCEPT, 1, 1),
        (RESET_AFTER_ACCEPT, 1, 1),
        (HANG, 1, 1),
        (HANG_WITHOUT_CALL, 1, 0),
        (DROP_BEFORE_READ, 0, 0),
        (HALF_BODY, 1, 1),
        (BROKEN_JSON, 1, 1),
        (EMPTY_201, 1, 1),
        (NO_SID_201, 1, 1),
        (says([]), 1, 1),
        (says("CA1"), 1, 1),
        (says(sid=None), 1, 1),
        (says(sid=""), 1, 1),
        (says(sid=7), 1, 1),
        (says({"sid": {"CA": 1}}), 1, 1),
        (says(date_created="yesterday"), 1, 1),
        (says({}, with_status=202), 1, 1),
        (sends(Answer(204, b"")), 1, 0),
        (sends(Answer(201, b"[" * 100_000)), 1, 0),
        (sends(Answer(201, b"\xff\xfe\x00")), 1, 0),
        (sends(Answer(201, b"not gzip", headers={"Content-Encoding": "gzip"})), 1, 0),
        (error_after_accept(500), 1, 1),
        (error_after_accept(503, html=True), 1, 1),
        (error_without_call(500), 1, 0),
        (refused(503, 20503, "Service unavailable"), 1, 0),
        (html_error(502), 1, 0),
        (html_error(503), 1, 0),
        (html_error(504, call_made=True), 1, 1),
        (html_error(408), 1, 0),
        (html_error(599), 1, 0),
        (REDIRECT_302, 1, 0),
        (REDIRECT_307, 1, 0),
        (redirect(301), 1, 0),
        (redirect(303, call_made=True), 1, 1),
        (redirect(308), 1, 0),
    ],
    ids=named,
)
def test_a_create_without_a_clear_answer_is_unknown_and_was_sent_once(
    network: TwilioNetwork, clock: VirtualClock, fault: Fault, creates: int, calls: int
) -> None:
    network.fail(fault)
    error = outcome_of(carrier_of(network, clock, limits_for(fault)))
    if fault.meaning == "the answer says something else" and isinstance(error, CallView):
        assert error.carrier_call_id == network.calls[0].sid
    else:
        assert type(error) is OutcomeUnknown, error
    assert (len(network.creates), len(network.calls)) == (creates, calls)
    assert network.counts.total() <= 1


@pytest.mark.parametrize("fault", [slow_headers(pause=0.05), slow_body(pause=0.05)], ids=["headers", "body"])
def test_an_answer_that_drips_is_not_waited_for_beyond_the_total_limit(
    network: TwilioNetwork, clock: VirtualClock, fault: Fault
) -> None:
    network.fail(fault)
    error = outcome_of(carrier_of(network, clock, PATIENT))
    assert type(error) is OutcomeUnknown
    assert "within 0.6 s" in str(error)
    assert len(network.creates) == len(network.calls) == 1


def test_an_answer_that_drips_within_the_limit_is_an_answer(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    network.fail(slow_body(seconds=0.2, pause=0.05))
    view = outcome_of(carrier)
    assert isinstance(view, CallView)
    assert view.carrier_call_id == network.calls[0].sid


@pytest.mark.parametrize(
    "fault", [DROP_AFTER_ACCEPT, RESET_AFTER_ACCEPT, HANG, HALF_BODY, BROKEN_JSON, EMPTY_201, error_after_accept(500)]
)
def test_a_call_of_which_no_answer_came_is_found_again(
    network: TwilioNetwork, clock: VirtualClock, fault: Fault
) -> None:
    network.fail(fault)
    outcome_of(carrier_of(network, clock, limits_for(fault)))
    (found,) = carrier_of(network, clock).find_calls(
        to_number=TO, from_number=FROM, since=NOON - timedelta(minutes=2)
    )
    assert found.carrier_call_id == network.calls[0].sid
    assert len(network.creates) == 1


# -- A create that never left


def test_a_port_that_refuses_is_not_sent(network: TwilioNetwork, clock: VirtualClock) -> None:
    error = outcome_of(carrier_of(network, clock, url=loopback.refused_port()))
    assert type(error) is NotSent
    assert str(error) == "it refuses the connection"


def test_an_unknown_host_is_not_sent(network: TwilioNetwork, clock: VirtualClock) -> None:
    error = outcome_of(carrier_of(network, clock, url="http://nobody.invalid"))
    assert type(error) is NotSent
    assert str(error) == "its name cannot be resolved"


def test_a_connection_that_is_not_taken_in_time_is_not_sent(network: TwilioNetwork, clock: VirtualClock) -> None:
    with loopback.full_backlog() as url:
        error = outcome_of(carrier_of(network, clock, Limits(connect=0.2), url=url))
    assert type(error) is NotSent
    assert str(error) == "it did not take the connection in time"


def test_a_connection_that_outlives_the_total_limit_is_not_sent(network: TwilioNetwork, clock: VirtualClock) -> None:
    with loopback.full_backlog() as url:
        error = outcome_of(carrier_of(network, clock, Limits(connect=1, answer=0.2), url=url))
        assert type(error) is NotSent
        end_of_errands()


def test_a_certificate_that_is_not_trusted_is_not_sent(
    network: TwilioNetwork, clock: VirtualClock, tmp_path: Path
) -> None:
    serve = loopback.over_tls(tmp_path, loopback.relay_to(network.base_url))
    with loopback.Listener(serve) as front:
        error = outcome_of(carrier_of(network, clock, url=front.url.replace("http", "https")))
    assert type(error) is NotSent
    assert "certificate is not trusted" in str(error)
    assert network.requests == []


def test_a_certificate_for_another_host_is_not_sent(
    network: TwilioNetwork, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, tmp_path)
    resolve_to_loopback(monkeypatch)
    serve = loopback.over_tls(tmp_path, loopback.relay_to(network.base_url))
    with loopback.Listener(serve) as front:
        error = outcome_of(carrier_of(network, clock, url=f"https://api.example:{front.port}"))
    assert type(error) is NotSent
    assert network.requests == []


def test_a_server_that_speaks_no_tls_is_not_sent(network: TwilioNetwork, clock: VirtualClock) -> None:
    error = outcome_of(carrier_of(network, clock, url=network.base_url.replace("http", "https")))
    assert type(error) is NotSent
    assert network.creates == []


def test_a_tls_handshake_that_hangs_is_not_sent(network: TwilioNetwork, clock: VirtualClock) -> None:
    with loopback.mute() as server:
        error = outcome_of(carrier_of(network, clock, QUICK, server.url.replace("http", "https")))
        assert server.connections == 1
    assert type(error) is NotSent


def test_a_trusted_certificate_is_dialled_through_once(
    network: TwilioNetwork, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, tmp_path)
    serve = loopback.over_tls(tmp_path, loopback.relay_to(network.base_url))
    with loopback.Listener(serve) as front:
        carrier = carrier_of(network, clock, url=front.url.replace("http", "https"))
        assert isinstance(outcome_of(carrier), CallView)
        assert len(network.creates) == 1
        network.fail(DROP_AFTER_ACCEPT)
        assert type(outcome_of(carrier)) is OutcomeUnknown
        assert len(network.creates) == 2


def test_a_dead_proxy_is_not_sent(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", loopback.refused_port())
    monkeypatch.setenv("HTTPS_PROXY", loopback.refused_port())
    for url in (network.base_url, "https://api.example"):
        error = outcome_of(carrier_of(network, clock, url=url))
        assert type(error) is NotSent
        assert str(error) == "the proxy cannot be reached"
    assert network.requests == []


@pytest.mark.parametrize(
    "says",
    [b"", b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", b"SSH-2\r\n"],
)
def test_a_proxy_that_makes_no_tunnel_is_not_sent(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, says: bytes
) -> None:
    heard: list[bytes] = []
    with loopback.proxy(heard, says=says) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        error = outcome_of(carrier_of(network, clock, QUICK, "https://api.example"))
        assert type(error) is NotSent, error
    assert len(heard) == 1
    assert heard[0].startswith(b"CONNECT api.example:443 ")
    assert b"Authorization" not in heard[0]


def test_a_tunnel_through_a_proxy_carries_the_create_once(
    network: TwilioNetwork, clock: VirtualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, tmp_path)
    heard: list[bytes] = []
    serve = loopback.over_tls(tmp_path, loopback.relay_to(network.base_url))
    with loopback.Listener(serve) as front, loopback.proxy(heard) as between:
        monkeypatch.setenv("HTTPS_PROXY", between.url)
        url = f"https://localhost:{front.port}"
        assert isinstance(outcome_of(carrier_of(network, clock, url=url)), CallView)
        network.fail(HANG)
        assert type(outcome_of(carrier_of(network, clock, Limits(read=0.3), url))) is OutcomeUnknown
    assert len(network.creates) == len(heard) == 2


def test_a_plain_proxy_that_took_the_request_and_hangs_leaves_it_unknown(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[bytes] = []
    with loopback.proxy(heard, says=b"") as between:
        monkeypatch.setenv("HTTP_PROXY", between.url)
        error = outcome_of(carrier_of(network, clock, QUICK))
    assert type(error) is OutcomeUnknown
    assert len(heard) == 1


def test_a_resolver_that_hangs_and_returns_later_sends_nothing_after_not_sent_was_said(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    released, asked = threading.Event(), threading.Event()
    real = socket.getaddrinfo

    def hanging(*arguments: Any, **more: Any) -> Any:
        asked.set()
        assert released.wait(30)
        return real(*arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    error = outcome_of(carrier_of(network, clock, Limits(answer=0.2)))
    assert type(error) is NotSent
    assert asked.is_set()
    released.set()
    end_of_errands()
    assert network.requests == []
    assert network.calls == []


@pytest.mark.parametrize("late_by", [-0.004, -0.002, -0.001, 0.0, 0.001, 0.002, 0.004] * 3)
def test_a_request_that_leaves_at_the_very_limit_is_never_both_sent_and_not_sent(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, late_by: float
) -> None:
    limit, never = 0.03, threading.Event()
    real = socket.getaddrinfo

    def slow(*arguments: Any, **more: Any) -> Any:
        never.wait(limit + late_by)
        return real(*arguments, **more)

    carrier = carrier_of(network, clock, Limits(answer=limit))
    carrier._api()  # the SDK is imported before the time is taken
    monkeypatch.setattr(socket, "getaddrinfo", slow)
    outcome = outcome_of(carrier)
    end_of_errands()
    assert type(outcome) in (NotSent, OutcomeUnknown, CallView)
    assert len(network.creates) <= (0 if type(outcome) is NotSent else 1)


def test_an_interrupt_before_the_request_left_lets_it_leave_no_more(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    real, wait = socket.getaddrinfo, threading.Event.wait

    def hanging(*arguments: Any, **more: Any) -> Any:
        assert wait(released, 30)
        return real(*arguments, **more)

    def interrupted(event: threading.Event, timeout: float | None = None) -> bool:
        if timeout == 17:
            raise KeyboardInterrupt
        return wait(event, timeout)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    monkeypatch.setattr(threading.Event, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        carrier_of(network, clock, Limits(answer=17)).place_call(call())
    released.set()
    end_of_errands()
    assert network.requests == []


def test_an_sdk_that_cannot_be_imported_is_not_sent(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "twilio.rest", None)
    with pytest.raises(NotSent):
        carrier_of(network, clock).place_call(call())


@pytest.mark.parametrize(
    ("connection", "code"),
    [
        (Connection(), "not_connected"),
        (Connection(stream_url="wss://agent.example/" + "x" * 4000), "too_long"),
    ],
)
def test_what_no_create_can_say_is_rejected_and_never_sent(
    network: TwilioNetwork, carrier: TwilioCarrier, connection: Connection, code: str
) -> None:
    error = outcome_of(carrier, call(connection))
    assert isinstance(error, Rejected)
    assert (error.scope, error.code) == ("call", code)
    assert network.requests == []


def end_of_errands() -> None:
    """Wait for the threads that were given up to come to their end."""
    for thread in threading.enumerate():
        if thread.name == "a request to the carrier":
            thread.join(timeout=30)
            assert not thread.is_alive()


def trust(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let requests trust the certificate of the tests."""
    bundle = folder / "trusted.pem"
    bundle.write_text(loopback.CERTIFICATE)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))


def resolve_to_loopback(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let every name mean this machine; return the names that are asked for."""
    real, asked = socket.getaddrinfo, list[str]()

    def here(host: Any, *arguments: Any, **more: Any) -> Any:
        asked.append(str(host))
        return real("127.0.0.1", *arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    return asked


# -- A create that is refused


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (throttled(), 5),
        (throttled(0), 5),
        (throttled(7), 7),
        (throttled(" 7 "), 7),
        (throttled(90), 90),
        (throttled(10**9), 86_400),
        (throttled("9" * 5_000), 86_400),
        (throttled("soon"), 5),
        (throttled("-3"), 5),
        (throttled("1.5"), 5),
        (throttled("³"), 5),
        (throttled(NOON + timedelta(seconds=40)), 40),
        (throttled(NOON - timedelta(hours=1)), 5),
        (throttled(NOON + timedelta(days=3)), 86_400),
        (throttled("Mon, 02 Mar 99999999999999999999 12:00:00 GMT"), 5),
        (throttled("Fri, 31 Dec 9999 23:59:59 -2359"), 86_400),
        (refused(400, 10004, "Call concurrency limit exceeded"), 5),
        (refused(429, 20429, "Too Many Requests"), 5),
        (html_error(429), 5),
    ],
    ids=named,
)
def test_too_many_is_throttled_for_as_long_as_was_said(
    network: TwilioNetwork, carrier: TwilioCarrier, fault: Fault, seconds: int
) -> None:
    network.fail(fault)
    error = outcome_of(carrier)
    assert type(error) is Throttled, error
    assert error.retry_after == timedelta(seconds=seconds)
    assert (len(network.creates), len(network.calls)) == (1, 0)


@pytest.mark.parametrize(
    ("status", "code", "scope"),
    [
        (401, 20003, "account"),
        (401, 20005, "account"),
        (403, 20005, "account"),
        (403, 20008, "account"),
        (403, 99999, "account"),
        (402, 99999, "account"),
        (404, 20404, "account"),
        (405, 20004, "account"),
        (400, 21201, "call"),
        (400, 21205, "call"),
        (400, 21206, "call"),
        (400, 21208, "call"),
        (400, 21209, "call"),
        (400, 21218, "call"),
        (400, 21221, "call"),
        (400, 21229, "call"),
        (400, 21210, "sender"),
        (400, 21212, "sender"),
        (400, 21213, "sender"),
        (400, 573002, "sender"),
        (400, 21211, "destination"),
        (400, 21214, "destination"),
        (400, 21215, "destination"),
        (403, 21215, "destination"),
        (400, 21216, "destination"),
        (400, 21217, "destination"),
        (400, 21219, "destination"),
        (400, 573005, "destination"),
        (400, 32018, "call"),
        (400, 99999, "call"),
        (409, 99999, "call"),
        (422, 99999, "call"),
        (451, 99999, "call"),
    ],
)
def test_a_refusal_is_rejected_with_the_scope_of_its_code_or_its_status(
    network: TwilioNetwork, carrier: TwilioCarrier, status: int, code: int, scope: str
) -> None:
    network.fail(refused(status, code, "No."))
    error = outcome_of(carrier)
    assert isinstance(error, Rejected), error
    assert (error.scope, error.code) == (scope, str(code))
    assert str(error) == f"No. (HTTP {status}, error {code})"
    assert (len(network.creates), len(network.calls)) == (1, 0)


@pytest.mark.parametrize(
    ("answer", "scope", "code", "said"),
    [
        (Answer(400, b"<html>no</html>", "text/html"), "call", "400", "HTTP 400"),
        (Answer(400, b""), "call", "400", "HTTP 400"),
        (Answer(400, b"null"), "call", "400", "HTTP 400"),
        (Answer(400, b'"21211"'), "call", "400", "HTTP 400"),
        (Answer(400, b"[21211]"), "call", "400", "HTTP 400"),
        (Answer(400, b"[" * 100_000), "call", "400", "HTTP 400"),
        (Answer(400, b'{"code": "21211"}'), "call", "400", "HTTP 400"),
        (Answer(400, b'{"code": true}'), "call", "400", "HTTP 400"),
        (Answer(400, b'{"code": 21211.0}'), "call", "400", "HTTP 400"),
        (Answer(400, b'{"code": null, "message": ["a"]}'), "call", "400", "HTTP 400"),
        (Answer(403, b"<html>a firewall</html>", "text/html"), "account", "403", "HTTP 403"),
        (Answer(407, b""), "account", "407", "HTTP 407"),
        (
            Answer(
                400,
                b'{"type": "about:blank", "title": "Invalid", "detail": "To is bad", "code": 21211, "status": 400}',
                "application/problem+json",
            ),
            "destination",
            "21211",
            "To is bad (HTTP 400, error 21211)",
        ),
    ],
)
def test_a_refusal_in_other_words_than_twilios_is_judged_by_its_status(
    network: TwilioNetwork, carrier: TwilioCarrier, answer: Answer, scope: str, code: str, said: str
) -> None:
    network.fail(sends(answer))
    error = outcome_of(carrier)
    assert isinstance(error, Rejected), error
    assert (error.scope, error.code, str(error)) == (scope, code, said)
    assert len(network.creates) == 1


@pytest.mark.parametrize(
    "message",
    [
        f"The 'To' number {TO} is not a valid phone number.",
        "The 'To' number %2B34600000001 is not a valid phone number.",
        "The 'To' number +34 600 000 001 is not a valid phone number.",
        "The 'To' number +34-600-000-001 is not a valid phone number.",
        "The 'To' number (34) 600.000.001 is not a valid phone number.",
        "tel:0034600000001",
    ],
)
def test_no_phone_number_stands_in_the_text_of_a_refusal(
    network: TwilioNetwork, carrier: TwilioCarrier, message: str
) -> None:
    network.fail(refused(400, 21211, message))
    error = outcome_of(carrier)
    assert "600000001" not in re.sub(r"[^\d]", "", str(error)).replace("21211", ""), error


def test_a_refusal_is_one_line_and_not_a_page(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    network.fail(refused(400, 21211, "a\nb " + "long " * 1000))
    said = str(outcome_of(carrier))
    assert len(said) < 400
    assert said.isprintable()


def test_wrong_credentials_and_a_suspended_account_are_the_accounts_matter(
    network: TwilioNetwork, carrier: TwilioCarrier
) -> None:
    network.suspended.add(network.account)
    suspended = outcome_of(carrier)
    network.accounts[network.account] = "another"
    unknown = outcome_of(carrier)
    assert isinstance(suspended, Rejected) and isinstance(unknown, Rejected)
    assert [(each.scope, each.code) for each in (suspended, unknown)] == [("account", "20005"), ("account", "20003")]
    assert network.calls == []


# -- A create that is taken


def test_a_call_that_was_taken_is_told_as_it_is(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    view = outcome_of(carrier)
    assert view == CallView(network.calls[0].sid, CallState.QUEUED, "queued", TO, FROM, NOON, currency=view.currency)
    assert len(network.creates) == network.counts.total() == 1


def test_an_answer_without_dates_counts_as_made_now(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock
) -> None:
    network.dated_creates = False
    view = outcome_of(carrier)
    assert isinstance(view, CallView)
    assert view.created_at == clock.now()


def test_an_api_key_dials_for_its_account(network: TwilioNetwork, clock: VirtualClock) -> None:
    network.keys["SK1"] = (network.account, "secret-of-the-key")
    environ = {
        "TWILIO_ACCOUNT_SID": network.account,
        "TWILIO_API_KEY": "SK1",
        "TWILIO_API_SECRET": "secret-of-the-key",
        "TWILIO_AUTH_TOKEN": "not the one",
        "HYP_TWILIO_BASE_URL": network.base_url,
    }
    assert isinstance(outcome_of(TwilioCarrier(account_of("twilio", environ), clock)), CallView)
    assert network.calls[0].account == network.account


@pytest.mark.parametrize(
    "fault", [html_error(503), throttled(1), DROP_AFTER_ACCEPT, RESET_AFTER_ACCEPT, HANG_WITHOUT_CALL, REDIRECT_302]
)
@pytest.mark.parametrize(
    ("kind", "ask"),
    [
        ("account", lambda carrier: carrier.check()),
        ("fetch", lambda carrier: carrier.fetch_call("CA" + "0" * 32)),
        ("fetch", lambda carrier: carrier.hang_up("CA" + "0" * 32)),
        ("list", lambda carrier: carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)),
        ("list", lambda carrier: carrier.fetch_calls(["CA" + "0" * 32], since=NOON)),
    ],
)
def test_no_layer_asks_anything_again(
    network: TwilioNetwork, clock: VirtualClock, fault: Fault, kind: Any, ask: Callable[[TwilioCarrier], object]
) -> None:
    network.fail(fault, on=kind)
    with pytest.raises(CarrierError):
        ask(carrier_of(network, clock, limits_for(fault)))
    assert network.counts == {kind: 1}
    assert network.faults_left(kind) == 0


# -- What is sent, against Twilio's description of it

CREATE_FIELDS = {
    # field: what it looks like (CreateCall in Twilio's OpenAPI description)
    "To": r"\+[1-9]\d{6,14}",
    "From": r"\+[1-9]\d{6,14}",
    "Url": r"https?://[!-~]+",
    "Twiml": r"(?s)<Response>.{0,3980}</Response>",
    "ApplicationSid": r"AP[0-9a-fA-F]{32}",
    "Timeout": r"[1-9]\d{0,2}",
    "TimeLimit": r"[1-9]\d{0,4}",
    "MachineDetection": r"Enable|DetectMessageEnd",
    "CallReason": r".{1,50}",
}
SID = "AP" + "0123456789abcdef" * 2


@pytest.mark.parametrize(
    ("connection", "fields"),
    [
        (STREAM, {"Twiml"}),
        (Connection(answer_url="https://agent.example/answer?v=2"), {"Url"}),
        (Connection(application_sid=SID), {"ApplicationSid"}),
        (Connection(application_sid=SID, ring_timeout_seconds=600), {"ApplicationSid", "Timeout"}),
        (Connection(application_sid=SID, time_limit_seconds=86_400), {"ApplicationSid", "TimeLimit"}),
        (Connection(application_sid=SID, machine_detection="on"), {"ApplicationSid", "MachineDetection"}),
        (Connection(application_sid=SID, machine_detection="message-end"), {"ApplicationSid", "MachineDetection"}),
        (
            Connection(application_sid=SID, call_reason="Your check-in, at half past nine"),
            {"ApplicationSid", "CallReason"},
        ),
        (
            Connection(None, "wss://agent.example/s", None, 20, 300, "on", "Check-in"),
            {"Twiml", "Timeout", "TimeLimit", "MachineDetection", "CallReason"},
        ),
    ],
)
def test_a_create_says_what_twilio_describes_and_nothing_else(
    network: TwilioNetwork, carrier: TwilioCarrier, connection: Connection, fields: set[str]
) -> None:
    assert isinstance(outcome_of(carrier, call(connection)), CallView)
    (form,) = network.creates
    assert set(form) == {"To", "From"} | fields
    for name, value in form.items():
        assert isinstance(value, str)
        assert re.fullmatch(CREATE_FIELDS[name], value), (name, value)
    assert (form["To"], form["From"]) == (TO, FROM)


def test_a_create_is_a_form_with_basic_credentials_on_the_accounts_path(
    network: TwilioNetwork, clock: VirtualClock
) -> None:
    heard: list[bytes] = []
    with loopback.proxy(heard, says=b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n") as server:
        outcome_of(carrier_of(network, clock, url=server.url))
    head = heard[0].decode().split("\r\n\r\n")[0]
    line, *headers = head.split("\r\n")
    said = dict(header.split(": ", 1) for header in headers)
    assert line == f"POST /2010-04-01/Accounts/{network.account}/Calls.json HTTP/1.1"
    assert said["Content-Type"] == "application/x-www-form-urlencoded"
    scheme, _, encoded = said["Authorization"].partition(" ")
    assert scheme == "Basic"
    assert b64decode(encoded).decode() == f"{network.account}:{network.token}"


def test_the_facts_arrive_whole_by_stream(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    outcome_of(carrier)
    document = ElementTree.fromstring(str(network.creates[0]["Twiml"]))  # noqa: S314 - ours
    stream = document.find("Connect/Stream")
    assert stream is not None
    assert stream.get("url") == STREAM.stream_url
    assert {each.get("name"): each.get("value") for each in stream} == TOLD


def test_the_facts_arrive_whole_by_answer_url(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    from urllib.parse import parse_qsl, urlsplit

    outcome_of(carrier, call(Connection(answer_url="https://agent.example/answer?v=2#rc=3")))
    url = urlsplit(str(network.creates[0]["Url"]))
    (before, *pairs) = parse_qsl(url.query, keep_blank_values=True)
    assert before == ("v", "2")
    assert dict(pairs) == TOLD
    assert url.fragment == "rc=3"


# -- What a call is


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", CallState.QUEUED),
        ("initiated", CallState.QUEUED),
        ("ringing", CallState.RINGING),
        ("in-progress", CallState.IN_PROGRESS),
        ("completed", CallState.COMPLETED),
        ("busy", CallState.BUSY),
        ("no-answer", CallState.NO_ANSWER),
        ("canceled", CallState.CANCELED),
        ("failed", CallState.FAILED),
        ("warp-drive", None),
        ("Completed", None),
        ("", None),
    ],
)
def test_a_status_word_is_a_state_or_is_kept_and_asked_about_again(
    network: TwilioNetwork, carrier: TwilioCarrier, word: str, state: CallState | None
) -> None:
    outcome_of(carrier)
    made = network.calls[0]
    made.stopped = Stage(made.created_at, word)
    view = carrier.fetch_call(made.sid)
    assert (view.state, view.raw_status) == (state, word)


def test_a_call_goes_through_its_stages_to_its_end_and_its_price(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock
) -> None:
    network.price_after_seconds = 60
    first = outcome_of(carrier, call(Connection(stream_url="wss://a.example", machine_detection="on")))
    assert isinstance(first, CallView)
    seen = []
    for seconds in (0, 1, 11, 101, 160, 161):
        clock.set(NOON + timedelta(seconds=seconds))
        view = checked(carrier.fetch_call(first.carrier_call_id))
        seen.append((view.state, view.answered_by, view.duration_seconds, view.price))
        assert (view.created_at, view.to_number, view.from_number) == (NOON, TO, FROM)
    assert seen == [
        (CallState.QUEUED, None, None, None),
        (CallState.RINGING, None, None, None),
        (CallState.IN_PROGRESS, "human", None, None),
        (CallState.COMPLETED, "human", 90, None),
        (CallState.COMPLETED, "human", 90, None),
        (CallState.COMPLETED, "human", 90, Decimal("0.02600")),
    ]
    assert view.currency == "USD"


@pytest.mark.parametrize(
    ("fate", "state"),
    [
        ("busy", CallState.BUSY),
        ("no-answer", CallState.NO_ANSWER),
        ("failed", CallState.FAILED),
        ("canceled", CallState.CANCELED),
    ],
)
def test_a_call_that_nobody_took_has_no_duration_and_no_price(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock, fate: str, state: CallState
) -> None:
    network.fates[TO] = fate
    outcome_of(carrier)
    clock.set(NOON + timedelta(hours=1))
    view = carrier.fetch_call(network.calls[0].sid)
    assert (view.state, view.duration_seconds, view.price, view.answered_by) == (state, None, None, None)


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("human", "human"),
        ("machine", "machine_start"),
        ("fax", "fax"),
        ("unknown", "unknown"),
        ("machine_end_other", "machine_end_other"),
        ("", None),
    ],
)
def test_who_answered_is_told_as_twilio_says_it(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock, said: str, known: str | None
) -> None:
    outcome_of(carrier, call(Connection(stream_url="wss://a.example", machine_detection="on")))
    network.calls[0].fate = Fate(answered_by=said)
    clock.set(NOON + timedelta(seconds=30))
    assert carrier.fetch_call(network.calls[0].sid).answered_by == known


@pytest.mark.parametrize(
    ("said", "duration", "price", "currency"),
    [
        ({"duration": "0"}, 0, None, None),
        ({"duration": 61}, 61, None, None),
        ({"duration": ""}, None, None, None),
        ({"duration": None}, None, None, None),
        ({"duration": "61.5"}, None, None, None),
        ({"duration": "long"}, None, None, None),
        ({"price": "-0.01300", "price_unit": "USD"}, 90, Decimal("0.01300"), "USD"),
        ({"price": "0.01300", "price_unit": "EUR"}, 90, Decimal("0.01300"), "EUR"),
        ({"price": -0.02, "price_unit": "usd"}, 90, Decimal("0.02"), "usd"),
        ({"price": "0", "price_unit": "USD"}, 90, Decimal(0), "USD"),
        ({"price": "-0.01300", "price_unit": None}, 90, Decimal("0.01300"), None),
        ({"price": None, "price_unit": "USD"}, 90, None, None),
        ({"price": "", "price_unit": "USD"}, 90, None, None),
        ({"price": "NaN", "price_unit": "USD"}, 90, None, None),
        ({"price": "-Infinity", "price_unit": "USD"}, 90, None, None),
        ({"price": "cheap", "price_unit": "USD"}, 90, None, None),
    ],
)
def test_duration_and_price_are_numbers_or_not_known(
    network: TwilioNetwork,
    carrier: TwilioCarrier,
    clock: VirtualClock,
    said: dict[str, Any],
    duration: int | None,
    price: Decimal | None,
    currency: str | None,
) -> None:
    outcome_of(carrier)
    clock.set(NOON + timedelta(seconds=110))
    network.price_after_seconds = 3600
    network.fail(says(**said), on="fetch")
    view = checked(carrier.fetch_call(network.calls[0].sid))
    assert (view.duration_seconds, view.price, view.currency) == (duration, price, currency)


@pytest.mark.parametrize(
    "said", [{"duration": "-1"}, {"duration": "99999999"}, {"sid": "\ud800"}, {"sid": ""}, {"sid": None}]
)
def test_a_call_that_cannot_be_as_it_is_told_is_not_believed(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock, said: dict[str, Any]
) -> None:
    outcome_of(carrier)
    clock.set(NOON + timedelta(seconds=110))
    network.fail(says(**said), on="fetch")
    with pytest.raises((CarrierError, TypeError, ValueError)):
        checked(carrier.fetch_call(network.calls[0].sid))


# -- Asking again


def test_an_unknown_id_is_not_found(carrier: TwilioCarrier) -> None:
    for ask in (carrier.fetch_call, carrier.hang_up):
        with pytest.raises(NotFound):
            ask("CA" + "0" * 32)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (throttled(30), Throttled),
        (refused(401, 20003, "Authenticate"), Rejected),
        (refused(403, 20008, "Test credentials"), Rejected),
        (html_error(500), CarrierError),
        (html_error(502), CarrierError),
        (BROKEN_JSON, CarrierError),
        (EMPTY_201, CarrierError),
        (NO_SID_201, CarrierError),
        (HALF_BODY, CarrierError),
        (HANG, CarrierError),
        (REDIRECT_307, CarrierError),
        (DROP_AFTER_ACCEPT, CarrierError),
        (slow_body(pause=0.05), CarrierError),
        (says([]), CarrierError),
        (says("x"), CarrierError),
        (sends(Answer(200, b"[" * 100_000)), CarrierError),
    ],
)
def test_a_fetch_that_goes_wrong_raises_what_a_carrier_may_raise(
    network: TwilioNetwork, clock: VirtualClock, fault: Fault, kind: type[CarrierError]
) -> None:
    outcome_of(carrier_of(network, clock))
    network.fail(fault, on="fetch")
    with pytest.raises(kind) as raised:
        carrier_of(network, clock, limits_for(fault)).fetch_call(network.calls[0].sid)
    assert not isinstance(raised.value, NotFound)
    assert network.counts["fetch"] == 1


@pytest.mark.parametrize(
    ("seconds", "words", "state"),
    [
        (0, [{"Status": "canceled"}], CallState.CANCELED),
        (5, [{"Status": "canceled"}], CallState.CANCELED),
        (50, [{"Status": "completed"}], CallState.COMPLETED),
        (500, [], CallState.COMPLETED),
    ],
)
def test_hanging_up_uses_the_word_for_the_state_and_may_be_repeated(
    network: TwilioNetwork,
    carrier: TwilioCarrier,
    clock: VirtualClock,
    seconds: int,
    words: list[dict[str, str]],
    state: CallState,
) -> None:
    outcome_of(carrier)
    clock.set(NOON + timedelta(seconds=seconds))
    sid = network.calls[0].sid
    assert carrier.hang_up(sid).state is state
    assert network.counts["update"] == len(words)
    assert carrier.hang_up(sid).state is state
    assert network.counts["update"] == len(words)


def test_a_call_that_moved_on_while_it_was_hung_up_is_told_as_it_is(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock
) -> None:
    for fault in (refused(400, 21220, "Invalid call state"), refused(404, 20404, "not found")):
        outcome_of(carrier)
        network.fail(fault, on="update")
        sid = network.calls[-1].sid
        assert carrier.hang_up(sid).state is CallState.QUEUED
    assert network.counts == {"create": 2, "fetch": 4, "update": 2}


@pytest.mark.parametrize("fault", [html_error(503), throttled(3), refused(401, 20003, "no"), DROP_AFTER_ACCEPT])
def test_a_hang_up_that_fails_says_so(network: TwilioNetwork, carrier: TwilioCarrier, fault: Fault) -> None:
    outcome_of(carrier)
    network.fail(fault, on="update")
    with pytest.raises(CarrierError):
        carrier.hang_up(network.calls[0].sid)
    assert network.counts["update"] == 1


# -- Lists


@pytest.fixture(params=["", "/api/laml"], ids=["plain", "with a path"])
def listed(request: pytest.FixtureRequest, clock: VirtualClock) -> Iterator[TwilioNetwork]:
    with network_on(clock, request.param) as made:
        yield made


def make_calls(network: TwilioNetwork, count: int, to: str = TO, from_: str = FROM) -> list[str]:
    """Let calls be made, without asking for them one by one; return their ids, the newest first."""
    for _ in range(count):
        network._make(network.account, {"To": to, "From": from_, "Twiml": "<Response/>"})
    return [made.sid for made in reversed(network.calls) if made.to == to][:count]


@pytest.mark.parametrize("repeats", [True, False], ids=["links repeat the path", "links leave it out"])
def test_calls_are_found_over_three_pages(listed: TwilioNetwork, clock: VirtualClock, repeats: bool) -> None:
    if not repeats:
        listed.fail(without_prefix(listed.prefix), times=3, on="list")
    sids = make_calls(listed, 140)
    found = carrier_of(listed, clock).find_calls(to_number=TO, from_number=FROM, since=NOON)
    assert [view.carrier_call_id for view in found] == sids
    assert [request.query.get("Page") for request in listed.requests] == [None, "1", "2"]
    assert {request.path for request in listed.requests} == {
        f"{listed.prefix}/2010-04-01/Accounts/{listed.account}/Calls.json"
    }


def without_prefix(prefix: str) -> Fault:
    """Return the fault: the links to other pages leave the path of the base URL out."""

    def play(exchange: Any, truth: Answer) -> None:
        said = json.loads(truth.body)
        links = {name: str(said[name]).removeprefix(prefix) for name in said if name.endswith("_uri") and said[name]}
        exchange.send(told(200, said | links))

    return Fault("without_prefix", "links without the path", True, play)


@pytest.mark.parametrize("count", [0, 1, 49, 50, 51, 100, 149, 150])
def test_all_calls_are_found_up_to_three_full_pages(
    network: TwilioNetwork, carrier: TwilioCarrier, count: int
) -> None:
    sids = make_calls(network, count)
    found = carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)
    assert [view.carrier_call_id for view in found] == sids


def test_more_calls_than_can_be_looked_through_are_no_answer(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    make_calls(network, 151)
    with pytest.raises(CarrierError, match="to look through"):
        carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)


def test_a_server_with_smaller_pages_is_not_taken_to_have_shown_all(
    network: TwilioNetwork, carrier: TwilioCarrier
) -> None:
    """Some compatible services give fewer calls a page than they are asked for."""
    network.fail(pages_of(20), times=9, on="list")
    make_calls(network, 90)
    with pytest.raises(CarrierError, match="to look through"):
        carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)


def pages_of(size: int, *, unfiltered: bool = False) -> Fault:
    """Return the fault: a page has so many calls whatever was asked for, and filters are not heeded."""

    def play(exchange: Any, _: Answer) -> None:
        from urllib.parse import parse_qsl, urlsplit

        network, query = exchange.network, dict(parse_qsl(urlsplit(exchange.path).query))
        page = int(query.get("Page", 0))
        calls = [
            each
            for each in reversed(network.calls)
            if unfiltered or (each.to, each.from_) == (query.get("To", each.to), query.get("From", each.from_))
        ]
        shown = [network._body(each) for each in calls[page * size : (page + 1) * size]]
        for body in shown:
            if body["to"] == INBOUND:
                body["direction"] = "inbound"
        path = urlsplit(exchange.path).path
        more = len(calls) > (page + 1) * size
        following = f"{path}?To={query.get('To', '')}&From={query.get('From', '')}&Page={page + 1}".replace(
            "+", "%2B"
        )
        exchange.send(
            told(
                200,
                {
                    "calls": shown,
                    "next_page_uri": following if more else None,
                    "first_page_uri": path,
                    "previous_page_uri": None,
                    "uri": path,
                    "page": page,
                    "page_size": size,
                    "start": 0,
                    "end": 0,
                },
            )
        )

    return Fault("pages_of", "pages of its own size", True, play)


INBOUND = "+15005550099"


def test_other_peoples_calls_and_older_ones_are_not_found(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock
) -> None:
    network.fail(pages_of(50, unfiltered=True), times=9, on="list")
    make_calls(network, 3)
    clock.set(NOON + timedelta(minutes=10))
    make_calls(network, 5, to="+34600000002")
    make_calls(network, 5, from_="+15005550007", to="+34600000003")
    (sid,) = make_calls(network, 1)
    found = carrier.find_calls(to_number=TO, from_number=FROM, since=NOON + timedelta(minutes=5))
    assert [view.carrier_call_id for view in found] == [sid]


def test_a_page_of_nothing_but_inbound_calls_does_not_end_the_search(
    network: TwilioNetwork, carrier: TwilioCarrier
) -> None:
    """On a server that knows no filter, what came in may stand in front of what went out."""
    network.fail(pages_of(50, unfiltered=True), times=9, on="list")
    (sid,) = make_calls(network, 1)
    make_calls(network, 60, to=INBOUND)
    found = carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)
    assert [view.carrier_call_id for view in found] == [sid]


def test_a_call_of_which_the_direction_is_not_said_is_found(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    outcome_of(carrier)
    (sid,) = make_calls(network, 1)
    bare = {"sid": sid, "to": TO, "from": FROM, "status": "queued", "date_created": "Mon, 02 Mar 2026 12:00:00 +0000"}
    network.fail(says({"calls": [bare], "uri": ""}), on="list")
    found = carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)
    assert [view.carrier_call_id for view in found] == [sid]


def test_inbound_calls_do_not_make_a_search_that_was_cut_short_look_complete(
    network: TwilioNetwork, carrier: TwilioCarrier
) -> None:
    network.fail(pages_of(50, unfiltered=True), times=9, on="list")
    make_calls(network, 1)
    make_calls(network, 100, to="+34600000002")
    make_calls(network, 1, to=INBOUND)
    make_calls(network, 100, to="+34600000002")
    with pytest.raises(CarrierError, match="to look through"):
        carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)


def test_a_doubt_that_inbound_calls_hide_is_not_dialled_a_second_time(world: World) -> None:
    """A second dial was asked for where the carrier shows no call, and not where it does."""
    with network_on(world.clock) as network:
        world.desk.open_carrier = lambda account: carrier_of(network, world.clock)
        world.set("live", "true")
        world.account("twilio", FROM, "agent-2")
        network.fail(DROP_AFTER_ACCEPT)
        network.fail(pages_of(50, unfiltered=True), times=99, on="list")
        world.add({"at": "now"}, agent="agent-2", on_doubt="redial-after 10m")
        world.tick()
        assert [made.to for made in network.calls] == [TO]
        make_calls(network, 50, to=INBOUND)
        world.run_until(world.clock.now() + timedelta(minutes=30))
        assert [made.to for made in network.calls if made.to == TO] == [TO]


def test_a_search_ends_at_the_first_page_that_is_older(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock
) -> None:
    make_calls(network, 150)
    clock.set(NOON + timedelta(hours=1))
    (sid,) = make_calls(network, 1)
    found = carrier.find_calls(to_number=TO, from_number=FROM, since=NOON + timedelta(minutes=30))
    assert [view.carrier_call_id for view in found] == [sid]
    assert network.counts["list"] == 1


def test_a_search_asks_by_the_two_numbers_and_by_no_date(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)
    assert network.requests[0].query == {"To": TO, "From": FROM, "PageSize": "50"}


@pytest.mark.parametrize(
    "fault",
    [
        throttled(1),
        html_error(503),
        BROKEN_JSON,
        EMPTY_201,
        HALF_BODY,
        HANG,
        DROP_AFTER_ACCEPT,
        REDIRECT_302,
        refused(404, 20404, "no"),
        refused(401, 20003, "no"),
        says([]),
        says({}),
        says({"calls": None}),
        says({"calls": {"a": 1}, "uri": ""}),
        says({"calls": [None], "uri": ""}),
        says({"meta": None}),
    ],
)
@pytest.mark.parametrize("page", [1, 2])
def test_a_search_that_breaks_off_raises_and_is_no_empty_answer(
    network: TwilioNetwork, clock: VirtualClock, fault: Fault, page: int
) -> None:
    make_calls(network, 60)
    if page == 2:
        network.fail(says(), on="list")
    network.fail(fault, on="list")
    with pytest.raises(CarrierError):
        carrier_of(network, clock, limits_for(fault)).find_calls(to_number=TO, from_number=FROM, since=NOON)
    assert network.counts["list"] == page


def test_many_calls_are_asked_about_with_one_list(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    sids = make_calls(network, 30)
    assert isinstance(carrier, ManyFetcher)
    views = carrier.fetch_calls(sids[5:15], since=NOON)
    assert sorted(view.carrier_call_id for view in views) == sorted(sids[5:15])
    assert network.counts == {"list": 1}


@pytest.mark.parametrize("repeats", [True, False], ids=["links repeat the path", "links leave it out"])
def test_many_calls_are_asked_about_over_pages(listed: TwilioNetwork, clock: VirtualClock, repeats: bool) -> None:
    if not repeats:
        listed.fail(without_prefix(listed.prefix), times=3, on="list")
    sids = make_calls(listed, 130)
    views = carrier_of(listed, clock).fetch_calls([sids[0], sids[70], sids[129]], since=NOON)
    assert [view.carrier_call_id for view in views] == [sids[0], sids[70], sids[129]]
    assert listed.counts == {"list": 3}


def test_calls_further_down_than_three_pages_are_left_out_and_not_looked_for_for_ever(
    network: TwilioNetwork, carrier: TwilioCarrier
) -> None:
    sids = make_calls(network, 200)
    views = carrier.fetch_calls([sids[0], sids[199]], since=NOON)
    assert [view.carrier_call_id for view in views] == [sids[0]]
    assert network.counts == {"list": 3}


def test_a_list_of_many_goes_no_further_back_than_the_oldest_of_them(
    network: TwilioNetwork, carrier: TwilioCarrier, clock: VirtualClock
) -> None:
    make_calls(network, 60)
    clock.set(NOON + timedelta(hours=1))
    (sid,) = make_calls(network, 1)
    unknown = "CA" + "0" * 32
    views = carrier.fetch_calls([sid, unknown], since=NOON + timedelta(minutes=30))
    assert [view.carrier_call_id for view in views] == [sid]
    assert network.counts == {"list": 1}


def test_a_list_of_very_many_asks_for_no_more_a_page_than_twilio_gives(
    network: TwilioNetwork, carrier: TwilioCarrier
) -> None:
    carrier.fetch_calls([f"CA{number:032}" for number in range(300)], since=NOON)
    assert network.requests[0].query == {"PageSize": "1000"}


# -- No other host


def elsewhere(server: loopback.Listener, how: str) -> Fault:
    """Return the fault: the link to the next page leads to another server."""

    def play(exchange: Any, truth: Answer) -> None:
        said = json.loads(truth.body)
        link = str(said["next_page_uri"])
        match how:
            case "absolute":
                said["next_page_uri"] = server.url + link
            case "scheme-relative":
                said["next_page_uri"] = server.url.removeprefix("http:") + link
            case "user part":
                said["next_page_uri"] = f"@127.0.0.1:{server.port}{link}"
            case "meta":
                said["meta"] = {"key": "calls", "next_page_url": server.url + link}
        exchange.send(told(200, said))

    return Fault("elsewhere", "a link to another server", True, play)


@pytest.mark.parametrize("how", ["absolute", "scheme-relative", "user part", "meta"])
def test_a_link_to_another_server_is_not_followed(network: TwilioNetwork, carrier: TwilioCarrier, how: str) -> None:
    make_calls(network, 60)
    with loopback.mute() as other:
        network.fail(elsewhere(other, how), on="list")
        with pytest.raises(CarrierError):
            carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)
        assert other.connections == 0


@pytest.mark.parametrize("kind", ["create", "fetch", "list", "account"])
def test_a_redirect_to_another_server_is_not_followed(
    network: TwilioNetwork, carrier: TwilioCarrier, kind: Any
) -> None:
    with loopback.mute() as other:
        location = {"Location": other.url + "/"}
        for status in (301, 302, 303, 307, 308):
            network.fail(sends(Answer(status, b"", headers=location)), on=kind)
            with pytest.raises(CarrierError):
                {
                    "create": lambda: carrier.place_call(call()),
                    "fetch": lambda: carrier.fetch_call("CA" + "0" * 32),
                    "list": lambda: carrier.find_calls(to_number=TO, from_number=FROM, since=NOON),
                    "account": carrier.check,
                }[kind]()
        assert other.connections == 0
    assert network.counts == {kind: 5}


def test_region_and_edge_do_not_change_a_base_url(
    network: TwilioNetwork, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    asked = resolve_to_loopback(monkeypatch)
    environ = {
        "TWILIO_ACCOUNT_SID": network.account,
        "TWILIO_AUTH_TOKEN": network.token,
        "TWILIO_REGION": "ie1",
        "TWILIO_EDGE": "dublin",
        "HYP_TWILIO_BASE_URL": network.base_url.replace("127.0.0.1", "space.eu.example.com"),
    }
    carrier = TwilioCarrier(account_of("twilio", environ), clock)
    make_calls(network, 60)
    assert isinstance(outcome_of(carrier), CallView)
    assert len(carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)) == 61
    assert set(asked) == {"space.eu.example.com"}


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ({}, "api.twilio.com"),
        ({"HYP_TWILIO_BASE_URL": "https://api.twilio.com/"}, "api.twilio.com"),
        ({"TWILIO_REGION": "ie1"}, "api.ie1.twilio.com"),
        ({"TWILIO_EDGE": "dublin", "TWILIO_REGION": "ie1"}, "api.dublin.ie1.twilio.com"),
        ({"TWILIO_EDGE": "ashburn"}, "api.ashburn.us1.twilio.com"),
    ],
)
def test_without_a_base_url_it_is_twilio_by_the_region_and_edge_that_are_set(
    clock: VirtualClock, monkeypatch: pytest.MonkeyPatch, said: dict[str, str], host: str
) -> None:
    asked: list[str] = []

    def nowhere(name: Any, *_: Any, **__: Any) -> Any:
        asked.append(str(name))
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    monkeypatch.setenv("TWILIO_REGION", "au1")
    environ = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "t", **said}
    carrier = TwilioCarrier(account_of("twilio", environ), clock)
    assert type(outcome_of(carrier)) is NotSent
    with pytest.raises(NotSent):
        carrier.find_calls(to_number=TO, from_number=FROM, since=NOON)
    assert set(asked) == {host}


def test_opening_and_asking_for_capabilities_contacts_nobody_and_imports_no_sdk() -> None:
    import subprocess

    program = (
        "import sys; from hyponema_cli.carriers import load; from hyponema_cli.carriers.base import CarrierSetup\n"
        "from hyponema_cli.clock import SystemClock; from pathlib import Path\n"
        "env = {'TWILIO_ACCOUNT_SID': 'AC' + '0' * 32, 'TWILIO_AUTH_TOKEN': 't'}\n"
        "print(load(CarrierSetup('twilio', Path('x.db'), SystemClock(), env)).capabilities())\n"
        "print([name for name in ('twilio', 'requests', 'urllib3') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    said, imported = done.stdout.splitlines()
    assert "find='history'" in said
    assert imported == "[]"


# -- The check


def test_a_check_names_the_account_and_places_nothing(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    said = carrier.check()
    assert network.account[-4:] in said
    assert network.base_url in said
    assert "unencrypted" in said
    assert network.token not in said
    assert network.counts == {"account": 1}


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (refused(401, 20003, "Authenticate"), Rejected),
        (refused(403, 20008, "Test credentials"), Rejected),
        (refused(404, 20404, "not found"), NotFound),
        (throttled(9), Throttled),
        (html_error(500), CarrierError),
        (BROKEN_JSON, CarrierError),
        (NO_SID_201, CarrierError),
        (EMPTY_201, CarrierError),
        (HANG, CarrierError),
        (says(status="suspended"), Rejected),
        (says(status="closed"), Rejected),
    ],
)
def test_a_check_that_finds_something_wrong_raises(
    network: TwilioNetwork, clock: VirtualClock, fault: Fault, kind: type[CarrierError]
) -> None:
    network.fail(fault, on="account")
    with pytest.raises(kind):
        carrier_of(network, clock, limits_for(fault)).check()


def test_a_suspended_account_does_not_pass_the_check(network: TwilioNetwork, carrier: TwilioCarrier) -> None:
    network.suspended.add(network.account)
    with pytest.raises(Rejected) as raised:
        carrier.check()
    assert raised.value.scope == "account"


def test_a_create_says_where_to_tell_what_becomes_of_the_call_if_somebody_listens(
    network: TwilioNetwork, carrier: TwilioCarrier
) -> None:
    address = "https://calls.example.org/callbacks/twilio?call_id=call_1"
    carrier.place_call(replace(call(), callback_url=address))
    carrier.place_call(replace(call(Connection(application_sid="AP" + "0" * 32)), callback_url=address))
    carrier.place_call(call())
    told = [{name: value for name, value in form.items() if "Callback" in name} for form in network.creates]
    every = ["initiated", "ringing", "answered", "completed"]
    assert told == [
        {"StatusCallback": address, "StatusCallbackEvent": every, "StatusCallbackMethod": "POST"},
        {},  # an application tells its own address
        {},
    ]
