"""hyp report and hyp history --chart: where they go, what they count, and what they refuse."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from tests.cli.conftest import Hyp
from tests.cli.test_output import on_a_terminal


@pytest.fixture
def called(hyp: Hyp) -> Hyp:
    """The program in a workspace in which a call was answered and another one was refused."""
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    hyp.ok("schedules", "add", "--at", "now", "--name", "First call")
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000096", "--name", "Nobody there")
    hyp("tick")
    return hyp


def test_a_report_is_put_into_its_place_whole_for_its_owner_and_says_what_it_replaced(called: Hyp) -> None:
    folder = called.home / "reports"
    folder.mkdir()
    target = folder / "report.html"
    first = called.ok("report", "--html", str(target))
    assert (first.out, first.err.startswith(f"Wrote {target}: ")) == ("", True)
    assert target.read_text().startswith("<!doctype html>\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    target.write_text("old")
    target.chmod(0o644)
    assert called.ok("report", "--html", str(target)).err.startswith(f"Replaced {target}: ")
    assert target.read_text().endswith("</html>\n")
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert [each.name for each in folder.iterdir()] == ["report.html"]


def test_a_report_goes_to_stdout_or_tells_a_program_what_it_holds(called: Hyp) -> None:
    page = called.ok("report", "--html", "-")
    assert (page.out[:15], page.err) == ("<!doctype html>", "")
    told = called.ok("report", "--html", "report.html", "--json").json
    assert (told["path"], told["replaced"]) == ("report.html", False)
    assert (told["outcomes"]["failed"], told["timezone"]) == (1, "Europe/Madrid")


def test_a_link_stays_and_the_file_that_it_leads_to_is_replaced(called: Hyp) -> None:
    (called.home / "real.html").write_text("old")
    (called.home / "link.html").symlink_to("real.html")
    called.ok("report", "--html", "link.html")
    assert (called.home / "link.html").is_symlink()
    assert (called.home / "real.html").read_text().startswith("<!doctype")


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        ((), 2, "--html FILE is missing"),
        (("--html", "-", "--json"), 2, "--html - and --json"),
        (("--html", "folder"), 1, "folder is a folder"),
        (("--html", "nowhere/report.html"), 1, "nowhere/report.html"),
        (("--html", "/dev/null"), 1, "/dev/null is not a plain file"),
        (("--html", "report.html", "--since", "soon"), 2, "'soon'"),
        (("--html", "report.html", "--since", ""), 2, "''"),
        (("--html", "report.html", "--since", "2026-02-01", "--until", "2026-01-01"), 2, "2026-02-01"),
        (("--html", "report.html", "--since", "2999-01-01"), 2, "2999-01-01"),
    ],
)
def test_a_report_that_cannot_be_made_is_refused_and_leaves_nothing(
    called: Hyp, words: tuple[str, ...], code: int, named: str
) -> None:
    (called.home / "folder").mkdir()
    before = sorted(each.name for each in called.home.iterdir())
    answer = called("report", *words)
    assert (answer.code, answer.out) == (code, "")
    assert named in answer.err
    assert sorted(each.name for each in called.home.iterdir()) == before
    assert Path("/dev/null").is_char_device()


def test_a_chart_is_the_same_on_a_terminal_without_colour_in_a_pipe_and_without_a_locale(called: Hyp) -> None:
    piped = called.ok("history", "--chart").out
    assert on_a_terminal(called, "history", "--chart", NO_COLOR="1") == piped
    assert called.ok("history", "--chart", LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0").out == piped
    assert "x failed 1" in piped
    assert piped.isascii()
    for columns in (40, 80, 160):
        shown = on_a_terminal(called, "history", "--chart", columns=columns, NO_COLOR="1")
        assert max(map(len, shown.splitlines())) <= columns
    assert "\x1b[" in on_a_terminal(called, "history", "--chart")


def test_a_chart_counts_what_it_is_asked_for(called: Hyp) -> None:
    def failed(*words: str) -> int:
        told: int = called.ok("history", "--chart", "--json", *words).json["outcomes"]["failed"]
        return told

    assert failed() == failed("--agent", "Check-in") == failed("Nobody there") == failed("--since", "1d") == 1
    assert failed("First call") == failed("--status", "completed") == failed("--until", "2026-01-01") == 0
    nothing = called.ok("history", "--chart", "--until", "2026-01-01")
    assert (nothing.out, nothing.err.startswith("Nothing came due from ")) == ("", True)
    days = called.ok("history", "--chart", "--json", "--since", "7d", HYP_TZ="Asia/Tokyo").json
    assert (days["timezone"], days["since"][11:]) == ("Asia/Tokyo", "15:00:00Z")


def test_the_history_of_one_agent_is_listed(called: Hyp) -> None:
    called.ok("agents", "add", "Other", "--id", "agent-124", "--stream-url", "wss://agent.example/other")
    assert len(called.ok("history", "--agent", "Check-in", "--json").json) == 2
    assert called.ok("history", "--agent", "agent-124", "--json").json == []
    assert called("history", "--agent", "nobody").code == 4


@pytest.mark.parametrize("option", ["--jsonl", "--ids", "--fields=status", "--events", "--limit=50"])
def test_a_chart_is_no_list(called: Hyp, option: str) -> None:
    answer = called("history", "--chart", option)
    assert (answer.code, answer.out) == (2, "")
    assert "cannot be used together" in answer.err


def test_a_name_of_ten_thousand_letters_is_cut_for_people_and_whole_in_json(called: Hyp) -> None:
    long = "x" * 10_000
    called.ok("agents", "edit", "agent-123", "--name", long)
    called.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--name", long)
    page = called.ok("report", "--html", "-").out
    assert max(map(len, re.findall("x+", page))) == 119
    assert called.ok("agents", "list", "--json").json[0]["name"] == long
    offered = called.ok("_complete", "bash", "agents", "").out
    assert offered == "agent-123\n"
