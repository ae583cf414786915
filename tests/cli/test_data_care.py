"""hyp db backup, check, migrate, vacuum and prune, and hyp users forget, as they are typed."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from hyponema_cli.store.migrations import APPLICATION_ID, SCHEMA_VERSION, m0001_the_spine, m0002_the_gates
from tests.cli.conftest import COMMAND, Hyp
from tests.cli.terminal import at_a_terminal


def answered_on_a_terminal(hyp: Hyp, answer: str, *words: str) -> tuple[int, str]:
    """Run it on a terminal and type an answer; return the exit code and what was seen."""
    talk = at_a_terminal(hyp, *words, typed=answer, TERM="dumb")
    return talk.code, talk.seen


class TestBackup:
    def test_it_prints_the_path_and_tells_more_in_json(self, hyp: Hyp) -> None:
        assert hyp.ok("db", "backup", "copy.db").out == "copy.db\n"
        said = hyp.ok("db", "backup", "other.db", "--json").json
        assert said.keys() == {"path", "bytes", "pages", "seconds", "schema"}
        assert said["path"] == str(hyp.home / "other.db")
        assert said["bytes"] == (hyp.home / "other.db").stat().st_size
        assert said["schema"] == SCHEMA_VERSION

    def test_a_file_that_is_there_is_replaced_only_when_that_is_said(self, hyp: Hyp) -> None:
        (hyp.home / "copy.db").write_text("mine")
        answer = hyp("db", "backup", "copy.db")
        assert (answer.code, "--force" in answer.err) == (5, True)
        assert (hyp.home / "copy.db").read_text() == "mine"
        hyp.ok("db", "backup", "copy.db", "--force")
        assert hyp.query("select count(*) from users", hyp.home / "copy.db") == [(1,)]

    @pytest.mark.parametrize(
        "end", ["", "-journal", "-wal", "-shm", ".dialled", ".dialled.old", ".simulated", "/../default.db"]
    )
    def test_nothing_of_the_workspace_is_overwritten(self, hyp: Hyp, end: str) -> None:
        hyp.ok("schedules", "add", "--at", "now")
        hyp("tick")
        before = {path: path.read_bytes() for path in hyp.db.parent.iterdir()}
        words = str(hyp.db.parent / "x" / ".." / "default.db") if end.startswith("/") else f"{hyp.db}{end}"
        (hyp.db.parent / "x").mkdir()
        answer = hyp("db", "backup", words, "--force")
        (hyp.db.parent / "x").rmdir()
        assert (answer.code, answer.out) == (2, ""), answer
        assert {path: path.read_bytes() for path in hyp.db.parent.iterdir()} == before

    def test_a_hard_link_to_the_workspace_is_the_workspace(self, hyp: Hyp) -> None:
        (hyp.home / "same.db").hardlink_to(hyp.db)
        assert hyp("db", "backup", "same.db", "--force").code == 2

    @pytest.mark.parametrize("kind", ["folder", "link", "dangling", "pipe", "/dev/null"])
    def test_what_is_no_plain_file_is_refused(self, hyp: Hyp, kind: str) -> None:
        target = hyp.home / "target"
        match kind:
            case "folder":
                target.mkdir()
            case "link":
                target.symlink_to(hyp.db)
            case "dangling":
                target.symlink_to(hyp.home / "nowhere")
            case "pipe":
                os.mkfifo(target)
            case _:
                target = Path(kind)
        answer = hyp("db", "backup", str(target), "--force")
        assert (answer.code, "hint: " in answer.err) == (2, True), answer
        assert not (hyp.home / "nowhere").exists()

    def test_another_workspace_and_what_sqlite_left_open_are_left_alone(self, hyp: Hyp) -> None:
        for end in (".dialled", "-journal", "-wal"):
            (hyp.home / f"copy.db{end}").write_text("somebody's")
            answer = hyp("db", "backup", "copy.db", "--force")
            assert (answer.code, f"copy.db{end}" in answer.err) == (5, True), answer
            (hyp.home / f"copy.db{end}").unlink()
        assert not (hyp.home / "copy.db").exists()

    @pytest.mark.parametrize(
        "name",
        ["a b.db", "%41?mode=ro#x.db", "file:x.db", ":memory:", "--x.db", "é\n\x1b[31m.db", "'\"$(x).db", "n" * 250],
    )
    def test_names_mean_themselves(self, hyp: Hyp, name: str) -> None:
        folder = hyp.home / "copies"
        folder.mkdir()
        hyp.ok("db", "backup", str(folder / name))
        assert [each.name for each in folder.iterdir()] == [name]

    def test_bytes_that_are_no_text_are_a_name_too(self, hyp: Hyp) -> None:
        folder = hyp.home / "copies"
        folder.mkdir()
        target = os.fsencode(folder) + b"/\xff.db"
        subprocess.run([*COMMAND, "db", "backup", target], env=hyp.env, check=True, capture_output=True)
        assert [os.fsencode(each.name) for each in folder.iterdir()] == [b"\xff.db"]

    def test_a_name_that_is_too_long_and_a_folder_that_is_missing_are_told(self, hyp: Hyp) -> None:
        for name, code in (("n" * 300, 1), ("not/there.db", 2)):
            answer = hyp("db", "backup", name)
            assert (answer.code, len(answer.err.splitlines())) == (code, 2), answer

    def test_standard_output_must_lead_somewhere(self, hyp: Hyp) -> None:
        code, seen = answered_on_a_terminal(hyp, "", "db", "backup", "-")
        assert (code, "is a terminal" in seen) == (2, True)
        assert hyp("db", "backup", "-", "--json").code == 2

    def test_a_reader_that_goes_away_ends_it_with_141(self, hyp: Hyp) -> None:
        process = hyp.start("db", "backup", "-")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(timeout=20) == 141
        assert process.stderr is not None
        process.stderr.close()


class TestCheck:
    def test_all_is_well(self, hyp: Hyp) -> None:
        answer = hyp.ok("db", "check")
        assert (answer.out, answer.err) == ("", "")
        for words in (("--quick",), ("--deep",)):
            assert hyp.ok("db", "check", *words, "--json").json == []
        assert hyp("db", "check", "--quick", "--deep").code == 2

    def test_a_finding_is_a_line_and_ends_it_with_3(self, hyp: Hyp) -> None:
        hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30")
        with sqlite3.connect(hyp.db) as raw:
            raw.execute("update schedules set next_run_at = '2030-01-01T00:00:00Z'")
        raw.close()
        hyp("tick")  # it keeps the edition of the zone data, without which nothing is derived anew
        with sqlite3.connect(hyp.db) as raw:
            raw.execute("update schedules set next_run_at = '2030-01-01T00:00:00Z'")
        raw.close()
        answer = hyp("db", "check")
        assert (answer.code, len(answer.out.splitlines())) == (3, 1)
        assert answer.out.startswith("next_is_not_the_rules\tsch_")
        (found,) = hyp("db", "check", "--json").json
        assert found.keys() == {"check", "about", "said"}

    def test_an_older_file_is_looked_at_and_not_changed(self, hyp: Hyp) -> None:
        make_older(hyp)
        before = hyp.db.read_bytes()
        answer = hyp("db", "check")
        assert (answer.code, "hyp db migrate" in answer.out) == (3, True)
        assert hyp.db.read_bytes() == before


def make_older(hyp: Hyp, *, schema: int = 2) -> None:
    """Put an empty workspace of an earlier hyp in the place of today's."""
    hyp.db.unlink()
    connection = sqlite3.connect(hyp.db, isolation_level=None)
    steps = Migrations("hyp")
    for step in (m0001_the_spine, m0002_the_gates)[:schema]:
        steps()(step)
    steps.apply(Database(connection))
    connection.execute(f"pragma application_id = {APPLICATION_ID}")
    connection.execute(f"pragma user_version = {schema}")
    connection.close()


