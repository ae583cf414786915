"""hyp mcp, tried with the SDK's own client over its own pipes."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult

from tests.cli.conftest import COMMAND, Hyp

BOTH = ("schedule_callback", "manage_callback")
Script = Generator[tuple[str, dict[str, Any]], dict[str, Any], None]


@pytest.fixture
def talk(hyp: Hyp) -> Hyp:
    """A workspace in which Ana talks with an agent that may use both tools, in the session `talk`."""
    hyp.ok("agents", "tools", "agent-123", "enable", *BOTH)
    hyp.ok("sessions", "start", "user-1", "--id", "talk", "--channel", "web")
    return hyp


@asynccontextmanager
async def served(
    hyp: Hyp, *words: str, mode: Any = "auto", program: list[str] = COMMAND, says: str = ""
) -> AsyncIterator[Client]:
    """Connect a client to a server of its own, which says nothing else than that on stderr."""
    parameters = StdioServerParameters(command=program[0], args=[*program[1:], *words], env=hyp.env, cwd=hyp.home)
    with (hyp.home / "stderr").open("w+") as said:
        async with Client(stdio_client(parameters, errlog=said), mode=mode) as client:
            yield client
        said.seek(0)
        assert said.read() == says


def in_talk(hyp: Hyp, mode: Any = "auto") -> Any:
    return served(hyp, "mcp", "--agent", "agent-123", "--session", "talk", mode=mode)


def run(work: Callable[[], Awaitable[None]]) -> None:
    async def in_time() -> None:
        with anyio.fail_after(60):
            await work()

    anyio.run(in_time)


async def ask(client: Client, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Ask a tool; what it answers for models and for programs is the same, and an error is marked as one."""
    return read(await client.call_tool(tool, dict(arguments)))


def read(result: CallToolResult) -> dict[str, Any]:
    (block,) = result.content
    assert block.type == "text"
    answer: dict[str, Any] = json.loads(block.text)
    assert answer == result.structured_content
    assert result.is_error == ("error" in answer)
    return answer


async def refusal(client: Client, tool: str, arguments: Mapping[str, Any]) -> str:
    return str((await ask(client, tool, arguments))["error"]["kind"])


def days_ahead(hyp: Hyp) -> list[str]:
    """Return the next Tuesdays at ten, as the program itself counts them."""
    said = hyp.ok("occurrences", "--weekdays", "2", "--at", "10:00", "--tz", "Europe/Madrid", "-n", "3", "--json")
    return [each["local_time"] for each in said.json]


def conversation(first: str, second: str) -> Script:
    """Book, look, move and cancel, with a few words that are wrong; each answer comes back from the yield."""
    proposed = yield "schedule_callback", {"when": first, "about": "la factura de María"}
    yield "schedule_callback", {"confirm": proposed["proposal"]}
    yield "schedule_callback", {"confirm": proposed["proposal"]}
    yield "schedule_callback", {"when": 10}
    yield "schedule_callback", {"when": "on some day or other"}
    yield "call_now", {"when": "now"}
    listed = yield "manage_callback", {"action": "list"}
    callback = listed["callbacks"][0]["callback"]
    moved = yield "manage_callback", {"action": "reschedule", "callback": callback, "when": second}
    yield "manage_callback", {"confirm": moved["proposal"]}
    off = yield "manage_callback", {"action": "cancel", "callback": callback}
    yield "manage_callback", {"confirm": off["proposal"]}
    yield "manage_callback", {"action": "list"}


def unnamed(it: Any) -> Any:
    """Take out of answers what is another one in every run: ids, by the order in which they appear, and the time."""
    text = json.dumps(it)
    for number, each in enumerate(dict.fromkeys(re.findall(r"(?:prop|sch|tool)_[0-9A-Z]{26}", text))):
        text = text.replace(each, f"#{number}")
    text = re.sub(r'"(at|confirm_until)": "[^"]+"', r'"\1": "…"', text)
    return json.loads(re.sub(r"was confirmed at \S+Z", "was confirmed", text))


def trace(hyp: Hyp) -> Any:
    return unnamed(hyp.ok("sessions", "show", "talk", "--json").json["tool_calls"])


