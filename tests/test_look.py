"""The picture at the top of the README shows what the commands say today, and asks nobody for anything."""

from __future__ import annotations

import re

from tests import look


def test_the_picture_is_fresh() -> None:
    # By its words: another release of rich may set them otherwise.
    assert look.words_of(look.PICTURE.read_text("utf-8")) == look.words_of(look.draw()), "run: python -m tests.look"


def test_the_picture_asks_no_server_for_a_font() -> None:
    picture = look.PICTURE.read_text("utf-8")
    assert not re.search(r"@import|@font-face|url\((?!#)|href|<script", picture)
