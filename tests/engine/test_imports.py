"""Does an import store what `schedules add` would? Row by row the same answers, the same rows, in either format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.core import rows
from hyponema_cli.core.errors import Busy, HypError
from hyponema_cli.core.records import Schedule
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import body, book
from hyponema_cli.engine.imports import Importer, Refused
from hyponema_cli.engine.mapping import Asked, FromCells, FromObjects
from hyponema_cli.engine.request import Request, laid_over
from hyponema_cli.render import export
from hyponema_cli.store import schedules, staged
from tests.strategies import examples
from tests.world import World

Cells = dict[str, str]
NOTHING = Asked(Request())


def as_csv(found: Sequence[Cells], columns: Sequence[str]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns)
    writer.writeheader()
    writer.writerows(found)
    return text.getvalue().encode()


def imported(
    world: World, data: bytes, form: str, asked: Asked = NOTHING, stagger: timedelta = timedelta(0)
) -> tuple[Importer, list[tuple[int, HypError]]]:
    """Import the good rows of a file."""
    bad: list[tuple[int, HypError]] = []
    read = io.BytesIO(data).readline
    with staged.room(world.store):
        if form == "csv":
            names, found = rows.from_csv(read)
            ours: FromCells | FromObjects = FromCells(asked, names)
        else:
            ours, found = FromObjects(asked), (rows.from_json_array if form == "json" else rows.from_json_lines)(read)
        importer = Importer(
            world.desk, ours, len(asked.delays), stagger, lambda line, it, row: bad.append((line, it))
        )
        importer.judge(found)
        importer.store()
    return importer, bad


def stored(world: World) -> list[Schedule]:
    """Return all schedules, without their names."""
    return [replace(each, id="") for each in schedules.walk(world.store)]


def clear(world: World) -> None:
    world.store.execute("delete from schedules")


COLUMNS = {
    "phone_number": ["+34600000001", "+34600000002", "+34 600 000 003", "600", "", " +34600000004"],
    "user_id": ["", "", "", "ana", "bo", "nobody", "Ana"],
    "timezone": ["Europe/Madrid", "America/New_York", "", "Mars"],
    "weekdays": ["", "", "1,3,5", "mon-fri", "0"],
    "local_time": ["", "", "09:30", "25:00"],
    "cron_expression": ["0 9 * * 1", "0 10 29 2 *", "", "", "61 * * * *"],
    "scheduled_time": ["", "", "", "2026-12-01 14:30", "2026-12-02T14:30Z", "now", "2026-10-25 02:30",
                       "2020-01-01 10:00", "2026-12-03 24:61", "09:30"],
    "fold": ["", "first", "second"],
    "until_at": ["", "2026-12-02", "2026-11-01"],
    "name": ["", "Weekly", " ", "Núñez"],
    "description": ["", "a", " "],
    "context.order": ["", "ORD-1", "x" * 900, "&" * 900],
    "notes": ["", "side, door", '"quoted"\nline'],
    "metadata.a": ["", "1"],
    "customer_context": ["", "{}", '{"b": [1, {"c": null}]}', "[1]", "{"],
    "ref": ["", "", "", "r1", "r2", " "],
    "max_attempts": ["", "3", "0", "x"],
    "status": ["", "", "paused", "completed"],
    "max_occurrences": ["", "12"],
    "calling_window": ["", "09:00-21:00"],
    "on_doubt": ["", "hold", "redial-after 5m"],
    "retry_on": ["", "busy", "[]", "lunch"],
}  # fmt: skip
"""What the cells of each column may say, good and bad; few values, so that rows share their rules."""


@st.composite
def files(draw: st.DrawFn) -> tuple[list[str], list[Cells]]:
    """Some columns, and rows that differ from one good row in a cell or two: so that many share a rule."""
    some = draw(st.permutations(sorted(COLUMNS)))[: draw(st.integers(2, 9))]
    columns = sorted({"phone_number", "timezone", "cron_expression", *some})
    good = {name: COLUMNS[name][0] for name in columns}
    if "scheduled_time" in columns and draw(st.booleans()):
        good |= {"scheduled_time": "2026-12-01 14:30", "cron_expression": ""}
    change = st.sampled_from(columns).flatmap(lambda name: st.tuples(st.just(name), st.sampled_from(COLUMNS[name])))
    made = st.lists(change, min_size=1, max_size=2).map(lambda changes: {**good, **dict(changes)})
    return columns, [good, *draw(st.lists(made, min_size=4, max_size=16))]


def added_one_by_one(world: World, bodies: Sequence[Any], asked: Request) -> tuple[list[Schedule], list[int]]:
    """Return what `schedules add` stores of bodies, and the numbers of those that it refuses; stores nothing."""
    refused = []
    with world.store.rehearsal():
        for number, each in enumerate(bodies):
            try:
                request = laid_over(asked, body.read(body.typed(each)))
                if request.user is None and request.to is None:
                    refused.append(number)
                    continue
                book.add(world.desk, request, created_by=world.desk.actor)
            except Refused:
                refused.append(number)
        return stored(world), refused


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("crowd"))
    made.user("bo", "+34600000009", "America/New_York", "10:00:00")
    yield made
    made.close()


@examples(300)
@given(files(), st.sampled_from(["csv", "json", "jsonl"]), st.booleans())
def test_an_import_takes_the_rows_that_add_takes_and_stores_the_same(
    crowd: World, file: tuple[list[str], list[Cells]], form: str, has_options: bool
) -> None:
    columns, found = file
    clear(crowd)
    options = Request(retry_delay="5m", context={"order": "ORD-9", "kind": "call"}) if has_options else Request()
    as_bodies = [
        {f"context.{name}" if name == "notes" else name: cell for name, cell in row.items()} for row in found
    ]
    expected, refused = added_one_by_one(crowd, as_bodies, options)
    if form == "csv":
        data, lines = as_csv(found, columns), _first_lines(found)
    else:
        found_bodies = [_typed(row) for row in as_bodies]
        good = [each for each in found_bodies if each is not None]
        text = "\n".join(map(json.dumps, good))
        data = text.encode() if form == "jsonl" else f"[{text.replace(chr(10), ',' + chr(10))}]".encode()
        expected, refused = added_one_by_one(crowd, [each for each in as_bodies if _typed(each) is not None], options)
        lines = list(range(1, len(good) + 1))
    _, bad = imported(crowd, data, form, Asked(options))
    assert [line for line, _ in bad] == [lines[number] for number in refused]
    assert stored(crowd) == expected


def _typed(row: Cells) -> dict[str, Any] | None:
    try:
        return body.typed(row)
    except HypError:
        return None  # JSON cannot say it so


def _first_lines(found: Sequence[Cells]) -> list[int]:
    """Return the line on which each row begins: a note may hold a line feed."""
    lines, line = [], 2
    for row in found:
        lines.append(line)
        line += 1 + sum(cell.count("\n") for cell in row.values())
    return lines


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_one_shots_that_differ_only_in_their_time_are_each_placed(crowd: World, form: str) -> None:
    clear(crowd)
    times = ("2026-10-24 02:30", "2026-10-25 02:30", "2026-03-29 02:30", "2026-10-24 00:30Z", "2026-12-02 10:00",
             "now", "2020-01-01 10:00", "09:30")  # fmt: skip
    found = [
        {"phone_number": "+34600000001", "timezone": "Europe/Madrid", "fold": "second", "until_at": "2026-12-01",
         "scheduled_time": text} for text in times
    ]  # fmt: skip
    data = as_csv(found, list(found[0])) if form == "csv" else "\n".join(map(json.dumps, found)).encode()
    expected, refused = added_one_by_one(crowd, found, Request())
    _, bad = imported(crowd, data, form)
    assert stored(crowd) == expected
    assert [line - (2 if form == "csv" else 1) for line, _ in bad] == refused == [2, 4, 6, 7]
    assert expected[1].run_fold == 1


@examples(100)
@given(files(), st.sampled_from(["csv", "json", "jsonl"]))
def test_what_an_export_writes_an_import_reads_back(
    crowd: World, file: tuple[list[str], list[Cells]], form: str
) -> None:
    columns, found = file
    clear(crowd)
    imported(crowd, as_csv(found, columns), "csv")
    before = list(schedules.walk(crowd.store))
    data = "".join(export.as_text(map(export.schedule, before), form, export.SCHEDULE)).encode()
    again, bad = imported(crowd, data, form)
    assert (again.counts.added, again.counts.unchanged, bad) == (0, len(before), [])
    clear(crowd)
    fresh, bad = imported(crowd, data, form)
    assert (fresh.counts.added, bad) == (len(before), [])
    as_before = [replace(each, id="", ref=each.ref if each.ref is not None else each.id) for each in before]
    assert stored(crowd) == as_before


CSV = b"phone,timezone,visit,name\n+34600000001,Europe/Madrid,2026-03-29 12:00,Ana\n+34600000002,,2026-03-29 12:00,\n"


def test_options_are_filled_from_columns_and_a_column_that_is_used_is_used_there_only(world: World) -> None:
    when = WhenWords(at="{visit}", before="1d")
    request = Request(to="{phone}", timezone="Europe/Madrid", when=when, context={"who": "{name}", "what": "visit"})
    _, bad = imported(world, CSV, "csv", Asked(request))
    assert bad == []
    first, second = stored(world)
    assert first.customer_context == {"what": "visit", "who": "Ana"}
    assert second.customer_context == {"what": "visit"}
    assert first.name is second.name is None
    assert str(first.run_local) == "2026-03-28 12:00:00"


def test_an_option_is_not_filled_from_an_empty_cell(world: World) -> None:
    request = Request(to="{phone}", timezone="{timezone}", when=WhenWords(at="{visit}"))
    _, bad = imported(world, CSV, "csv", Asked(request))
    assert [(line, error.message) for line, error in bad] == [(3, "column 'timezone' is empty")]


def test_a_sequence_makes_a_schedule_of_each_step(world: World) -> None:
    delays = ("0s", "1h", "7d")
    request = Request(to="{phone}", name="Follow-up #{step}", ref="{name}-{step}", context={"attempt": "{step}"})
    importer, bad = imported(world, CSV, "csv", Asked(request, delays))
    assert [(line, error.message) for line, error in bad] == [(3, "column 'name' is empty")] * 3
    assert importer.counts.added == 3
    found = stored(world)
    assert [each.run_at - world.clock.now() for each in found if each.run_at] == [
        timedelta(0), timedelta(hours=1), timedelta(days=7)
    ]  # fmt: skip
    assert [(each.name, each.ref, each.customer_context["attempt"]) for each in found] == [
        (f"Follow-up #{step}", f"Ana-{step}", str(step)) for step in (1, 2, 3)
    ]


def test_a_staggered_import_spreads_its_calls_and_the_same_again_is_unchanged(world: World) -> None:
    request = Request(to="{phone}", when=WhenWords(at="now"), ref="{phone}")
    _, bad = imported(world, CSV, "csv", Asked(request), timedelta(seconds=10))
    assert bad == []
    assert [(each.run_at - world.clock.now()).seconds for each in stored(world) if each.run_at] == [0, 10]
    world.clock.set(world.clock.now() + timedelta(days=1))
    again, bad = imported(world, CSV, "csv", Asked(request), timedelta(seconds=10))
    assert (again.counts.added, again.counts.unchanged, bad) == (0, 2, [])


def test_a_birthday_on_29_february_is_stored_as_the_last_day_of_february(world: World) -> None:
    data = b"phone_number,day,month\n+34600000001,29,2\n+34600000002,29,3\n"
    request = Request(timezone="Europe/Madrid", when=WhenWords(cron="0 10 {day} {month} *"))
    imported(world, data, "csv", Asked(request))
    assert [each.cron_expression for each in stored(world)] == ["0 10 L 2 *", "0 10 29 3 *"]
    world.tick("2027-02-28 09:00")
    assert world.dials() == ["+34600000001"]


def test_a_ref_that_stands_in_a_file_twice_is_one_schedule_or_an_error(world: World) -> None:
    data = b"phone_number,cron_expression,timezone,ref\n" + b"".join(
        b"+3460000000%d,0 9 * * 1,UTC,%s\n" % (number, ref) for number, ref in ((1, b"a"), (1, b"a"), (2, b"a"))
    )
    importer, bad = imported(world, data, "csv")
    assert (importer.counts.added, importer.counts.unchanged, importer.counts.rejected) == (1, 1, 1)
    assert [(line, error.message) for line, error in bad] == [(4, "ref 'a' stands on line 2 with other content")]
    # Also from one batch to the next.
    many = b"phone_number,cron_expression,timezone,ref\n" + b"".join(
        b"+3461%07d,0 9 * * 1,UTC,r%d\n" % (number % 1500, number % 1500) for number in range(2500)
    )
    importer, bad = imported(world, many, "csv")
    assert (importer.counts.added, importer.counts.unchanged, bad) == (1500, 1000, [])


def test_a_row_that_was_added_before_is_unchanged_beside_new_ones_of_its_rule(world: World) -> None:
    head, first, second = (
        b"phone_number,cron_expression,timezone,ref\n",
        b"+34600000001,0 9 * * 1,UTC,a\n",
        b"+34600000002,0 9 * * 1,UTC,b\n",
    )
    imported(world, head + second, "csv")
    importer, bad = imported(world, head + first + second, "csv")
    assert (importer.counts.added, importer.counts.unchanged, bad) == (1, 1, [])


def test_nothing_is_stored_of_what_was_judged_by_what_is_true_no_more(world: World) -> None:
    data = b"user_id,weekdays,local_time\nana,1,09:30\n"

    def meanwhile(line: int, error: HypError, row: object) -> None:
        raise AssertionError

    with staged.room(world.store):
        names, found = rows.from_csv(io.BytesIO(data).readline)
        importer = Importer(world.desk, FromCells(NOTHING, names), 1, timedelta(0), meanwhile)
        importer.judge(found)
        world.edit_user("ana", timezone="Asia/Tokyo")
        with pytest.raises(Busy, match="somebody changed a user while the file was read"):
            importer.store()
    assert stored(world) == []


def test_nobody_is_kept_from_writing_while_a_file_is_read(world: World) -> None:
    other = world.another_desk()

    def lines() -> Iterator[tuple[int, Any]]:
        for number in range(3000):
            if number % 1000 == 500:
                with other.store.transaction():
                    other.log(world.clock.now(), "somebody.wrote")
            yield number, {"phone_number": f"+3460{number:07d}", "cron_expression": "0 9 * * 1", "timezone": "UTC"}

    with staged.room(world.store):
        importer = Importer(world.desk, FromObjects(NOTHING), 1, timedelta(0), lambda line, error, row: None)
        importer.judge(lines())
        importer.store()
    assert importer.counts.added == len(stored(world)) == 3000
