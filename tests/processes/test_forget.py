"""A person is forgotten: their bytes are gone from every file, whoever dies or writes meanwhile."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.store import journal, open_store
from tests.cli.conftest import Hyp
from tests.processes.agenda import Agenda, Draft, end, locked, running
from tests.processes.test_restored import put_back
from tests.processes.waiting import until

NAME, NUMBER, FORMER = "Zoë Quintanilla", "+34699123456", "+34699654321"
ESCAPED = json.dumps(NAME)[1:-1]
OTHERS = [f"+346001{each:03}01" for each in range(3)]


def files_of(hyp: Hyp) -> list[Path]:
    return [path for path in hyp.db.parent.iterdir() if path.is_file()]


def traces_in(hyp: Hyp) -> list[tuple[str, str]]:
    """Return which file beside the workspace still holds which word of theirs."""
    words = [NAME, ESCAPED, "Quintanilla", NUMBER, FORMER, NUMBER[1:], FORMER[1:], "699 123 456", "Calle Mayor"]
    return [(path.name, word) for path in files_of(hyp) for word in words if word.encode() in path.read_bytes()]


@pytest.fixture(scope="module")
def furnished_known(
    called_before: tuple[Path, Draft], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Draft]:
    """A workspace that has called somebody under two numbers, and has written of them wherever it can."""
    home = tmp_path_factory.mktemp("known")
    hyp = Hyp(home, {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": os.environ["PATH"]})
    shutil.copytree(called_before[0].parent, hyp.db.parent)
    agenda = Agenda(hyp, called_before[1])
    hyp.ok("config", "set", "webhook_allow_private", "true")
    hyp.ok("config", "set", "webhook_url", "http://127.0.0.1:9/hook")  # where nobody listens
    hyp.ok("users", "add", NAME, "--id", "user-9", "--phone", FORMER, "--tz", "Europe/Madrid")
    words = ("--name", f"For {NAME}", "--description", "Calle Mayor 7", "--context", "street=Calle Mayor 7")
    hyp.ok("schedules", "add", "--user", "user-9", "--at", "now", *words)
    hyp("tick")
    hyp.ok("users", "edit", "user-9", "--phone", NUMBER, "--context", "street=Calle Mayor 7")
    hyp.ok("schedules", "add", "--user", "user-9", "--at", "now", "--metadata", f"who={NAME}")
    hyp.ok("schedules", "add", "--to", NUMBER, "--at", "now", "--ref", NAME)
    hyp.ok("schedules", "add", "--user", "user-9", "--weekdays", "1-7", "--at", "09:30", "--name", "daily")
    session = hyp.ok("sessions", "start", "user-9", "--channel", "web").out.strip()
    hyp("tick")  # put off, with every gate's answer
    hyp.ok("sessions", "end", session)
    hyp.ok("schedules", "pause", "daily", "--reason", f"{NAME} asked, from +34 699 123 456")
    hyp.ok("suppressions", "add", "+34600100001", "--reason", f"a friend of {NAME}")
    agenda.settle()
    hyp.ok("suppressions", "add", "user-9", "--reason", f"{NAME} asked")
    hyp.ok("suppressions", "remove", "user-9", "--reason", f"{NAME} changed their mind")
    agenda.add(OTHERS)
    hyp("tick")
    agenda.settle()
    journal_file = journal.path_of(hyp.db)
    journal_file.with_name(journal_file.name + ".old").write_bytes(journal_file.read_bytes())
    Path(f"{hyp.db}.before-3").write_bytes(hyp.db.read_bytes())
    assert any("Calle Mayor" in body for (body,) in hyp.query("select body from webhooks"))
    hyp.ok("config", "unset", "webhook_url")
    names = {name for name, _ in traces_in(hyp)}
    assert names >= {hyp.db.name + end for end in ("", ".dialled", ".dialled.old", ".simulated", ".before-3")}
    return hyp.db, called_before[1]


@pytest.fixture
def known(bare_hyp: Hyp, furnished_known: tuple[Path, Draft]) -> Agenda:
    """That workspace, to be changed."""
    shutil.copytree(furnished_known[0].parent, bare_hyp.db.parent)
    return Agenda(bare_hyp, furnished_known[1])


def schema_of(path: Path) -> set[tuple[str, str]]:
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "select name, sql from sqlite_master where sql is not null and name not like '\\_%' escape '\\'"
    )
    found = set(rows.fetchall())
    connection.close()
    return found


def test_no_byte_of_name_or_number_is_left_in_any_file_and_all_is_well(known: Agenda) -> None:
    hyp = known.hyp
    before, lines = schema_of(hyp.db), journal.path_of(hyp.db).read_text().count("\n")
    calls, trail = known.count("calls"), known.count("events")
    answer = hyp.ok("users", "forget", "user-9", "--yes", "--reason", f"{NAME} wrote a letter", "--json").json
    assert traces_in(hyp) == []
    assert schema_of(hyp.db) == before == schema_of(known_fresh(hyp))
    hyp.ok("db", "check", "--deep")
    assert (answer["user_ids"], answer["calls"], answer["file_written_anew"]) == (["user-9"], 3, True)
    assert len(answer["schedules_canceled"]) == 1
    assert answer["copies_deleted"] == ["default.db.before-3"]
    assert journal.path_of(hyp.db).read_text().count("\n") == lines + 1
    assert known.count("calls") == calls
    assert known.count("events") > trail
    (line,) = hyp.query("select actor, subject_id, reason from events where name = 'user.forgotten'")
    assert line == ("operator", "user-9", "(forgotten) wrote a letter")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        known.change("delete from events")
    assert hyp("users", "show", "user-9").code == 4
    assert known.discrepancies() == []
    for words in (
        ("history",),
        ("history", "--events"),
        ("schedules", "list", "--status", "all"),
        ("why", OTHERS[0]),
    ):
        hyp(*words)


def known_fresh(hyp: Hyp) -> Path:
    fresh = hyp.home / "fresh.db"
    if not fresh.exists():
        hyp.ok("--db", str(fresh), "init")
    return fresh


def test_a_copy_from_before_that_is_put_back_calls_them_no_more(known: Agenda) -> None:
    hyp = known.hyp
    copy = hyp.home / "copy.db"
    hyp.ok("schedules", "resume", "daily")
    hyp.ok("db", "backup", str(copy))
    hyp.ok("users", "forget", "user-9", "--yes")
    before = sum(known.asked().values())
    put_back(known, copy)
    known.add(["+34600300001"])
    assert hyp("tick").code == 3, "the journal knows that it is an older copy"
    answer = hyp("reconcile")
    assert "hyp users forget user-9" in answer.err
    assert hyp.query("select status, status_reason from schedules where name = 'daily'") == [
        ("canceled", "callee_forgotten")
    ]
    known.settle()
    assert sum(known.asked().values()) == before + 1, "only who was added since"
    hyp.ok("users", "forget", "user-9", "--yes")
    assert hyp("users", "forget", "user-9", "--yes").code == 0
    assert traces_in(hyp) == []


@pytest.mark.parametrize(
    "moment",
    [
        "_cancel",
        "journal.rewrite",
        "simulated.forget",
        "_erase",
        "store_forget.erase",
        "journal.note_forgotten",
        "backup.sweep",
        "room.vacuum",
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_is_stopped_anywhere_does_it_again_and_nothing_is_left(
    known: Agenda, moment: str, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hyp = known.hyp
    program = f"""