class TestMigrate:
    def test_it_says_from_which_schema_to_which_and_keeps_the_file_as_it_was(self, hyp: Hyp) -> None:
        make_older(hyp)
        kept = Path(f"{hyp.db}.before-{SCHEMA_VERSION}")
        earlier = Path(f"{hyp.db}.before-2")
        earlier.write_text("of the migration before")
        assert "Would bring" in hyp.ok("db", "migrate", "--dry-run").err
        assert hyp.query("pragma user_version") == [(2,)]
        said = hyp.ok("db", "migrate", "--json").json
        assert said == {"path": str(hyp.db), "from": 2, "to": SCHEMA_VERSION, "copy": str(kept)}
        assert hyp.query("pragma user_version", kept) == [(2,)]
        assert kept.stat().st_mode & 0o777 == 0o600
        assert not earlier.exists()
        again = hyp.ok("db", "migrate")
        assert again.err.startswith("Nothing to do")

    def test_every_command_migrates_and_keeps_the_copy_too(self, hyp: Hyp) -> None:
        make_older(hyp)
        hyp.ok("tick")
        assert hyp.query("pragma user_version", Path(f"{hyp.db}.before-{SCHEMA_VERSION}")) == [(2,)]

    def test_a_new_workspace_leaves_no_copy(self, bare_hyp: Hyp) -> None:
        bare_hyp.ok("init")
        assert [path.name for path in bare_hyp.db.parent.iterdir() if "before" in path.name] == []

    def test_a_newer_file_ends_with_12(self, hyp: Hyp) -> None:
        with sqlite3.connect(hyp.db) as raw:
            raw.execute(f"pragma user_version = {SCHEMA_VERSION + 1}")
        raw.close()
        for words in (("db", "migrate"), ("db", "check"), ("db", "backup", "copy.db")):
            assert hyp(*words).code == 12


