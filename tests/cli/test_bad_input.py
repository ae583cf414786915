"""Bad input gets one line that names the value, one hint, the right exit code, and nothing is stored."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.cli.conftest import COMMAND, Hyp

WEEKLY = ("schedules", "add", "--weekdays", "1", "--at", "09:30")

# what is typed | what the message must name | exit code
CASES = [
    (("schedules", "add", "--weekdays", "0", "--at", "09:30"), "'0'", 2),
    (("schedules", "add", "--weekdays", "8", "--at", "09:30"), "'8'", 2),
    (("schedules", "add", "--weekdays", "", "--at", "09:30"), "''", 2),
    (("schedules", "add", "--weekdays", "1", "--at", "25:00"), "'25:00'", 2),
    (("schedules", "add", "--weekdays", "1", "--at", "9h30"), "'9h30'", 2),
    ((*WEEKLY, "--tz", "Europe/Madird"), "'Europe/Madird'", 2),
    ((*WEEKLY, "--tz", ""), "''", 2),
    ((*WEEKLY, "--tz", "../../etc/passwd"), "'../../etc/passwd'", 2),
    (("schedules", "add", "--cron", "61 * * * *"), "61", 2),
    (("schedules", "add", "--cron", "0 9 * * * *"), "'0 9 * * * *'", 2),
    (("schedules", "add", "--cron", "0 9 31 2 *"), "'0 9 31 2 *'", 2),
    (("schedules", "add", "--cron", "@daily"), "'@daily'", 2),
    (("schedules", "add", "--to", "+34600000009", "--at", "2090-12-01 14:30"), "'2090-12-01 14:30'", 2),
    (("schedules", "add", "--at", "2026-01-01 14:30"), "'2026-01-01 14:30'", 2),
    (("schedules", "add", "--at", "2090-03-26 02:30"), "2090-03-26 02:30", 2),
    (("schedules", "add", "--at", "2090-10-29 02:30"), "2090-10-29 02:30", 2),
    (("schedules", "add", "--at", "2090-10-29 02:30", "--fold", "third"), "'third'", 2),
    (("schedules", "add", "--at", "tomorrow"), "'tomorrow'", 2),
    (("schedules", "add", "--at", "09:30"), "'09:30'", 2),
    (("schedules", "add", "--in", "5 minutes"), "'5 minutes'", 2),
    (("schedules", "add"), "no time given", 2),
    ((*WEEKLY, "--cron", "0 9 * * *"), "--cron and --weekdays", 2),
    (("schedules", "add", "--in", "5m", "--max-attempts", "3", "--max-retries", "5"), "3 and --max-retries 5", 2),
    (("schedules", "add", "--in", "5m", "--max-attempts", "0"), "--max-attempts 0", 2),
    (("schedules", "add", "--in", "5m", "--max-occurrences", "0"), "--max-occurrences 0", 2),
    (("schedules", "add", "--in", "5m", "--backoff", "exponental"), "'exponental'", 2),
    (("schedules", "add", "--in", "5m", "--retry-on", "no_anser"), "'no_anser'", 2),
    (("schedules", "add", "--in", "5m", "--context", "order"), "'order'", 2),
    (("schedules", "add", "--in", "5m", "--context-json", "{"), "--context-json", 2),
    (("schedules", "add", "--in", "5m", "--context-json", "[1]"), "--context-json", 2),
    (("schedules", "add", "--in", "5m", "--webhook-url", "ftp://example.org"), "'ftp://example.org'", 2),
    (("schedules", "add", "--in", "5m", "--webhook-event", "finished"), "'finished'", 2),
    (("schedules", "add", "--in", "5m", "--catch-up-window", "0"), "--catch-up-window 0", 2),
    ((*WEEKLY, "--start", "2090-01-02", "--until", "2090-01-01"), "is before --start", 2),
    ((*WEEKLY, "--until", "2026-01-01"), "never fire", 2),
    (("schedules", "add", "--in", "5m", "--user", "user-1", "--to", "+34600000009"), "--user and --to", 2),
    ((*WEEKLY, "--until", "9999-12-31"), "'9999-12-31'", 2),
    ((*WEEKLY, "--start", "0001-01-01"), "'0001-01-01'", 2),
    (("occurrences", "--cron", "0 9 * * *", "--tz", "UTC", "--until", "9999-12-31"), "'9999-12-31'", 2),
    (("schedules", "add", "--in", "5m", "--priority", "1" + "0" * 20), "--priority 1", 2),
    (("schedules", "add", "--in", "5m", "--ref", ""), "''", 2),
    (("schedules", "add", "--in", "5m", "--context-json", '{"a": NaN}'), "NaN", 2),
    (("schedules", "add", "--in", "5m", "--context-json", '{"a": 1e400}'), "1e400", 2),
    (("schedules", "add", "--cron", "0", "9", "*", "*", "*"), "extra argument", 2),
    (("schedules", "add", "--at", "tomorrow 09:00"), "--at 'tomorrow 09:00'", 2),
    (("schedules", "add", "--at", "noon"), "--at 'noon'", 2),
    (("schedules", "add", "--at", "25:00"), "'25:00'", 2),
    (("users", "edit", "user-1", "--clear", "phone"), "'phone'", 2),
    (("--db", "", "users", "list"), "--db ''", 2),
    (("--db", "/", "users", "list"), "/ is a folder", 1),
    (("schedules", "add", "--in", "5m", "--agent", "agent-132"), "'agent-132'", 4),
    (("schedules", "add", "--in", "5m", "--user", "usr-1"), "'usr-1'", 4),
    (("schedules", "add", "--in", "5m", "--to", "600000001"), "'600000001'", 2),
    (("users", "add", "Bo", "--phone", "600000001"), "'600000001'", 2),
    (("users", "add", "Bo", "--phone", "+3460000000112345"), "'+3460000000112345'", 2),
    (("users", "add", "Bo", "--phone", "+34600000002", "--tz", "Madrid"), "'Madrid'", 2),
    (("users", "add", "Bo", "--phone", "+34600000002", "--local-time", "24:00"), "'24:00'", 2),
    (("users", "add", " ", "--phone", "+34600000002"), "' '", 2),
    (("users", "add", "Bo", "--phone", "+34600000002", "--id", "a b"), "'a b'", 2),
    (("users", "add", "Bo", "--phone", "+34600000002", "--id", "user-1"), "'user-1'", 5),
    (("users", "remove", "nobody"), "'nobody'", 4),
    (("agents", "add", "Other", "--id", "agent-123"), "'agent-123'", 5),
    (("agents", "add", "Other", "--stream-url", "https://agent.example"), "'https://agent.example'", 2),
    (
        ("agents", "add", "Other", "--stream-url", "wss://a.example", "--answer-url", "https://a.example"),
        "one way",
        2,
    ),
    (("numbers", "add", "+34910000002", "--carrier", "twilo"), "'twilo'", 2),
    (("numbers", "add", "+34910000001"), "+34910000001", 5),
    (("numbers", "attach", "+34910000009", "agent-123"), "'+34910000009'", 4),
    (("numbers", "release", "+34910000008"), "'+34910000008'", 4),
    (("schedules", "show", "nothing"), "'nothing'", 4),
    (("schedules", "list", "--status", "actve"), "'actve'", 2),
    (("schedules", "list", "--limit", "-1"), "-1", 2),
    (("schedules", "list", "--limit", "many"), "'many'", 2),
    (("config", "set", "liv", "true"), "'liv'", 2),
    (("config", "set", "live", "perhaps"), "'perhaps'", 2),
    (("config", "set", "timezone", "Madrid"), "'Madrid'", 2),
    (("history", "--since", "yesterday"), "'yesterday'", 2),
    (("history", "--since", "30"), "'30' has no unit", 2),
    (("report", "--html", "r.html", "--since", "30"), "'30' has no unit", 2),
    (("schedules", "add", "--in", "5"), "--in '5' has no unit", 2),
    (("occurrences", "--cron", "* * * * *", "--tz", "Europe/Madrid", "-n", "0"), "-n 0", 2),
    (("run-worker", "--interval", "0"), "0", 2),
    (("schedules", "lst"), "'lst'", 2),
    (("shedules", "list"), "'shedules'", 2),
    (("schedules", "list", "--jsn"), "--jsn", 2),
    (("why", "Weekly chek-in"), "'Weekly chek-in'", 4),
    (("why", ""), "''", 4),
    (("why", "+34600x"), "'+34600x'", 2),
    (("why", "user-1", "--at", "yesterday"), "'yesterday'", 2),
    (("simulate", "--days", "0"), "--days 0", 2),
    (("simulate", "--from", "soon"), "'soon'", 2),
    (("simulate", "--assert", "peak_concurency <= 10"), "'peak_concurency <= 10'", 2),
    (("simulate", "--assert", "calls = 10"), "'calls = 10'", 2),
    (("simulate", "--assert", "max_per_person 3/24x"), "'24x'", 2),
    (("sessions", "start", "usr-1"), "'usr-1'", 4),
    (("sessions", "start", "user-1", "--ttl", "soon"), "'soon'", 2),
    (("sessions", "start", "user-1", "--ttl", "25h"), "--ttl 25h", 2),
    (("sessions", "start", "user-1", "--channel", " "), "' '", 2),
    (("sessions", "start", "user-1", "--id", "a b"), "'a b'", 2),
    (("sessions", "touch", "ses_1"), "'ses_1'", 4),
    (("sessions", "list", "--status", "alive"), "'alive'", 2),
    (("suppressions", "add", "user-1", "nobody"), "'nobody'", 4),
    (("suppressions", "add", "user-1", "--for", "0"), "--for 0", 2),
    (("suppressions", "add", "user-1", "--for", "ever"), "'ever'", 2),
    (("suppressions", "remove", "user-1"), "+34600000001", 4),
    (("reconcile", "--resolve", "call_1", "placed"), "'call_1'", 4),
    (("reconcile", "--resolve", "call_1", "not_placed"), "'not_placed'", 2),
    (("history", "nothing", "--events"), "'nothing'", 4),
    (("history", "--events", "--status", "completed"), "--status and --events", 2),
    (("config", "set", "cal_cap", "3/24h"), "'cal_cap'", 2),
    (("config", "set", "call_cap", "3/24x"), "'24x'", 2),
    (("config", "set", "call_cap", "3/24"), "'24'", 2),
    (("config", "set", "calling_window", "09:00-09:00"), "never opens", 2),
    (("config", "set", "calling_window", "not 12-25"), "never opens", 2),
    (("config", "set", "calling_window", "us-tpca"), "'us-tpca'", 2),
    (("config", "set", "pace", "nan"), "'nan'", 2),
    (("config", "set", "concurrency", "-1"), "-1", 2),
    (("config", "set", "daily_budget", "1.5"), "'1.5'", 2),
    ((*WEEKLY, "--window", "mon-fry 09:00-20:00"), "'fry'", 2),
    ((*WEEKLY, "--on-doubt", "redail-after"), "'redail-after'", 2),
    ((*WEEKLY, "--on-doubt", "redial-after", "5s"), "redial-after 5s", 2),
    (("users", "edit", "user-1", "--window", "25:00-26:00"), "'25:00'", 2),
]


@pytest.mark.parametrize(("words", "named", "code"), CASES, ids=[" ".join(words) for words, _, _ in CASES])
def test_it_is_named_hinted_at_and_not_stored(hyp: Hyp, words: tuple[str, ...], named: str, code: int) -> None:
    before = hyp.dump()
    answer = hyp(*words)
    error, *rest = answer.err.splitlines()
    assert (answer.code, answer.out) == (code, "")
    assert error.startswith("hyp: error: ")
    assert named in error
    assert [line[:6] for line in rest] == ["hint: "], answer.err
    assert hyp.dump() == before


def test_the_nearest_name_is_offered(hyp: Hyp) -> None:
    assert "hint: did you mean 'agent-123'?" in hyp("schedules", "add", "--in", "5m", "--agent", "agent-132").err
    assert "hint: did you mean Europe/Madrid?" in hyp(*WEEKLY, "--tz", "Europe/Madird").err


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("why", "usr-1"), "did you mean 'user-1'?"),
        (("config", "set", "dayly_budget", "5"), "did you mean daily_budget?"),
        (("simulate", "--assert", "zebra"), "one of: no_call_outside, max_per_person, calls, answered"),
        (
            ("schedules", "add", "--at", "tomorrow 09:00"),
            "write 2026-12-01 14:30 (with --tz), 2026-12-01T14:30:00+01:00 or now; 09:30 with --weekdays 1,3,5, or",
        ),
        ((*WEEKLY, "--on-doubt", "redial"), "did you mean redial-after?"),
        (("sessions", "list", "--status", "lve"), "did you mean live?"),
    ],
)
def test_the_nearest_word_is_offered_for_rules_settings_and_subjects(
    hyp: Hyp, words: tuple[str, ...], hint: str
) -> None:
    assert f"hint: {hint}" in hyp(*words).err


def test_a_session_that_is_over_cannot_be_touched(hyp: Hyp, until: Callable[[Callable[[], bool]], None]) -> None:
    hyp.ok("sessions", "start", "user-1", "--id", "ended")
    hyp.ok("sessions", "end", "ended")
    hyp.ok("sessions", "start", "user-1", "--id", "expired", "--ttl", "1s")
    until(lambda: hyp("sessions", "touch", "expired", "--ttl", "1s").code == 5)
    before = hyp.dump()
    for session in ("ended", "expired"):
        answer = hyp("sessions", "touch", session)
        error, hint = answer.err.splitlines()
        assert (answer.code, answer.out) == (5, "")
        assert error.startswith(f"hyp: error: {session} {session} at ")
        assert hint.startswith("hint: ")
    taken = hyp("sessions", "start", "user-1", "--id", "ended")
    assert (taken.code, "'ended'" in taken.err) == (5, True)
    assert hyp.dump() == before


def test_what_is_not_in_doubt_cannot_be_resolved(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--at", "now", "--ref", "once")
    hyp.ok("tick")
    ((call,),) = hyp.query("select id from calls")
    before = hyp.dump()
    for verdict in ("placed", "not-placed"):
        answer = hyp("reconcile", "--resolve", call, verdict)
        error, hint = answer.err.splitlines()
        assert (answer.code, answer.out, hint) == (5, "", "hint: see what is: hyp reconcile")
        assert error.startswith(f"hyp: error: {call} is ")
    assert hyp.dump() == before


def test_a_time_in_a_gap_is_refused_with_both_choices(hyp: Hyp) -> None:
    said = hyp("schedules", "add", "--at", "2090-03-26 02:30").err
    assert "2090-03-26T01:59+01:00" in said
    assert "2090-03-26T03:00+02:00" in said


def test_a_time_that_happens_twice_is_refused_with_both_choices_and_taken_with_one(hyp: Hyp) -> None:
    said = hyp("schedules", "add", "--at", "2090-10-29 02:30").err
    assert "2090-10-29T02:30+02:00" in said
    assert "2090-10-29T02:30+01:00" in said
    for fold, instant in (("first", "2090-10-29T00:30:00Z"), ("second", "2090-10-29T01:30:00Z")):
        added = hyp.ok("schedules", "add", "--at", "2090-10-29 02:30", "--fold", fold, "--json").json
        assert added["next_run_at"] == added["run_at"] == instant


def test_the_guides_sample_number_is_taken_with_a_warning(hyp: Hyp) -> None:
    answer = hyp.ok("schedules", "add", "--in", "5m", "--to", "+1234567890", "--tz", "America/New_York")
    assert "warning: +1234567890 is no possible phone number" in answer.err
    assert answer.out.startswith("sch_")


def test_without_a_database_every_command_ends_with_10_and_makes_nothing(bare_hyp: Hyp) -> None:
    for words in (
        ("schedules", "list"),
        ("tick",),
        ("users", "add", "Bo", "--phone", "+34600000002"),
        ("db", "status"),
    ):
        answer = bare_hyp(*words)
        assert (answer.code, answer.out) == (10, "")
        assert str(bare_hyp.db) in answer.err
    assert not bare_hyp.db.parent.exists()


def test_errors_are_json_when_json_is_asked_for(hyp: Hyp) -> None:
    for words, kind, code in (
        (("schedules", "show", "nothing", "--json"), "not_found", 4),
        (("--json", "schedules", "lst"), "usage", 2),
    ):
        answer = hyp(*words)
        error = json.loads(answer.err)["error"]
        assert answer.out == ""
        assert (answer.code, error["code"], error["kind"]) == (code, code, kind)
        assert set(error) == {"kind", "code", "message", "hint"}


def test_what_live_schedules_need_cannot_be_removed_and_they_are_listed(hyp: Hyp) -> None:
    schedule = hyp.ok(*WEEKLY).out.strip()
    for words in (
        ("agents", "remove", "agent-123"),
        ("users", "remove", "user-1"),
        ("numbers", "release", "+34910000001"),
        ("numbers", "detach", "+34910000001"),
    ):
        answer = hyp(*words)
        assert answer.code == 5
        assert schedule in answer.err
    hyp.ok("schedules", "cancel", schedule)
    for words in (
        ("numbers", "release", "+34910000001"),
        ("users", "remove", "user-1"),
        ("agents", "remove", "agent-123"),
    ):
        hyp.ok(*words)
    assert [row["schedule_id"] for row in hyp.ok("history", "--json").json] == []
    assert hyp.ok("schedules", "list", "--status", "all", "--json").json[0]["id"] == schedule


def test_a_bug_shows_its_traceback_only_when_asked(hyp: Hyp) -> None:
    hyp.query("update users set context = '{}' where id = 'user-1'")
    import sqlite3

    connection = sqlite3.connect(hyp.db)
    connection.execute("update users set created_at = 'nonsense'")
    connection.commit()
    connection.close()
    quiet, loud = hyp("users", "list"), hyp("users", "list", HYP_DEBUG="1")
    assert quiet.code == 70
    assert "Traceback" not in quiet.err
    assert "HYP_DEBUG=1" in quiet.err
    assert "Traceback" in loud.err


def test_bytes_that_are_no_text_are_no_bug(hyp: Hyp) -> None:
    answer = hyp("users", "add", "bad\udcff", "--phone", "+34600000002")
    assert answer.code == 2
    assert "not UTF-8" in answer.err


def test_the_workspaces_timezone_cannot_go_while_a_schedule_needs_it(hyp: Hyp) -> None:
    hyp.ok("config", "set", "timezone", "Europe/Madrid")
    hyp.ok("users", "edit", "user-1", "--clear", "timezone")
    schedule = hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30").out.strip()
    answer = hyp("config", "unset", "timezone")
    assert answer.code == 5
    assert schedule in answer.err
    assert hyp.ok("config", "get", "timezone").out == "Europe/Madrid\n"


@pytest.mark.parametrize(
    ("words", "ways"),
    [
        (("users", "list"), ("> /dev/full", ">&-")),
        (("users", "list", "--json"), ("> /dev/full", ">&-")),
        (("users", "list", "--help"), ("> /dev/full",)),
    ],
)
def test_an_answer_that_cannot_leave_is_a_failure(hyp: Hyp, words: tuple[str, ...], ways: tuple[str, ...]) -> None:
    for stdout in ways:
        done = subprocess.run(
            ["bash", "-c", f"{' '.join([*COMMAND, *words])} {stdout}"],
            env=hyp.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 1, done
        assert "standard output" in done.stderr


def test_the_hints_of_what_was_meant_can_be_typed(hyp: Hyp) -> None:
    said = hyp("schedules", "add", "--in", "5").err
    assert "hint: in minutes: --in 5m; in seconds: --in 5s" in said
    hyp.ok("schedules", "add", "--in", "5m")
    said = hyp("history", "--since", "yesterday").err
    assert "hint: how long ago, as in 24h or 7d; or a day, as in 2026-12-01" in said
    assert "--tz" not in said
    for since in ("24h", "7d", "2026-12-01", "20261201", "2026-12-01T00:00Z"):
        hyp.ok("history", "--since", since)


def test_a_webhook_url_with_a_password_is_refused_for_that_and_the_password_not_shown(hyp: Hyp) -> None:
    for url in ("http://u:pa55@127.0.0.1/", "https://u:pa55@example.org:8443/a@b", "https://u@example.org/"):
        answer = hyp("config", "set", "webhook_url", url)
        assert (answer.code, "holds a user and a password" in answer.err, "pa55" in answer.err) == (2, True, False)
    for url in ("ftp://u:pa55@example.org/", "http://u:pa55@/"):
        assert "is not http(s)" in hyp("config", "set", "webhook_url", url).err
    assert hyp("config", "get", "webhook_url").out == "\n"
    for key in ("heartbeat_url", "callback_url"):
        answer = hyp("config", "set", key, "https://u:pa55@example.org/ping")
        assert (answer.code, "example.org/ping" in answer.err, "pa55" in answer.err) == (2, True, False)


def test_what_is_no_workspace_is_told_from_one_that_is_damaged_or_missing(hyp: Hyp) -> None:
    answer = hyp("--db", "/etc/passwd", "history")
    assert (answer.code, "hint: was another path meant?" in answer.err) == (1, True)
    for words in (("history",), ("tick",)):
        answer = hyp("--db", "/dev/null", *words)
        assert (answer.code, "/dev/null is not a plain file" in answer.err) == (1, True)


def test_a_window_over_midnight_is_told(hyp: Hyp) -> None:
    said = hyp.ok("config", "set", "calling_window", "21:00-09:00").err
    assert "note: that is over midnight: open from 21:00 until 09:00 of the day after" in said
    for hours in ("09:00-21:00", "10:00-00:00", "us-tcpa"):
        assert "midnight" not in hyp.ok("config", "set", "calling_window", hours).err
