"""What holds for every command: the forms of a list, what is cut is said, and a dry run stores nothing."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from hyponema_cli.cli.main import COMMANDS
from hyponema_cli.cli.shells.spots import FIELDS
from tests.cli.conftest import COMMAND, PATH, Hyp
from tests.cli.test_output import on_a_terminal

LISTS = {
    ("agents", "list"): "id",
    ("users", "list"): "id",
    ("numbers", "list"): "id",
    ("schedules", "list"): "id",
    ("history",): "execution_id",
    ("sessions", "list"): "id",
    ("suppressions", "list"): "phone_number",
    ("webhooks", "list"): "id",
    ("promises",): "id",
    ("tokens", "list"): "id",
}
"""Each list that may be long, and the field that `--ids` gives."""
SHORT_LISTS = {("carriers", "list"), ("occurrences",), ("reconcile",), ("doctor",)}

WRITES = [
    ("agents", "add", "Other", "--stream-url", "wss://agent.example/other"),
    ("agents", "edit", "agent-123", "--name", "Another"),
    ("agents", "tools", "agent-123", "disable", "manage_callback"),
    ("agents", "remove", "agent-125"),
    ("users", "add", "Ben", "--phone", "+34600000002"),
    ("users", "import", "users.csv"),
    ("users", "edit", "user-1", "--name", "Anna"),
    ("users", "remove", "user-3"),
    ("numbers", "add", "+34910000009"),
    ("numbers", "edit", "+34910000001", "--label", "Front desk"),
    ("numbers", "attach", "+34910000002", "agent-123"),
    ("numbers", "detach", "+34910000003"),
    ("numbers", "release", "+34910000002"),
    ("schedules", "pause", "weekly"),
    ("schedules", "resume", "paused"),
    ("schedules", "cancel", "weekly"),
    ("schedules", "skip", "weekly"),
    ("schedules", "run-now", "weekly"),
    ("schedules", "import", "schedules.csv"),
    ("sessions", "start", "user-1"),
    ("sessions", "touch", "talk"),
    ("sessions", "end", "talk"),
    ("suppressions", "add", "user-1"),
    ("suppressions", "remove", "+34600000099"),
    ("config", "set", "call_cap", "3/24h"),
    ("config", "unset", "timezone"),
    ("tokens", "add", "other"),
    ("tokens", "revoke", "crm"),
]
"""A change with each command that takes `--dry-run` as the others do."""
FILES = {
    "schedules.csv": ("phone_number,cron_expression,agent_id", "+34600000005,0 9 * * 1,agent-123"),
    "users.csv": ("id,name,phone_number", "user-9,Eva,+34600000005"),
}
"""What imports read."""
ITS_OWN_WAY = {("schedules", "add"), ("schedules", "edit"), ("users", "forget"), ("tick",), ("db", "prune")}
ITS_OWN_WAY |= {("db", "migrate"), ("db", "vacuum"), ("webhooks", "retry"), ("reconcile",)}
"""Those whose dry run says more, tried beside what they do."""


@pytest.fixture(scope="session")
def well_furnished(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Path:
    """A workspace with two of everything, made once and copied for each test."""
    home = tmp_path_factory.mktemp("well_furnished")
    env = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": PATH, "LANG": "C.UTF-8"}
    hyp = Hyp(home, env)
    hyp.db.parent.mkdir(parents=True)
    shutil.copy(furnished, hyp.db)
    hyp.ok("agents", "add", "Spare", "--id", "agent-124", "--stream-url", "wss://agent.example/spare")
    hyp.ok("agents", "add", "Third", "--id", "agent-125", "--stream-url", "wss://agent.example/third")
    hyp.ok("numbers", "add", "+34910000002", "--label", "spare")
    hyp.ok("users", "add", "Carla", "--id", "user-2", "--phone", "+34600000003")
    hyp.ok("users", "add", "Dora", "--id", "user-3", "--phone", "+34600000004")
    hyp.ok("numbers", "add", "+34910000003")
    hyp.ok("numbers", "attach", "+34910000003", "agent-124")
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    hyp.ok("config", "set", "webhook_url", "https://hooks.example/hyp")
    weekly = ("schedules", "add", "--weekdays", "1", "--at", "09:30", "--agent", "agent-123", "--user", "user-1")
    hyp.ok(*weekly, "--name", "weekly")
    hyp.ok(*weekly, "--name", "paused")
    hyp.ok("schedules", "pause", "paused")
    for user in ("user-1", "user-2"):
        hyp.ok("schedules", "add", "--at", "now", "--agent", "agent-123", "--user", user)
        hyp.ok("tick")
    hyp.ok("tokens", "add", "crm", "--scope", "read,write")
    hyp.ok("tokens", "add", "dashboard")
    hyp.ok("sessions", "start", "user-2", "--id", "talk")
    hyp.ok("sessions", "start", "user-2", "--id", "chat")
    hyp.ok("suppressions", "add", "+34600000098", "+34600000099")
    hyp.ok("agents", "tools", "agent-123", "enable", "schedule_callback", "manage_callback")
    for session, when in (("talk", "in 2 hours"), ("chat", "in 3 hours")):
        tool = ("tools", "call", "schedule_callback", "--agent", "agent-123", "--session", session)
        proposal = hyp(*tool, stdin=json.dumps({"when": when})).json["proposal"]
        assert hyp(*tool, stdin=json.dumps({"confirm": proposal})).json["status"] == "booked"
    return hyp.db


@pytest.fixture
def full(bare_hyp: Hyp, well_furnished: Path) -> Hyp:
    """The program in a workspace with two of everything."""
    bare_hyp.db.parent.mkdir(parents=True)
    shutil.copy(well_furnished, bare_hyp.db)
    for name, lines in FILES.items():
        (bare_hyp.home / name).write_text("\n".join(lines), "utf-8")
    return bare_hyp


def leaves() -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Yield each command and the names of its options."""
    for name, module in COMMANDS.items():
        loaded = typer.main.get_command(importlib.import_module(f"hyponema_cli.cli.{module}").app)
        below: Mapping[str, Any] = getattr(loaded, "commands", {})
        found = {(name, verb): leaf for verb, leaf in below.items()} if below else {(name,): loaded}
        for words, leaf in found.items():
            yield words, {option for each in leaf.params for option in each.opts}


