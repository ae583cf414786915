"""Webhooks as an operator meets them: set up, told by a tick, listed, told anew, signed with a secret of theirs."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Hyp
from tests.cli.test_output import HOSTILE, on_a_terminal
from tests.receiver import SECRET, Heard, Receiver, hangs, holds, says

URL = "https://receiver.example/hooks"
KEYS = {
    "id", "event", "execution_id", "schedule_id", "url", "status", "attempts", "next_try_at", "last_error",
    "created_at", "finished_at",
}  # fmt: skip
OTHER_SECRET = "whsec_" + "A" * 32


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


@pytest.fixture
def told(hyp: Hyp, receiver: Receiver) -> Hyp:
    """A workspace whose receiver, on this machine, hears of everything."""
    hyp.ok("config", "set", "webhook_allow_private", "true")
    hyp.ok("config", "set", "webhook_url", receiver.url)
    return hyp


def change(hyp: Hyp, sql: str, *values: str) -> None:
    """Change something behind the program's back, as time does."""
    connection = sqlite3.connect(hyp.db)
    connection.execute(sql, values)
    connection.commit()
    connection.close()


def let_time_pass(hyp: Hyp) -> None:
    """Let what is leased, or waits for another try, be due."""
    change(hyp, "update webhooks set next_try_at = '2020-01-01T00:00:00Z' where status = 'pending'")


def when_told(heard: Heard) -> datetime:
    return heard.told_at.astimezone(UTC)


# --- from the command line to the receiver ------------------------------------------------------------------------


def test_a_tick_tells_the_receiver_of_what_it_did_and_the_receiver_can_trust_it(
    told: Hyp, receiver: Receiver
) -> None:
    schedule = told.ok("schedules", "add", "--at", "now", "--context", "order_id=ORD-456").out.strip()
    answer = told.ok("tick")
    assert (answer.out, answer.err) == ("", "")
    (heard,) = receiver.heard
    secret = told.ok("webhooks", "secret").out.strip()
    assert heard.is_genuine(when_told(heard), secret)
    said = json.loads(heard.body)
    assert said["type"] == "execution.started"
    assert said["data"]["schedule_id"] == schedule
    assert said["data"]["customer_context"] == {"order_id": "ORD-456"}
    assert told.ok("webhooks", "list", "--json").json == []


def test_a_schedule_has_a_receiver_and_events_of_its_own(told: Hyp, receiver: Receiver) -> None:
    with Receiver() as own:
        told.ok("schedules", "add", "--at", "now", "--webhook-url", own.url, "--webhook-event", "started,failed")
        told.ok("tick")
        assert (len(own.heard), len(receiver.heard)) == (1, 0)


def test_what_is_told_of_is_kept_and_shown(hyp: Hyp) -> None:
    words = ("--webhook-url", URL, "--webhook-event", "started", "--webhook-event", "completed,in-doubt")
    schedule = hyp.ok("schedules", "add", "--in", "1h", *words).out.strip()
    shown = hyp.ok("schedules", "show", schedule, "--json").json
    assert (shown["webhook_url"], shown["webhook_events"]) == (URL, ["started", "completed", "in_doubt"])
    hyp.ok("schedules", "edit", schedule, "--clear", "webhook_url", "--clear", "webhook_events")
    shown = hyp.ok("schedules", "show", schedule, "--json").json
    assert (shown["webhook_url"], shown["webhook_events"]) == (None, [])


def test_the_help_says_that_webhooks_are_delivered(hyp: Hyp) -> None:
    text = " ".join(hyp.ok("schedules", "add", "--help").out.split())
    assert "--webhook-url" in text
    assert "does not deliver" not in text


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("webhook_url", URL, URL),
        ("webhook_events", "started, failed", ["started", "failed"]),
        ("webhook_events", "in-doubt,IN_DOUBT", ["in_doubt"]),
        ("webhook_allow_private", "yes", True),
    ],
)
def test_a_setting_is_kept_shown_and_taken_back(hyp: Hyp, key: str, value: str, stored: object) -> None:
    before = hyp.ok("config", "get", key, "--json").json
    assert hyp.ok("config", "set", key, value, "--json").json == {key: stored}
    assert hyp.ok("config", "get", key, "--json").json == {key: stored}
    hyp.ok("config", "unset", key)
    assert hyp.ok("config", "get", key, "--json").json == before