def test_a_conversation_over_mcp_has_the_answers_and_the_trace_that_it_has_over_the_command(talk: Hyp) -> None:
    before = talk.db.read_bytes()
    tuesdays = days_ahead(talk)[1:]
    script, by_command = conversation(*tuesdays), []
    asked = next(script, None)
    while asked is not None:
        tool, arguments = asked[0], json.dumps(asked[1])
        said = talk("tools", "call", tool, "--agent", "agent-123", "--session", "talk", stdin=arguments)
        by_command.append(said.json)
        asked = _next(script, said.json)
    trace_of_command = trace(talk)
    assert [each.get("status") or each["error"]["kind"] for each in by_command] == [
        *("proposed", "booked", "already_confirmed", "bad_arguments", "unclear", "unknown_tool"),
        *("listed", "proposed", "moved", "proposed", "canceled", "listed"),
    ]
    assert len(trace_of_command) == len(by_command) - 1, "what is no tool leaves no trace"

    async def talking(mode: str, answers: list[dict[str, Any]]) -> None:
        script = conversation(*tuesdays)
        asked = next(script, None)
        async with in_talk(talk, mode) as client:
            while asked is not None:
                answers.append(await ask(client, *asked))
                asked = _next(script, answers[-1])

    for mode in ("2026-07-28", "legacy"):  # with the handshake that clients did before that day, and without
        talk.db.write_bytes(before)
        by_mcp: list[dict[str, Any]] = []
        run(partial(talking, mode, by_mcp))
        assert unnamed(by_mcp) == unnamed(by_command)
        assert trace(talk) == trace_of_command
        (booked,) = talk.ok("schedules", "list", "--status", "all", "--json").json
        assert (booked["status"], booked["created_by"], booked["user_id"]) == ("canceled", "agent-123", "user-1")
        assert talk.query("select distinct actor from events where schedule_id not null") == [("agent agent-123",)]


