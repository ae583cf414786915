"""Help says what is there, and only that: commands, options, examples, exit codes, variables of the environment."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hyponema_cli
from hyponema_cli.cli import main, tree, usage
from hyponema_cli.cli.command import group
from hyponema_cli.cli.exits import MEANINGS, Exit
from hyponema_cli.cli.topics import ENVIRONMENT, FILES, TOPICS
from hyponema_cli.engine.doctor_machine import VARIABLES
from hyponema_cli.render import page as pages
from tests.cli.conftest import Hyp
from tests.cli.test_output import on_a_terminal

WHOLE = tree.whole()
LEAVES = [each for each in WHOLE.walk() if not each.is_group]
SOURCES = Path(hyponema_cli.__file__).parent


def names(them: list[tree.Command]) -> list[str]:
    return [each.name for each in them]


def typed(line: str) -> Iterator[list[str]]:
    """Yield the words behind each `hyp` in a line for the shell."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    words: list[str] = []
    for token in [*reader, ";"]:
        yield from (shlex.split(inner) for inner in re.findall(r"\$\(hyp ([^)]*)\)", token))
        if token.strip("();<>|&"):
            words.append(token)
        else:
            if "hyp" in words:
                # What xargs hands over is not written in the line.
                yield words[words.index("hyp") + 1 :] + (["sch_1"] if words[0] == "xargs" else [])
            words = []


def parse(words: list[str]) -> Any:
    """Let the real parser read words, and do nothing."""
    command = main.root_command()
    context = command.make_context("hyp", main._joined(words))
    while hasattr(command, "commands"):
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)
    return context


@pytest.mark.parametrize("it", LEAVES, ids=names(LEAVES))
def test_every_command_has_examples_that_can_be_typed(it: tree.Command) -> None:
    assert len(it.examples) >= 2
    for line in it.examples:
        commands = list(typed(line))
        assert commands, line
        assert it.name in {parse(words).command_path for words in commands}


@pytest.mark.parametrize("text", [text for _, said in TOPICS.values() for text in [said()]], ids=list(TOPICS))
def test_the_examples_of_the_topics_can_be_typed(text: list[pages.Block]) -> None:
    for block in text:
        for line in block.lines if isinstance(block, pages.Lines) else ():
            assert [parse(words) for words in typed(line)]


def test_an_example_with_a_word_that_there_is_not_is_found() -> None:
    for line in ("hyp schedules ad", "hyp schedules list --nosuch", "x | hyp db", "echo $(hyp db pth)"):
        with pytest.raises(Exception, match=r"(?i)no such|missing|help"):
            for words in typed(line):
                parse(words)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_page_is_no_wider_than_the_window(width: int) -> None:
    most = min(width, pages.WIDEST)
    for it in WHOLE.walk():
        for line in usage.page(it, width).splitlines():
            # A word, and what stands in quotes, is never broken: it may be typed.
            can_be_broken = " " in re.sub(r"'[^']*'|\"[^\"]*\"", "", line).strip(" \\")
            assert len(line) <= most or not can_be_broken, line


def test_a_page_has_the_width_of_the_window(hyp: Hyp) -> None:
    narrow = on_a_terminal(hyp, "schedules", "pause", "-h", columns=40)
    wide = on_a_terminal(hyp, "schedules", "pause", "-h", columns=80)
    assert len(narrow.splitlines()) > len(wide.splitlines())
    assert "\x1b" not in narrow + wide


def test_h_and_help_show_the_same_everywhere(bare_hyp: Hyp) -> None:
    for words in ([], ["schedules"], ["schedules", "add"], ["doctor"], ["help"]):
        said = {bare_hyp.ok(*words, "-h").out, bare_hyp.ok(*words, "--help").out, bare_hyp.ok("help", *words).out}
        assert len(said) == 1
        assert said.pop().startswith(f"Usage: {' '.join(['hyp', *words])} ")


def test_brackets_and_backslashes_are_shown_as_they_are() -> None:
    app = group("Reads [id], [/] and [red]x[/red]; C:\\temp, \\fB, :phone: and $(id).")
    loaded = main.typer.main.get_command(app)
    text = usage.page(tree.read(loaded, ("hyp", "x")), 100)
    assert "Reads [id], [/] and [red]x[/red]; C:\\temp, \\fB, :phone: and $(id)." in text