# --- what is refused ----------------------------------------------------------------------------------------------

NO_ADDRESS = (
    *("", " ", "receiver.example", "//receiver.example/", "ftp://receiver.example/", "file:///etc/passwd"),
    *(
        "javascript:alert(1)",
        "http://",
        "http:///hooks",
        "https://:443/",
        "http://[::1",
        "http://receiver.example:x/",
    ),
    *("http://receiver.example:99999/", "http://receiver.example:-1/", "http://receiver.example:0/", "http://./"),
    *("http://re ceiver.example/", "http://receiver.example/ho oks", " http://receiver.example/"),
    *("http://receiver.example/\nX-Y: z", "http://rec\neiver.example/", "http://receiver.example/\x1b[31m"),
    "https://receiver.example@127.0.0.1/",
    *("http://receiver..example/", f"http://{'a' * 64}.example/"),
)
INSIDE = (
    *(
        "http://127.0.0.1/",
        "http://localhost:8000/",
        "http://LOCALHOST/",
        "http://localhost./",
        "http://a.localhost/",
    ),
    *("http://127.0.0.1./", "http://10.0.0.1/", "http://192.168.1.1/", "http://169.254.169.254/", "http://0.0.0.0/"),
    *("http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://[fd00:ec2::254]/"),
    *("http://100.64.0.1/", "http://2130706433/", "http://127.1/", "http://0x7f.0.0.1/", "http://0177.0.0.1/"),
    "http://127.0.0.1#receiver.example",
)


def config_set(url: str) -> list[str]:
    return ["config", "set", "webhook_url", url]


def schedules_add(url: str) -> list[str]:
    return ["schedules", "add", "--in", "1h", "--webhook-url", url]


@pytest.mark.parametrize("ask", [config_set, schedules_add])
@pytest.mark.parametrize("url", NO_ADDRESS, ids=ascii)
def test_what_is_no_address_of_a_receiver_is_refused_and_nothing_is_stored(
    hyp: Hyp, url: str, ask: Callable[[str], list[str]]
) -> None:
    before = hyp.dump()
    answer = hyp(*ask(url))
    assert (answer.code, answer.out) == (2, "")
    assert "hint:" in answer.err
    assert "\x1b" not in answer.err
    assert hyp.dump() == before


@pytest.mark.parametrize("ask", [config_set, schedules_add])
@pytest.mark.parametrize("url", INSIDE, ids=ascii)
def test_an_address_of_this_machine_or_its_network_is_refused_unless_it_is_allowed(
    hyp: Hyp, url: str, ask: Callable[[str], list[str]]
) -> None:
    before = hyp.dump()
    answer = hyp(*ask(url))
    assert (answer.code, answer.out) == (2, "")
    assert "webhook_allow_private" in answer.err
    assert hyp.dump() == before


@pytest.mark.parametrize("ask", [config_set, schedules_add])
def test_an_address_of_this_machine_is_taken_where_that_is_allowed(hyp: Hyp, ask: Callable[[str], list[str]]) -> None:
    hyp.ok("config", "set", "webhook_allow_private", "true")
    hyp.ok(*ask("http://127.0.0.1:8000/"))


@pytest.mark.parametrize("ask", [config_set, schedules_add])
def test_a_password_in_an_address_is_refused_without_being_shown(hyp: Hyp, ask: Callable[[str], list[str]]) -> None:
    """It would stand in the database, in its backups, and in every list."""
    answer = hyp(*ask("https://hyp:sesame@receiver.example/"))
    assert answer.code == 2
    assert "sesame" not in answer.out + answer.err
    assert b"sesame" not in hyp.db.read_bytes()


