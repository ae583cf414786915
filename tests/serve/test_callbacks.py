"""Twilio tells of its calls: only what is signed by it counts, and then hyp looks for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from twilio.request_validator import RequestValidator

from hyponema_cli.engine.tick import tick
from hyponema_cli.store import open_store
from hyponema_cli.wire import desk_of
from tests.serve.conftest import NOON, Site
from tests.twilio_network import TwilioNetwork

BASE = "https://calls.example.org"
SECOND = timedelta(seconds=1)


class Desk:
    """The workspace, with Twilio's stand-in for a carrier."""

    def __init__(self, site: Site, network: TwilioNetwork) -> None:
        self.site = site
        self.network = network
        self.environ = {
            "TWILIO_ACCOUNT_SID": network.account,
            "TWILIO_AUTH_TOKEN": network.token,
            "HYP_TWILIO_BASE_URL": network.base_url,
        }

    def pass_at(self, seconds: int) -> None:
        """Make a pass so many seconds after noon."""
        self.site.clock.set(NOON + seconds * SECOND)
        with closing(open_store(self.site.db)) as store:
            tick(desk_of(store, self.site.clock, "tick", self.environ))

    @property
    def call(self) -> dict[str, Any]:
        (row,) = self.site.query("select id, carrier_call_id, status, next_poll_at from calls")
        return dict(zip(("id", "sid", "status", "next_poll_at"), row, strict=True))

    def tell(self, status: str, *, address: str | None = None, key: str | None = None, **more: str) -> httpx.Response:
        """Post what Twilio posts, signed as Twilio signs it, unless said otherwise."""
        fields = {"CallSid": self.call["sid"] or "CA" + "0" * 32, "CallStatus": status, **more}
        (created,) = self.network.creates[-1:]
        signed = address or str(created["StatusCallback"])
        signature = RequestValidator(key or self.network.token).compute_signature(signed, fields)
        path = str(created["StatusCallback"]).removeprefix(BASE)
        return self.site.ask(
            "POST",
            path,
            shows=None,
            content=urlencode(fields).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature},
            host="calls.example.org",
        )


@pytest.fixture
def desk(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    clock = lambda: site.clock.now().timestamp()  # noqa: E731 - a clock of one line
    with TwilioNetwork(clock=clock, queue_seconds=1, ring_seconds=5, talk_seconds=60) as network:
        made = Desk(site, network)
        site.house = replace(site.house, environ=made.environ, hosts=frozenset({"calls.example.org"}))
        site.query("update numbers set carrier = 'twilio'")
        for key, value in (("live", "true"), ("callback_url", BASE)):
            site.query(f"insert into settings values ('{key}', '{value}')")  # noqa: S608 - the test's own words
        site.ask("POST", "/workspaces/default/schedules", {"user_id": "user-1", "run_at": "now"})
        yield made


def test_a_call_is_settled_within_a_pass_of_its_callback(desk: Desk) -> None:
    desk.pass_at(0)
    for second in (1, 2, 7, 60, 67):
        desk.pass_at(second)
    assert desk.call["status"] == "in_progress", "by polling alone it is asked about much later"
    assert desk.tell("completed", CallDuration="60").status_code == 204
    desk.pass_at(67)
    assert desk.call["status"] == "completed"
    assert desk.site.query("select status, reason from executions") == [("completed", "answered")]
    (creates,) = desk.network.creates
    assert "StatusCallback" in creates


def test_out_of_order_and_repeated_callbacks_move_nothing_back(desk: Desk) -> None:
    desk.pass_at(0)
    for second in (1, 2, 7):
        desk.pass_at(second)
    assert desk.call["status"] == "in_progress"
    for status in ("initiated", "completed", "ringing", "queued", "completed"):
        assert desk.tell(status).status_code == 204
        desk.pass_at(8)
        assert desk.call["status"] == "in_progress", "the carrier's record says so"
    desk.pass_at(200)
    over = desk.site.query("select * from calls")
    for status in ("completed", "ringing", "busy"):
        assert desk.tell(status).status_code == 204
    assert desk.site.query("select * from calls") == over
    assert len(desk.network.creates) == 1


@pytest.mark.parametrize(
    ("how", "value"),
    [
        ("key", "another token"),
        ("address", "https://evil.example/callbacks/twilio?call_id=x"),
        ("address", f"{BASE}/callbacks/twilio?call_id=call_other"),
    ],
)
def test_what_twilio_did_not_sign_is_refused_and_changes_nothing(desk: Desk, how: str, value: str) -> None:
    desk.pass_at(0)
    before = desk.site.query("select * from calls")
    answer = desk.tell("completed", **{how: value})
    assert (answer.status_code, answer.json()["kind"]) == (403, "credentials")
    assert desk.site.query("select * from calls") == before


def test_headers_and_the_path_cannot_change_which_address_was_signed(desk: Desk) -> None:
    desk.pass_at(0)
    fields = {"CallSid": desk.call["sid"], "CallStatus": "completed"}
    for signed, path in (
        ("https://evil.example/callbacks/twilio?call_id=" + desk.call["id"], desk.call["id"]),
        (f"{BASE}/callbacks/twilio?call_id={desk.call['id']}&x=1", desk.call["id"] + "&x=1"),
    ):
        answer = desk.site.ask(
            "POST",
            f"/callbacks/twilio?call_id={path}",
            shows=None,
            content=urlencode(fields).encode(),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "X-Twilio-Signature": RequestValidator(desk.network.token).compute_signature(signed, fields),
                "X-Forwarded-Host": "evil.example",
                "X-Forwarded-Proto": "https",
            },
        )
        assert answer.status_code == 403


