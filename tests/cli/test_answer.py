"""An answer can be edited while it is typed, and nothing of it is kept."""

from __future__ import annotations

import os
import pty
import select
import subprocess

from tests.cli.conftest import COMMAND, Hyp

LEFT, HOME, UP, RUB_OUT = "\x1b[D", "\x01", "\x1b[A", "\x7f"


def typed(hyp: Hyp, *words: str, answers: dict[str, str]) -> tuple[int, str]:
    """Run it at a terminal at which somebody waits for each prompt and types the answer behind it."""
    main, far = pty.openpty()
    env = {**hyp.env, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen([*COMMAND, *words], env=env, stdin=far, stdout=far, stderr=far, close_fds=True)
    os.close(far)
    seen, left = "", list(answers.items())
    while select.select([main], [], [], 20)[0]:
        try:
            part = os.read(main, 65536).decode(errors="replace")
        except OSError:  # the far end was closed
            break
        seen += part
        if left and left[0][0] in seen:
            prompt, answer = left.pop(0)
            seen = seen.partition(prompt)[2]
            os.write(main, answer.encode())
    os.close(main)
    return process.wait(timeout=20), seen


def test_an_answer_can_be_mended_with_the_arrow_keys(hyp: Hyp) -> None:
    before = sorted(each.name for each in hyp.home.iterdir())
    answers = {
        "[mon-fri] ": f"1,5{LEFT}3,\r",
        "[09:30] ": f"0:45x{RUB_OUT}{HOME}1\r",
        "[no name] ": f"{UP}{UP}Weekly\r",
        "[Y/n] ": "\r",
    }
    code, _ = typed(hyp, "schedules", "add", answers=answers)
    assert (code, hyp.query("select weekdays, local_time, name from schedules")) == (
        0,
        [("1,3,5", "10:45:00", "Weekly")],
    )
    assert sorted(each.name for each in hyp.home.iterdir()) == before


def test_the_end_of_the_input_interrupts(hyp: Hyp) -> None:
    code, _ = typed(hyp, "schedules", "add", answers={"[mon-fri] ": "\x04"})
    assert (code, hyp.query("select * from schedules")) == (130, [])
