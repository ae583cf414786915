"""Instants as text."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from hyponema_cli.core.instant import from_text, to_text


def test_the_two_instants_of_a_fold_have_two_texts_though_python_calls_them_equal() -> None:
    madrid = ZoneInfo("Europe/Madrid")
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=madrid, fold=fold) for fold in (0, 1))
    assert first == second
    assert [to_text(first), to_text(second)] == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]


def test_what_was_written_is_read_back_without_its_fraction() -> None:
    instant = from_text("2026-03-01T09:00:00Z")
    assert to_text(instant.replace(microsecond=999_999)) == "2026-03-01T09:00:00Z"
    assert from_text(to_text(instant)) == instant