def test_the_overview_names_every_command_once() -> None:
    told = [name for commands in usage.OVERVIEW.values() for name in commands]
    assert sorted(told) == sorted(main.COMMANDS)


def test_options_that_every_command_takes_stand_apart() -> None:
    add = next(each for each in LEAVES if each.name == "hyp schedules add")
    own, shared = (section.blocks[0].rows for section in usage.options(add))
    assert [term for term, _ in shared] == ["--db PATH", "-w, --workspace NAME", "--json", "--no-input", "-h, --help"]
    assert ("--cron EXPR", "Five fields: '0 9 * * MON-FRI'.") in own


def test_the_tree_in_json_is_what_can_be_typed(bare_hyp: Hyp) -> None:
    told = bare_hyp.ok("help", "--json").json
    assert [each["name"] for each in told["commands"]] == [f"hyp {name}" for name in main.COMMANDS]
    assert told["exit_codes"]["3"] == MEANINGS[Exit.ATTENTION]
    assert told["version"] == hyponema_cli.__version__
    (schedules,) = [each for each in told["commands"] if each["name"] == "hyp schedules"]
    assert bare_hyp.ok("help", "schedules", "--json").json == schedules
    (limit,) = [
        option
        for verb in schedules["commands"]
        for option in verb["options"]
        if verb["name"] == "hyp schedules list" and "--limit" in option["names"]
    ]
    assert (limit["metavar"], limit["default"], limit["repeatable"]) == ("N", "50", False)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_told_in_words_and_in_json(bare_hyp: Hyp, topic: str) -> None:
    text = bare_hyp.ok("help", topic).out
    assert text.startswith(f"{TOPICS[topic][0]}:\n")
    assert bare_hyp.ok("help", topic, "--json").json == {"topic": topic, "text": text}


def test_every_exit_code_is_told() -> None:
    assert set(MEANINGS) == set(Exit)


def test_every_variable_that_is_read_is_told() -> None:
    found = set(VARIABLES)
    for source in SOURCES.rglob("*.py"):
        if source.name != "topics.py":
            for node in ast.walk(ast.parse(source.read_text())):
                found |= set(_read(node))
    of_an_account = re.compile(
        r"(HYP_)?(TWILIO|EXEC)_[A-Z0-9]+_(BASE_URL|PROGRAM|ACCOUNT_SID|REGION)|TWILIO_\w+_FILE"
    )
    told = set(re.findall(r"\w+", " ".join([*ENVIRONMENT, *ENVIRONMENT.values()])))
    assert {name for name in found if not of_an_account.fullmatch(name)} <= told
    assert {"HYP_DB", "HYP_LOG_LEVEL", "NO_COLOR", "CREDENTIALS_DIRECTORY", "TWILIO_AUTH_TOKEN"} <= found
    documented = {name for name in ENVIRONMENT if name.startswith("HYP_")}
    assert documented == set(VARIABLES)


def _read(node: ast.AST) -> Iterator[str]:
    """Yield the variables of the environment that a piece of code names."""
    match node:
        case ast.Constant(value=str(text)):
            yield from re.findall(r"\b(?:HYP|TWILIO)_[A-Z][A-Z_]*[A-Z]\b", text)
        case ast.Call(func=ast.Attribute(value=value, attr="get"), args=[ast.Constant(value=str(name)), *_]) | (
            ast.Subscript(value=value, slice=ast.Constant(value=str(name)))
        ) if ast.unparse(value).endswith("environ"):
            yield name


def test_every_file_beside_a_workspace_is_told() -> None:
    code = "".join(each.read_text() for each in SOURCES.rglob("*.py"))
    suffixes = set(
        re.findall(r'[nNm]ame[}]?(?: \+ "|\()?[^"\n]{0,20}"?(\.(?:dialled|heartbeat|simulated|webhook-secret))', code)
    )
    told = " ".join(FILES)
    assert all(suffix in told for suffix in suffixes | {".dialled", ".heartbeat", ".simulated", ".webhook-secret"})