@pytest.mark.parametrize("events", ["begun", "started,begun", "started;failed"])
@pytest.mark.parametrize(
    "ask",
    [
        lambda events: ["config", "set", "webhook_events", events],
        lambda events: ["schedules", "add", "--in", "1h", "--webhook-url", URL, "--webhook-event", events],
    ],
)
def test_an_event_that_there_is_not_is_refused_and_nothing_is_stored(
    hyp: Hyp, events: str, ask: Callable[[str], list[str]]
) -> None:
    before = hyp.dump()
    answer = hyp(*ask(events))
    assert answer.code == 2
    assert "hint:" in answer.err
    assert hyp.dump() == before


def test_when_private_addresses_are_forbidden_again_what_waits_stays_here(told: Hyp, receiver: Receiver) -> None:
    told.ok("config", "set", "webhook_allow_private", "false")
    told.ok("schedules", "add", "--at", "now")
    told.ok("tick")
    assert receiver.connections == 0
    (waiting,) = told.ok("webhooks", "list", "--json").json
    assert "may not be asked" in waiting["last_error"]


# --- what waits and what is dead ----------------------------------------------------------------------------------


@pytest.fixture
def dead(told: Hyp, receiver: Receiver) -> Hyp:
    """A workspace with one message that is dead: its receiver was gone, and is there again."""
    receiver.answers = [says(410), says(200)]
    told.ok("schedules", "add", "--at", "now")
    told.ok("tick")
    return told


def test_an_empty_list_is_empty_in_every_form(hyp: Hyp) -> None:
    assert hyp.ok("webhooks", "list", "--json").json == []
    assert hyp.ok("webhooks", "list").out == ""
    assert "Nothing waits" in on_a_terminal(hyp, "webhooks", "list")


def test_a_list_says_what_is_wrong_in_every_form(dead: Hyp, receiver: Receiver) -> None:
    (listed,) = dead.ok("webhooks", "list", "--json").json
    assert set(listed) == KEYS
    assert (listed["status"], listed["event"], listed["attempts"]) == ("dead", "started", 1)
    assert (listed["url"], listed["last_error"], listed["next_try_at"]) == (receiver.url, "HTTP 410", None)
    cells = dead.ok("webhooks", "list").out.rstrip("\n").split("\t")
    assert cells[0] == listed["id"]
    assert {"started", "dead", "1", "HTTP 410", receiver.url, listed["execution_id"]} <= set(cells)
    table = on_a_terminal(dead, "webhooks", "list")
    assert "dead" in table and "HTTP 410" in table


@pytest.mark.parametrize("of", ["id", "execution_id", "schedule_id"])
def test_a_list_can_be_of_one_message_execution_or_schedule(dead: Hyp, of: str) -> None:
    (listed,) = dead.ok("webhooks", "list", "--json").json
    assert dead.ok("webhooks", "list", listed[of], "--json").json == [listed]
    assert dead.ok("webhooks", "list", listed[of] + "x", "--json").json == []


@pytest.mark.parametrize(
    ("statuses", "count"), [("dead", 1), ("pending", 0), ("delivered", 0), ("all", 1), ("pending,dead", 1)]
)
def test_a_list_can_be_of_some_statuses(dead: Hyp, statuses: str, count: int) -> None:
    assert len(dead.ok("webhooks", "list", "--status", statuses, "--json").json) == count


@pytest.mark.parametrize("words", [("--status", "lost"), ("--limit", "-1"), ("--limit", "many"), ("a", "b")])
def test_a_list_that_cannot_be_made_is_refused(hyp: Hyp, words: tuple[str, ...]) -> None:
    assert hyp("webhooks", "list", *words).code == 2


