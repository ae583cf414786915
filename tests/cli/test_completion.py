"""Tab completes commands, options, ids and names in bash, zsh and fish, and whatever a name holds is never run."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hyponema_cli.cli import tree
from hyponema_cli.cli.complete import Typed, read_bash, write_bash
from hyponema_cli.cli.shells import SHELLS, script
from hyponema_cli.cli.shells.spots import spots
from hyponema_cli.store import names
from hyponema_cli.store.migrations import SCHEMA_VERSION
from tests import generated
from tests.cli.conftest import COMMAND, PATH, Hyp
from tests.tools import needed

RUN = "$(touch pwned) `touch pwned`"
QUOTED = 'it\'s "so" \\ #1 & <x>; *?[a]{b} !'
COLONS = "a:b=c@d"
HOSTILE = {
    "user-run": RUN,
    "user-quoted": QUOTED,
    "user-colons": COLONS,
    "user-spaces": "two words",
    "user-tilde": "~x",
}
UNSPEAKABLE = {"nl-1": "new\nline", "esc-1": "red\x1b[31m\x1b[2J", "bidi-1": "x\u202ey", "dash-1": "-rf"}
"""Names that no line can hold: their ids stand for them."""


@pytest.fixture(scope="module")
def peopled(tmp_path_factory: pytest.TempPathFactory, furnished: Path) -> Path:
    """A workspace with people whose names are hostile."""
    home = tmp_path_factory.mktemp("peopled")
    hyp = Hyp(home, {"HOME": str(home), "HYP_DB": str(home / "hyp.db"), "PATH": PATH, "LANG": "C.UTF-8"})
    (home / "hyp.db").write_bytes(furnished.read_bytes())
    for index, (row_id, name) in enumerate({**HOSTILE, **UNSPEAKABLE}.items()):
        hyp.ok("users", "add", "--id", row_id, "--phone", f"+346000001{index:02}", "--", name)
    hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--user", "user-1", "--name", "Weekly check-in")
    return home / "hyp.db"


@pytest.fixture
def asked(peopled: Path, tmp_path: Path) -> Callable[..., list[str]]:
    """What `hyp _complete` answers, in lines."""

    def ask(*words: str, db: Path = peopled) -> list[str]:
        hyp = Hyp(tmp_path, {"HOME": str(tmp_path), "HYP_DB": str(db), "PATH": PATH, "LANG": "C.UTF-8"})
        answer = hyp("_complete", *words)
        assert (answer.code, answer.err) == (0, "")
        return answer.out.splitlines()

    return ask


START = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], "PS1='READY''> '; . {files}/hyp.bash\n"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "fpath=({files} $fpath); autoload -U compinit; compinit -u -d dump; PS1='READY''> '\n",
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        "function fish_prompt; echo 'READY''> '; end; source {files}/hyp.fish\n",
    ),
}
"""How a shell is started, and what it reads first."""


class Shell:
    """A shell at a terminal, in which lines are typed; `hyp` notes how it was called."""

    def __init__(self, name: str, home: Path, db: Path) -> None:
        words, setup = START[name]
        self.home = home
        (home / "bin").mkdir()
        program = home / "bin" / "hyp"
        program.write_text(
            f'#!/bin/sh\nif [ "$1" = _complete ]; then exec {shlex.join(COMMAND)} "$@"; fi\n'
            f'printf "%s\\0" "$@" >{home}/called.new; mv {home}/called.new {home}/called\n'
        )
        program.chmod(0o755)
        env = {"HOME": str(home), "HYP_DB": str(db), "PATH": f"{home}/bin:{PATH}", "LANG": "C.UTF-8", "TERM": "xterm"}
        env |= {"COLUMNS": "100", "LINES": "40", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        if "HYP_BIN" not in os.environ:
            env["PYTHONPATH"] = str(generated.ROOT)
        main, far = pty.openpty()
        self.terminal = main
        self.process = subprocess.Popen(
            ["setsid", "--ctty", needed(words[0]), *words[1:]],  # fish wants the terminal for itself
            cwd=home,
            env=env,
            stdin=far,
            stdout=far,
            stderr=far,
        )
        os.close(far)
        os.write(main, setup.format(files=generated.ROOT / "completions").encode())
        self._until(lambda seen: "READY> " in seen)

    def _until(self, condition: Callable[[str], bool]) -> str:
        """Read what the shell shows until that is so, for twenty seconds at most."""
        seen = ""
        for _ in range(200):
            if select.select([self.terminal], [], [], 0.1)[0]:
                seen += os.read(self.terminal, 65536).decode(errors="replace")
            if condition(seen):
                return seen
        raise AssertionError(f"waited in vain: {seen!r}")

    def type(self, keys: str) -> list[str]:
        """Type a line, and return the words that hyp was called with."""
        note = self.home / "called"
        note.unlink(missing_ok=True)
        os.write(self.terminal, f"{keys}\n".encode())
        self._until(lambda _: note.exists())
        return note.read_bytes().decode().split("\0")[:-1]

    def shown(self, keys: str, until: str) -> str:
        """Type, see what is shown, and drop the line."""
        os.write(self.terminal, keys.encode())
        seen = self._until(lambda seen: until in seen)
        os.write(self.terminal, b"\x15")
        return seen

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


@pytest.fixture(scope="module", params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, peopled: Path) -> Iterator[Shell]:
    """Each shell, once for all the lines of this file."""
    started = Shell(request.param, tmp_path_factory.mktemp(request.param), peopled)
    yield started
    started.close()


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("hyp sched\tpau\tWeek\t", ["schedules", "pause", "Weekly check-in"]),
        ("hyp schedules list --sta\tact\t", ["schedules", "list", "--status", "active"]),
        ("hyp schedules list --status=act\t", ["schedules", "list", "--status=active"]),
        ("hyp schedules list --status active,pau\t", ["schedules", "list", "--status", "active,paused"]),
        ("hyp --db x.db --js\ttic\t", ["--db", "x.db", "--json", "tick"]),
        ("hyp help env\t", ["help", "environment"]),
        ("hyp help sched\trun\t", ["help", "schedules", "run-now"]),
        ("hyp man users for\t", ["man", "users", "forget"]),
        ("hyp occurrences --at 09:30 --tz Europe/Mad\t", ["occurrences", "--at", "09:30", "--tz", "Europe/Madrid"]),
        ("hyp numbers attach +349\tagent-1\t", ["numbers", "attach", "+34910000001", "agent-123"]),
        ("hyp numbers attach +34910000001 Che\t--mo\t", ["numbers", "attach", "+34910000001", "Check-in", "--move"]),
        ("hyp reconcile --resolve call_1 pl\t", ["reconcile", "--resolve", "call_1", "placed"]),
        ("hyp config set webhook_a\tfa", ["config", "set", "webhook_allow_private", "fa"]),
        ("hyp carriers check simu\t", ["carriers", "check", "simulated"]),
        ("hyp completion zs\t", ["completion", "zsh"]),
        ("hyp schedules add --user=An\t", ["schedules", "add", "--user=Ana"]),
        ("hyp schedules add --user 'An\t", ["schedules", "add", "--user", "Ana"]),
        ("hyp users show tw\t", ["users", "show", "two words"]),
        ("hyp users show two\\ w\t", ["users", "show", "two words"]),
        ("hyp users show 'two w\t", ["users", "show", "two words"]),
        ('hyp users show "two w\t', ["users", "show", "two words"]),
        ("hyp users show a:\t", ["users", "show", COLONS]),
        ("hyp users show a:b=\t", ["users", "show", COLONS]),
        ("hyp users show \\$\t", ["users", "show", RUN]),
        ("hyp users show '$\t", ["users", "show", RUN]),
        ('hyp users show "\\$\t', ["users", "show", RUN]),
        ("hyp users show it\\'\t", ["users", "show", QUOTED]),
        ("hyp users show \\~\t", ["users", "show", "~x"]),
        ("hyp users show nl\t", ["users", "show", "nl-1"]),
        ("hyp users show esc\t", ["users", "show", "esc-1"]),
        ("hyp --db nowhere.db users show An\t", ["--db", "nowhere.db", "users", "show", "An"]),
        ("hyp nonsense An\t", ["nonsense", "An"]),
    ],
)
def test_tab_completes(shell: Shell, keys: str, words: list[str]) -> None:
    assert shell.type(keys) == words
    assert not (shell.home / "pwned").exists()
    assert not (shell.home / "nowhere.db").exists()


def test_what_is_shown_for_a_choice_moves_no_cursor(shell: Shell) -> None:
    seen = shell.shown("hyp users show \t\t", "two")
    assert "\x1b[31m\x1b[2J" not in seen
    assert "\u202e" not in seen
    assert not (shell.home / "pwned").exists()


@pytest.mark.parametrize(("name", "check"), [("hyp.bash", "bash"), ("_hyp", "zsh"), ("hyp.fish", "fish")])
def test_the_shell_itself_reads_its_script(name: str, check: str) -> None:
    done = subprocess.run(
        [needed(check), "-n", generated.ROOT / "completions" / name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_shellcheck_finds_nothing_in_the_script_for_bash() -> None:
    done = subprocess.run(
        [needed("shellcheck"), generated.ROOT / "completions" / "hyp.bash"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_command_prints_the_script(bare_hyp: Hyp) -> None:
    for shell, (name, _) in SHELLS.items():
        text = bare_hyp.ok("completion", shell).out
        assert text == script(shell) == (generated.ROOT / "completions" / name).read_text()
    assert bare_hyp.ok("completion", "bash", "--json").json["shell"] == "bash"
    answer = bare_hyp("completion", "zhs")
    assert (answer.code, answer.err) == (2, "hyp: error: shell 'zhs' is not known\nhint: did you mean zsh?\n")


def test_every_choice_in_a_help_text_is_completed() -> None:
    kinds = {(spot.path, word.names[-1]): word.kinds for spot in spots(tree.whole()) for word in spot.options}
    choices = {
        key: kind for key, kind in kinds.items() if key[1] in ("--status", "--backoff", "--log-format", "--gate")
    }
    assert len(choices) >= 7
    assert all(kind[0].startswith(("one:", "each:")) for kind in choices.values())
    asked = {kind for spot in spots(tree.whole()) for word in spot.options for kind in word.kinds}
    asked |= {kind for spot in spots(tree.whole()) for kind in spot.arguments}
    known = names.KINDS | {"zones", "carriers", "workspaces"}
    assert {each for kind in asked if kind.startswith("ask:") for each in kind[4:].split(",")} <= known


def test_a_thing_is_offered_by_its_name_and_by_its_id_when_the_name_cannot_be_typed(
    asked: Callable[..., list[str]],
) -> None:
    offered = [line.partition("\t")[0] for line in asked("zsh", "users", "")]
    assert set(offered) == {"Ana", *HOSTILE.values(), *UNSPEAKABLE}
    assert asked("fish", "users", "user-ru") == [f"user-run\t{RUN}"]
    assert asked("bash", "agents", "", "", "", "63") == ["Check-in  (agent-123)"]
    assert asked("bash", "agents", "", "", "", "9") == ["Check-in"]
    assert all(line.isprintable() for line in asked("bash", "users", "", "", "", "63"))


def test_a_name_that_several_bear_is_offered_by_ids(
    asked: Callable[..., list[str]], peopled: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "twice.db"
    copy.write_bytes(peopled.read_bytes())
    connection = sqlite3.connect(copy)
    connection.execute("update users set name = 'Ana' where id = 'user-tilde'")
    connection.commit()
    connection.close()
    assert {"user-1\tAna", "user-tilde\tAna"} <= set(asked("zsh", "users", "", db=copy))


@pytest.mark.parametrize(
    "name",
    [
        "$(id)",
        "`id`",
        "it's",
        'say "x"',
        "a\\b",
        "a\\",
        "!!",
        "~",
        "#x",
        "a b",
        "Ünï",
        "*",
        "{a,b}",
        "a:b=c@d",
        "$HOME",
    ],
)
@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_what_is_written_for_bash_is_read_by_bash_as_it_was_meant(name: str, quote: str) -> None:
    written = write_bash(name, Typed(quote, "", ""))
    if written is None:
        assert (quote, "'" in name or "!" in name) in {("'", True), ('"', True)}
        return
    done = subprocess.run(
        ["bash", "-c", f"set -H; printf %s {quote}{written}{quote}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == name
    if quote == "":
        assert read_bash(written) == Typed("", name, "")


def _no_workspace(path: Path) -> None:
    pass


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _other_file(path: Path) -> None:
    path.write_text("no database " * 1000)


def _empty_file(path: Path) -> None:
    path.touch()


def _other_database(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("create table users (id, name, removed_at, phone_number)")
        connection.execute("insert into users values ('user-1', 'Ana', null, '')")
    connection.close()


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
    connection.close()


def _damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("trouble", "begins_with"),
    [
        (_no_workspace, None),
        (_folder, None),
        (_pipe, None),
        (_other_file, None),
        (_empty_file, None),
        (_other_database, None),
        (_newer, "a workspace"),
        (_damaged, "a workspace"),
    ],
)
def test_trouble_is_silent_and_leaves_nothing_behind(
    asked: Callable[..., list[str]],
    peopled: Path,
    tmp_path: Path,
    trouble: Callable[[Path], None],
    begins_with: str | None,
) -> None:
    path = tmp_path / "workspaces" / "hyp.db"
    path.parent.mkdir()
    if begins_with:
        path.write_bytes(peopled.read_bytes())
    trouble(path)
    before = sorted(tmp_path.rglob("*"))
    assert asked("zsh", "users", "", db=path) == []
    assert sorted(tmp_path.rglob("*")) == before


def test_a_locked_workspace_is_not_waited_for(asked: Callable[..., list[str]], peopled: Path, tmp_path: Path) -> None:
    path = tmp_path / "hyp.db"
    path.write_bytes(peopled.read_bytes())
    holder = sqlite3.connect(path)
    holder.execute("pragma locking_mode = exclusive")
    holder.execute("begin exclusive")
    assert asked("zsh", "users", "", db=path) == []
    assert asked("zsh", "users,zones", "Europe/Madr", db=path) == ["Europe/Madrid\t"]
    holder.close()


def test_words_that_make_no_sense_are_answered_with_silence(asked: Callable[..., list[str]]) -> None:
    for words in ((), ("zsh",), ("zsh", "nonsense", ""), ("zsh", "users", "", "a", "b", "c", "d"), ("sh", "x")):
        assert asked(*words) == []
    assert asked("bash", "users", "$(touch pwned)") == []
    assert asked("zsh", "users", "", "", "../../etc/passwd") == []


@pytest.mark.parametrize("state", ["closed", "in use", "left behind"])
def test_a_write_ahead_log_is_read_and_not_touched(
    asked: Callable[..., list[str]], peopled: Path, tmp_path: Path, state: str
) -> None:
    path = tmp_path / "workspaces" / "hyp.db"
    path.parent.mkdir()
    path.write_bytes(peopled.read_bytes())
    writer = sqlite3.connect(path)
    writer.execute("pragma journal_mode = wal")
    writer.execute("update users set name = 'Anna' where id = 'user-1'")
    writer.commit()
    if state == "closed":
        writer.close()
    if state == "left behind":
        kept = path.with_name("hyp.db-wal").read_bytes()
        writer.close()
        path.with_name("hyp.db-wal").write_bytes(kept)
    before = {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")}
    files = sorted(path.parent.iterdir())
    offered = asked("zsh", "users", "Ann", db=path)
    assert offered == ["Anna\tuser-1"] or state == "left behind"
    assert sorted(path.parent.iterdir()) == files
    assert {
        each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-shm")
    } == before
    writer.close()


def test_every_look_up_goes_by_an_index(peopled: Path) -> None:
    connection = sqlite3.connect(peopled)
    for kind, look_ups in names._LOOK_UPS.items():
        for look_up in look_ups:
            plan = connection.execute(f"explain query plan {look_up}", {"first": "", "last": "z"}).fetchall()
            scans = [row[3] for row in plan if row[3].startswith("SCAN")]
            # There are as many numbers as an operator rents, and as many live sessions as people talk: a few.
            few = {"accounts": "SCAN numbers", "sessions": "SCAN sessions USING INDEX sessions_live_by_number"}
            assert set(scans) <= {few.get(kind)}, (kind, scans)
    connection.close()


def test_what_runs_at_every_tab_imports_little(peopled: Path) -> None:
    done = subprocess.run(
        ["python3", "-X", "importtime", "-m", "hyponema_cli", "_complete", "zsh", "users", ""],
        cwd=generated.ROOT,
        env={"PATH": PATH, "HYP_DB": str(peopled), "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "hyponema_cli.store.names" in imported
    assert not {each for each in imported if each.split(".")[0] in {"typer", "rich", "sqlite_utils", "croniter"}}
    assert not {"hyponema_cli.cli.main", "hyponema_cli.cli.command"} & imported
    assert "Ana\tuser-1" in done.stdout.splitlines()


def in_its_place() -> list[str]:
    """Return each line of the README, the help and the docs that puts something into a folder of the home."""
    readme = (generated.ROOT / "README.md").read_text()
    operations = (generated.ROOT / "docs" / "operations.md").read_text()
    help_ = next(each for each in tree.whole().walk() if each.name == "hyp completion").examples
    lines = [*readme.splitlines(), *help_, *operations.splitlines()]
    return [line for line in lines if re.search(r"> (~|\$d)/|install .*/dev/null ~/", line)]


@pytest.mark.parametrize("line", in_its_place())
def test_what_goes_into_its_place_gets_there_in_a_home_that_is_bare(line: str, tmp_path: Path) -> None:
    (tmp_path / "hyp").write_text("#!/bin/sh\necho the script\n")
    (tmp_path / "hyp").chmod(0o755)
    home = tmp_path / "home"
    home.mkdir()
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(home)}
    done = subprocess.run(["bash", "-c", line], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path for path in home.rglob("*") if path.is_file()]


def test_there_are_such_lines() -> None:
    assert len(in_its_place()) == 7
