"""Imports and exports as people use them: files and pipes, all or nothing, and files that are no good at all."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from hyponema_cli.clock import SystemClock
from hyponema_cli.core.instant import from_text
from tests.cli.conftest import COMMAND, Hyp
from tests.cli.test_output import on_a_terminal
from tests.processes.waiting import until

CALLS = """phone_number;timezone;cron_expression;name;order
+34600000011;Europe/Madrid;0 9 * * 1;First;ORD-1
+34600000012;Europe/Madird;0 9 * * 1;Second;ORD-2
12;Europe/Madrid;0 9 * * 1;Third;
"""
PEOPLE = """id,name,phone_number,timezone,language
p1,Ana,+34600000021,Europe/Madrid,es
p2,Ben,+12125550123,America/New_York,
"""
COUNT = "select count(*) from schedules"


def put(hyp: Hyp, name: str, text: str | bytes) -> str:
    (hyp.home / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def piped(hyp: Hyp, words: Sequence[str], data: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words], env=hyp.env, cwd=hyp.home, input=data, capture_output=True, timeout=60, check=False
    )


def test_one_bad_row_and_nothing_is_stored(hyp: Hyp) -> None:
    before = hyp.dump()
    answer = hyp("schedules", "import", put(hyp, "calls.csv", CALLS))
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.splitlines() == [
        "line 3: unknown timezone 'Europe/Madird' (did you mean Europe/Madrid?)",
        "line 4: phone number '12' is not in E.164 form (E.164 form: + country code and number, as in +34600000001)",
        "hyp: error: calls.csv: 2 of 3 rows are no good, and nothing is stored",
        "hint: mend them, or store the others: --partial",
    ]
    assert hyp.dump() == before


def test_the_good_rows_are_stored_when_that_is_said_and_the_bad_ones_written_down(hyp: Hyp) -> None:
    answer = hyp(
        "schedules", "import", put(hyp, "calls.csv", CALLS), "--partial", "--rejected", "bad.jsonl", "--json"
    )
    assert answer.code == 3
    told = answer.json
    assert (told["added"], told["unchanged"], told["rejected"]) == (1, 0, 2)
    assert told["rejected_rows"][0] == {
        "line": 3, "reason": "unknown timezone 'Europe/Madird'", "hint": "did you mean Europe/Madrid?"
    }  # fmt: skip
    assert [each["line"] for each in told["rejected_rows"]] == [3, 4]
    bad = [json.loads(line) for line in (hyp.home / "bad.jsonl").read_text("utf-8").splitlines()]
    assert [each["rejected_place"] for each in bad] == ["line 3", "line 4"]
    assert (hyp.home / "bad.jsonl").stat().st_mode & 0o777 == 0o600
    assert bad[0] == {
        "phone_number": "+34600000012", "timezone": "Europe/Madird", "cron_expression": "0 9 * * 1",
        "name": "Second", "customer_context": {"order": "ORD-2"}, "rejected_place": "line 3",
        "rejected_because": "unknown timezone 'Europe/Madird' (did you mean Europe/Madrid?)",
    }  # fmt: skip
    (stored,) = hyp.ok("schedules", "list", "--json").json
    assert (stored["phone_number"], stored["name"]) == ("+34600000011", "First")
    assert stored["customer_context"] == {"order": "ORD-1"}


def test_only_the_first_of_many_bad_rows_are_listed(hyp: Hyp) -> None:
    rows = "".join(f"{number},0 9 * * 1,UTC\n" for number in range(30))
    answer = hyp("schedules", "import", "-", stdin=f"phone_number,cron_expression,timezone\n{rows}")
    lines = answer.err.splitlines()
    assert (answer.code, len(lines)) == (2, 23)
    assert lines[20] == "and 10 more; all of them: --rejected FILE"


def test_the_same_file_again_changes_nothing(hyp: Hyp) -> None:
    put(hyp, "people.csv", PEOPLE)
    words = ("--to", "{phone_number}", "--tz-column", "timezone", "--weekdays", "1", "--at", "09:00")
    words = ("schedules", "import", "people.csv", *words, "--ref", "{id}-weekly", "--context", "who={name}")
    assert hyp.ok(*words).err == "Added 2 schedules.\n"
    before = hyp.dump()
    assert hyp.ok(*words).err == "Added 0 schedules; 2 unchanged.\n"
    assert hyp.dump() == before
    other = hyp(*words[:-1], "who=somebody")
    assert other.code == 2
    assert "ref 'p1-weekly' is taken by sch_" in other.err


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
def test_one_workspace_is_poured_into_another(hyp: Hyp, form: str) -> None:
    put(hyp, "people.csv", PEOPLE)
    hyp.ok("users", "import", "people.csv")
    hyp.ok("schedules", "add", "--user", "p1", "--weekdays", "1-5", "--at", "09:30", "--context-json", '{"a": [1]}')
    hyp.ok(
        "schedules",
        "add",
        "--user",
        "p2",
        "--at",
        "2090-10-29 10:00",
        "--retry-on",
        "busy",
        "--paused",
        "--name",
        "x\ny",
    )
    hyp.ok("schedules", "add", "--to", "+34600000009", "--cron", "0 9 L * *", "--tz", "UTC", "--ref", "mine")
    hyp.ok("-w", "other", "init")
    hyp.ok("-w", "other", "agents", "add", "Check-in", "--id", "agent-123")
    for noun in ("users", "schedules"):
        file = f"{noun}.{form}"
        hyp.ok(noun, "export", file)
        assert Path(hyp.home / file).stat().st_mode & 0o777 == 0o600
        answer = hyp.ok("-w", "other", noun, "import", file)
        assert answer.err == "Added 3 " + noun + ".\n"
        assert hyp.ok("-w", "other", noun, "import", file).err == f"Added 0 {noun}; 3 unchanged.\n"
        assert hyp.ok(noun, "import", file).err == f"Added 0 {noun}; 3 unchanged.\n"
        as_json = hyp.ok(noun, "export", "--format", "json").json
        there = hyp.ok("-w", "other", noun, "export", "--format", "json").json
        assert [{**each, "ref": None} for each in there] == [{**each, "ref": None} for each in as_json]
        assert hyp.ok(noun, "export", "--format", form).out == (hyp.home / file).read_bytes().decode()


def test_users_are_known_again_by_id_else_by_number(hyp: Hyp) -> None:
    put(hyp, "people.csv", PEOPLE)
    assert hyp.ok("users", "import", "people.csv").err == "Added 2 users.\n"
    assert hyp.ok("users", "show", "p1", "--json").json["context"] == {"language": "es"}
    by_number = "name,phone_number,timezone,language\nAna,+34 600 000 021,Europe/Madrid,es\nEva,+34600000030,,\n"
    assert hyp("users", "import", "-", stdin=by_number).err == "Added 1 user; 1 unchanged.\n"
    assert hyp("users", "import", "-", stdin=by_number).err == "Added 0 users; 2 unchanged.\n"
    other = hyp("users", "import", "-", stdin="id,name,phone_number\np1,Anna,+34600000021\n")
    assert (other.code, other.err.splitlines()[0]) == (
        2,
        "line 2: id 'p1' is that of user p1, who differs in name, timezone, context (change them: hyp users edit p1)",
    )
    hyp.ok("users", "remove", "p2")
    again = hyp("users", "import", "people.csv")
    hyp.ok("schedules", "add", "--user", "p1", "--in", "1h")
    assert again.err == "Added 1 user; 1 unchanged.\n"  # nothing refers to who was removed
    named = hyp("users", "import", "-", "--name", "{a} {b}", "--phone", "{c}", "--id", "crm-{d}",
                stdin="a,b,c,d\nEva,Ruiz,+34600000031,7\n")  # fmt: skip
    assert named.err == "Added 1 user.\n"
    assert hyp.ok("users", "show", "crm-7", "--json").json["name"] == "Eva Ruiz"


HEAD = b"phone_number,timezone,cron_expression\n"
GOOD = b"+34600000011,UTC,0 9 * * 1\n"

# what is in the file | what is said of it, in one line
HOSTILE = [
    (b"", "it is empty"),
    (b"\n\n", "its first line is blank"),
    (HEAD + GOOD + b"+3460000\x000012,UTC,0 9 * * 1\n", "line 3 holds a NUL character"),
    (HEAD + GOOD + b'+34600000012,"UTC,0 9 * * 1\n' + GOOD * 10, "line 3: a quote is opened and not closed"),
    (HEAD + GOOD + b'+34600000012,"U"TC,0 9 * * 1\n', "line 3: a cell goes on behind its closing quote"),
    (HEAD + GOOD.replace(b"\n", b"\r") * 2, "line 2: it holds a carriage return outside of quotes"),
    (HEAD + GOOD + b'"' + GOOD * 20_000, "line 3: a quote is opened and not closed"),
    (HEAD + GOOD + b"x" * 10_000_000 + b"\n", "line 3 is longer than 1,048,576 bytes"),
    (HEAD + GOOD + b"N\xfa\xf1ez,UTC,0 9 * * 1\n", "line 3 is not UTF-8: byte 0xfa"),
    ((HEAD + GOOD).decode().encode("utf-16"), "line 1 "),
    (b"phone_number,timezone,timezone\n" + GOOD, "there are two columns 'timezone'"),
    (b"phone_number,,timezone\n" + GOOD, "column 2 has no name"),
    (b"phone,timezone,cron_expression\n" + GOOD, "no column says who is called"),
    (b"phone_number,time_zone,cron_expression\n" + GOOD, "unknown column 'time_zone'"),
    (b"phone_number;timezone,cron_expression\n" + GOOD, "its first line holds ',' and ';'"),
    (b"order,context.order,phone_number\n" + GOOD, "columns 'order' and 'context.order' are the same"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "said"), HOSTILE, ids=[said for _, said in HOSTILE])
@pytest.mark.parametrize("how", [(), ("--partial",)], ids=["whole", "partial"])
def test_a_file_that_cannot_be_cut_into_rows_is_one_line_and_nothing_is_stored(
    hyp: Hyp, data: bytes, said: str, how: tuple[str, ...]
) -> None:
    before = hyp.dump()
    answer = piped(hyp, ("schedules", "import", "-", *how), data)
    lines = answer.stderr.decode().splitlines()
    assert (answer.returncode, answer.stdout) == (2, b"")
    assert len(lines) == 2
    assert lines[0].startswith(f"hyp: error: standard input: {said}")
    assert lines[1].startswith("hint: ")
    assert hyp.dump() == before


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("json", '{"phone_number": "+34600000011"}', "it is no JSON array"),
        ("json", "[{}, {", "line 1: it is not JSON"),
        ("json", "[{}]\n[{}]", "line 2: something follows the array"),
        ("json", "[{} {}]", "line 1: the array goes on with neither , nor ]"),
        ("json", '["' + "x" * 3_000_000 + '"]', "line 1: an object is longer than 1,048,576"),
        ("json", "[" * 100_000, "line 1: it is"),
        ("jsonl", '{"a": "' + "x" * 2_000_000 + '"}', "line 1 is longer than"),
    ],
)
def test_json_that_cannot_be_cut_into_rows_is_refused_whole(hyp: Hyp, form: str, text: str, said: str) -> None:
    answer = hyp("schedules", "import", "-", "--format", form, "--partial", stdin=text)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(f"hyp: error: standard input: {said}")


def test_a_bad_line_of_json_is_a_bad_row(hyp: Hyp) -> None:
    good = '{"phone_number": "+34600000011", "cron_expression": "0 9 * * 1", "timezone": "UTC"}'
    text = "\n".join(
        [good, "{", "7", '{"phone": "+34600000012"}', "", '{"phone_number": "+1", "phone_number": "+2"}']
    )
    answer = hyp("schedules", "import", "-", "--format", "jsonl", "--partial", stdin=text)
    assert answer.code == 3
    assert [line[:28] for line in answer.err.splitlines()] == [
        "line 2: it is not JSON: Expe",
        "line 3: 7 is not a JSON obje",
        "line 4: unknown field 'phone",
        "line 6: it is not JSON: 'pho",
        "Added 1 schedule; 4 rejected",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("calls.csv", "--to", "{phon}"), "there is no column 'phon'"),
        (("calls.csv", "--to", "{phone"), "'{phone' holds a brace alone"),
        (("calls.csv", "--tz", "UTC", "--tz-column", "timezone"), "--tz and --tz-column cannot be used together"),
        (("calls.csv", "--stagger", "soon"), "'soon' is not a duration"),
        (("calls.csv", "--format", "jsno"), "--format 'jsno' is not known"),
        (("calls.csv", "--delimiter", ";;"), "--delimiter ';;'"),
        (("calls.xlsx",), "'calls.xlsx' does not say what is in it"),
    ],
)
def test_an_import_that_cannot_be_meant_is_refused(hyp: Hyp, words: tuple[str, ...], said: str) -> None:
    put(hyp, "calls.csv", CALLS)
    answer = hyp("schedules", "import", *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_file_of_excel_is_read(hyp: Hyp) -> None:
    text = 'phone_number;timezone;cron_expression;notes\r\n+34600000011;UTC;0 9 * * 1;"=SUM(A1)\r\n""x"""\r\n'
    assert hyp.ok("schedules", "import", put(hyp, "excel.csv", b"\xef\xbb\xbf" + text.encode())).code == 0
    (stored,) = hyp.ok("schedules", "list", "--json").json
    assert stored["customer_context"] == {"notes": '=SUM(A1)\r\n"x"'}