def _next(script: Script, answer: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    try:
        return script.send(answer)
    except StopIteration:
        return None


def test_the_tools_that_are_enabled_when_they_are_listed_are_listed(talk: Hyp) -> None:
    async def talking() -> None:
        async with in_talk(talk) as client:
            assert [each.name for each in (await client.list_tools()).tools] == list(BOTH)
            await anyio.to_thread.run_sync(talk.ok, "agents", "tools", "agent-123", "disable", "manage_callback")
            (left,) = (await client.list_tools()).tools
            described = {each["name"]: each for each in talk.ok("tools", "schema", "--format", "mcp").json}
            assert left.input_schema == described["schedule_callback"]["inputSchema"]
            assert left.description == described["schedule_callback"]["description"]
            assert await refusal(client, "manage_callback", {"action": "list"}) == "tool_not_enabled"

    run(talking)


def test_what_is_refused_is_told_and_the_server_lives_on(talk: Hyp) -> None:
    async def talking() -> None:
        async with in_talk(talk) as client:
            assert await refusal(client, "why", {"what": "user-1"}) == "unknown_tool"
            assert await refusal(client, "list_schedules", {}) == "unknown_tool"
            assert await refusal(client, "schedule_callback", {}) == "bad_arguments"
            assert await refusal(client, "schedule_callback", {"when": "x" * 10_000_000}) == "too_large"
            assert await refusal(client, "schedule_callback", {"confirm": "prop_1"}) == "unknown_proposal"
            assert (
                await refusal(client, "manage_callback", {"action": "cancel", "callback": "x"}) == "unknown_callback"
            )
            assert (await ask(client, "manage_callback", {"action": "list"}))["status"] == "listed"
            await anyio.to_thread.run_sync(talk.ok, "sessions", "end", "talk")
            assert await refusal(client, "manage_callback", {"action": "list"}) == "session_over"
            assert await refusal(client, "manage_callback", {"action": "list"}) == "session_over"

    run(talking)


def test_a_proposal_that_two_clients_confirm_at_once_is_booked_once(talk: Hyp) -> None:
    when = days_ahead(talk)[1]
    answers: list[str] = []

    async def confirm(client: Client, proposal: str) -> None:
        answer = await ask(client, "schedule_callback", {"confirm": proposal})
        answers.append(answer.get("status") or answer["error"]["kind"])

    async def talking() -> None:
        async with in_talk(talk) as one, in_talk(talk) as other:
            proposal = (await ask(one, "schedule_callback", {"when": when}))["proposal"]
            async with anyio.create_task_group() as both:
                for client in (one, other, one, other):
                    both.start_soon(confirm, client, proposal)

    run(talking)
    assert sorted(answers) == ["already_confirmed"] * 3 + ["booked"]
    assert talk.query("select count(*) from schedules") == [(1,)]


def test_a_locked_database_is_told_as_busy_and_keeps_the_server_from_nothing(talk: Hyp) -> None:
    async def talking() -> None:
        async with in_talk(talk) as client:
            lock = sqlite3.connect(talk.db, isolation_level=None)
            lock.execute("begin immediate")
            async with anyio.create_task_group() as group:
                kinds: list[str] = []

                async def list_them() -> None:
                    kinds.append(await refusal(client, "manage_callback", {"action": "list"}))

                group.start_soon(list_them)
                for _ in range(20):
                    with pytest.raises(MCPError, match="Method not found"):
                        await client.list_prompts()
                assert kinds == [], "other questions are answered while it waits"
            assert kinds == ["busy"]
            lock.close()
            assert (await ask(client, "manage_callback", {"action": "list"}))["status"] == "listed"

    run(talking)


def shown(result: CallToolResult) -> Any:
    assert not result.is_error, result
    block = result.content[0]
    assert block.type == "text"
    return json.loads(block.text)


def test_operators_see_what_the_commands_show_and_change_nothing(hyp: Hyp) -> None:
    for name in ("one", "two", "three"):
        hyp.ok("schedules", "add", "--weekdays", "1,3", "--at", "09:30", "--name", name)
    before = hyp.dump()

    def by_command(*words: str) -> Any:
        return hyp(*words, "--json").json

    async def looking() -> None:
        async with served(hyp, "mcp") as client:
            tools = (await client.list_tools()).tools
            assert [each.name for each in tools] == ["list_schedules", "preview_occurrences", "why", "health"]
            assert all(each.annotations and each.annotations.read_only_hint for each in tools)

            listed = await client.call_tool("list_schedules", {})
            assert shown(listed) == by_command("schedules", "list")
            cut = await client.call_tool("list_schedules", {"limit": 2, "user": "Ana", "status": ["active"]})
            assert shown(cut) == by_command("schedules", "list", "--limit", "2")
            assert cut.content[1].text == "Only 2 are shown; there are more."  # type: ignore[union-attr]
            paused = await client.call_tool("list_schedules", {"status": ["paused"]})
            assert shown(paused) == [] and len(paused.content) == 1

            stored = await client.call_tool("preview_occurrences", {"schedule": "one", "count": 3})
            assert shown(stored) == by_command("occurrences", "one", "-n", "3")
            rule = {"weekdays": [1, 3], "at": "09:30", "timezone": "Europe/Madrid", "until": "2027-01-31"}
            typed = await client.call_tool("preview_occurrences", rule)
            words = (
                "--weekdays",
                "1,3",
                "--at",
                "09:30",
                "--tz",
                "Europe/Madrid",
                "--until",
                "2027-01-31",
                "-n",
                "10",
            )
            assert shown(typed) == by_command("occurrences", *words)

            why = await client.call_tool("why", {"what": "one", "gates": ["calling_window", "call_cap"]})
            said = by_command("why", "one", "--gate", "calling_window", "--gate", "call_cap")
            assert {**shown(why), "at": None} == {**said, "at": None}
            assert why.structured_content == shown(why)

            health = shown(await client.call_tool("health", {"max_heartbeat": "0"}))
            assert health == by_command("health", "--max-heartbeat", "0")
            assert health["status"] == "healthy"

    run(looking)
    assert hyp.dump() == before


def test_what_operators_ask_wrongly_is_told(hyp: Hyp) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("schedule_callback", {"when": "tomorrow at 10"}, "unknown_tool"),
        ("tick", {}, "unknown_tool"),
        ("why", {}, "bad_arguments"),
        ("why", {"what": "nobody"}, "not_found"),
        ("list_schedules", {"limit": 0}, "bad_arguments"),
        ("list_schedules", {"status": ["gone"]}, "bad_arguments"),
        ("list_schedules", {"agent": "nobody"}, "not_found"),
        ("list_schedules", {"who": "ana"}, "bad_arguments"),
        ("preview_occurrences", {"cron": "61 * * * *"}, "bad_arguments"),
        ("preview_occurrences", {"schedule": "x", "cron": "* * * * *"}, "bad_arguments"),
        ("health", {"max_lag": "soon"}, "bad_arguments"),
    ]

    async def looking() -> None:
        async with served(hyp, "mcp") as client:
            assert [await refusal(client, tool, given) for tool, given, _ in wrong] == [kind for _, _, kind in wrong]

    run(looking)