def test_a_long_list_is_cut_and_says_so(told: Hyp, receiver: Receiver) -> None:
    receiver.answers = [says(500)]
    for last in range(3):
        told.ok("schedules", "add", "--to", f"+3460000010{last}", "--tz", "Europe/Madrid", "--at", "now")
    told.ok("tick")
    answer = told.ok("webhooks", "list", "--limit", "2", "--json")
    assert len(answer.json) == 2
    assert "--limit 0" in answer.err
    whole = told.ok("webhooks", "list", "--limit", "0", "--json")
    assert (len(whole.json), whole.err) == (3, "")
    assert whole.json[:2] == answer.json, "the latest first"


@pytest.mark.parametrize("of", ["id", "execution_id", "schedule_id", "all"])
def test_what_is_dead_is_told_anew_when_somebody_asks_for_it(dead: Hyp, receiver: Receiver, of: str) -> None:
    (listed,) = dead.ok("webhooks", "list", "--json").json
    assert dead.ok("webhooks", "retry", listed.get(of, of), "--json").json == {"retried": 1}
    dead.ok("tick")
    assert receiver.ids == [listed["id"]] * 2
    (delivered,) = dead.ok("webhooks", "list", listed["id"], "--status", "all", "--json").json
    assert (delivered["status"], delivered["attempts"]) == ("delivered", 1)
    trail = dead.query("select reason from events where name = 'webhook.retried'")
    assert trail == [("1 messages",)]


@pytest.mark.parametrize("which", ["msg_none", "sch_none", "", "delivered"])
def test_what_there_is_not_cannot_be_told_anew(dead: Hyp, which: str) -> None:
    before = dead.dump()
    answer = dead("webhooks", "retry", which)
    assert answer.code == 4
    assert "hint:" in answer.err
    assert dead.dump() == before


def test_all_of_nothing_is_done_at_once(hyp: Hyp) -> None:
    before = hyp.query("select count(*) from webhooks")
    assert hyp.ok("webhooks", "retry", "all", "--json").json == {"retried": 0}
    assert hyp.query("select count(*) from webhooks") == before


def test_what_was_delivered_is_not_told_anew(told: Hyp, receiver: Receiver) -> None:
    told.ok("schedules", "add", "--at", "now")
    told.ok("tick")
    (delivered,) = told.ok("webhooks", "list", "--status", "all", "--json").json
    assert told("webhooks", "retry", delivered["id"]).code == 4
    assert told.ok("webhooks", "retry", "all", "--json").json == {"retried": 0}
    assert len(receiver.heard) == 1


def test_nothing_of_an_address_reaches_a_terminal_but_its_letters(dead: Hyp) -> None:
    """One that an older version stored, or another program."""
    change(dead, "update webhooks set url = ?1, last_error = ?1", f"https://x.example/{HOSTILE}")
    shown = on_a_terminal(dead, "webhooks", "list")
    plain = dead.ok("webhooks", "list")
    for text in (shown, plain.out):
        assert "\x1b[31m" not in text
        assert "\a" not in text
    assert len(plain.out.splitlines()) == 1


# --- the secret ---------------------------------------------------------------------------------------------------


def own_file(hyp: Hyp) -> Path:
    return hyp.db.with_name("default.db.webhook-secret")


def test_a_secret_is_made_once_for_its_owner_only_and_stands_beside_the_database(hyp: Hyp) -> None:
    assert not own_file(hyp).exists()
    secret = hyp.ok("webhooks", "secret").out
    assert secret.startswith("whsec_") and secret.count("\n") == 1
    assert stat.S_IMODE(own_file(hyp).stat().st_mode) == 0o600
    assert hyp.ok("webhooks", "secret").out == secret
    assert hyp.ok("webhooks", "secret", "--json").json == {"secret": secret.strip()}
    assert own_file(hyp).read_text().strip() == secret.strip()
    assert [path.name for path in hyp.db.parent.iterdir() if "secret" in path.name] == [own_file(hyp).name]