def test_a_bar_is_shown_to_who_watches_and_to_nobody_else(hyp: Hyp) -> None:
    rows = "".join(f"+3461{number:07d},UTC,0 9 * * 1\n" for number in range(5000))
    put(hyp, "many.csv", HEAD.decode() + rows)
    seen = on_a_terminal(hyp, "schedules", "import", str(hyp.home / "many.csv"))
    assert "Reading the file" in seen
    assert "100%" in seen
    assert "Added 5,000 schedules." in seen


def test_what_is_killed_while_it_reads_leaves_nothing(hyp: Hyp, tmp_path: Path) -> None:
    fifo = tmp_path / "calls.csv"
    os.mkfifo(fifo)
    before = hyp.dump()
    running = hyp.start("schedules", "import", str(fifo))
    with fifo.open("wb") as pipe:
        pipe.write(HEAD + GOOD * 5000)
        pipe.flush()
        running.kill()
        running.communicate(timeout=20)
    assert hyp.dump() == before
    assert sorted(path.name for path in hyp.db.parent.iterdir() if not path.name.endswith("-journal")) == [
        hyp.db.name
    ]


@pytest.mark.parametrize("how", [(), ("--partial",), ("--dry-run",)], ids=["whole", "partial", "dry run"])
def test_the_rejected_rows_go_over_no_file_that_is_needed(hyp: Hyp, how: tuple[str, ...]) -> None:
    put(hyp, "calls.csv", CALLS)
    os.link(hyp.db, hyp.home / "linked.db")
    (hyp.home / "soft.db").symlink_to(hyp.db)
    before, octets = hyp.dump(), hyp.db.read_bytes()
    own = [str(hyp.db), "linked.db", "soft.db", *(f"{hyp.db}{end}" for end in ("-journal", "-wal", ".dialled"))]
    for target in (*own, "calls.csv", "./calls.csv", "-", "nowhere/bad.jsonl", "."):
        answer = hyp("schedules", "import", "calls.csv", *how, "--rejected", target)
        assert (answer.code, answer.out, len(answer.err.splitlines())) == (2, "", 2), target
        assert "hyp: error: " in answer.err
        assert Path(target).name in answer.err
    with (hyp.home / "calls.csv").open("rb") as file:
        words = ("schedules", "import", "-", *how, "--rejected", "calls.csv")
        done = subprocess.run([*COMMAND, *words], env=hyp.env, cwd=hyp.home, stdin=file, timeout=60, check=False)
    assert done.returncode == 2
    assert (hyp.home / "calls.csv").read_text("utf-8") == CALLS
    assert (hyp.dump(), hyp.db.read_bytes()) == (before, octets)