@pytest.mark.parametrize(
    ("words", "wrong", "hint"),
    [
        (("schdules",), "no such command 'schdules'", "did you mean hyp schedules?"),
        (("schedules", "lst"), "no such command 'lst'", "did you mean hyp schedules list?"),
        (("schedules", "xyz"), "no such command 'xyz'", "hyp schedules --help"),
        (("xyz",), "no such command 'xyz'", "hyp --help"),
        (("--jsn", "tick"), "no such option '--jsn'", "did you mean --json?"),
        (("schedules", "--jsn", "list"), "no such option '--jsn'", "did you mean --json?"),
        (("schedules", "list", "--limt", "3"), "no such option '--limt'", "did you mean --limit?"),
        (("tick", "-q"), "no such option '-q'", "hyp tick --help"),
        (("help", "enviroment"), "there is no help on 'enviroment'", "did you mean hyp help environment?"),
        (
            ("help", "schedules", "lst"),
            "there is no help on 'schedules lst'",
            "did you mean hyp help schedules list?",
        ),
        (("help", "tick", "tock"), "there is no help on 'tick tock'", "hyp help tick"),
        (("man", "schdules"), "there is no help on 'schdules'", "did you mean hyp man schedules?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_is_misspelt_is_answered_with_the_nearest(
    bare_hyp: Hyp, words: tuple[str, ...], wrong: str, hint: str
) -> None:
    answer = bare_hyp(*words)
    assert (answer.code, answer.out, answer.err) == (2, "", f"hyp: error: {wrong}\nhint: {hint}\n")
    told = json.loads(bare_hyp(*words, "--json").err)["error"]
    assert (told["kind"], told["message"], told["hint"]) == ("usage", wrong, hint)


@pytest.mark.parametrize(
    ("words", "page"),
    [
        (("users", "list", "--fields"), "hyp users list --help"),
        (("users", "--db"), "hyp users --help"),
        (("--db",), "hyp --help"),
    ],
)
def test_an_option_without_its_value_is_answered_with_the_page_of_its_command(
    bare_hyp: Hyp, words: tuple[str, ...], page: str
) -> None:
    said = f"hyp: error: option {words[-1]!r} requires an argument\nhint: {page}\n"
    assert bare_hyp(*words).err == said


@pytest.mark.parametrize(
    ("words", "option", "behind"),
    [
        (("--ids", "users", "list"), "--ids", "hyp users list --ids"),
        (("--limit", "5", "users", "list"), "--limit", "hyp users list --limit 5"),
        (("users", "--limit=5", "list"), "--limit", "hyp users list --limit=5"),
        (("--db", "a b.db", "-n", "users", "remove", "x"), "-n", "hyp --db 'a b.db' users remove x -n"),
        (("--fields",), "--fields", "hyp COMMAND --fields"),
        (("--dry-run", "users", "add", "--", "-x"), "--dry-run", "hyp COMMAND --dry-run"),
    ],
)
def test_an_option_that_stands_too_early_is_answered_with_its_place(
    bare_hyp: Hyp, words: tuple[str, ...], option: str, behind: str
) -> None:
    answer = bare_hyp(*words)
    said = f"hyp: error: {option} stands before the command\nhint: put it behind: {behind}\n"
    assert (answer.code, answer.out, answer.err) == (2, "", said)


def test_jsonl_that_stands_too_early_is_answered_in_json(bare_hyp: Hyp) -> None:
    told = json.loads(bare_hyp("--jsonl", "users", "list").err)["error"]
    assert (told["kind"], told["hint"]) == ("usage", "put it behind: hyp users list --jsonl")


def test_a_word_that_could_fool_a_terminal_is_written_out(bare_hyp: Hyp) -> None:
    for words in (("\x1b[31mred",), ("tick", "--\x1b[31mred"), ("help", "\x1b[31mred")):
        answer = bare_hyp(*words)
        assert answer.code == 2
        assert "\x1b" not in answer.err


def test_the_readme_names_the_topics_as_they_are_typed() -> None:
    readme = (SOURCES.parent / "README.md").read_text()
    (said,) = re.findall(r"`hyp help ([^,`]+`.*?)tell what holds", readme, re.S)
    assert re.findall(r"`?([a-z-]+)`", said) == list(TOPICS)
