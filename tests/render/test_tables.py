"""Tables fit their window, cut only what may be cut, and never lose an id."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.render.safe import visible
from hyponema_cli.render.tables import Column, table, tsv

Row = tuple[str, str, str]
COLUMNS = [
    Column[Row]("id", lambda row: row[0]),
    Column[Row]("name", lambda row: row[1], elastic=True),
    Column[Row]("note", lambda row: row[2], spare=True),
]
ROWS = [("sch_01K9Z6T0000000000000000000", "Weekly check-in", "answered"), ("sch_2", "Ω", "")]


def test_a_wide_window_shows_everything() -> None:
    text, left_out = table(COLUMNS, ROWS, 80, color=False)
    assert left_out == []
    assert text.splitlines() == [
        "ID                              NAME             NOTE",
        "sch_01K9Z6T0000000000000000000  Weekly check-in  answered",
        "sch_2                           Ω                –",
    ]


def test_a_narrower_one_cuts_what_is_elastic_then_leaves_out_what_is_spare_and_says_so() -> None:
    text, left_out = table(COLUMNS, ROWS, 52, color=False)
    assert (text.splitlines()[1], left_out) == ("sch_01K9Z6T0000000000000000000  Weekly ch…  answered", [])
    text, left_out = table(COLUMNS, ROWS, 44, color=False)
    assert (text.splitlines()[1], left_out) == ("sch_01K9Z6T0000000000000000000  Weekly chec…", ["note"])


def test_where_a_table_cannot_be_there_are_records() -> None:
    text, left_out = table(COLUMNS, ROWS[:1], 30, color=False)
    assert left_out == []
    assert text.splitlines() == [
        "id    sch_01K9Z6T0000000000000000000",
        "name  Weekly check-in",
        "note  answered",
    ]


def test_a_record_cuts_a_name_as_long_as_a_book_and_never_an_id() -> None:
    id_, _, note = ROWS[0]
    text, _ = table(COLUMNS, [(id_ * 10, "x" * 10_000, note)], 30, color=False)
    assert [len(line) for line in text.splitlines()[:2]] == [len("id    ") + 10 * len(id_), len("name  ") + 120]


@given(
    st.lists(st.tuples(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60)), min_size=1),
    st.integers(20, 200),
)
def test_no_line_of_a_table_is_wider_than_its_window_unless_it_is_a_record(rows: list[Row], width: int) -> None:
    from rich.cells import cell_len

    text, _ = table(COLUMNS, rows, width, color=False)
    is_grid = text.startswith(("ID ", "ID\n"))
    if is_grid:
        assert max(map(cell_len, text.splitlines())) <= width


@given(st.lists(st.tuples(st.text(), st.text(), st.text())))
def test_a_pipe_gets_one_line_a_row_and_the_same_number_of_fields_in_each(rows: list[Row]) -> None:
    lines = "".join(tsv(COLUMNS, rows)).split("\n")
    assert len(lines) == len(rows) + 1
    assert all(line.count("\t") == len(COLUMNS) - 1 for line in lines[:-1])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain Zoë", "plain Zoë"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\tb\nc\rd", "a\\tb\\nc\\rd"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("\x9b31m", "\\x9b31m"),
        ("\ud800", "\\ud800"),
        ("[red]x[/]", "[red]x[/]"),
    ],
)
def test_what_could_move_a_cursor_or_fool_an_eye_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
