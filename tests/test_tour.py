"""The README's tour shows what the commands say today."""

from __future__ import annotations

from tests import tour


def test_the_tour_is_fresh() -> None:
    text = tour.README.read_text("utf-8")
    assert text == tour.retold(text), "run: python -m tests.tour"