def test_a_signed_callback_for_another_call_of_twilios_changes_nothing(desk: Desk) -> None:
    desk.pass_at(0)
    before = desk.site.query("select * from calls")
    assert desk.tell("completed", CallSid="CA" + "f" * 32).status_code == 204
    assert desk.site.query("select * from calls") == before


@pytest.mark.parametrize(
    "body", [b"", b"CallSid=a&CallSid=b", b"\xff\xfe=1", b"&".join(b"a%d=1" % n for n in range(300))]
)
def test_what_is_no_callback_is_refused(desk: Desk, body: bytes) -> None:
    desk.pass_at(0)
    answer = desk.site.ask(
        "POST", f"/callbacks/twilio?call_id={desk.call['id']}", shows=None, content=body or None,
        headers={"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"},
    )  # fmt: skip
    assert answer.status_code in (400, 403)


def test_without_a_token_of_twilios_nothing_can_be_verified_and_the_log_says_what_to_set(desk: Desk) -> None:
    desk.pass_at(0)
    desk.site.house = replace(desk.site.house, environ={})
    answer = desk.tell("completed")
    assert (answer.status_code, answer.json()["kind"]) == (503, "credentials")
    assert "TWILIO_AUTH_TOKEN" in repr(desk.site.logged)


def test_the_token_may_stand_in_a_file_beside_a_key_that_places_the_calls(desk: Desk, tmp_path: Path) -> None:
    desk.pass_at(0)
    (tmp_path / "token").write_text(desk.network.token + "\n")
    key = {"TWILIO_API_KEY": "SK1", "TWILIO_API_SECRET": "s", "TWILIO_AUTH_TOKEN_FILE": str(tmp_path / "token")}
    desk.site.house = replace(desk.site.house, environ=key)
    assert desk.tell("completed").status_code == 204


def test_a_callback_finds_its_call_though_another_workspace_cannot_be_read(desk: Desk, tmp_path: Path) -> None:
    desk.pass_at(0)
    desk.site.house = replace(desk.site.house, workspaces={"gone": tmp_path / "gone.db", "default": desk.site.db})
    assert desk.tell("completed").status_code == 204


def test_a_callback_finds_the_workspace_of_its_call(desk: Desk, tmp_path: Path, furnished: Path) -> None:
    desk.pass_at(0)
    other = tmp_path / "other.db"
    other.write_bytes(furnished.read_bytes())
    desk.site.house = replace(desk.site.house, workspaces={"default": other, "live": desk.site.db})
    assert desk.tell("completed").status_code == 204
