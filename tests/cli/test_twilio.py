"""The main job with Twilio: the installed command, its environment, and a stand-in for Twilio over real HTTP."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest

from hyponema_cli.carriers.instructions import refuse_too_long
from hyponema_cli.core.connect import Connection
from hyponema_cli.core.errors import InvalidInput
from tests.cli.conftest import COMMAND, Hyp
from tests.cli.test_main_job import readme_session
from tests.twilio_network import HANG, TwilioNetwork, html_error, refused, throttled

Until = Callable[[Callable[[], bool]], None]
ANA, OURS = "+34600000001", "+34910000001"
STREAM = "wss://agent.example/session"


@pytest.fixture
def network() -> Iterator[TwilioNetwork]:
    with TwilioNetwork() as made:
        yield made


@pytest.fixture
def bare_twilio(bare_hyp: Hyp, network: TwilioNetwork) -> Hyp:
    """The program on a machine where it has never run, with the credentials of the stand-in."""
    bare_hyp.env.update(
        TWILIO_ACCOUNT_SID=network.account, TWILIO_AUTH_TOKEN=network.token, HYP_TWILIO_BASE_URL=network.base_url
    )
    return bare_hyp


@pytest.fixture
def twilio(bare_twilio: Hyp, furnished: Path) -> Hyp:
    """The same, armed, in a workspace with an agent, its number on Twilio, and Ana."""
    hyp = bare_twilio
    hyp.db.parent.mkdir(parents=True)
    shutil.copy(furnished, hyp.db)
    hyp.ok("numbers", "release", OURS)
    hyp.ok("numbers", "add", OURS, "--carrier", "twilio")
    hyp.ok("numbers", "attach", OURS, "agent-123")
    hyp.ok("config", "set", "live", "true")
    return hyp


def rows(hyp: Hyp, table: str) -> int:
    """Count the rows of a table."""
    (count,) = hyp.query(f"select count(*) from {table}")[0]  # noqa: S608 - a word of the test
    return int(count)


def told(network: TwilioNetwork, index: int = 0) -> dict[str, str]:
    """Return what the agent was told of a call, by whichever way."""
    form = network.creates[index]
    if "Url" in form:
        return dict(parse_qsl(urlsplit(str(form["Url"])).query, keep_blank_values=True))
    stream = ElementTree.fromstring(str(form["Twiml"])).find("Connect/Stream")  # noqa: S314 - ours
    assert stream is not None
    return {str(each.get("name")): str(each.get("value")) for each in stream}


# -- The main job


def test_the_session_of_the_readme_calls_ana_through_twilio_and_tells_of_it(
    bare_twilio: Hyp, network: TwilioNetwork
) -> None:
    network.talk_seconds = 1.2
    session = readme_session()
    assert session.count("--carrier simulated") == 1
    session = session.replace("--carrier simulated", "--carrier twilio")
    session = session.replace("hyp init\n", "hyp init\nhyp config set live true\n")
    done = subprocess.run(
        ["bash", "-ec", f'hyp() {{ {" ".join(COMMAND)} "$@"; }}\n{session}'],
        env=bare_twilio.env,
        cwd=bare_twilio.home,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    *ids, row = done.stdout.splitlines()
    assert [word.partition("_")[0] for word in ids] == ["agent-123", "num", "user-1", "sch", "sch"]
    execution, schedule, callee, scheduled, zone, called, *result, seconds = row.split("\t")
    assert (schedule, callee, zone) == (ids[-1], "Ana", "Europe/Madrid")
    assert result == ["completed", "answered", "1"]
    assert scheduled <= called
    assert int(seconds) == 1
    assert [(form["To"], form["From"]) for form in network.creates] == [(ANA, OURS)]
    facts = told(network)
    assert (facts["execution_id"], facts["schedule_id"], facts["user_id"]) == (execution, schedule, "user-1")
    assert network.token not in done.stderr


def test_a_workspace_that_is_not_armed_asks_nothing_of_twilio(twilio: Hyp, network: TwilioNetwork) -> None:
    twilio.ok("config", "set", "live", "false")
    twilio.ok("schedules", "add", "--at", "now")
    twilio("tick")
    assert network.requests == []
    twilio.ok("config", "set", "live", "true")
    twilio("tick")
    assert len(network.creates) == 1


def test_the_facts_of_a_call_are_the_same_by_stream_and_by_answer_url(twilio: Hyp, network: TwilioNetwork) -> None:
    context = {"name": "Ana & Søn <'\"> 日本\n\t", "n": 3, "deep": {"list": [1, None, True]}}
    seen = []
    for way in (("--stream-url", STREAM), ("--answer-url", "https://agent.example/answer?v=2")):
        twilio.ok("agents", "edit", "agent-123", *way)
        twilio.ok("schedules", "add", "--at", "now", "--to", f"+3460000000{len(seen) + 5}", "--tz", "Europe/Madrid",
                  "--context-json", json.dumps(context))  # fmt: skip
        twilio.ok("tick")
        seen.append(told(network, len(seen)))
    by_stream, by_url = seen
    assert by_url.pop("v") == "2"
    assert by_stream.keys() == by_url.keys() == {
        "direction", "agent_id", "user_id", "schedule_id", "execution_id", "call_id", "attempt", "scheduled_time",
        "customer_context",
    }  # fmt: skip
    for facts in seen:
        assert json.loads(facts["customer_context"]) == context
        assert (facts["direction"], facts["agent_id"], facts["user_id"]) == ("outbound", "agent-123", "")
        (row,) = twilio.query(
            f"select schedule_id, execution_id, number from calls join executions e on e.id = execution_id "  # noqa: S608
            f"where calls.id = '{facts['call_id']}'"
        )
        assert row == (facts["schedule_id"], facts["execution_id"], int(facts["attempt"]))


def test_a_machine_is_voicemail_and_is_tried_again_where_that_is_asked_for(
    twilio: Hyp, network: TwilioNetwork, until: Until
) -> None:
    network.fates[ANA] = "machine"
    twilio.ok("agents", "edit", "agent-123", "--machine-detection", "on")
    twilio.ok(
        "schedules", "add", "--at", "now", "--retry-on", "voicemail", "--max-attempts", "2", "--retry-delay", "1s"
    )
    twilio("tick")
    network.fates[ANA] = "completed"
    until(lambda: twilio("tick").code in (0, 3) and len(network.creates) == 2)
    until(lambda: twilio("tick").code in (0, 3) and "completed" in twilio.ok("history").out)
    (execution,) = twilio.ok("history", "--json").json
    assert [each["answered_by"] for each in execution["calls"]] == ["machine_start", "human"]
    assert execution["attempts"] == 2
    assert {form["MachineDetection"] for form in network.creates} == {"Enable"}
    assert [told(network, index)["attempt"] for index in (0, 1)] == ["1", "2"]


def test_the_price_of_a_call_is_told_once_twilio_tells_it(twilio: Hyp, network: TwilioNetwork, until: Until) -> None:
    network.price_after_seconds = 0
    twilio.ok("schedules", "add", "--at", "now")
    until(lambda: twilio("tick").code == 0 and "completed" in twilio.ok("history").out)
    ((price, currency),) = twilio.query("select price, currency from calls")
    assert (price, currency) == ("0.01300", "USD")
    (execution,) = twilio.ok("history", "--json").json
    assert execution["calls"][0]["price"] == "0.01300"


def test_a_call_of_less_than_a_second_lasted_0_seconds_and_is_shown_so(
    twilio: Hyp, network: TwilioNetwork, until: Until
) -> None:
    twilio.ok("schedules", "add", "--at", "now")
    until(lambda: twilio("tick").code == 0 and "completed" in twilio.ok("history").out)
    assert twilio.query("select duration_seconds from calls") == [(0,)]
    assert twilio.ok("history").out.rstrip("\n").split("\t")[-1] == "0"


def test_four_calls_that_are_due_at_once_go_out_at_twilios_pace_and_each_comes_to_its_end(
    twilio: Hyp, network: TwilioNetwork, until: Until
) -> None:
    for last in range(2, 6):
        twilio.ok("schedules", "add", "--at", "now", "--to", f"+3460000000{last}", "--tz", "Europe/Madrid")
    twilio.ok("tick")
    made = sorted(call.created_at for call in network.calls)
    assert len(made) == 4
    assert made[-1] - made[0] >= 2, "one a second, and some room for the network"
    until(lambda: twilio("tick").code == 0 and twilio.ok("history").out.count("completed") == 4)
    assert network.counts["create"] == 4


# -- hyp carriers check


def test_a_check_that_finds_all_well_ends_with_0(twilio: Hyp, network: TwilioNetwork) -> None:
    answer = twilio("carriers", "check", "twilio")
    assert answer.code == 0
    assert answer.out == ""
    assert "is active" in answer.err
    assert "Nothing was dialled" in answer.err
    document = twilio("carriers", "check", "twilio", "--json").json
    assert (document["name"], document["well"]) == ("twilio", True)
    assert network.counts == {"account": 2}
    assert network.token not in answer.err + json.dumps(document)


NO_PORT = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("environ", "code", "kind", "said"),
    [
        ({"TWILIO_ACCOUNT_SID": "", "TWILIO_AUTH_TOKEN": ""}, 6, "credentials", "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_AUTH_TOKEN": ""}, 6, "credentials", "TWILIO_AUTH_TOKEN not set"),
        ({"TWILIO_AUTH_TOKEN": "wr0ng-t0ken"}, 6, "credentials", "error 20003"),
        ({"TWILIO_AUTH_TOKEN": "", "TWILIO_AUTH_TOKEN_FILE": "/nowhere/token"}, 6, "credentials", "/nowhere/token"),
        ({"HYP_TWILIO_BASE_URL": NO_PORT}, 7, "unavailable", "refuses the connection"),
        ({"HYP_TWILIO_BASE_URL": "http://nobody.invalid"}, 7, "unavailable", "cannot be resolved"),
        ({"HYP_TWILIO_BASE_URL": "space.example"}, 2, "usage", "HYP_TWILIO_BASE_URL 'space.example'"),
        ({"HYP_TWILIO_BASE_URL": "https://u:wr0ng-t0ken@s.example"}, 2, "usage", "HYP_TWILIO_BASE_URL 's.example'"),
        ({"TWILIO_ACCOUNT_SID": "wr0ng-t0ken", "HYP_TWILIO_BASE_URL": ""}, 2, "usage", "TWILIO_ACCOUNT_SID"),
    ],
)
def test_a_check_that_finds_something_wrong_names_it_and_ends_with_its_code(
    twilio: Hyp, network: TwilioNetwork, environ: dict[str, str], code: int, kind: str, said: str
) -> None:
    answer = twilio("carriers", "check", "twilio", "--json", **environ)
    assert answer.code == code, answer
    error = json.loads(answer.err)["error"]
    assert (error["kind"], error["code"]) == (kind, code)
    assert said in error["message"]
    assert error["hint"]
    for secret in (network.token, "wr0ng-t0ken"):
        assert secret not in answer.out + answer.err
    assert network.creates == []


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (throttled(30), 7),
        (html_error(503), 7),
        (refused(401, 20003, "Authenticate"), 6),
        (refused(403, 20008, "Test account credentials"), 6),
        (refused(404, 20404, "not found"), 7),
    ],
)
def test_a_check_that_twilio_does_not_pass_ends_with_its_code(
    twilio: Hyp, network: TwilioNetwork, fault: Any, code: int
) -> None:
    network.fail(fault, on="account")
    assert twilio("carriers", "check", "twilio").code == code
    assert network.counts == {"account": 1}


def test_a_check_of_another_account_uses_its_own_credentials(twilio: Hyp, network: TwilioNetwork) -> None:
    assert twilio("carriers", "check", "twilio:eu").code == 6
    network.accounts["AC" + "e" * 32] = "token-of-eu"
    eu = {"TWILIO_EU_ACCOUNT_SID": "AC" + "e" * 32, "TWILIO_EU_AUTH_TOKEN": "token-of-eu"}
    answer = twilio("carriers", "check", "twilio:eu", **eu)
    assert (answer.code, "eeee" in answer.err) == (0, True)


def test_a_refused_account_is_left_alone_until_a_check_finds_it_well(twilio: Hyp, network: TwilioNetwork) -> None:
    for last in range(2, 7):
        twilio.ok("schedules", "add", "--at", "now", "--to", f"+3460000000{last}", "--tz", "Europe/Madrid")
    for _ in range(3):
        twilio("tick", TWILIO_AUTH_TOKEN="wr0ng-t0ken")  # noqa: S106
    assert len(network.creates) == 1
    listed = twilio.ok("carriers", "list").out
    assert "account_refused: Authenticate (HTTP 401, error 20003)" in listed
    twilio("tick")
    assert len(network.creates) == 1
    twilio.ok("carriers", "check", "twilio")
    assert "account_refused" not in twilio.ok("carriers", "list").out
    twilio("tick")
    assert len(network.calls) == 5
    dumped = "\n".join(twilio.dump())
    assert "carrier.held" in dumped
    assert "carrier.released" in dumped
    for secret in (network.token, "wr0ng-t0ken"):
        assert all(secret.encode() not in path.read_bytes() for path in twilio.home.rglob("*") if path.is_file())


def test_a_call_that_met_a_refusal_says_so_when_asked_why(twilio: Hyp, network: TwilioNetwork) -> None:
    schedule = twilio.ok("schedules", "add", "--at", "now").out.strip()
    tick = twilio("tick", TWILIO_AUTH_TOKEN="wr0ng-t0ken")  # noqa: S106
    assert tick.code == 3
    assert "error 20003" in tick.err
    assert "error 20003" in twilio("why", schedule).out


# -- Numbers, and agents that nobody could hear


@pytest.mark.parametrize(
    ("carrier", "said"),
    [
        ("twillio", "did you mean twilio?"),
        ("plivo:eu", "unknown carrier"),
        ("Twilio", "not a name"),
        ("twilio:", "not a name"),
        ("twilio:EU", "not a name"),
        ("", "is empty"),
    ],
)
def test_a_number_on_an_unknown_carrier_is_refused_and_not_stored(twilio: Hyp, carrier: str, said: str) -> None:
    before = rows(twilio, "numbers")
    answer = twilio("numbers", "add", "+34910000002", "--carrier", carrier)
    assert answer.code == 2
    assert said in answer.err
    assert rows(twilio, "numbers") == before


def test_an_account_may_have_no_credentials_yet_when_its_numbers_are_added(twilio: Hyp) -> None:
    assert twilio("numbers", "add", "+34910000002", "--carrier", "twilio:eu").code == 0


def test_an_agent_without_a_way_gets_no_number_of_a_real_carrier(twilio: Hyp) -> None:
    twilio.ok("agents", "add", "Mute", "--id", "mute")
    twilio.ok("numbers", "add", "+34910000002", "--carrier", "twilio")
    before = twilio.dump()
    answer = twilio("numbers", "attach", "+34910000002", "mute")
    assert answer.code == 5
    assert "hyp agents edit mute --stream-url" in answer.err
    assert twilio.dump() == before


def test_an_agent_without_a_way_gets_no_schedule_of_a_real_carrier(twilio: Hyp, network: TwilioNetwork) -> None:
    twilio.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--name", "Before")
    lose_its_way(twilio)
    before = twilio.dump()
    for words in (
        ("schedules", "add", "--at", "now"),
        ("schedules", "add", "--weekdays", "1", "--at", "09:30", "--dry-run"),
        ("schedules", "edit", "Before", "--agent", "agent-123"),
        ("agents", "edit", "agent-123", "--name", "Other"),
    ):
        answer = twilio(*words)
        assert answer.code == 5, (words, answer)
        assert "hyp agents edit agent-123 --stream-url" in answer.err
        assert twilio.dump() == before
    assert network.requests == []


def test_a_call_of_an_agent_that_lost_its_way_waits_and_is_never_sent(twilio: Hyp, network: TwilioNetwork) -> None:
    schedule = twilio.ok("schedules", "add", "--at", "now").out.strip()
    lose_its_way(twilio)
    twilio("tick")
    assert network.requests == []
    assert "not_connected" in twilio("why", schedule, "--json").out
    twilio.ok("agents", "edit", "agent-123", "--stream-url", STREAM)
    twilio.ok("tick")
    assert len(network.creates) == 1


def lose_its_way(hyp: Hyp) -> None:
    """Take the agent's way from it, as it stands in a workspace of before there were any."""
    connection = sqlite3.connect(hyp.db)
    connection.execute("update agents set stream_url = null, answer_url = null, application_sid = null")
    connection.commit()
    connection.close()


