"""hyp setup prints lines and units that work as they are, and installs them beside what is there."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Iterator
from configparser import RawConfigParser
from pathlib import Path

import pytest

from hyponema_cli.cli import setup
from hyponema_cli.core.errors import Conflict, InvalidInput
from hyponema_cli.render import crontab, units
from hyponema_cli.render.install import Installation
from tests.cli.conftest import Hyp

WORKSPACES = ("calls.db", "with blanks.db", "100% it's $HOME.db", "dev.db", "ñandú.db")
FAKE_CRONTAB = """#!/bin/sh
case $1 in
-l) [ -f "$HOME/crontab" ] || { echo "no crontab for ana" >&2; exit 1; }; cat "$HOME/crontab" ;;
-) cat > "$HOME/crontab" ;;
esac
"""


@pytest.fixture
def cron(hyp: Hyp) -> Iterator[Path]:
    """Return the file that stands for the user's crontab."""
    folder = hyp.home / "bin"
    folder.mkdir()
    (folder / "crontab").write_text(FAKE_CRONTAB)
    (folder / "crontab").chmod(0o755)
    path = hyp.env["PATH"]
    hyp.env["PATH"] = f"{folder}:{path}"
    yield hyp.home / "crontab"
    hyp.env["PATH"] = path


def as_cron_runs_it(line: str, home: Path, pythonpath: str) -> subprocess.CompletedProcess[str]:
    """Take a line of a crontab apart as cron does, and run it in the environment that cron gives."""
    schedule, command = " ".join(line.split(" ", 5)[:5]), line.split(" ", 5)[5]
    assert schedule == "* * * * *"
    kept, escaped = "", False
    for letter in command:
        if letter == "%" and not escaped:
            break  # the rest would be stdin
        kept = kept[:-1] + letter if letter == "%" else kept + letter
        escaped = letter == "\\"
    return subprocess.run(
        ["/bin/sh", "-c", kept],
        env={"HOME": str(home), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "PYTHONPATH": pythonpath},
        cwd=home,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", WORKSPACES)
def test_the_line_for_cron_works_as_it_stands(hyp: Hyp, name: str) -> None:
    path = hyp.home / "a folder" / name
    path.parent.mkdir()
    shutil.copy(hyp.db, path)
    hyp.ok("--db", str(path), "schedules", "add", "--at", "now")
    (line,) = (each for each in hyp.ok("--db", str(path), "setup", "cron").out.splitlines() if each[0] != "#")
    done = as_cron_runs_it(line, hyp.home, hyp.env["PYTHONPATH"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert hyp.query("select to_number from calls", Path(f"{path}.simulated")) == [("+34600000001",)]


def test_the_line_for_cron_hands_on_the_credentials_of_a_file_and_shows_none(hyp: Hyp) -> None:
    secrets = hyp.home / "se crets.env"
    secrets.write_text("HYP_SIMULATED_SEED=x\nHYP_DB=/nowhere/else.db\n")
    secrets.chmod(0o600)
    block = hyp.ok("setup", "cron", "--env-file", str(secrets)).out
    line = block.splitlines()[-2]
    probe = hyp.home / "probe"
    probe.write_text('#!/bin/sh\nprintf "%s %s %s" "$HYP_SIMULATED_SEED" "$HYP_DB" "$*"\n')
    probe.chmod(0o755)
    program = line.split(" tick")[0].rsplit(f"PATH={_search_path(line)} ", 1)[1]
    done = as_cron_runs_it(line.replace(program, f"'{probe}'"), hyp.home, "")
    assert done.stdout == f"x {hyp.db} tick --max-seconds 90", done
    assert "HYP_SIMULATED_SEED" not in block


def _search_path(line: str) -> str:
    return line.partition(" PATH=")[2].partition(" ")[0]


def test_what_is_printed_changes_nothing(hyp: Hyp, cron: Path) -> None:
    answer = hyp.ok("setup", "cron")
    assert answer.out.startswith(f"# BEGIN hyp {hyp.db}\n")
    assert answer.out.endswith(f"# END hyp {hyp.db}\n")
    assert "Nothing was written" in answer.err
    assert not cron.exists()
    hyp.ok("setup", "systemd")
    assert not (hyp.home / ".config").exists()


def test_the_command_to_install_it_is_the_one_that_was_typed(hyp: Hyp, cron: Path) -> None:
    path, secrets = hyp.home / "a folder" / "it's.db", hyp.home / "se crets.env"
    path.parent.mkdir()
    shutil.copy(hyp.db, path)
    secrets.touch(mode=0o600)
    answer = hyp.ok("--db", str(path), "setup", "cron", "--env-file", str(secrets))
    program, *words = shlex.split(answer.err.partition("To install it: ")[2])
    assert (program, words[-1]) == ("hyp", "--write")
    hyp.ok(*words)
    assert cron.read_text() == answer.out
    hyp.ok("-w", "dev", "init")
    said = hyp.ok("setup", "systemd", "-w", "dev", "--system", "--force").err
    assert said.endswith(": hyp setup systemd --workspace dev --system --write --force\n")


OTHERS = b"MAILTO=ops@example.org\n# a comment of \xff Bo's\n5 4 * * * find /tmp -name '\\%' \n"


def test_written_it_stands_beside_every_other_line_and_once(hyp: Hyp, cron: Path) -> None:
    cron.write_bytes(OTHERS.removesuffix(b"\n"))
    assert "every minute" in hyp.ok("setup", "cron", "--write").err
    first = cron.read_bytes()
    assert first.startswith(OTHERS + b"# BEGIN hyp ")
    assert "nothing was changed" in hyp.ok("setup", "cron", "--write").err
    assert cron.read_bytes() == first
    cron.write_bytes(first.replace(b"tick", b"tick --old") + b"1 1 * * * after\n")
    hyp.ok("setup", "cron", "--write")
    assert cron.read_bytes() == first + b"1 1 * * * after\n"


@pytest.mark.parametrize("name", ["twilio.env", "100% it's $HOME.env"])
def test_written_again_it_keeps_the_credentials_of_the_line_that_is_there(hyp: Hyp, cron: Path, name: str) -> None:
    secrets = hyp.home / name
    secrets.touch(mode=0o600)
    hyp.ok("setup", "cron", "--env-file", str(secrets), "--write")
    first = cron.read_text()
    answer = hyp.ok("setup", "cron", "--write")
    assert cron.read_text() == first
    assert f"credentials stay those of {secrets}" in answer.err
    cron.write_text(first.replace("* * * * *", "#* * * * *").replace("tick", "tick --old"))
    assert hyp.ok("setup", "cron", "--write", "--json").json["block"] == first
    assert cron.read_text() == first
    other = hyp.home / "other.env"
    other.touch(mode=0o600)
    assert "stay" not in hyp.ok("setup", "cron", "--env-file", str(other), "--write").err
    assert str(other) in cron.read_text()
    other.unlink()
    refused = hyp("setup", "cron", "--write")
    assert (refused.code, str(other) in refused.err, str(other) in cron.read_text()) == (2, True, True)


def test_each_workspace_has_a_block_of_its_own(hyp: Hyp, cron: Path) -> None:
    hyp.ok("-w", "dev", "init")
    hyp.ok("setup", "cron", "--write")
    hyp.ok("-w", "dev", "setup", "cron", "--write")
    hyp.ok("setup", "cron", "--write")
    assert cron.read_text().count("* * * * *") == 2


def test_a_crontab_that_cannot_be_understood_is_left_alone(hyp: Hyp, cron: Path) -> None:
    for text in (f"# BEGIN hyp {hyp.db}\n", f"# END hyp {hyp.db}\n# BEGIN hyp {hyp.db}\n"):
        cron.write_text(text)
        answer = hyp("setup", "cron", "--write")
        assert (answer.code, answer.out) == (5, "")
        assert "crontab -e" in answer.err
        assert cron.read_text() == text


def test_without_a_crontab_command_it_says_what_else_there_is(hyp: Hyp) -> None:
    answer = hyp("setup", "cron", "--write", PATH="/nowhere")
    assert answer.code == 1
    assert "no crontab command" in answer.err
    assert "hyp setup systemd" in answer.err


@pytest.mark.parametrize(("which", "said"), [("-l", "you are not allowed"), ("-", "bad minute")])
def test_what_crontab_itself_says_is_passed_on(hyp: Hyp, cron: Path, which: str, said: str) -> None:
    (hyp.home / "bin" / "crontab").write_text(f'#!/bin/sh\n[ "$1" != {which} ] || {{ echo "{said}" >&2; exit 1; }}\n')
    answer = hyp("setup", "cron", "--write")
    assert answer.code == 1
    assert said in answer.err


@pytest.mark.parametrize("words", [("cron",), ("systemd",)])
def test_there_must_be_something_to_drive(hyp: Hyp, cron: Path, words: tuple[str, ...]) -> None:
    answer = hyp("-w", "nosuch", "setup", *words, "--write")
    assert answer.code == 10
    assert not cron.exists()
    printed = hyp.ok("-w", "nosuch", "setup", *words)
    assert "there is no database" in printed.err
    assert "nosuch.db" in printed.out


def test_credentials_that_others_can_read_are_refused(hyp: Hyp) -> None:
    path = hyp.home / "twilio.env"
    path.write_text("TWILIO_AUTH_TOKEN=x\n")
    path.chmod(0o640)
    answer = hyp("setup", "systemd", "--env-file", str(path))
    assert answer.code == 2
    assert f"chmod 600 {path}" in answer.err
    for nowhere in ("nowhere.env", "no folder/nowhere.env"):
        refused = hyp("setup", "cron", "--env-file", nowhere, "--write")
        assert refused.code == 2
        subprocess.run(["/bin/sh", "-c", refused.err.partition("hint: ")[2]], check=True)
        assert (hyp.home / nowhere).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["a\nb.db", "a\tb.db"])
def test_a_path_that_no_line_can_hold_is_refused(hyp: Hyp, name: str) -> None:
    for kind in ("cron", "systemd"):
        answer = hyp("--db", str(hyp.home / name), "setup", kind)
        assert (answer.code, answer.out) == (2, "")
    with pytest.raises(InvalidInput):
        crontab.line(Installation(("/usr/bin/hyp",), Path("/a\\b.db")))


# The units.


def read(text: str) -> RawConfigParser:
    """Read a unit as systemd does, as far as ours go: sections, and keys that may come again."""
    parser = RawConfigParser(strict=False, comment_prefixes=("#", ";"), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(text)
    return parser


def words_of(value: str, *, command: bool = False) -> list[str]:
    """Take a value apart as systemd does: quotes, backslashes, doubled percent signs and dollars."""
    words, word, quote, letters = list[str](), None, "", iter(value)
    for letter in letters:
        if letter == "\\":
            word = (word or "") + next(letters)
        elif quote:
            quote, word = ("", word) if letter == quote else (quote, (word or "") + letter)
        elif letter in "'\"" and word is None:
            quote, word = letter, ""
        elif letter == " ":
            words, word = ([*words, word] if word is not None else words), None
        else:
            word = (word or "") + letter
    words = [*words, word] if word is not None else words
    plain = [each.replace("%%", "%") for each in words]
    return [each.replace("$$", "$") for each in plain] if command else plain


PROGRAM = ("/opt/my tools/hyp",)


def made(path: str, user: str | None = "ana", program: tuple[str, ...] = PROGRAM) -> dict[str, RawConfigParser]:
    return {each.name: read(each.text) for each in units.units(Installation(program, Path(path)), user)}


def test_the_worker_is_supervised_stopped_with_care_and_kept_where_it_belongs() -> None:
    unit = made("/srv/calls/default.db")["hyp.service"]
    service = unit["Service"]
    assert words_of(service["ExecStart"], command=True)[:2] == [*PROGRAM, "run-worker"]
    assert words_of(service["Environment"])[0] == "HYP_DB=/srv/calls/default.db"
    assert (service["Type"], service["NotifyAccess"], service["Restart"]) == ("notify", "main", "always")
    assert int(service["WatchdogSec"]) > 0
    drain = words_of(service["ExecStart"])[-1]
    assert int(service["TimeoutStopSec"]) > int(drain.removesuffix("s"))
    assert (service["KillMode"], service["KillSignal"]) == ("process", "SIGTERM")
    assert (service["User"], service["ProtectSystem"], service["ReadWritePaths"]) == ("ana", "strict", "/srv/calls")
    assert (service["NoNewPrivileges"], service["PrivateTmp"]) == ("yes", "yes")
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_a_workspace_of_the_system_has_a_state_directory() -> None:
    service = made("/var/lib/hyp/default.db")["hyp.service"]["Service"]
    assert (service["StateDirectory"], service["StateDirectoryMode"]) == ("hyp", "0700")
    assert "ReadWritePaths" not in service


def test_what_stands_in_tmp_is_not_hidden_from_the_service() -> None:
    text = units.units(Installation(PROGRAM, Path("/tmp/x/default.db")), "ana")[0].text  # noqa: S108
    assert "PrivateTmp=no\nReadWritePaths=/tmp /var/tmp\n" in text


def test_a_command_that_cron_would_cut_off_is_refused() -> None:
    with pytest.raises(InvalidInput, match="characters"):
        crontab.line(Installation(PROGRAM, Path("/", *["a" * 200] * 5, "x.db")))


def test_the_service_starts_says_that_it_is_ready_and_stops_cleanly(hyp: Hyp, tmp_path: Path) -> None:
    """Run what the unit runs, as systemd runs it."""
    found = hyp.ok("setup", "systemd", "--json").json["units"][0]["text"]
    words = words_of(read(found)["Service"]["ExecStart"], command=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        worker = subprocess.Popen(
            words,
            env={**hyp.env, "HYP_DB": str(hyp.db), "NOTIFY_SOCKET": str(tmp_path / "notify")},
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert systemd.recv(1000).startswith(b"READY=1")
            worker.terminate()
            _, said = worker.communicate(timeout=30)
        finally:
            worker.kill()
    assert worker.returncode == 0, said


def test_a_users_own_service_asks_for_nothing_that_needs_root() -> None:
    unit = made("/home/ana/default.db", user=None)["hyp.service"]
    assert "User" not in unit["Service"]
    assert "ProtectSystem" not in unit["Service"]
    assert unit["Service"]["NoNewPrivileges"] == "yes"
    assert unit["Install"]["WantedBy"] == "default.target"
    assert "network-online" not in unit["Unit"].get("After", "")


def test_other_workspaces_are_instances() -> None:
    assert set(made("/srv/dev.db")) == {
        "hyp@dev.service",
        "hyp-backup@dev.service",
        "hyp-backup@dev.timer",
        "hyp-health@dev.service",
        "hyp-health@dev.timer",
    }
    assert "hyp@a\\x2fb\\xc3\\xb1.service" not in made("/srv/añ.db")
    assert "hyp@a\\xc3\\xb1.service" in made("/srv/añ.db")


@pytest.mark.parametrize("path", ["/srv/a b/c.db", '/srv/100%/a"b.db', "/srv/$HOME/it's.db", "/srv/a\\b/x.db"])
def test_any_path_comes_out_as_it_went_in(path: str) -> None:
    found = made(path, program=("/opt/py thon", "-m", "hyponema_cli"))
    service = next(each for name, each in found.items() if name.startswith("hyp@"))["Service"]
    assert words_of(service["Environment"])[0] == f"HYP_DB={path}"
    assert words_of(service["ReadWritePaths"]) == [str(Path(path).parent)]
    assert words_of(service["ExecStart"], command=True)[:4] == ["/opt/py thon", "-m", "hyponema_cli", "run-worker"]


def test_the_backup_keeps_two_weeks_of_files_and_no_journal(tmp_path: Path) -> None:
    """Its script, run with a program that stands for hyp."""
    folder = tmp_path / "it's 100%"
    folder.mkdir()
    probe = tmp_path / "hyp"
    probe.write_text('#!/bin/sh\n[ "$1 $2" = "db backup" ] && echo copy > "$3"\n')
    probe.chmod(0o755)
    unit = made(str(folder / "my calls.db"), program=(str(probe),))["hyp-backup@my\\x20calls.service"]
    words = words_of(unit["Service"]["ExecStart"], command=True)
    (folder / "backups").mkdir()
    old, others = folder / "backups" / "my calls-1.db", folder / "backups" / "others.db"
    for path in (old, others):
        path.touch()
        os.utime(path, (1, 1))
    subprocess.run(words, check=True, env={"PATH": os.environ["PATH"]})
    assert not old.exists()
    (copy,) = (folder / "backups").glob("my calls-2*Z.db")
    assert copy.read_text() == "copy\n"
    assert others.exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
@pytest.mark.parametrize("name", ["default.db", "100% it's $HOME.db"])
@pytest.mark.parametrize("words", [(), ("--system",)])
def test_systemd_itself_finds_nothing_wrong(hyp: Hyp, name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    path = hyp.db.with_name(name)
    if not path.exists():
        shutil.copy(hyp.db, path)
    folder = tmp_path / "units"
    folder.mkdir()
    for unit in hyp.ok("--db", str(path), "setup", "systemd", *words, "--json").json["units"]:
        (folder / Path(unit["path"]).name).write_text(unit["text"])
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, folder.iterdir())], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_units_are_written_once_and_nothing_that_differs_is_replaced_unasked(hyp: Hyp) -> None:
    folder = hyp.home / ".config" / "systemd" / "user"
    answer = hyp.ok("setup", "systemd", "--write")
    assert len(list(folder.iterdir())) == 5
    assert all(each.stat().st_mode & 0o777 == 0o644 for each in folder.iterdir())
    assert answer.out.splitlines()[0] == "systemctl --user daemon-reload"
    assert "restart" not in answer.out
    assert hyp.ok("setup", "systemd", "--write").err.count("is there already") == 5
    unit = folder / "hyp.service"
    ours = unit.read_text()
    unit.write_text("[Unit]\n# mine\n")
    (folder / "hyp-health.timer").unlink()
    refused = hyp("setup", "systemd", "--write")
    assert (refused.code, refused.out) == (5, "")
    assert str(unit) in refused.err
    assert unit.read_text() == "[Unit]\n# mine\n"
    assert not (folder / "hyp-health.timer").exists()
    assert "systemctl --user restart hyp.service" in hyp.ok("setup", "systemd", "--write", "--force").out
    assert unit.read_text() == ours


def test_units_of_the_machine_belong_to_the_workspaces_owner(hyp: Hyp, tmp_path: Path) -> None:
    found = hyp.ok("setup", "systemd", "--system", "--json").json
    assert found["units"][0]["path"] == "/etc/systemd/system/hyp.service"
    assert read(found["units"][0]["text"])["Service"]["User"] == hyp.db.owner()
    assert found["commands"][:2] == ["systemctl daemon-reload", "systemctl enable --now hyp.service"]
    assert found["written"] is False
    with pytest.raises(Conflict):
        setup._install_units(
            tmp_path, [units.Unit("hyp.service", "")], {"hyp.service": "differs"}, force=False, again=""
        )


def test_the_program_is_named_by_the_path_by_which_it_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, link = tmp_path / "venv" / "bin" / "hyp", tmp_path / "bin" / "hyp"
    for path in (real, link):
        path.parent.mkdir(parents=True)
    real.touch(mode=0o755)
    link.symlink_to(real)
    monkeypatch.setenv("PATH", str(link.parent))
    assert setup.own_program("hyp", "/usr/bin/python3") == (str(link),)
    assert setup.own_program(str(real), "/usr/bin/python3") == (str(real),)
    assert setup.own_program("/x/hyponema_cli/__main__.py", str(real.with_name("python"))) == (str(real),)
    assert setup.own_program("-c", str(tmp_path / "python")) == (str(tmp_path / "python"), "-m", "hyponema_cli")