import os, sys
from hyponema_cli.engine import forget
owner = forget
*path, name = {moment!r}.split(".")
for each in path:
    owner = getattr(owner, each)
real = getattr(owner, name)
def killed(*words, **more):
    if {when!r} == "after":
        real(*words, **more)
    os._exit(9)
setattr(owner, name, killed)
from hyponema_cli.cli.main import main
sys.exit(main(["users", "forget", "user-9", "--yes"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env=hyp.env, cwd=hyp.home, timeout=60, check=False, capture_output=True
    )
    assert done.returncode == 9, done
    hyp.ok("users", "forget", "user-9", "--yes")
    assert traces_in(hyp) == []
    hyp.ok("db", "check")
    hyp.ok("tick")


def test_killed_at_random_it_is_done_again(known: Agenda) -> None:
    dice = random.Random(7)
    for _ in range(8):
        with running(known.hyp, "users", "forget", "user-9", "--yes") as process:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=dice.uniform(0.15, 0.5))
            end(process)
        known.hyp.ok("db", "check")
    known.hyp.ok("users", "forget", "user-9", "--yes")
    assert traces_in(known.hyp) == []


def marked(word: str, line: list[Any]) -> list[Any]:
    return [*line[:3], word] if line[0] == "took" else line


APPENDER = """
import sys
from pathlib import Path
from hyponema_cli.clock import pause
from hyponema_cli.store import journal, open_store
store = open_store(Path(sys.argv[1]))
print("begun", flush=True)
for each in range(600):
    journal.append(store, [["took", f"call_{sys.argv[2]}_{each}", None, None]])
    pause(0.002)
"""


def test_the_journal_loses_no_line_of_those_who_append_to_it_meanwhile(known: Agenda) -> None:
    hyp = known.hyp
    place = journal.path_of(hyp.db)
    before = place.read_text().splitlines()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(hyp.db), str(each)], stdout=subprocess.PIPE, env=hyp.env, text=True
        )
        for each in range(3)
    ]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.readline()
    store = open_store(hyp.db)
    rewritten = 0
    while any(writer.poll() is None for writer in writers):
        rewritten += 1
        journal.rewrite(place, partial(marked, str(rewritten)), str)
    store.close()
    for writer in writers:
        assert writer.communicate()[1] is None
        assert writer.returncode == 0
    lines = [json.loads(line) for line in place.read_text().splitlines() if line]
    assert rewritten > 1
    assert [line[0] for line in lines[: len(before)]] == [json.loads(line)[0] for line in before]
    for each in range(3):
        theirs = [line[1] for line in lines if str(line[1]).startswith(f"call_{each}_")]
        assert theirs == [f"call_{each}_{number}" for number in range(600)], "in order, none lost"