def test_processes_that_make_it_at_once_make_one(hyp: Hyp) -> None:
    running = [hyp.start("webhooks", "secret") for _ in range(6)]
    said = {process.communicate(timeout=60) for process in running}
    assert len(said) == 1
    assert said == {(own_file(hyp).read_text(), "")}
    assert [path.name for path in hyp.db.parent.iterdir() if "secret" in path.name] == [own_file(hyp).name]


@pytest.mark.parametrize("source", ["own", "environment"])
def test_the_secret_is_never_in_the_database_nor_in_what_a_tick_says(
    told: Hyp, receiver: Receiver, source: str
) -> None:
    env = {} if source == "own" else {"HYP_WEBHOOK_SECRET": SECRET}
    receiver.answers = [says(500), says(200)]
    told.ok("schedules", "add", "--at", "now")
    ticks = [told.ok("tick", **env)]
    let_time_pass(told)
    ticks.append(told.ok("tick", "--json", **env))
    assert len(receiver.heard) >= 2
    secret = told.ok("webhooks", "secret", **env).out.strip().removeprefix("whsec_")
    for path in told.db.parent.iterdir():
        assert path == own_file(told) or secret.encode() not in path.read_bytes()
    assert all(secret not in tick.out + tick.err for tick in ticks)


def test_the_environment_comes_before_a_file_that_before_a_credential_and_that_before_our_own(hyp: Hyp) -> None:
    file = hyp.home / "secret"
    folder = hyp.home / "credentials"
    folder.mkdir()
    texts = {name: "whsec_" + letter * 32 for name, letter in [("own", "A"), ("folder", "B"), ("file", "C")]}
    own_file(hyp).write_text(texts["own"] + "\n")
    file.write_text(texts["file"] + "\n")
    (folder / "hyp_webhook_secret").write_text(texts["folder"])
    sources = {
        "CREDENTIALS_DIRECTORY": str(folder),
        "HYP_WEBHOOK_SECRET_FILE": str(file),
        "HYP_WEBHOOK_SECRET": SECRET,
    }
    expected = [texts["own"], texts["folder"], texts["file"], SECRET]
    for count, text in enumerate(expected):
        env = dict(list(sources.items())[:count])
        assert hyp.ok("webhooks", "secret", **env).out.strip() == text


def test_a_credential_of_another_name_is_not_ours(hyp: Hyp) -> None:
    own = hyp.ok("webhooks", "secret").out
    assert hyp.ok("webhooks", "secret", CREDENTIALS_DIRECTORY=str(hyp.home)).out == own


def test_both_secrets_sign_while_one_is_replaced(told: Hyp, receiver: Receiver) -> None:
    told.ok("schedules", "add", "--at", "now")
    told.ok("tick", HYP_WEBHOOK_SECRET=f"{SECRET} {OTHER_SECRET}")
    (heard,) = receiver.heard
    assert heard.is_genuine(when_told(heard), SECRET)
    assert heard.is_genuine(when_told(heard), OTHER_SECRET)


@pytest.mark.parametrize("bad", ["sesame-open", "whsec_sesame", "whsec_" + "A" * 8, " ", "\n"], ids=ascii)
@pytest.mark.parametrize("way", ["environment", "file", "credential", "own"])
def test_a_secret_that_is_none_is_said_not_shown_and_nothing_is_sent_unsigned(
    told: Hyp, receiver: Receiver, bad: str, way: str
) -> None:
    path = own_file(told)
    env = {}
    if way == "environment":
        env = {"HYP_WEBHOOK_SECRET": bad}
    elif way == "file":
        path = told.home / "file"
        env = {"HYP_WEBHOOK_SECRET_FILE": str(path)}
    elif way == "credential":
        path = told.home / "hyp_webhook_secret"
        env = {"CREDENTIALS_DIRECTORY": str(told.home)}
    if way != "environment":
        path.write_text(bad)
    told.ok("schedules", "add", "--at", "now")
    for words in (("webhooks", "secret"), ("tick",)):
        answer = told(*words, **env)
        assert answer.code not in (0, 70)
        assert "secret" in answer.err and "hint:" in answer.err
        assert not bad.strip() or bad not in answer.out + answer.err
    assert receiver.heard == []
    assert told.rung() == ["+34600000001"], "it was dialled all the same"


