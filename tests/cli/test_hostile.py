"""Whatever stands in a workspace, it harms nobody who looks at it, and programs get it back as it was.

Every text that somebody may bring is hostile here: rich's markup, escape sequences, direction overrides, newlines,
tabs, shell words, ten thousand characters.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import PATH, Hyp
from tests.cli.test_output import on_a_terminal

LONG = "a̐é" + "x" * 10_000 + "end"
NAMES = {
    "markup": "[red]x[/] [/] [link=file:///etc/passwd]y[/link] :phone: {braces} %s",
    "escape": "\x1b[2J\x1b]0;title\x07\x1b[31mred\x9b31m\x08\x7f",
    "lines": "two\nlines\r\n\ttab\u2028separator\x0b\x0c",
    "bidi": "user\u202egnp.exe\u2066\u200f\ufeff שלום",
    "shell": "$(touch pwned) `touch pwned` '; touch pwned; \" \\ -n --yes *",
    "long": LONG,
}
HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
OWN_CODES = re.compile("\x1b\\[[0-9;]*m|\x1b\\[\\?25[lh]|\r?\x1b\\[(?:2K|1A)")
"""What rich writes by itself to a terminal: colours; and a progress bar, in its own line."""

LOOKS = [
    ("agents", "list"),
    ("users", "list"),
    ("numbers", "list"),
    ("schedules", "list", "--status", "all"),
    ("sessions", "list"),
    ("suppressions", "list"),
    ("webhooks", "list"),
    ("history",),
    ("history", "--events"),
    ("history", "--session", "talk"),
    ("promises",),
    ("carriers", "list"),
    ("reconcile",),
]
"""Lists: each in every form."""
READS = [
    ("users", "show", "user-escape"),
    ("agents", "show", "agent-escape"),
    ("schedules", "show", NAMES["escape"]),
    ("schedules", "show", NAMES["lines"]),
    ("sessions", "show", "talk"),
    ("occurrences", NAMES["bidi"]),
    ("why", "user-bidi"),
    ("why", NAMES["markup"]),
    ("tick", "--dry-run"),
    ("simulate", "--days", "2"),
    ("health",),
    ("doctor",),
    ("metrics",),
    ("history", "--chart"),
    ("report", "--html", "-"),
    ("config", "show"),
]
ERRORS = [
    *[("users", "show", name) for name in NAMES.values()],
    *[("schedules", "show", f"no {name}") for name in NAMES.values()],
    ("schedules", "add", "--weekdays", NAMES["escape"], "--at", "09:30"),
    ("schedules", "add", "--tz", NAMES["bidi"], "--in", "5m"),
    ("users", "add", "x", "--phone", NAMES["lines"]),
    ("config", "set", NAMES["markup"], NAMES["escape"]),
    ("tools", "call", NAMES["escape"], "--agent", NAMES["bidi"], "--session", NAMES["lines"]),
    (NAMES["escape"],),
    ("users", NAMES["lines"]),
    ("users", "list", "--fields", NAMES["escape"]),
    ("users", "list", f"--{NAMES['bidi']}"),
    ("history", "--since", NAMES["markup"]),
]


@pytest.fixture(scope="session")
def hostile_file(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Path:
    """A workspace in which everything has a hostile name, made once and copied for each test."""
    home = tmp_path_factory.mktemp("hostile")
    hyp = Hyp(home, {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PATH": PATH, "LANG": "C.UTF-8"})
    hyp.db.parent.mkdir(parents=True)
    shutil.copy(furnished, hyp.db)
    hyp.ok("config", "set", "webhook_url", "https://hooks.example/hyp")
    for number, (kind, name) in enumerate(NAMES.items(), 2):
        hyp.ok("agents", "add", name, "--id", f"agent-{kind}", "--stream-url", "wss://agent.example/other")
        hyp.ok("numbers", "add", f"+3491000000{number}", "--label", name)
        hyp.ok("numbers", "attach", f"+3491000000{number}", f"agent-{kind}")
        hyp.ok(
            "users", "add", name, "--id", f"user-{kind}", "--phone", f"+3460000000{number}", "--tz", "Europe/Madrid"
        )
        short = name[:500]
        about = ("--name", name, "--description", name, "--context", f"{short[:60].replace('=', '')}={short}")
        whom = ("--agent", f"agent-{kind}", "--user", f"user-{kind}", "--ref", name, "--metadata", f"k={name}")
        hyp.ok("schedules", "add", "--weekdays", "1-7", "--at", "09:30", *whom, *about)
        hyp.ok("suppressions", "add", f"+3460000009{number}", "--reason", name)
    hyp.ok(
        "schedules", "add", "--at", "now", "--agent", "agent-bidi", "--user", "user-bidi", "--name", NAMES["shell"]
    )
    hyp.ok("schedules", "pause", NAMES["lines"], "--reason", NAMES["escape"])
    hyp.ok("tick")
    hyp.ok("sessions", "start", "user-markup", "--id", "talk", "--channel", NAMES["lines"])
    hyp.ok("agents", "tools", "agent-escape", "enable", "schedule_callback")
    tool = ("tools", "call", "schedule_callback", "--agent", "agent-escape", "--session", "talk")
    for when in ("in 2 hours", NAMES["escape"]):
        answer = hyp(*tool, stdin=json.dumps({"when": when, "about": NAMES["lines"]})).json
    proposal = hyp(*tool, stdin=json.dumps({"when": "in 2 hours", "about": NAMES["lines"]})).json["proposal"]
    assert hyp(*tool, stdin=json.dumps({"confirm": proposal})).json["status"] == "booked"
    assert answer["status"] == "unclear"
    return hyp.db


@pytest.fixture
def hostile(bare_hyp: Hyp, hostile_file: Path) -> Hyp:
    """The program in a workspace in which everything has a hostile name."""
    bare_hyp.db.parent.mkdir(parents=True)
    shutil.copy(hostile_file, bare_hyp.db)
    return bare_hyp


def harmless(text: str) -> bool:
    """True when nothing in it moves a cursor or fools an eye; tabs and line ends stand between fields and rows."""
    return HARMFUL.search(text) is None


@pytest.mark.parametrize("words", [*LOOKS, *READS], ids=lambda words: ascii(" ".join(words))[:60])
def test_nothing_reaches_a_terminal_at_any_width(hostile: Hyp, words: tuple[str, ...]) -> None:
    for columns in (40, 80, 160):
        seen = OWN_CODES.sub("", on_a_terminal(hostile, *words, columns=columns))
        assert harmless(seen), (columns, HARMFUL.search(seen))
        assert "Traceback" not in seen
        assert seen


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_a_pipe_gets_as_many_fields_in_every_line_and_nothing_that_acts(hostile: Hyp, words: tuple[str, ...]) -> None:
    answer = hostile(*words)
    assert harmless(answer.out + answer.err)
    assert len({line.count("\t") for line in answer.out.splitlines()}) <= 1
    for form in ("--ids", "--jsonl", "--json"):
        assert harmless(hostile(*words, form).out)


@pytest.mark.parametrize("words", LOOKS, ids=" ".join)
def test_each_form_of_json_says_the_same(hostile: Hyp, words: tuple[str, ...]) -> None:
    rows = hostile(*words, "--json").json
    assert [json.loads(line) for line in hostile(*words, "--jsonl").out.splitlines()] == rows


def test_json_gives_back_what_was_brought(hostile: Hyp) -> None:
    assert set(NAMES.values()) <= {each["name"] for each in hostile("users", "list", "--json").json}
    schedules = {each["name"]: each for each in hostile("schedules", "list", "--status", "all", "--json").json}
    for name in NAMES.values():
        it = schedules[name]
        assert (it["description"], it["ref"], it["metadata"]) == (name, name, {"k": name})
        assert list(it["customer_context"].values()) == [name[:500]]
    reasons = {each["reason"] for each in hostile("suppressions", "list", "--json").json}
    assert set(NAMES.values()) <= reasons


@pytest.mark.parametrize("words", ERRORS, ids=lambda words: ascii(" ".join(words))[:60])
def test_an_error_names_the_value_harmlessly_in_one_line_and_a_hint(hostile: Hyp, words: tuple[str, ...]) -> None:
    answer = hostile(*words)
    if words[:2] == ("tools", "call"):
        assert (answer.json["error"]["kind"], harmless(answer.out)) == ("unknown_tool", True)
        return
    if words[:2] == ("users", "show"):
        assert answer.code == 0  # by its exact name
        return
    assert answer.code in (2, 4)
    assert harmless(answer.err)
    assert len(answer.err) < 2_000
    error, hint = answer.err.splitlines()
    assert error.startswith("hyp: error: ")
    assert hint.startswith("hint: ")
    document = json.loads(hostile(*words, "--json").err)
    assert set(document["error"]) == {"kind", "code", "message", "hint"}


def test_the_lines_of_a_worker_hold_nothing_that_acts(hostile: Hyp) -> None:
    for form in ("text", "json", "journal"):
        hostile.ok("schedules", "add", "--at", "now", "--agent", "agent-escape", "--user", "user-escape")
        worker = hostile.start("run-worker", "--log-format", form, "--interval", "1")
        lines = []
        assert worker.stderr is not None
        for line in worker.stderr:
            lines.append(line)
            if "sch_" in line:
                break
        worker.terminate()
        rest = worker.communicate(timeout=20)
        assert harmless("".join(lines) + rest[0] + rest[1])


def test_what_is_to_be_pasted_into_a_shell_does_what_it_says(hostile: Hyp) -> None:
    """A misspelt hostile name is suggested so that the shell takes it as one word."""
    answer = hostile("schedules", "show", NAMES["shell"][:-1] + "?")
    assert answer.code == 4
    subprocess.run(["sh", "-c", f"set -- {shlex.quote(answer.err)}"], cwd=hostile.home, check=True)
    assert not list(hostile.home.rglob("pwned"))


def test_bytes_that_are_no_text_are_refused_in_one_line(hyp: Hyp) -> None:
    before = hyp.dump()
    answer = hyp("users", "add", "\udcff\udcfe", "--phone", "+34600000002")
    error, hint = answer.err.splitlines()
    assert (answer.code, error.startswith("hyp: error: "), hint.startswith("hint: ")) == (2, True, True)
    for body in ('{"name": "\\ud800", "phone_number": "+34600000002", "run_at": "2090-01-01T00:00:00Z"}',):
        answer = hyp("schedules", "add", "--from-json", "-", stdin=body)
        assert (answer.code, harmless(answer.err)) == (2, True)
    assert hyp.dump() == before
