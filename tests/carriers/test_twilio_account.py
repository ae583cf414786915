"""Whose account is dialled with, and does its secret stay where it was put?"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.carriers import load
from hyponema_cli.carriers.base import CarrierSetup, PlaceCall
from hyponema_cli.carriers.twilio import TwilioCarrier
from hyponema_cli.carriers.twilio_account import Account, account_of
from hyponema_cli.clock import VirtualClock
from hyponema_cli.core.connect import Connection
from hyponema_cli.core.errors import HypError, InvalidInput, MissingCredentials, Unavailable
from hyponema_cli.engine.check import check
from hyponema_cli.http_once import Limits
from hyponema_cli.store import journal
from hyponema_cli.wire import desk_of
from tests import loopback
from tests.twilio_network import (
    BROKEN_JSON,
    DROP_AFTER_ACCEPT,
    EMPTY_201,
    HALF_BODY,
    HANG,
    REDIRECT_302,
    RESET_AFTER_ACCEPT,
    Answer,
    Fault,
    TwilioNetwork,
    html_error,
    refused,
)
from tests.world import World

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SID = "AC" + "0123456789abcdef" * 2
OTHER = "AC" + "f" * 32
TOKEN, SECRET = "5ecret-of-the-t0ken", "5ecret-of-the-key"
TO, FROM = "+34600000001", "+15005550006"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing that is set on this machine take the requests elsewhere."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


# -- Where credentials are read from


@pytest.mark.parametrize(
    ("name", "environ", "user", "secret"),
    [
        ("twilio", {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN}, SID, TOKEN),
        ("twilio", {"TWILIO_ACCOUNT_SID": f" {SID}\n", "TWILIO_AUTH_TOKEN": f"{TOKEN}\n"}, SID, TOKEN),
        ("twilio", {"TWILIO_ACCOUNT_SID": SID.upper(), "TWILIO_AUTH_TOKEN": TOKEN}, SID.upper(), TOKEN),
        ("twilio", {"TWILIO_ACCOUNT_SID": SID, "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": SECRET}, "SK1", SECRET),
        (
            "twilio",
            {
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_API_KEY": "SK1",
                "TWILIO_API_SECRET": SECRET,
                "TWILIO_AUTH_TOKEN": TOKEN,
            },
            "SK1",
            SECRET,
        ),
        ("twilio", {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_API_KEY": ""}, SID, TOKEN),
        ("twilio:eu", {"TWILIO_EU_ACCOUNT_SID": SID, "TWILIO_EU_AUTH_TOKEN": TOKEN}, SID, TOKEN),
        ("twilio:my-shop_2", {"TWILIO_MY_SHOP_2_ACCOUNT_SID": SID, "TWILIO_MY_SHOP_2_AUTH_TOKEN": TOKEN}, SID, TOKEN),
        (
            "twilio:eu",
            {
                "TWILIO_EU_ACCOUNT_SID": SID,
                "TWILIO_EU_AUTH_TOKEN": TOKEN,
                "TWILIO_ACCOUNT_SID": OTHER,
                "TWILIO_AUTH_TOKEN": "another",
                "TWILIO_API_KEY": "SK2",
                "TWILIO_API_SECRET": "another",
            },
            SID,
            TOKEN,
        ),
        (
            "twilio",
            {
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_EU_ACCOUNT_SID": OTHER,
                "TWILIO_EU_AUTH_TOKEN": "another",
            },
            SID,
            TOKEN,
        ),
    ],
)
def test_credentials_are_read_from_the_variables_of_that_account(
    name: str, environ: dict[str, str], user: str, secret: str
) -> None:
    account = account_of(name, environ)
    assert (account.name, account.username, account.password) == (name, user, secret)
    assert account.base_url == "https://api.twilio.com"
    assert not account.is_elsewhere


@pytest.mark.parametrize(("name", "word"), [("twilio", "TWILIO"), ("twilio:eu", "TWILIO_EU")])
def test_every_credential_may_stand_in_a_file(tmp_path: Path, name: str, word: str) -> None:
    for variable, value in (("ACCOUNT_SID", SID), ("API_KEY", "SK1"), ("API_SECRET", SECRET)):
        (tmp_path / variable).write_text(value + "\n")
    environ = {f"{word}_{each}_FILE": str(tmp_path / each) for each in ("ACCOUNT_SID", "API_KEY", "API_SECRET")}
    account = account_of(name, environ)
    assert (account.sid, account.username, account.password) == (SID, "SK1", SECRET)


@pytest.mark.parametrize(("name", "word"), [("twilio", "twilio"), ("twilio:eu", "twilio_eu")])
def test_credentials_may_be_systemds(tmp_path: Path, name: str, word: str) -> None:
    (tmp_path / f"{word}_account_sid").write_text(SID)
    (tmp_path / f"{word}_auth_token").write_text(TOKEN + "\n")
    account = account_of(name, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (account.sid, account.password) == (SID, TOKEN)


def test_a_variable_goes_before_a_credential_of_systemd(tmp_path: Path) -> None:
    (tmp_path / "twilio_auth_token").write_text("another")
    environ = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert account_of("twilio", environ).password == TOKEN


@pytest.mark.parametrize(
    ("name", "environ", "named"),
    [
        ("twilio", {}, ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]),
        ("twilio", {"TWILIO_ACCOUNT_SID": SID}, ["TWILIO_AUTH_TOKEN"]),
        ("twilio", {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": " "}, ["TWILIO_AUTH_TOKEN"]),
        ("twilio", {"TWILIO_AUTH_TOKEN": TOKEN}, ["TWILIO_ACCOUNT_SID"]),
        ("twilio", {"TWILIO_ACCOUNT_SID": SID, "TWILIO_API_KEY": "SK1"}, ["TWILIO_API_SECRET"]),
        ("twilio", {"TWILIO_ACCOUNT_SID": SID, "TWILIO_API_SECRET": SECRET}, ["TWILIO_API_KEY"]),
        (
            "twilio",
            {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_API_KEY": "SK1"},
            ["TWILIO_API_SECRET"],
        ),
        ("twilio", {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": SECRET}, ["TWILIO_ACCOUNT_SID"]),
        (
            "twilio:eu",
            {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN},
            ["TWILIO_EU_ACCOUNT_SID", "TWILIO_EU_AUTH_TOKEN"],
        ),
        ("twilio:eu", {"TWILIO_EU_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN}, ["TWILIO_EU_AUTH_TOKEN"]),
        (
            "twilio:eu",
            {"TWILIO_EU_ACCOUNT_SID": SID, "TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": SECRET},
            ["TWILIO_EU_AUTH_TOKEN"],
        ),
    ],
)
def test_what_is_missing_is_named_and_nothing_else(name: str, environ: dict[str, str], named: list[str]) -> None:
    with pytest.raises(MissingCredentials) as raised:
        account_of(name, environ)
    message = raised.value.message
    assert f"{' and '.join(named)} not set" in message
    assert message.startswith(f"{name} has no credentials")
    assert raised.value.hint is not None
    assert f"{named[-1]}_FILE" in raised.value.hint


def test_a_value_and_a_file_for_it_are_one_too_many(tmp_path: Path) -> None:
    environ = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "t")}
    with pytest.raises(InvalidInput, match="TWILIO_AUTH_TOKEN and TWILIO_AUTH_TOKEN_FILE are both set"):
        account_of("twilio", environ)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_file_of_bytes(path: Path) -> None:
    path.write_bytes(TOKEN.encode() + b"\xff\xfe")


@pytest.mark.parametrize("make", [lambda path: None, a_folder, a_file_of_bytes])
def test_a_file_that_cannot_be_read_is_named_and_not_its_content(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "token"
    make(path)
    with pytest.raises(MissingCredentials) as raised:
        account_of("twilio", {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN_FILE": str(path)})
    assert "TWILIO_AUTH_TOKEN_FILE" in raised.value.message
    assert str(path) in raised.value.message
    assert secrets_in(raised.value) == []


def test_an_empty_file_counts_as_not_set(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    environ = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "token")}
    with pytest.raises(MissingCredentials, match="TWILIO_AUTH_TOKEN not set"):
        account_of("twilio", environ)


def test_a_credential_of_systemd_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "twilio_auth_token").mkdir()
    with pytest.raises(MissingCredentials, match="systemd credential") as raised:
        account_of("twilio", {"TWILIO_ACCOUNT_SID": SID, "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert "twilio_auth_token" in raised.value.message


@pytest.mark.parametrize("folder", ["/nowhere", "", "\0", "/" + "x" * 5000])
def test_a_credentials_directory_that_is_none_is_as_good_as_not_set(folder: str) -> None:
    with pytest.raises(MissingCredentials):
        account_of("twilio", {"TWILIO_ACCOUNT_SID": SID, "CREDENTIALS_DIRECTORY": folder})


@pytest.mark.parametrize("sid", ["SK" + "0" * 32, "AC123", TOKEN, SID + "0", SID + "\n" + "x", "ac" + "0" * 32])
def test_what_is_no_account_sid_is_refused_without_being_shown(sid: str) -> None:
    """Somebody who mixes up two lines must not find their token in a log."""
    with pytest.raises(InvalidInput) as raised:
        account_of("twilio", {"TWILIO_ACCOUNT_SID": sid, "TWILIO_AUTH_TOKEN": TOKEN})
    assert "TWILIO_ACCOUNT_SID" in raised.value.message
    assert sid not in str(raised.value) + str(raised.value.hint)


# -- Where the account is


@pytest.mark.parametrize(
    ("name", "environ", "url"),
    [
        ("twilio", {}, "https://api.twilio.com"),
        ("twilio", {"HYP_TWILIO_BASE_URL": "http://127.0.0.1:4010/"}, "http://127.0.0.1:4010"),
        ("twilio", {"HYP_TWILIO_BASE_URL": " https://s.example/api/laml/ "}, "https://s.example/api/laml"),
        ("twilio:eu", {"HYP_TWILIO_BASE_URL": "https://s.example"}, "https://s.example"),
        (
            "twilio:eu",
            {"HYP_TWILIO_BASE_URL": "https://s.example", "HYP_TWILIO_EU_BASE_URL": "https://eu.example"},
            "https://eu.example",
        ),
        ("twilio", {"HYP_TWILIO_EU_BASE_URL": "https://eu.example"}, "https://api.twilio.com"),
        ("twilio", {"HYP_TWILIO_BASE_URL": "http://[::1]:4010"}, "http://[::1]:4010"),
    ],
)
def test_a_base_url_holds_for_all_accounts_that_have_none_of_their_own(
    name: str, environ: dict[str, str], url: str
) -> None:
    word = "TWILIO_EU" if name == "twilio:eu" else "TWILIO"
    account = account_of(name, {f"{word}_ACCOUNT_SID": SID, f"{word}_AUTH_TOKEN": TOKEN, **environ})
    assert account.base_url == url
    assert account.is_elsewhere == (url != "https://api.twilio.com")


@pytest.mark.parametrize(
    "url",
    [
        "api.twilio.com",
        "ftp://s.example",
        "https://",
        "https:///path",
        "//s.example",
        "http://s.example:0",
        "http://s.example:99999",
        "http://s.example:port",
        "http://[::1",
        "https://s.example/a b",
        "https://s.example/\x00",
        "https://s.example?x=1",
        "https://s.example/#f",
        f"https://user:{TOKEN}@s.example",
        f"https://{TOKEN}@s.example",
        f"https://s.example/?token={TOKEN}",
        f"https://s.example/#{TOKEN}",
        f"http://user:{TOKEN}@s.example:port",
    ],
)
def test_what_is_no_base_url_is_refused_and_no_secret_in_it_is_shown(url: str) -> None:
    environ = {"TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "HYP_TWILIO_BASE_URL": url}
    with pytest.raises(InvalidInput) as raised:
        account_of("twilio", environ)
    assert "HYP_TWILIO_BASE_URL" in raised.value.message
    assert secrets_in(raised.value) == []


def test_another_server_may_name_its_accounts_as_it_likes() -> None:
    environ = {
        "TWILIO_ACCOUNT_SID": "4a1b-space",
        "TWILIO_AUTH_TOKEN": TOKEN,
        "HYP_TWILIO_BASE_URL": "https://s.example/api/laml",
    }
    assert account_of("twilio", environ).sid == "4a1b-space"


def test_an_account_of_its_own_has_a_region_of_its_own() -> None:
    """It reads the same names with its own word in them, and nothing else."""
    environ = {
        "TWILIO_EU_ACCOUNT_SID": SID,
        "TWILIO_EU_AUTH_TOKEN": TOKEN,
        "TWILIO_EU_REGION": "ie1",
        "TWILIO_EU_EDGE": "dublin",
        "TWILIO_REGION": "au1",
        "TWILIO_EDGE": "sydney",
    }
    account = account_of("twilio:eu", environ)
    assert (account.region, account.edge) == ("ie1", "dublin")


# -- What is never shown


def secrets_in(*things: object) -> list[str]:
    """Return each secret, and each phone number, that these things show; errors with their tracebacks."""
    text = "\n".join(_shown(thing) for thing in things)
    return [secret for secret in (TOKEN, SECRET, TO, TO[1:], FROM, FROM[1:]) if secret in text]


def _shown(thing: object) -> str:
    seen = [repr(thing), str(thing)]
    if isinstance(thing, HypError):
        seen.append(str(thing.hint))
    if isinstance(thing, BaseException):
        seen.append("".join(traceback.format_exception(thing)))
    return "\n".join(seen)


@pytest.fixture
def network() -> Iterator[TwilioNetwork]:
    with TwilioNetwork(clock=NOON.timestamp) as made:
        made.accounts[SID] = TOKEN
        made.keys["SK1"] = (SID, SECRET)
        yield made


def environ_of(network: TwilioNetwork, **more: str) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "HYP_TWILIO_BASE_URL": network.base_url,
        **more,
    }


def test_no_secret_stands_in_a_representation(network: TwilioNetwork) -> None:
    keyed = environ_of(network, TWILIO_API_KEY="SK1", TWILIO_API_SECRET=SECRET)
    for environ in (environ_of(network), keyed):
        account = account_of("twilio", environ)
        carrier = load(CarrierSetup("twilio", Path("x.db"), VirtualClock(NOON), environ))
        carrier.check()
        assert isinstance(carrier, TwilioCarrier)
        assert secrets_in(account, carrier, carrier._client, carrier._client.http_client, [account]) == []


def echo(status: int) -> Fault:
    """Return the fault: the answer repeats the whole request, credentials and all, as a badly set up proxy does."""

    def play(exchange: Any, _: Answer) -> None:
        told = f"{exchange.headers.as_string()} {TOKEN} {SECRET} To={TO} From={FROM}"
        exchange.send(Answer(status, told.encode(), "text/plain", {"X-Echo": TO}))

    return Fault("echo", "the request comes back", False, play)


def told_later(retry_after: str) -> Fault:
    """Return the fault: too many, in words that name the callee."""
    body = f'{{"code": 20429, "message": "Too Many Requests to {TO}"}}'.encode()
    answer = Answer(429, body, headers={"Retry-After": retry_after})
    return Fault("throttled", "no call is made; 429", False, lambda exchange, _: exchange.send(answer))


FAULTS = [
    refused(400, 21211, f"The 'To' number {TO} is not a valid phone number."),
    refused(400, 21210, f"The source phone number provided, {FROM}, is not yet verified."),
    refused(401, 20003, f"Authenticate: {TO}"),
    refused(404, 20404, f"The requested resource /Calls.json?To={TO}&From={FROM[1:]} was not found"),
    refused(500, 20500, f"{TO}"),
    told_later("9" * 5000),
    told_later("Mon, 02 Mar 99999999999999999999 12:00:00 GMT"),
    html_error(503),
    echo(400),
    echo(403),
    echo(429),
    echo(500),
    echo(200),
    echo(302),
    HANG,
    BROKEN_JSON,
    EMPTY_201,
    HALF_BODY,
    DROP_AFTER_ACCEPT,
    RESET_AFTER_ACCEPT,
    REDIRECT_302,
]


def everything_that_can_be_asked(carrier: TwilioCarrier) -> dict[str, Callable[[], object]]:
    connection = Connection(stream_url="wss://agent.example/session")
    return {
        "create": lambda: carrier.place_call(PlaceCall("call_1", TO, FROM, "exe_1", 1, connection)),
        "list": lambda: carrier.find_calls(to_number=TO, from_number=FROM, since=NOON),
        "fetch": lambda: carrier.fetch_call("CA" + "0" * 32),
        "account": carrier.check,
    }


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_no_secret_and_no_phone_number_stands_in_an_error_or_in_what_led_to_it(
    network: TwilioNetwork, caplog: pytest.LogCaptureFixture, fault: Fault
) -> None:
    caplog.set_level(logging.DEBUG)
    carrier = TwilioCarrier(account_of("twilio", environ_of(network)), VirtualClock(NOON), Limits(1, 0.3, 0.6))
    for kind, ask in everything_that_can_be_asked(carrier).items():
        network.fail(fault, on=kind)  # type: ignore[arg-type]
        try:
            ask()
        except Exception as error:
            assert secrets_in(error) == [], kind
    assert secrets_in(*(record.getMessage() for record in caplog.records)) == []


@pytest.mark.parametrize("where", ["refused", "unknown host", "certificate", "dead proxy", "redirected link"])
def test_no_secret_and_no_phone_number_stands_in_the_error_of_a_request_that_never_left(
    network: TwilioNetwork,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    where: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    serve = loopback.over_tls(tmp_path, loopback.relay_to(network.base_url))
    with loopback.Listener(serve) as front:
        url = {
            "refused": loopback.refused_port(),
            "unknown host": "http://nobody.invalid",
            "certificate": front.url.replace("http", "https"),
        }.get(where, network.base_url)
        if where == "dead proxy":
            monkeypatch.setenv("HTTP_PROXY", loopback.refused_port())
        environ = environ_of(network, HYP_TWILIO_BASE_URL=url)
        carrier = TwilioCarrier(account_of("twilio", environ), VirtualClock(NOON), Limits(1, 0.3, 0.6))
        for ask in everything_that_can_be_asked(carrier).values():
            try:
                ask()
            except Exception as error:
                assert secrets_in(error) == []
    assert secrets_in(*(record.getMessage() for record in caplog.records)) == []


def test_nothing_is_logged_of_a_call_that_is_placed_and_followed(
    network: TwilioNetwork, caplog: pytest.LogCaptureFixture
) -> None:
    """urllib3, requests and the SDK all have loggers, and addresses hold phone numbers."""
    caplog.set_level(logging.DEBUG)
    for name in (
        "urllib3",
        "urllib3.connectionpool",
        "urllib3.util.retry",
        "requests",
        "twilio",
        "twilio.http_client",
    ):
        caplog.set_level(logging.DEBUG, logger=name)
    carrier = TwilioCarrier(account_of("twilio", environ_of(network)), VirtualClock(NOON))
    for ask in (*everything_that_can_be_asked(carrier).values(), everything_that_can_be_asked(carrier)["create"]):
        try:
            ask()
        except Exception as error:
            assert secrets_in(error) == []
    assert network.counts["create"] == 2
    assert secrets_in(*(record.getMessage() for record in caplog.records)) == []


@pytest.mark.parametrize("fault", [None, *FAULTS], ids=lambda fault: fault.name if fault else "none")
def test_no_secret_is_written_into_the_workspace_or_its_journal(
    world: World, network: TwilioNetwork, fault: Fault | None
) -> None:
    world.account("twilio", FROM, "agent-2")
    world.set("live", "true")
    environ = environ_of(network, TWILIO_API_KEY="SK1", TWILIO_API_SECRET=SECRET)
    desk = desk_of(world.store, world.clock, "test", environ)
    desk.zone_edition = world.desk.zone_edition
    desk.open_carrier = lambda account: TwilioCarrier(account_of(account, environ), world.clock, Limits(1, 0.3, 0.6))
    world.desk = desk
    if fault is not None:
        network.fail(fault)
        network.fail(fault, on="fetch")
        network.fail(fault, on="list")
        network.fail(fault, on="account")
    world.add({"at": "now"}, agent="agent-2")
    for _ in range(3):
        world.tick()
        world.clock.set(world.clock.now() + timedelta(seconds=10))
    try:
        check(desk, "twilio")
    except (MissingCredentials, Unavailable) as error:
        assert secrets_in(error) == []
    assert network.counts["create"] >= 1
    files = [path for path in world.store.path.parent.rglob("*") if path.is_file()]
    assert journal.path_of(world.store.path) in files
    for path in files:
        content = path.read_bytes()
        for secret in (TOKEN, SECRET):
            assert secret.encode() not in content, path


def test_an_account_can_be_compared_and_is_frozen() -> None:
    one = Account("twilio", SID, SID, TOKEN)
    with pytest.raises(AttributeError):
        one.password = "x"  # type: ignore[misc]  # noqa: S105
    assert secrets_in(f"{one}") == []