# -- What is too long


WAYS = {
    "stream": ("--stream-url", STREAM),
    "answer": ("--answer-url", "https://agent.example/answer"),
}


def longest(way: tuple[str, str], letter: str, user: str | None = "user-1") -> str:
    """Return the longest text of this letter that a context can hold for an agent that is reached this way."""
    connection = Connection(**{way[0].strip("-").replace("-", "_"): way[1]})
    fits, too_long = 0, 5_000
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        try:
            refuse_too_long(connection, user, {"k": letter * middle})
            fits = middle
        except InvalidInput:
            too_long = middle
    return letter * fits


def as_json(text: str) -> str:
    return json.dumps({"k": text})


@pytest.mark.parametrize("letter", ["x", "&", "😀"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_longest_context_that_is_taken_is_dialled_and_arrives_whole(
    twilio: Hyp, network: TwilioNetwork, way: tuple[str, str], letter: str
) -> None:
    twilio.ok("agents", "edit", "agent-123", *way)
    text = longest(way, letter)
    assert text
    twilio.ok("schedules", "add", "--at", "now", "--context-json", as_json(text))
    twilio.ok("tick")
    assert json.loads(told(network)["customer_context"]) == {"k": text}
    assert len(network.calls) == 1
    assert max(len(value) for value in network.creates[0].values()) <= 4_000


@pytest.mark.parametrize("letter", ["&", "😀"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_one_letter_more_is_refused_wherever_it_is_said_and_nothing_is_stored(
    twilio: Hyp, way: tuple[str, str], letter: str
) -> None:
    twilio.ok("agents", "edit", "agent-123", *way)
    text = longest(way, letter)
    twilio.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30", "--name", "Daily", "--context", "other=0")
    before = twilio.dump()
    for words in (
        ("schedules", "add", "--at", "now", "--context-json", as_json(text + letter)),
        ("schedules", "add", "--at", "now", "--dry-run", "--context-json", as_json(text + letter)),
        ("schedules", "edit", "Daily", "--context-json", as_json(text)),
        ("users", "edit", "user-1", "--context-json", as_json(text)),
    ):
        answer = twilio(*words)
        assert answer.code == 2, (words[:2], answer)
        assert "the customer context is too long" in answer.err
        assert twilio.dump() == before


def test_a_new_way_that_could_not_carry_what_is_planned_is_refused(twilio: Hyp) -> None:
    text = longest(WAYS["stream"], "日")
    twilio.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30", "--context-json", as_json(text))
    before = twilio.dump()
    answer = twilio("agents", "edit", "agent-123", *WAYS["answer"])
    assert answer.code == 2
    assert "the customer context is too long" in answer.err
    assert twilio.dump() == before


@pytest.mark.parametrize("letter", ["x", "&", "'", "日"])
@pytest.mark.parametrize("count", [95, 580])
def test_a_way_that_was_taken_carries_every_context_that_was_taken(
    twilio: Hyp, network: TwilioNetwork, letter: str, count: int
) -> None:
    """Whatever is short enough to be stored must be short enough to be dialled, whichever was there first."""
    address = STREAM + "/" + "x" * (1_000 - len(STREAM) - 1)
    added = twilio("schedules", "add", "--at", "now", "--context-json", json.dumps({"k": letter * count}))
    assert added.code in (0, 2)
    edited = twilio("agents", "edit", "agent-123", "--stream-url", address)
    assert edited.code in (0, 2)
    if added.code == 0:
        twilio("tick")
        assert len(network.calls) == 1, twilio.query("select status, reason, error from calls")


@pytest.mark.parametrize(
    ("option", "scheme", "letter"),
    [
        ("--stream-url", "wss", "x"),
        ("--stream-url", "wss", "&"),
        ("--stream-url", "wss", "'"),
        ("--answer-url", "https", "&"),
    ],
)
def test_an_address_that_was_taken_can_be_dialled(
    twilio: Hyp, network: TwilioNetwork, option: str, scheme: str, letter: str
) -> None:
    start = f"{scheme}://agent.example/a?"
    for length in (999, 1_000, 1_001):
        edited = twilio("agents", "edit", "agent-123", option, start + letter * (length - len(start)))
        assert edited.code == 0 if letter == "x" and length <= 1_000 else edited.code in (0, 2)
    twilio.ok("schedules", "add", "--at", "now")
    twilio("tick")
    assert len(network.calls) == 1, twilio.query("select status, reason, error from calls")


# -- A process that dies


def test_a_tick_that_is_killed_in_the_middle_of_a_request_leaves_a_doubt_that_is_found_again(
    twilio: Hyp, network: TwilioNetwork, until: Until
) -> None:
    network.fail(HANG)
    twilio.ok("schedules", "add", "--at", "now", "--max-attempts", "3")
    tick = twilio.start("tick")
    try:
        until(lambda: len(network.creates) == 1)
        if Path("/proc").is_dir():
            assert network.token.encode() not in Path(f"/proc/{tick.pid}/cmdline").read_bytes()
        tick.send_signal(signal.SIGKILL)
        tick.communicate(timeout=20)
    finally:
        tick.kill()
    assert twilio.query("select status from calls") == [("placing",)]
    # As it is when the time for a request has long passed.
    shift(twilio, seconds=100)
    network.fail(html_error(503), times=2, on="list")
    assert twilio("tick").code == 3
    assert twilio.query("select status, reason from calls") == [("in_doubt", "process_lost")]
    assert twilio("reconcile").code == 3
    assert len(network.creates) == 1
    twilio("reconcile")
    assert twilio.query("select carrier_call_id from calls") == [(network.calls[0].sid,)]
    until(lambda: twilio("tick").code in (0, 3) and "completed" in twilio.ok("history").out)
    assert len(network.creates) == 1
    (execution,) = twilio.ok("history", "--json").json
    assert (execution["status"], execution["attempts"]) == ("completed", 1)


def shift(hyp: Hyp, seconds: int) -> None:
    """Let the intent be so much older."""
    connection = sqlite3.connect(hyp.db)
    connection.execute(
        "update calls set created_at = strftime('%Y-%m-%dT%H:%M:%SZ', created_at, ?)", (f"-{seconds} seconds",)
    )
    connection.commit()
    connection.close()


def test_a_tick_that_is_interrupted_in_the_middle_of_a_request_leaves_a_doubt(
    twilio: Hyp, network: TwilioNetwork, until: Until
) -> None:
    network.fail(HANG)
    twilio.ok("schedules", "add", "--at", "now")
    tick = twilio.start("tick")
    try:
        until(lambda: len(network.creates) == 1)
        tick.send_signal(signal.SIGINT)
        out, err = tick.communicate(timeout=10)
    finally:
        tick.kill()
    assert tick.returncode == 130
    assert network.token not in out + err
    assert twilio.query("select status, reason from calls") == [("in_doubt", "interrupted")]
    twilio("reconcile")
    assert twilio.query("select carrier_call_id from calls") == [(network.calls[0].sid,)]
    assert len(network.creates) == 1


# -- A carrier of somebody else that is broken


def plugin(folder: Path, name: str, code: str) -> dict[str, str]:
    """Install a carrier as pip does, in a folder of its own; return the environment that has it."""
    folder.mkdir(exist_ok=True)
    (folder / f"hyp_{name}.py").write_text(code)
    metadata = folder / f"hyp_{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: hyp-{name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[hyponema_cli.carriers]\n{name} = hyp_{name}:open_carrier\n")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("def open_carrier(setup): return 7", "does not do all that a carrier must"),
        ("raise SystemExit(0)", "SystemExit"),
    ],
)
def test_a_broken_plugin_is_named_and_takes_nothing_else_down(
    twilio: Hyp, network: TwilioNetwork, tmp_path: Path, code: str, said: str
) -> None:
    path = plugin(tmp_path / "plugins", "broken", code)["PYTHONPATH"]
    twilio.env["PYTHONPATH"] = ":".join(filter(None, [path, twilio.env["PYTHONPATH"]]))
    listed = twilio.ok("carriers", "list").out
    assert "broken\thyp-broken 1.0" in listed
    answer = twilio("carriers", "check", "broken")
    assert answer.code == 1, answer
    assert "'broken'" in answer.err
    assert said in answer.err
    assert "Traceback" not in answer.err
    twilio.ok("numbers", "add", "+34910000009", "--carrier", "broken")
    twilio.ok("agents", "add", "Other", "--id", "other", "--stream-url", STREAM)
    twilio.ok("numbers", "attach", "+34910000009", "other")
    twilio.ok("schedules", "add", "--at", "now", "--to", "+34600000009", "--tz", "Europe/Madrid", "--agent", "other")
    twilio.ok("schedules", "add", "--at", "now", "--agent", "agent-123")
    tick = twilio("tick")
    assert tick.code == 3
    assert "carrier broken" in tick.err
    assert [form["To"] for form in network.creates] == [ANA]
    twilio.ok("carriers", "check", "twilio")
    for words in (("history",), ("schedules", "list"), ("numbers", "list"), ("why", ANA)):
        assert twilio(*words).code == 0, words


def test_a_carrier_that_was_uninstalled_is_named_and_takes_nothing_else_down(
    twilio: Hyp, network: TwilioNetwork
) -> None:
    connection = sqlite3.connect(twilio.db)
    connection.execute("update numbers set carrier = 'gone' where phone_number = ?", (OURS,))
    connection.commit()
    connection.close()
    twilio.ok("schedules", "add", "--at", "now")
    tick = twilio("tick")
    assert (tick.code, "unknown carrier 'gone'" in tick.err) == (3, True)
    assert "not installed" in twilio.ok("carriers", "list").out
    assert network.requests == []
