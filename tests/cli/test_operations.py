"""docs/operations.md: its runbooks are typed as they stand, in a workspace to which that has happened."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hyponema_cli.core.webhook import EVENTS, signature
from hyponema_cli.engine import outbox
from tests.cli.conftest import COMMAND, Answer, Hyp

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
RUNBOOKS = dict(re.findall(r"^### (.*?)\n(.*?)(?=^### |\Z)", PAGE.partition("\n## Runbooks\n")[2], re.M | re.S))
STUBS = """\
systemctl() { :; }
timedatectl() { echo "System clock synchronized: yes"; }
expect() { [ "$1" = "$2" ] || { echo "ended with $1: $3" >&2; exit 99; }; }
"""
"""What must not be done to the machine that tests."""


def blocks(language: str, text: str = PAGE) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def commands(block: str) -> list[tuple[str, int]]:
    """Return the commands of a block, whole, and the exit code that each is said to end with."""
    whole, found = "", []
    for line in block.splitlines():
        text, _, comment = line.partition("  # ")
        whole += text.rstrip() + "\n"
        if text.rstrip().endswith(("|", "\\")) or not whole.strip() or whole.startswith("#"):
            whole = whole if whole.rstrip().endswith(("|", "\\")) else ""
            continue
        said = re.search(r"ends with (\d+)", comment)
        found.append((whole, int(said[1]) if said else 0))
        whole = ""
    return found


def not_there_yet(hyp: Hyp, command: str) -> bool:
    """True for a command that this version does not have."""
    words = re.findall(r"\bhyp ([a-z-]+(?: [a-z-]+)?)", command)
    return any("no such command" in hyp(*each.split(), "--help").err for each in words)


def follow(hyp: Hyp, title: str, **words: str) -> Answer:
    """Type a runbook; each line must end as the page says."""
    (hyp.home / "bin").mkdir()
    (hyp.home / "bin" / "hyp").write_text(f'#!/bin/sh\nexec {shlex.join(COMMAND)} "$@"\n')
    (hyp.home / "bin" / "hyp").chmod(0o755)
    script = f'PATH="$HOME/bin:$PATH"\n{STUBS}'
    for block in blocks("sh", RUNBOOKS[title]):
        for command, code in commands(block):
            if not_there_yet(hyp, command):
                continue
            for word, value in words.items():
                command = re.sub(rf"\b{word}\b", value, command)
            script += f"{command}expect $? {code} {shlex.quote(command)}\n"
    done = subprocess.run(
        ["bash", "-c", script], env=hyp.env, cwd=hyp.home, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def change(hyp: Hyp, sql: str, *values: object) -> None:
    """Do to the workspace what only time does."""
    with closing(sqlite3.connect(hyp.db)) as connection, connection:
        connection.execute(sql, values)


def stranger(hyp: Hyp, last: str) -> str:
    """Book a call to a number of which the simulated carrier does as its last digits say; due now."""
    return hyp.ok("schedules", "add", "--at", "now", "--to", f"+346000000{last}", "--tz", "Europe/Madrid").out.strip()


def statuses(hyp: Hyp) -> dict[str, str]:
    return dict(hyp.query("select id, status from schedules"))


def test_every_runbook_is_tried_here() -> None:
    tried = re.findall(r'follow\(\s*hyp,\s*"([^"]+)"', Path(__file__).read_text())
    assert set(RUNBOOKS) == set(tried)


def test_the_wrong_words(hyp: Hyp) -> None:
    weekly = hyp.ok("schedules", "add", "--weekdays", "1-5", "--at", "09:30", "--name", "Weekly check-in").out.strip()
    before = hyp.ok("schedules", "add", "--weekdays", "1", "--at", "10:00").out.strip()
    hyp.ok("schedules", "pause", before, "--reason", "moved away")
    hyp.ok("config", "set", "live", "true")
    said = follow(hyp, "The agent says the wrong thing").err
    assert said.count("Paused") == said.count("Resumed") == 1
    assert statuses(hyp) == {weekly: "active", before: "paused"}
    assert hyp.ok("config", "get", "live").out == "true\n"


def test_a_call_in_doubt(hyp: Hyp) -> None:
    stranger(hyp, "99")
    assert hyp("tick").code == 3
    assert "doubts: 1 in doubt: see hyp reconcile" in hyp("health").err
    (call,) = hyp.query("select id from calls")[0]
    follow(hyp, "A call is in doubt", CALL=call)
    assert hyp.query("select status, reason from calls") == [("not_placed", "resolved_by_operator")]


def test_a_refused_account(hyp: Hyp) -> None:
    program = hyp.home / "pbx"
    program.write_text(
        '#!/bin/sh\ncase $1 in\ncapabilities) echo \'{"find": "history"}\' ;;\ncheck) echo \'{"found": "well"}\' ;;\n'
        "place_call) echo 'authentication failed: token revoked' >&2; exit 77 ;;\nesac\n"
    )
    program.chmod(0o755)
    hyp.env["HYP_EXEC_PROGRAM"] = str(program)
    hyp.ok("agents", "add", "Sales", "--id", "sales", "--stream-url", "wss://agent.example/sales")
    hyp.ok("numbers", "add", "+34910000002", "--carrier", "exec")
    hyp.ok("numbers", "attach", "+34910000002", "sales")
    hyp.ok("config", "set", "live", "true")
    hyp.ok("schedules", "add", "--agent", "sales", "--at", "now")
    assert "the account is refused" in hyp("tick").err
    assert "held_carriers: left alone for a while, after a refusal: exec; see hyp carriers list" in hyp("health").err
    program.write_text(program.read_text().replace("exit 77", "exit 75"))
    said = follow(hyp, "A carrier is down, or refuses the account").out
    assert "token revoked" in said
    assert "\tpending\taccount_refused\t" in said
    assert hyp.query("select * from holds") == []


def test_the_clock(hyp: Hyp) -> None:
    hyp.ok("tick")
    hyp.ok("schedules", "add", "--weekdays", "1-5", "--at", "09:30")
    change(
        hyp,
        "insert into events (at, actor, name) values (strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '+1 hour'), 'test', 'x')",
    )
    said = follow(hyp, "The clock was wrong").out
    assert "the clock was put back, or was wrong then" in said


def test_an_outage(hyp: Hyp) -> None:
    for last in range(20):
        stranger(hyp, f"{last:02}")
    at = datetime.fromtimestamp(datetime.now(UTC).timestamp() - 3 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: TID251
    change(hyp, "update schedules set run_at = ?1, next_run_at = ?1, next_slot = ?1, accounted_until = ?1", at)
    assert "overdue: a call has been due for 3h" in hyp("health").err
    said = follow(hyp, "Thousands are overdue after an outage").out
    assert re.findall(r"^ +(\d+) (dial|missed)$", said, re.M) == [("20", "missed"), ("20", "dial")]
    assert len(set(hyp.rung())) == 20
    assert hyp.ok("config", "get", "catch_up_window").out == "15m\n"


def test_a_full_disk(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now")
    follow(hyp, "The disk is full")
    assert hyp.rung() == ["+34600000001"]


def test_a_receiver_that_was_down(hyp: Hyp) -> None:
    hyp.ok("config", "set", "webhook_allow_private", "true")
    hyp.ok("config", "set", "webhook_url", "https://127.0.0.1:9/hook")
    hyp.ok("schedules", "add", "--at", "now")
    hyp.ok("tick")
    change(hyp, "update webhooks set status = 'dead', next_try_at = null, finished_at = created_at")
    said = follow(hyp, "A receiver of webhooks is down")
    assert "\tdead\t" in said.out
    assert "will be told anew" in said.err
    assert hyp.query("select distinct status from webhooks") == [("pending",)]


def test_never_again(hyp: Hyp) -> None:
    said = follow(hyp, "Somebody asks never to be called again").out
    assert "A CALL WOULD NOT RING: the number is suppressed" in said
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000001", "--tz", "Europe/Madrid")
    hyp("tick")
    assert not Path(f"{hyp.db}.simulated").exists() or hyp.rung() == []


def test_a_restored_database(hyp: Hyp, until: Callable[[Callable[[], bool]], None]) -> None:
    stranger(hyp, "99")
    backup = hyp.home / "backup.db"
    shutil.copy(hyp.db, backup)
    assert hyp("tick").code == 3
    follow(hyp, "A database was restored", BACKUP=str(backup))
    assert hyp.query("select status, reason from executions") == [("in_doubt", "database_restored")]
    assert len(hyp.rung()) == 1
    assert Path(f"{hyp.db}.broken").exists()


# What the page says of webhooks.


@pytest.mark.parametrize("ours", [True, False])
def test_the_signature_is_verified_by_a_dozen_lines_of_python(ours: bool) -> None:
    (code,) = blocks("python")
    found: dict[str, Callable[..., bool]] = {}
    exec(code, found)  # noqa: S102 - the page's own
    key, now, body = bytes(range(32)), int(datetime.now(UTC).timestamp()), b'{"type": "execution.completed"}'  # noqa: TID251
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature([b"x" * 32, key], "msg_1", now, body),
    }
    secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # noqa: S105 - 0 to 31
    assert found["is_ours"](secret, headers, body if ours else body + b" ") is ours
    headers["webhook-timestamp"] = str(now - 600)
    assert not found["is_ours"](secret, headers, body)
    assert len(code.splitlines()) <= 12


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl here")
def test_the_signature_is_made_by_openssl() -> None:
    (block,) = (each for each in blocks("sh") if "openssl" in each)
    secret = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # noqa: S105 - 0 to 31
    done = subprocess.run(
        ["sh", "-ec", f"id=msg_1 timestamp=1795287088 secret={secret}\n{block}"],
        input=b'{"type":"x"}',
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode().strip() == signature([bytes(range(32))], "msg_1", 1795287088, b'{"type":"x"}')


def test_every_field_of_the_payload_is_told(hyp: Hyp) -> None:
    table = PAGE.partition("| `type` |")[2].partition("\n\n")[0]
    hyp.ok("config", "set", "webhook_url", "https://receiver.example/hook")
    hyp.ok("schedules", "add", "--at", "now")
    hyp("tick", "--max-seconds", "1")
    (body,) = hyp.query("select body from webhooks limit 1")[0]
    document = json.loads(body)
    assert set(document) == {"type", "timestamp", "data"}
    assert {f"`{name}`" for name in ("type", "timestamp")} <= set(re.findall(r"`[a-z]+`", "`type`" + table))
    told = set(re.findall(r"`(?:data)?\.([a-z_]+)`", table))
    assert told == set(document["data"])
    assert all(f"`{event}`" in table for event in EVENTS)
    assert outbox.payload.__doc__


def test_links_within_the_page_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", PAGE, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= anchors


def test_every_command_of_the_page_is_one_or_is_to_come(hyp: Hyp) -> None:
    """A command that is misspelt is found here; those that are not there yet are few, and named."""
    seen = {
        each
        for block in blocks("sh")
        for command, _ in commands(block)
        for each in re.findall(r"\bhyp ([a-z-]+(?: [a-z-]+)?)", command)
    }
    missing = {each for each in seen if "no such command" in hyp(*each.split(), "--help").err}
    assert missing <= {"db backup", "db check", "db prune", "db vacuum", "db migrate", "users forget"}