def test_every_command_takes_the_options_of_its_kind() -> None:
    options = dict(leaves())
    assert all({"--db", "--workspace", "--json", "--no-input"} <= taken for taken in options.values())
    assert {words for words, taken in options.items() if "--limit" in taken} == set(LISTS)
    assert {words for words, taken in options.items() if "--jsonl" in taken} == set(LISTS) | SHORT_LISTS
    rehearsed = {words for words, taken in options.items() if {"--dry-run", "-n"} <= taken}
    assert rehearsed == {words[: 1 if words[:1] in options else 2] for words in WRITES} | ITS_OWN_WAY


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_list_says_the_same_in_each_form(full: Hyp, words: tuple[str, ...]) -> None:
    rows = full.ok(*words, "--json").json
    ids = [row[LISTS[words]] for row in rows]
    assert ",".join(rows[0]) == FIELDS[" ".join(["hyp", *words])], "what Tab completes behind --fields"
    assert len(rows) >= 2
    assert [json.loads(line) for line in full.ok(*words, "--jsonl").out.splitlines()] == rows
    assert full.ok(*words, "--ids").out.splitlines() == ids
    first, second, *_ = rows[0]
    assert full.ok(*words, "--fields", f"{second},{first}", "--json").json == [
        {second: row[second], first: row[first]} for row in rows
    ]
    assert [line.split("\t")[1] for line in full.ok(*words, "--fields", f"{second},{first}").out.splitlines()] == [
        row[first] for row in rows
    ]
    assert first.upper() in on_a_terminal(full, *words, "--fields", first)


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
def test_a_list_that_is_cut_says_so_in_a_pipe_too(full: Hyp, words: tuple[str, ...]) -> None:
    whole = full.ok(*words, "--limit", "0", "--ids")
    cut = full.ok(*words, "--limit", "1", "--ids")
    just = full.ok(*words, "--limit", str(len(whole.out.splitlines())), "--ids")
    assert cut.out.splitlines() == whole.out.splitlines()[:1]
    assert cut.err == "Only 1 is shown; for all of them: --limit 0\n"
    assert (just.out, just.err, whole.err) == (whole.out, "", "")


@pytest.mark.parametrize(
    "words",
    [
        ("schedules", "add", "--user", "", "--in", "5m"),
        ("schedules", "add", "--in", "5m", "--until", ""),
        ("schedules", "add", "--from-json", ""),
        ("schedules", "list", "--status", ""),
        ("users", "list", "--fields", ""),
        ("users", "list", "--db", ""),
        ("--db", "", "users", "list"),
    ],
    ids=" ".join,
)
def test_an_option_without_its_value_is_not_one_that_was_not_given(full: Hyp, words: tuple[str, ...]) -> None:
    before = full.dump()
    answer = full(*words)
    assert (answer.code, answer.out, full.dump()) == (2, "", before)
    error, hint = answer.err.splitlines()
    assert error.startswith(f"hyp: error: {words[words.index('') - 1]} '' is empty")
    assert hint == "hint: is a variable of your script not set?"


