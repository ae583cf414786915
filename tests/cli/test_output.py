"""What comes out: data on stdout, words on stderr; a table for people, tabs for pipes, JSON for programs."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.cli.conftest import COMMAND, Hyp
from tests.cli.terminal import at_a_terminal

HOSTILE = "[red]x[/] [/] :phone: \x1b[31mred\x1b[0m\ttab\nnew\u202eline\u2028 Zoë"

# fmt: off
SCHEDULE_KEYS = {
    "id", "kind", "single_shot", "agent_id", "user_id", "phone_number", "weekdays", "local_time", "cron_expression",
    "run_at", "timezone", "enabled", "status", "name", "description", "customer_context", "metadata",
    "max_occurrences", "max_attempts", "retry_delay_seconds", "backoff", "retry_on", "webhook_url", "webhook_events",
    "last_run_at", "next_run_at", "last_status", "created_by", "created_at", "updated_at",
}
TICK_KEYS = {
    "started_at", "finished_at", "due", "placed", "completed", "retried", "failed", "skipped", "missed", "deferred",
    "in_doubt",
}
# fmt: on


def on_a_terminal(hyp: Hyp, *words: str, columns: int = 80, **env: str) -> str:
    """Return what a terminal of that width gets to see."""
    return at_a_terminal(hyp, *words, COLUMNS=str(columns), **env).seen


def test_creating_prints_only_the_id(hyp: Hyp) -> None:
    answer = hyp.ok("schedules", "add", "--weekdays", "1,3,5", "--at", "09:30", "--tz", "Europe/Madrid")
    assert answer.out == answer.out.strip() + "\n"
    assert answer.out.startswith("sch_")
    assert len(answer.out.strip()) == 30
    assert "Mon, Wed, Fri at 09:30 Europe/Madrid" in answer.err


def test_a_schedule_in_json_has_every_key_that_others_rely_on(hyp: Hyp) -> None:
    schedule = hyp.ok("schedules", "add", "--weekdays", "1,3,5", "--at", "09:30", "--json").json
    assert set(schedule) >= SCHEDULE_KEYS
    assert (schedule["weekdays"], schedule["local_time"], schedule["timezone"], schedule["single_shot"]) == (
        [1, 3, 5],
        "09:30:00",
        "Europe/Madrid",
        False,
    )
    assert (schedule["user_id"], schedule["phone_number"], schedule["enabled"]) == ("user-1", "+34600000001", True)
    assert hyp.ok("schedules", "list", "--json").json == [schedule]


@pytest.mark.parametrize("noun", ["schedules", "history"])
def test_an_empty_list_is_an_empty_array_and_no_failure(hyp: Hyp, noun: str) -> None:
    words = ("schedules", "list") if noun == "schedules" else ("history",)
    assert hyp.ok(*words, "--json").json == []
    assert hyp.ok(*words) == hyp.ok(*words)
    assert hyp.ok(*words).out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "users", "list"),
        ("users", "--json", "list"),
        ("users", "list", "--json"),
    ],
)
def test_shared_options_work_before_and_after_the_command(hyp: Hyp, words: tuple[str, ...]) -> None:
    assert hyp.ok(*words).json[0]["id"] == "user-1"


def test_the_later_word_names_the_workspace(hyp: Hyp) -> None:
    assert hyp("--db", "/nowhere.db", "users", "list", "--db", str(hyp.db)).code == 0
    assert hyp("--db", str(hyp.db), "users", "list", "--db", "/nowhere.db").code == 10
    assert hyp("users", "list", HYP_DB="/nowhere.db").code == 10
    assert hyp("--workspace", "dev", "db", "path").out == f"{hyp.db.with_name('dev.db')}\n"
    assert hyp("--workspace", "../dev", "db", "path").code == 2


def test_a_pipe_gets_whole_fields_and_a_terminal_a_table(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--name", "A rather long name for a schedule")
    (line,) = hyp.ok("schedules", "list").out.splitlines()
    assert line.split("\t")[1] == "A rather long name for a schedule"
    assert line.split("\t")[5].endswith("Z")
    for columns in (40, 80, 160):
        shown = on_a_terminal(hyp, "schedules", "list", columns=columns, NO_COLOR="1")
        assert line.split("\t")[0] in shown
        assert max(map(len, shown.splitlines())) <= max(columns, 45)


def test_hostile_names_reach_no_terminal_and_come_back_whole_in_json(hyp: Hyp) -> None:
    hyp.ok("users", "add", HOSTILE, "--id", "hostile", "--phone", "+34600000002", "--tz", "Europe/Madrid")
    hyp.ok("schedules", "add", "--user", "hostile", "--at", "now", "--name", HOSTILE)
    hyp.ok("tick")
    for words in (("users", "list"), ("users", "show", "hostile"), ("schedules", "list"), ("history",)):
        shown = on_a_terminal(hyp, *words, columns=200, NO_COLOR="1")
        piped = hyp.ok(*words).out
        for character in "\x1b\u202e\u2028":
            assert character not in shown + piped
        assert "[red]x[/]" in piped
        assert len({line.count("\t") for line in piped.splitlines()}) == 1
    names = [user["name"] for user in hyp.ok("users", "list", "--json").json]
    assert HOSTILE in names


def test_hostile_keys_reach_no_terminal_either(hyp: Hyp) -> None:
    hyp.ok("users", "edit", "user-1", "--context", "a\x1b[31mb\nc=v")
    schedule = hyp.ok("schedules", "add", "--in", "5m", "--metadata", "k\x1b[0m=v").out.strip()
    for words in (("users", "show", "user-1"), ("schedules", "show", schedule)):
        assert "\x1b" not in hyp.ok(*words).out


def test_what_a_terminal_of_another_character_set_cannot_show_is_written_out(hyp: Hyp) -> None:
    hyp.ok("users", "add", "Zoë", "--id", "zoe", "--phone", "+34600000002")
    answer = hyp.ok("users", "list", LANG="C", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "Zo" in answer.out


def test_a_reader_that_goes_away_ends_it_quietly_with_141(hyp: Hyp) -> None:
    done = subprocess.run(
        [
            "bash",
            "-c",
            f"{' '.join(COMMAND)} occurrences --cron '* * * * *' --tz UTC -n 20000 | head -1; "
            'echo "${PIPESTATUS[0]}"',
        ],
        env=hyp.env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.splitlines()[1] == "141"
    assert done.stderr == ""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_long_answer_arrives_whole_or_the_reader_is_gone(hyp: Hyp, unbuffered: str) -> None:
    words = ("occurrences", "--cron", "* * * * *", "--tz", "UTC", "-n", "30000")
    assert len(hyp.ok(*words, PYTHONUNBUFFERED=unbuffered).out.splitlines()) == 30000


def test_a_long_list_that_nobody_reads_on_keeps_nobody_from_writing(hyp: Hyp) -> None:
    numbers = "".join(f"+34600{number:06}\n" for number in range(200))
    rule = ("--cron", "0 9 * * 1", "--tz", "Europe/Madrid")
    assert hyp("schedules", "import", "-", *rule, stdin=f"phone_number\n{numbers}").code == 0
    whole = hyp.ok("schedules", "list", "--limit", "0", "--json").out
    assert whole == json.dumps(json.loads(whole), indent=2) + "\n"
    for words in (("schedules", "list"), ("schedules", "list", "--jsonl")):
        listing = hyp.start(*words, *(() if "--jsonl" in words else ("--json",)), "--limit", "0")
        assert listing.stdout is not None and listing.stderr is not None
        assert listing.stdout.read(1) in "[{"  # it has begun, and a pipe holds less than the rest
        hyp.ok("schedules", "add", "--to", "+34600000009", *rule)
        listing.stdout.close()
        assert (listing.wait(20), listing.stderr.read()) == (141, "")
        listing.stderr.close()


def test_an_endless_preview_goes_out_as_it_is_made(hyp: Hyp) -> None:
    """More firings are asked for than fit into any memory."""
    hyp.ok("schedules", "add", "--cron", "* * * * *", "--name", "often")
    for words in (("often",), ("often", "--json"), ("--cron", "* * * * *", "--tz", "UTC", "--jsonl")):
        preview = hyp.start("occurrences", *words, "-n", "100000000")
        assert preview.stdout is not None and preview.stderr is not None
        assert preview.stdout.readline()
        hyp.ok("schedules", "add", "--cron", "0 9 * * *")
        preview.stdout.close()
        assert (preview.wait(20), preview.stderr.read()) == (141, "")
        preview.stderr.close()


def test_a_cut_list_says_so_in_every_form(hyp: Hyp) -> None:
    for number in (2, 3):
        hyp.ok("users", "add", f"User {number}", "--phone", f"+3460000000{number}")
    for form in ((), ("--json",), ("--jsonl",), ("--ids",), ("--fields", "id,name")):
        assert hyp.ok("users", "list", "--limit", "2", *form).err == (
            "Only 2 are shown; for all of them: --limit 0\n"
        )
        assert hyp.ok("users", "list", "--limit", "3", *form).err == ""


def test_tick_is_silent_when_nothing_is_due_and_counts_in_json(hyp: Hyp) -> None:
    assert hyp.ok("tick") == hyp.ok("tick")
    assert (hyp.ok("tick").out, hyp.ok("tick").err) == ("", "")
    hyp.ok("schedules", "add", "--at", "now")
    report = hyp.ok("tick", "--json").json
    assert (report["due"], report["placed"]) == (1, 1)
    assert set(report) == TICK_KEYS


def test_a_call_in_doubt_ends_the_tick_with_3(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000098", "--tz", "Europe/Madrid")
    answer = hyp("tick")
    assert answer.code == 3
    assert "1 in doubt" in answer.err
    (execution,) = hyp.ok("history", "--json").json
    assert (execution["status"], execution["calls"][0]["status"]) == ("in_doubt", "in_doubt")


def test_a_doubt_is_listed_until_a_person_says_what_happened(hyp: Hyp) -> None:
    assert (hyp.ok("reconcile").out, hyp.ok("reconcile", "--json").json) == ("", [])
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000099", "--tz", "Europe/Madrid")
    hyp("tick")
    listed = hyp("reconcile", "--json")
    assert listed.code == 3
    (doubt,) = listed.json
    assert (doubt["to_number"], doubt["reason"], doubt["found"]) == ("+34600000099", "no_clean_answer", "none")
    before = hyp.dump()
    assert hyp("reconcile", "--resolve", doubt["call_id"], "perhaps").code == 2
    assert hyp("reconcile", "--resolve", "call_1", "placed").code == 4
    assert hyp.dump() == before
    resolved = hyp.ok("reconcile", "--resolve", doubt["call_id"], "placed", "--json").json
    assert (resolved["status"], resolved["reason"]) == ("completed", "resolved_by_operator")
    assert hyp("reconcile", "--resolve", doubt["call_id"], "placed").code == 5


def test_a_call_whose_reply_was_lost_is_found_at_the_carrier(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now", "--to", "+34600000098", "--tz", "Europe/Madrid")
    assert hyp("tick").code == 3
    assert hyp.ok("reconcile").err == ""
    assert hyp.ok("history", "--json").json[0]["status"] == "dialing"
    assert hyp.rung() == ["+34600000098"]


def test_occurrences_need_no_database_and_say_what_the_clocks_do(bare_hyp: Hyp) -> None:
    words = ("occurrences", "--cron", "30 1 * * *", "--tz", "America/New_York", "--after", "2026-10-31T12:00Z")
    assert bare_hyp.ok(*words, "-n", "2", "--json").json == [
        {
            "scheduled_time": "2026-11-01T05:30:00Z",
            "local_time": "2026-11-01T01:30:00-04:00",
            "timezone": "America/New_York",
            "note": "first_of_two",
        },
        {
            "scheduled_time": "2026-11-02T06:30:00Z",
            "local_time": "2026-11-02T01:30:00-05:00",
            "timezone": "America/New_York",
            "note": None,
        },
    ]
    assert list(bare_hyp.home.iterdir()) == []


def test_a_day_that_a_zone_left_out_is_told(bare_hyp: Hyp) -> None:
    answer = bare_hyp.ok(
        "occurrences", "--cron", "0 9 * * *", "--tz", "Pacific/Apia", "--after", "2011-12-28T20:00Z", "-n", "2"
    )
    assert [line.split("\t")[1] for line in answer.out.splitlines()] == [
        "2011-12-29T09:00:00-10:00",
        "2011-12-31T09:00:00+14:00",
    ]
    assert "Pacific/Apia left out" in answer.err


def test_the_preview_of_a_stored_schedule_is_what_its_show_and_its_next_say(hyp: Hyp) -> None:
    schedule = hyp.ok("schedules", "add", "--cron", "0 9 * * MON-FRI", "--max-occurrences", "3").out.strip()
    preview = [row["scheduled_time"] for row in hyp.ok("occurrences", schedule, "--json").json]
    shown = hyp.ok("schedules", "show", schedule, "--next", "9", "--json").json
    assert len(preview) == 3
    assert preview == shown["occurrences"]
    assert preview[0] == shown["next_run_at"]


def test_edit_changes_what_is_given_and_nothing_else(hyp: Hyp) -> None:
    schedule = hyp.ok(
        "schedules",
        "add",
        "--weekdays",
        "1",
        "--at",
        "09:30",
        "--name",
        "N",
        "--context",
        "a=1",
        "--max-attempts",
        "3",
    ).out.strip()
    before = hyp.ok("schedules", "show", schedule, "--json").json
    hyp.ok("schedules", "edit", schedule, "--context", "b=2", "--dry-run")
    assert hyp.ok("schedules", "show", schedule, "--json").json == before
    hyp.ok("schedules", "edit", schedule, "--context", "b=2", "--at", "10:00")
    after = hyp.ok("schedules", "show", schedule, "--json").json
    changed = {key for key in after if after[key] != before[key]} - {"updated_at"}
    assert changed == {"customer_context", "local_time", "next_run_at", "occurrences", "outlook"}
    assert after["customer_context"] == {"a": "1", "b": "2"}


def test_fields_can_be_unset(hyp: Hyp) -> None:
    schedule = hyp.ok(
        "schedules", "add", "--weekdays", "1", "--at", "09:30", "--until", "2090-01-01", "--name", "N"
    ).out
    edited = hyp.ok("schedules", "edit", schedule.strip(), "--clear", "until,name", "--json").json
    assert (edited["until_at"], edited["name"]) == (None, None)
    hyp.ok("users", "edit", "user-1", "--local-time", "10:00")
    assert hyp.ok("users", "edit", "user-1", "--clear", "local_time", "--json").json["local_time"] is None


def test_pause_resume_and_cancel_keep_their_reason(hyp: Hyp) -> None:
    schedule = hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30").out.strip()
    paused = hyp.ok("schedules", "pause", schedule, "--reason", "INC-88", "--json").json[0]
    assert (paused["status"], paused["status_reason"], paused["enabled"]) == ("paused", "INC-88", False)
    assert hyp.ok("schedules", "resume", schedule, "--json").json[0]["status"] == "active"
    canceled = hyp.ok("schedules", "cancel", schedule, "--reason", "moved", "--json").json[0]
    assert (canceled["status"], canceled["next_run_at"]) == ("canceled", None)
    assert hyp("schedules", "resume", schedule).code == 5
    assert hyp("schedules", "edit", schedule, "--at", "10:00").code == 5
    assert hyp.ok("schedules", "list").out == ""


def test_adding_again_under_one_ref_is_safe(hyp: Hyp) -> None:
    words = ("schedules", "add", "--weekdays", "1", "--at", "09:30", "--ref", "crm-4711")
    first, again = hyp.ok(*words), hyp.ok(*words)
    assert first.out == again.out
    soon = ("schedules", "add", "--in", "1s", "--ref", "crm-4712")
    assert hyp.ok(*soon).out == hyp.ok(*soon).out
    other = hyp(*words[:-3], "10:30", "--ref", "crm-4711")
    assert other.code == 5
    assert "local_time" in other.err


def test_a_ref_of_other_content_is_refused_in_the_names_that_json_has(hyp: Hyp) -> None:
    first = ("schedules", "add", "--ref", "k-1", "--at", "2090-03-02 09:30")
    names = set(hyp.ok(*first, "--json").json)
    second = ("--to", "+34600000009", "--tz", "Europe/Lisbon", "--catch-up-window", "1h", "--retry-delay", "5m")
    answer = hyp("schedules", "add", "--ref", "k-1", "--at", "2090-10-29 01:30", "--fold", "second", *second)
    different = answer.err.splitlines()[0].rpartition(" differs in ")[2].split(", ")
    assert answer.code == 5
    assert sorted(different) == sorted(
        ["catch_up_window_seconds", "phone_number", "retry_delay_seconds", "run_at", "timezone", "user_id"]
    )
    assert set(different) <= names


def test_a_dry_run_stores_nothing(hyp: Hyp) -> None:
    before = hyp.dump()
    answer = hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "-n")
    assert (answer.out, hyp.dump()) == ("", before)
    assert "Would add" in answer.err


def test_schedules_follow_their_users_clocks(hyp: Hyp) -> None:
    hyp.ok("users", "edit", "user-1", "--local-time", "10:00")
    schedule = hyp.ok("schedules", "add", "--weekdays", "1-7", "--start", "2090-01-10").out.strip()
    before = hyp.ok("schedules", "show", schedule, "--json").json
    assert (before["timezone_from"], before["local_time"], before["next_run_at"]) == (
        "user",
        "10:00:00",
        "2090-01-10T09:00:00Z",
    )
    moved = hyp.ok("users", "edit", "user-1", "--tz", "America/New_York")
    assert schedule in moved.err
    assert hyp.ok("schedules", "show", schedule, "--json").json["next_run_at"] == "2090-01-10T15:00:00Z"


def test_json_documents_hold_no_control_characters(hyp: Hyp) -> None:
    hyp.ok("users", "add", HOSTILE, "--id", "hostile", "--phone", "+34600000002")
    document = hyp.ok("users", "show", "hostile", "--json").out
    assert not {character for character in document if ord(character) < 32 and character != "\n"}
    assert json.loads(document)["name"] == HOSTILE