def test_the_file_of_the_rejected_rows_stays_as_it_is_unless_there_are_some(hyp: Hyp) -> None:
    put(hyp, "bad.jsonl", "of yesterday\n")
    put(hyp, "people.csv", PEOPLE)
    put(hyp, "calls.csv", CALLS)
    assert hyp.ok("users", "import", "people.csv", "--rejected", "bad.jsonl").code == 0
    assert hyp("schedules", "import", "calls.csv", "--dry-run", "--rejected", "bad.jsonl").code == 2
    assert (hyp.home / "bad.jsonl").read_text("utf-8") == "of yesterday\n"
    assert hyp("schedules", "import", "calls.csv", "--rejected", "bad.jsonl").code == 2
    assert len((hyp.home / "bad.jsonl").read_text("utf-8").splitlines()) == 2


@pytest.mark.parametrize("noun", ["users", "schedules"])
def test_an_export_replaces_a_file_and_not_the_workspace(hyp: Hyp, noun: str) -> None:
    octets = hyp.db.read_bytes()
    for end in ("", "-journal", ".dialled", ".simulated"):
        answer = hyp(noun, "export", f"{hyp.db}{end}", "--format", "csv")
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.splitlines()[0] == f"hyp: error: {hyp.db}{end} belongs to the workspace itself"
    assert hyp.db.read_bytes() == octets
    put(hyp, "there.csv", "something")
    hyp.ok(noun, "export", "there.csv")
    assert (hyp.home / "there.csv").read_text("utf-8") != "something"