def test_a_message_that_cannot_be_written_changes_neither_the_answer_nor_the_exit_code(full: Hyp) -> None:
    with Path("/dev/full").open("w") as nowhere:
        for words, code in {
            ("schedules", "add", "--in", "5m", "--agent", "agent-123", "--user", "user-1"): 0,
            ("schedules", "show", "nothing"): 4,
            ("users", "list", "--fields", "nothing"): 2,
        }.items():
            done = subprocess.run(
                [*COMMAND, *words], env=full.env, stdout=subprocess.PIPE, stderr=nowhere, text=True, check=False
            )
            assert (done.returncode, done.stdout.startswith("sch_")) == (code, code == 0)


def test_an_id_that_hyp_made_is_another_one_when_it_is_nearly_the_same(full: Hyp) -> None:
    (known, *_) = full.ok("schedules", "list", "--ids").out.split()
    assert f"did you mean {known!r}?" in full("schedules", "show", known.lower()).err
    other = known[:-1] + ("0" if known[-1] != "0" else "1")
    assert "did you mean" not in full("schedules", "show", other).err
    assert "did you mean 'weekly'?" in full("schedules", "show", "wekly").err


@pytest.mark.parametrize(
    "words",
    [
        ("report", "--html"),
        ("metrics", "--write"),
        ("schedules", "export", "--format", "json"),
        ("users", "export", "--format", "json"),
    ],
    ids=" ".join,
)
def test_nothing_is_written_over_the_workspace_or_what_belongs_to_it(full: Hyp, words: tuple[str, ...]) -> None:
    before = full.dump()
    for own in (full.db, Path(f"{full.db}-journal"), Path(f"{full.db}.dialled")):
        answer = full(*words, str(own))
        assert (answer.code, "belongs to the workspace itself" in answer.err) == (2, True)
    assert full.dump() == before


def test_two_forms_at_once_are_refused(full: Hyp) -> None:
    for words in (("--json", "--ids"), ("--jsonl", "--json"), ("--ids", "--fields", "id")):
        answer = full("users", "list", *words)
        assert (answer.code, answer.out) == (2, "")
        assert "cannot be used together" in answer.err


def test_a_field_that_is_not_there_is_named(full: Hyp) -> None:
    answer = full("users", "list", "--fields", "id,phone_nmber")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == ("hyp: error: --fields 'phone_nmber' is not a field\nhint: did you mean phone_number?\n")


@pytest.mark.parametrize("words", WRITES, ids=[" ".join(words) for words in WRITES])
def test_a_dry_run_says_what_it_would_do_and_stores_nothing(full: Hyp, words: tuple[str, ...]) -> None:
    before = full.dump()
    rehearsed = full.ok(*words, "-n")
    assert full.dump() == before
    assert rehearsed.out == ""
    assert "Dry run: nothing is stored." in rehearsed.err.splitlines()
    assert re.search(r"[Ww]ould |might ", rehearsed.err), rehearsed.err
    assert not re.search(r"\b(is|may|has|will|does|[A-Z][a-z]+ed) ", _without_the_note(rehearsed.err)), rehearsed.err
    told = full.ok(*words, "-n", "--json").json
    assert all(each["dry_run"] is True for each in (told if isinstance(told, list) else [told]))
    assert full.dump() == before
    assert full(*words).code in (0, 3)  # 3: a call made by hand has to wait for another of the same person
    assert full.dump() != before


def _without_the_note(text: str) -> str:
    return text.replace("Dry run: nothing is stored.", "")


def test_a_dry_run_refuses_what_would_be_refused(full: Hyp) -> None:
    for words, code in {
        ("users", "add", "Ben", "--phone", "12"): 2,
        ("users", "edit", "nobody", "--name", "x"): 4,
        ("users", "remove", "user-1"): 5,
    }.items():
        assert full(*words, "--dry-run") == full(*words)
        assert full(*words).code == code


@pytest.mark.parametrize(
    "how", [{"words": ("--no-input",)}, {"env": {"HYP_NO_INPUT": "1"}}], ids=["option", "variable"]
)
def test_nothing_is_asked_where_nobody_is_to_be_asked(full: Hyp, how: dict[str, Any]) -> None:
    before = full.dump()
    seen = on_a_terminal(full, "users", "forget", "user-2", *how.get("words", ()), **how.get("env", {}))
    assert "hint: see what it would do: --dry-run; then say --yes" in seen
    assert full.dump() == before