@pytest.mark.parametrize("file", ["none", "a folder", "no text"])
def test_a_secrets_file_that_cannot_be_read_is_named(hyp: Hyp, file: str) -> None:
    path = hyp.home / "secret"
    if file == "a folder":
        path.mkdir()
    elif file == "no text":
        path.write_bytes(b"\xff\xfe")
    answer = hyp("webhooks", "secret", HYP_WEBHOOK_SECRET_FILE=str(path))
    assert (answer.code, answer.out) == (1, "")
    assert str(path) in answer.err and "hint:" in answer.err


def test_a_draft_that_a_dead_process_left_does_not_keep_the_next_from_making_one(
    hyp: Hyp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a container every process has the same number."""
    from hyponema_cli.store import secret

    own_file(hyp).with_name(f"{own_file(hyp).name}.1").write_text("whsec_")
    monkeypatch.setattr(secret.os, "getpid", lambda: 1)
    assert secret.webhook_secret(hyp.db, {}).startswith("whsec_")


# --- slow receivers, other processes, and death -------------------------------------------------------------------


def test_a_tick_that_meets_a_mute_receiver_dials_comes_to_an_end_and_says_what_was_wrong(
    told: Hyp, receiver: Receiver
) -> None:
    receiver.answers = [hangs]
    told.ok("schedules", "add", "--at", "now")
    told.ok("tick")
    assert told.rung() == ["+34600000001"]
    (waiting,) = told.ok("webhooks", "list", "--json").json
    assert waiting["last_error"]
    assert (waiting["attempts"], waiting["status"]) == (1, "pending")


def test_two_ticks_at_once_tell_each_message_once(told: Hyp, receiver: Receiver) -> None:
    change(told, "delete from settings where key = 'webhook_url'")
    for last in range(8):
        told.ok("schedules", "add", "--to", f"+3460000010{last}", "--tz", "Europe/Madrid", "--at", "now")
    told.ok("config", "set", "webhook_url", receiver.url)
    running = [told.start("tick") for _ in range(4)]
    assert [process.communicate(timeout=60) and process.returncode for process in running] == [0] * 4
    told.ok("tick")
    assert len(receiver.ids) == len(set(receiver.ids))
    started = [heard for heard in receiver.heard if json.loads(heard.body)["data"]["event"] == "started"]
    assert len(started) == 8


def test_a_tick_that_is_killed_while_it_tells_has_told_at_least_once_and_another_tells_it_again(
    told: Hyp, receiver: Receiver
) -> None:
    released = threading.Event()
    receiver.answers = [holds(released), says(200)]
    told.ok("schedules", "add", "--at", "now")
    victim: subprocess.Popen[str] = told.start("tick")
    assert receiver.has_heard.wait(30)
    victim.kill()
    victim.communicate(timeout=30)
    released.set()
    (first,) = receiver.heard
    ((lease,),) = told.query("select next_try_at from webhooks where event = 'started'")
    assert datetime.fromisoformat(lease) - first.told_at <= timedelta(minutes=5)
    change(told, "update calls set next_poll_at = '2099-01-01T00:00:00Z' where next_poll_at is not null")
    told.ok("tick")
    assert len(receiver.heard) == 1, "while the lease lasts"
    let_time_pass(told)
    told.ok("tick")
    assert receiver.ids == [first.id] * 2
    assert receiver.heard[1].body == first.body
    assert told.query("select status from webhooks") == [("delivered",)]