@pytest.mark.parametrize("form", ["csv", "json", "jsonl"])
@pytest.mark.parametrize(
    "name", ["a\rb", "a\r", "\ra", "a\r\nb", "a\nb", 'a"\rb', "a,b;\t", "\x1b[31mred\x1b[0m\u202e"]
)
def test_what_a_name_holds_comes_through_a_pipe_and_a_file_as_it_is(hyp: Hyp, form: str, name: str) -> None:
    hyp.ok("users", "edit", "user-1", "--name", name)
    hyp.ok("users", "export", f"people.{form}")
    assert piped(hyp, ("users", "export", "--format", form), b"").stdout == (hyp.home / f"people.{form}").read_bytes()
    hyp.ok("-w", "other", "init")
    assert hyp.ok("-w", "other", "users", "import", f"people.{form}").err == "Added 1 user.\n"
    assert hyp.ok("-w", "other", "users", "show", "user-1", "--json").json["name"] == name


@pytest.mark.parametrize("noun", ["users", "schedules"])
def test_no_escape_sequence_of_an_export_reaches_a_terminal(hyp: Hyp, noun: str) -> None:
    name = "\x1b[31mred\x1b[0m\u202e\r"
    hyp.ok("users", "edit", "user-1", "--name", name)
    hyp.ok("schedules", "add", "--weekdays", "1", "--at", "09:30", "--name", name)
    for form in ("csv", "json", "jsonl"):
        seen = on_a_terminal(hyp, noun, "export", "--format", form)
        assert not {"\x1b", "\u202e", "\r"} & set(seen)
        assert "[31mred" in seen