@pytest.mark.parametrize(
    ("words", "environment", "code", "named"),
    [
        (("--agent", "agent-123"), {}, 2, "--session is missing"),
        (("--session", "talk"), {}, 2, "--agent is missing"),
        (("--agent", "agent-123"), {"HYP_SESSION": ""}, 2, "--session is empty"),
        ((), {"HYP_SESSION": ""}, 2, "--agent is missing"),
        ((), {"HYP_AGENT": "agent-123"}, 2, "--session is missing"),
        (("--agent", "agent-124", "--session", "talk"), {}, 4, "agent-124"),
        (("--agent", "agent-123", "--session", "tolk"), {}, 4, "tolk"),
        (("--db", "/nowhere/hyp.db"), {}, 10, "/nowhere/hyp.db"),
    ],
)
def test_a_launcher_that_lost_a_word_gets_an_error_and_not_the_operators_tools(
    talk: Hyp, words: tuple[str, ...], environment: dict[str, str], code: int, named: str
) -> None:
    answer = talk("mcp", *words, **environment)
    assert (answer.code, answer.out) == (code, "")
    assert named in answer.err.splitlines()[0]
    assert answer.err.splitlines()[1].startswith("hint: ")


def test_the_environment_binds_it_too(talk: Hyp) -> None:
    bound = Hyp(talk.home, {**talk.env, "HYP_AGENT": "Check-in", "HYP_SESSION": "talk"})

    async def talking() -> None:
        async with served(bound, "mcp") as client:
            assert (await ask(client, "manage_callback", {"action": "list"}))["callbacks"] == []

    run(talking)


WITHOUT = "import sys; sys.modules['mcp'] = None; from hyponema_cli.cli.main import main; sys.exit(main())"


def test_without_the_extra_it_is_said_how_to_get_it(hyp: Hyp) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "mcp"], env=hyp.env, cwd=hyp.home, capture_output=True, text=True, input=""
    )
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("hyp: error: hyp mcp needs the package mcp, version 2: ")
    assert hint == "hint: pip install 'hyponema-cli[mcp]'"


BROKEN = """
import sys
from hyponema_cli.engine import toolbox
from hyponema_cli.cli.main import main

def broken(*arguments):
    print("stray words", flush=True)
    raise RuntimeError("lost +34600000001")

toolbox._TOOLS["manage_callback"] = broken
sys.exit(main())
"""


def test_a_bug_is_an_answer_and_what_is_printed_does_not_reach_the_protocol(talk: Hyp) -> None:
    program = [sys.executable, "-c", BROKEN]
    words = ("mcp", "--agent", "agent-123", "--session", "talk")

    async def talking() -> None:
        async with served(talk, *words, program=program, says="stray words\n") as client:
            assert await refusal(client, "manage_callback", {"action": "list"}) == "internal"
            assert (await ask(client, "schedule_callback", {"when": "eventually"}))["status"] == "unclear"

    run(talking)


HELLO = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
)


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT, "end of file", "reader gone"])
def test_it_ends_without_a_word(hyp: Hyp, ending: signal.Signals | str) -> None:
    server = subprocess.Popen(
        [*COMMAND, "mcp"],
        env=hyp.env,
        cwd=hyp.home,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with server:
        assert server.stdin and server.stdout and server.stderr
        server.stdin.write("this is no JSON, and +34600000001 is nobody's business\n")
        server.stdin.write(HELLO + "\n")
        server.stdin.flush()
        assert json.loads(server.stdout.readline())["result"]["serverInfo"]["name"] == "hyp"
        match ending:
            case "end of file":
                server.stdin.close()
            case "reader gone":
                server.stdout.close()
                server.stdin.write(HELLO + "\n")
                server.stdin.flush()
            case signal.Signals():
                server.send_signal(ending)
        # Standard input stays open but for the one: nobody is to wait for its end.
        assert server.wait(timeout=20) == (141 if ending == "reader gone" else 0)
        assert server.stderr.read() == ""


def test_somebody_at_a_terminal_whose_stdout_is_closed_is_told(hyp: Hyp) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *COMMAND, "mcp"],
        env=hyp.env,
        cwd=hyp.home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "hyp: error: standard output is closed"
