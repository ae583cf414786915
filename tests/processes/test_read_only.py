"""A workspace that may be read and not written."""

from __future__ import annotations

import ctypes
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.processes.agenda import Agenda, is_told_in_a_line, run

NUMBERS = [f"+346001{each:03}01" for each in range(3)]
LIBC = ctypes.CDLL(None, use_errno=True)
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1


def obey_modes() -> None:
    """Make the program that follows obey the modes of files, even as root (capabilities(7))."""
    if os.geteuid() == 0 and LIBC.prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "root may do everything here: no read-only file can be tried")


@pytest.fixture
def modes(agenda: Agenda) -> Iterator[Callable[[int, int], None]]:
    """Set the modes of the workspace and of its folder; they are given back at the end."""

    def set_both(file: int, folder: int) -> None:
        agenda.hyp.db.chmod(file)
        agenda.hyp.db.parent.chmod(folder)

    yield set_both
    set_both(0o600, 0o700)


@pytest.mark.parametrize("word", ["tick", "run-worker"])
@pytest.mark.parametrize(("file", "folder"), [(0o400, 0o700), (0o600, 0o500), (0o400, 0o500)])
def test_what_cannot_be_written_is_not_dialled_and_said_in_a_line(
    agenda: Agenda, modes: Callable[[int, int], None], word: str, file: int, folder: int
) -> None:
    agenda.add(NUMBERS)
    for journal in agenda.hyp.db.parent.glob("*-journal"):
        journal.unlink()
    before = agenda.asked()
    modes(file, folder)
    answer = run(agenda.hyp, word, preexec=obey_modes)
    modes(0o600, 0o700)
    answer = replace(answer, err=re.sub("^hyp worker: .*\n", "", answer.err))
    assert is_told_in_a_line(answer, 1, "cannot be opened or written"), answer
    assert agenda.asked() == before
    agenda.hyp.ok("tick")
    assert agenda.discrepancies() + agenda.unanswered_for(NUMBERS) == []


def test_a_carrier_that_cannot_keep_its_file_is_not_asked_and_the_calls_wait(
    agenda: Agenda, modes: Callable[[int, int], None]
) -> None:
    """The journal is there already, so that the workspace can be written in a folder that cannot."""
    agenda.add(NUMBERS)
    before = agenda.asked()
    modes(0o600, 0o500)
    run(agenda.hyp, "tick", preexec=obey_modes)
    modes(0o600, 0o700)
    assert agenda.asked() == before
    agenda.let_waits_end()
    agenda.hyp.ok("tick")
    assert agenda.discrepancies() + agenda.unanswered_for(NUMBERS) == []