def mended(hyp: Hyp, *changes: tuple[str, str]) -> list[str]:
    """Mend the rejected rows, and return why they were."""
    text = (hyp.home / "bad.jsonl").read_text("utf-8")
    why = [json.loads(line)["rejected_because"] for line in text.splitlines()]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    put(hyp, "mended.jsonl", text)
    return why


MENDABLE = """id,mobile,tz,max_attempts,metadata.a,note,ref
1,+34600000011,Europe/Madird,2,x,"one, two",r1
2,12,Europe/Madrid,3,,,
3,+34600000013,Europe/Madrid,many,,,
4,+34600000014,Europe/Madrid,,,,
"""


def test_rejected_rows_are_mended_and_imported_by_the_same_command(hyp: Hyp) -> None:
    put(hyp, "calls.csv", MENDABLE)
    how = ("--to", "{mobile}", "--tz-column", "tz", "--weekdays", "1", "--at", "09:00", "--context", "who={id}")
    how = (*how, "--partial", "--rejected", "bad.jsonl")
    assert hyp("schedules", "import", "calls.csv", *how).code == 3
    why = mended(hyp, ("Madird", "Madrid"), ('"12"', '"+34600000012"'), ('"many"', "4"))
    assert [each[:12] for each in why] == ["unknown time", "phone number", "max_attempts"]
    assert hyp.ok("schedules", "import", "mended.jsonl", *how).err == "Added 3 schedules.\n"
    found = {each["phone_number"]: each for each in hyp.ok("schedules", "list", "--json").json}
    assert {number[-1]: each["max_attempts"] for number, each in found.items()} == {"1": 2, "2": 3, "3": 4, "4": 1}
    first = found["+34600000011"]
    assert (first["metadata"], first["customer_context"]) == ({"a": "x"}, {"who": "1", "note": "one, two"})
    assert (first["timezone"], first["ref"]) == ("Europe/Madrid", "r1")


