"""The manual: a page for each command, fresh, complete, and read by man without a complaint."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hyponema_cli.cli import main, manual, tree
from hyponema_cli.render import roff
from tests import generated
from tests.cli.conftest import Hyp
from tests.cli.test_output import on_a_terminal
from tests.tools import needed

WHOLE = tree.whole()
COMMANDS = list(WHOLE.walk())


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder of pages as they are installed."""
    shutil.copytree(generated.ROOT / "man", tmp_path / "man1")
    return tmp_path


def said_by(*words: str, at: Path, width: int = 80) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "MANWIDTH": str(width), "HOME": str(at)}
    return subprocess.run(words, cwd=at, env=env, capture_output=True, text=True, check=False)


def test_the_generated_files_are_fresh() -> None:
    assert generated.found() == generated.wanted(), "run: python -m tests.generated"


@pytest.mark.parametrize("it", COMMANDS, ids=[each.name for each in COMMANDS])
def test_a_page_tells_every_option_and_argument(it: tree.Command) -> None:
    command = main.root_command()
    for word in it.path[1:]:
        command = command.commands[word]
    sections = {each.heading for each in manual.sections(it)}
    assert {"NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"} <= sections
    page = manual.written(it)
    for each in command.params:
        for name in each.opts if each.param_type_name == "option" else [each.human_readable_name]:
            assert roff.escape(name) in page
    assert "[env" not in page or "HYP_" in page


@pytest.mark.parametrize("width", [40, 80])
def test_man_reads_every_page_without_a_complaint(shelf: Path, width: int) -> None:
    pages = sorted(str(each.relative_to(shelf)) for each in (shelf / "man1").iterdir())
    done = said_by(needed("man"), "--warnings", "-l", *pages, at=shelf, width=width)
    assert (done.returncode, done.stderr) == (0, "")
    assert "hyp-schedules-add - add a schedule" in " ".join(done.stdout.split())


def test_every_page_can_be_found_by_what_it_is_about(shelf: Path) -> None:
    pages = sorted(str(each.relative_to(shelf)) for each in (shelf / "man1").iterdir())
    lines = said_by(needed("lexgrog"), *pages, at=shelf).stdout.splitlines()
    assert len(lines) == len(pages)
    assert not [line for line in lines if "parse failed" in line]
    assert 'man1/hyp-tick.1: "hyp-tick - dial what is due, and follow the calls in flight"' in lines


def test_man_finds_the_program_under_both_its_names(shelf: Path) -> None:
    done = said_by(needed("man"), "-M", str(shelf), "-w", "hyp", "hyponema", at=shelf)
    assert [Path(line).name for line in done.stdout.splitlines()] == ["hyp.1", "hyp.1"]


def test_what_a_page_says_is_no_command_for_man(shelf: Path) -> None:
    for text in (".so /etc/passwd", "'br", r"\fBbold\fR", r"\*(x", "-–—…’"):
        page = roff.page("x", source="s", manual="m", sections=[roff.Section("NAME", [roff.Paragraph(text)])])
        (shelf / "x.1").write_text(page)
        done = said_by(needed("man"), "--warnings", "-l", "x.1", at=shelf)
        assert done.stderr == ""
        assert re.sub("…", "...", text) in done.stdout


def test_hyp_man_prints_a_page_or_its_source(bare_hyp: Hyp) -> None:
    page = (generated.ROOT / "man" / "hyp-schedules-add.1").read_text()
    text = bare_hyp.ok("man", "schedules", "add").out
    assert text.startswith("NAME:\n  hyp-schedules-add - add a schedule\n")
    assert bare_hyp.ok("man", "schedules", "add", "--roff").out == page
    told = bare_hyp.ok("man", "schedules", "add", "--json").json
    assert told == {"name": "hyp-schedules-add", "section": "1", "roff": page}


def test_on_a_terminal_man_shows_it_where_there_is_one(bare_hyp: Hyp, tmp_path: Path) -> None:
    needed("man")
    assert "HYP-TICK(1)" in on_a_terminal(bare_hyp, "man", "tick", MANPAGER="cat")
    (tmp_path / "bin").mkdir()
    assert "\nSYNOPSIS:\n" in on_a_terminal(bare_hyp, "man", "tick", PATH=str(tmp_path / "bin"))