class TestVacuum:
    def test_it_says_what_was_gained(self, hyp: Hyp) -> None:
        with sqlite3.connect(hyp.db) as raw:
            raw.execute("create table ballast (content)")
            raw.execute("insert into ballast values (zeroblob(1000000))")
            raw.execute("drop table ballast")
        raw.close()
        size = hyp.db.stat().st_size
        told = hyp.ok("db", "vacuum", "--dry-run", "--json").json
        assert hyp.db.stat().st_size == size
        assert f"about {told['gained_bytes']:,} of its {size:,} bytes are unused" in hyp.ok("db", "vacuum", "-n").err
        said = hyp.ok("db", "vacuum", "--json").json
        assert abs(told["after_bytes"] - said["after_bytes"]) < 0.1 * size
        assert said["before_bytes"] == size
        assert said["gained_bytes"] > 900_000
        assert hyp.db.stat().st_size == said["after_bytes"]
        assert "nothing was gained" in hyp.ok("db", "vacuum").err


class TestWhatCannotBeUndone:
    WORDS = (("db", "prune", "--before", "40d"), ("users", "forget", "user-1"))

    @pytest.mark.parametrize("words", WORDS)
    def test_without_a_terminal_it_is_refused_unless_yes_is_said(self, hyp: Hyp, words: tuple[str, ...]) -> None:
        before = hyp.dump()
        answer = hyp(*words)
        assert (answer.code, "--yes" in answer.err) == (2, True)
        assert hyp.ok(*words, "--dry-run", "--json").json["dry_run"] is True
        assert hyp.dump() == before
        hyp.ok(*words, "--yes")

    def test_on_a_terminal_it_is_asked_and_no_is_taken_for_an_answer(self, hyp: Hyp) -> None:
        before = hyp.dump()
        for answer, code in (("n\n", 1), ("\n", 1), ("\x04", 130)):
            assert answered_on_a_terminal(hyp, answer, "users", "forget", "user-1")[0] == code
        assert answered_on_a_terminal(hyp, "y\n", "users", "forget", "user-1", "--json")[0] == 2
        assert hyp.dump() == before
        code, seen = answered_on_a_terminal(hyp, "y\n", "users", "forget", "user-1")
        assert (code, "This cannot be undone" in seen, "Forgot user-1" in seen) == (0, True, True)

    def test_bad_words_are_told(self, hyp: Hyp) -> None:
        for words, code in (
            (("db", "prune", "--before", "yesterday", "-y"), 2),
            (("db", "prune", "--before", "29d", "-y"), 2),
            (("db", "prune", "--before", "2999-01-01", "-y"), 2),
            (("db", "prune", "-y"), 2),
            (("users", "forget", "user-2", "-y"), 4),
            (("users", "forget", "+34999999999", "-y"), 4),
            (("users", "forget", "+12", "-y"), 4),
        ):
            answer = hyp(*words)
            assert (answer.code, answer.out, "hint: " in answer.err) == (code, "", True), answer

    def test_errors_are_json_too(self, hyp: Hyp) -> None:
        assert json.loads(hyp("users", "forget", "user-1", "--json").err)["error"]["code"] == 2


def test_without_a_database_they_end_with_10_and_make_nothing(bare_hyp: Hyp) -> None:
    for words in (
        ("db", "backup", "copy.db"),
        ("db", "backup", "-"),
        ("db", "check"),
        ("db", "migrate"),
        ("db", "vacuum"),
        ("db", "prune", "--before", "40d", "-y"),
        ("users", "forget", "user-1", "-y"),
    ):
        assert bare_hyp(*words).code == 10
    assert list(bare_hyp.home.iterdir()) == []


def test_a_copy_of_a_damaged_file_is_none(hyp: Hyp) -> None:
    ((page,),) = hyp.query("select rootpage from sqlite_master where name = 'users_by_name'")
    content = bytearray(hyp.db.read_bytes())
    content[4096 * (page - 1) : 4096 * page] = b"x" * 4096
    hyp.db.write_bytes(content)
    for words in (("copy.db",), ("-",)):
        answer = hyp("db", "backup", *words)
        assert (answer.code, answer.out, "is damaged" in answer.err) == (1, "", True), answer
    assert [each.name for each in hyp.home.iterdir()] == ["data"]
    assert hyp("db", "check").out.startswith("integrity\tfile\t")


def test_whoever_is_to_be_forgotten_is_asked_for_by_name_and_number(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--cron", "0 9 * * *")
    hyp.ok("sessions", "start", "user-1")
    hyp.ok("sessions", "end", hyp.query("select id from sessions")[0][0])
    talk = at_a_terminal(hyp, "users", "forget", "user-1", typed="n\n", COLUMNS="400", TERM="dumb")
    assert "Forget 'Ana' (user-1, +34600000001): 1 schedule (1 live), 0 calls, 1 session, 0 webhooks and" in talk.seen
    assert talk.code == 1


@pytest.mark.parametrize("how", ["ctrl-c", "ctrl-d"])
def test_an_interrupted_question_leaves_the_line_to_the_shell(hyp: Hyp, how: str) -> None:
    if how == "ctrl-c":
        talk = at_a_terminal(hyp, "users", "forget", "user-1", interrupt_at="[y/N]", COLUMNS="400", TERM="dumb")
    else:
        talk = at_a_terminal(hyp, "users", "forget", "user-1", typed="\x04", COLUMNS="400", TERM="dumb")
    assert (talk.code, talk.seen.endswith("[y/N] \n")) == (130, True), talk.seen