def test_rejected_users_are_mended_and_imported(hyp: Hyp) -> None:
    put(hyp, "people.csv", PEOPLE.replace("+34600000021", "21"))
    assert hyp("users", "import", "people.csv", "--partial", "--rejected", "bad.jsonl").code == 3
    assert len(mended(hyp, ('"21"', '"+34600000021"'))) == 1
    assert hyp.ok("users", "import", "mended.jsonl").err == "Added 1 user.\n"
    assert hyp.ok("users", "show", "p1", "--json").json["context"] == {"language": "es"}


def test_a_rejected_row_without_fields_is_kept_as_it_is(hyp: Hyp) -> None:
    put(hyp, "short.csv", "phone_number,timezone\n+34600000011\n")
    put(hyp, "lines.jsonl", '{"phone_number": \n7\n')
    for file, rows in (("short.csv", [["+34600000011"]]), ("lines.jsonl", ['{"phone_number":', 7])):
        assert hyp("schedules", "import", file, "--rejected", "bad.jsonl").code == 2
        lines = (hyp.home / "bad.jsonl").read_text("utf-8").splitlines()
        assert [json.loads(line)["rejected_row"] for line in lines] == rows


def test_a_row_of_an_array_is_told_by_its_number(hyp: Hyp) -> None:
    good = {"phone_number": "+34600000011", "cron_expression": "0 9 * * 1", "timezone": "UTC", "ref": "a"}
    text = json.dumps([good, {"phone": 1}, {**good, "timezone": "Mars"}, {**good, "name": "other"}])
    answer = hyp("schedules", "import", "-", "--format", "json", stdin=text)
    assert [line[:27] for line in answer.err.splitlines()[:3]] == [
        "row 2: unknown field 'phone", "row 3: unknown timezone 'Ma", "row 4: ref 'a' stands on ro"
    ]  # fmt: skip
    told = hyp("schedules", "import", "-", "--format", "json", "--partial", "--json", stdin=text).json
    assert [each["row"] for each in told["rejected_rows"]] == [2, 3, 4]


def test_numbers_that_no_plan_has_are_warned_of(hyp: Hyp) -> None:
    numbers = ["+34600000011", *(f"+123456789{number}" for number in range(7))]
    rows = "".join(f"{number},Ana {number}\n" for number in numbers)
    said = (
        "warning: 7 of the numbers are no possible phone numbers (wrong length for their country), and are stored as "
        "they are: +1234567890 (line 3), +1234567891 (line 4), +1234567892 (line 5), +1234567893 (line 6), "
        "+1234567894 (line 7) and 2 more"
    )
    people = hyp("users", "import", "-", stdin=f"phone_number,name\n{rows}")
    calls = hyp(
        "schedules",
        "import",
        "-",
        "--weekdays",
        "1",
        "--at",
        "9:00",
        "--tz",
        "UTC",
        stdin=f"phone_number,who\n{rows}",
    )
    assert [answer.err.splitlines()[0] for answer in (people, calls)] == [said, said]
    assert [answer.code for answer in (people, calls)] == [0, 0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--agent", "nobody"), "agent 'nobody'"),
        (("--user", "nobody"), "user 'nobody'"),
        (("--tz", "Mars"), "unknown timezone 'Mars'"),
        (("--to", "12"), "phone number '12'"),
        (("--in", "0s,soon"), "'soon' is not a duration"),
        (("--cron", "61 * * * *"), "61"),
    ],
)
def test_an_option_that_is_wrong_for_every_row_is_one_error(hyp: Hyp, words: tuple[str, ...], said: str) -> None:
    file = put(hyp, "numbers.csv", "phone_number\n+34600000011\n+34600000012\n")
    rule = () if words[0] in ("--in", "--cron") else ("--in", "0s,1h")
    answer = hyp("schedules", "import", file, *rule, *words)
    assert answer.code != 0
    assert answer.err.startswith("hyp: error: ")
    assert said in answer.err.splitlines()[0]