def test_a_file_that_others_hold_is_not_written_anew_and_that_is_said(known: Agenda) -> None:
    hyp = known.hyp
    reader = sqlite3.connect(hyp.db, isolation_level=None)
    with locked(known.carrier_file, "immediate"):
        answer = hyp("users", "forget", "user-9", "--yes")
        assert answer.code == 11
        assert ".simulated was locked" in answer.err
    reader.close()
    hyp.ok("users", "forget", "user-9", "--yes")
    assert traces_in(hyp) == []


def test_nothing_of_theirs_may_be_going_on(agenda: Agenda) -> None:
    hyp = agenda.hyp
    hyp.ok("users", "add", NAME, "--id", "user-9", "--phone", "+34699123499", "--tz", "Europe/Madrid")
    hyp.ok("schedules", "add", "--user", "user-9", "--at", "now")
    hyp("tick")
    answer = hyp("users", "forget", "user-9", "--yes")
    assert (answer.code, answer.err.count("hint: hyp reconcile --resolve call_")) == (5, 1), answer
    (call,) = hyp.query("select id from calls where finished_at is null and to_number = '+34699123499'")
    hyp.ok("reconcile", "--resolve", call[0], "placed")
    until(lambda: agenda.count("executions where finished_at is null") == 0 or hyp("tick").code > 3)
    hyp.ok("users", "forget", "user-9", "--yes")
