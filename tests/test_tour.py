"""The README's tour shows what the commands say today."""

from __future__ import annotations

import re
from pathlib import Path

from tests import tour


def test_the_tour_is_fresh() -> None:
    text = tour.README.read_text("utf-8")
    assert text == tour.retold(text), "run: python -m tests.tour"


def test_the_number_of_the_first_session_moves_to_real_phones_as_the_readme_says(tmp_path: Path) -> None:
    text = tour.README.read_text("utf-8")
    real = text[text.index("\n## Real phones") :]
    (block,) = re.findall(r"(?<=^```sh\n).*?(?=^```)", real[: real.index("\n## ", 1)], re.M | re.S)
    session = tour._SESSION.search(text)
    assert session is not None
    terminal = tour.Terminal(tmp_path)
    for line in session[0].splitlines():
        terminal.type(line)
    kept = [line for line in block.splitlines() if line.startswith(("hyp numbers", "hyp config"))]
    said = "".join(terminal.type(line) for line in kept)
    assert "on twilio" in said
    assert "live is true" in said