def test_a_row_is_told_once_though_several_schedules_were_asked_of_it(hyp: Hyp) -> None:
    answer = hyp("schedules", "import", "-", "--in", "0s,1h,1d", stdin="phone_number\n12\n+34600000012\n")
    assert [line.split(":")[0] for line in answer.err.splitlines()] == ["line 2", "hyp", "hint"]


@pytest.mark.parametrize(("delays", "refs"), [("1h", ["a-1"]), ("0s,1h", ["a-1", "a-2"])])
def test_the_number_of_the_step_is_known_of_one_step_too(hyp: Hyp, delays: str, refs: list[str]) -> None:
    words = ("schedules", "import", "-", "--in", delays, "--ref", "{id}-{step}")
    assert hyp(*words, stdin="id,phone_number\na,+34600000012\n").code == 0
    assert sorted(each["ref"] for each in hyp.ok("schedules", "list", "--json").json) == refs
    answer = hyp(*words, stdin="id,phone_number,step\na,+34600000012,7\n")
    assert "column 'step' cannot be told from the number of the step" in answer.err
    assert hyp(*words[:-2], stdin="id,phone_number,step\na,+34600000012,7\n").code == 0


def test_a_call_that_is_due_is_poured_into_another_workspace_when_that_is_said(hyp: Hyp) -> None:
    hyp.ok("schedules", "add", "--to", "+34600000011", "--in", "0s")
    hyp.ok("schedules", "add", "--to", "+34600000012", "--weekdays", "1", "--at", "09:30", "--tz", "UTC")
    hyp.ok("-w", "other", "init")
    hyp.ok("-w", "other", "agents", "add", "Check-in", "--id", "agent-123")
    exported = hyp.ok("schedules", "export", "-").out
    due = from_text(hyp.query("select run_at from schedules where run_at is not null")[0][0])
    until(lambda: SystemClock().now() >= due + timedelta(seconds=1))  # until its second is over it is not past
    refused = hyp("-w", "other", "schedules", "import", "-", stdin=exported)
    assert refused.code == 2
    answer = hyp("-w", "other", "schedules", "import", "-", "--allow-past", stdin=exported)
    assert (answer.code, answer.err) == (0, "Added 2 schedules.\n")


def test_a_setting_that_is_set_to_what_it_is_does_not_end_an_import(hyp: Hyp) -> None:
    hyp.ok("config", "set", "pace", "3")
    before = hyp.dump()
    assert hyp.ok("config", "set", "pace", "3.0").err == "pace is 3.\n"
    hyp.ok("config", "unset", "timezone")
    assert hyp.dump() == before
    hyp.ok("config", "set", "pace", "4")
    assert hyp.dump() != before


@pytest.mark.parametrize(
    "given",
    [
        '[{"phone_number": "+34600000007"}, {"phone_number": "+34600000008"}]',
        '\n  [\n{"phone_number": "+34600000007"},\n {"phone_number": "+34600000008"}]',
        '{"phone_number": "+34600000007"}\n{"phone_number": "+34600000008"}\n',
        '\ufeff{"phone_number": "+34600000007"}\n{"phone_number": "+34600000008"}\n',
        "phone_number\n+34600000007\n+34600000008\n",
    ],
)
def test_what_comes_through_a_pipe_is_read_as_what_it_begins_as(hyp: Hyp, given: str) -> None:
    answer = hyp("schedules", "import", "-", "--cron", "0 9 * * 1", "--tz", "Europe/Madrid", stdin=given)
    assert answer.code == 0, answer
    assert hyp.query("select to_number from schedules order by 1") == [("+34600000007",), ("+34600000008",)]
