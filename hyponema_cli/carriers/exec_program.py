"""How is a program run so that it cannot hold us up? In files, in a session of its own, for so long and no longer.

Files and not pipes: nobody blocks on one. Neither do we, when a program does not read its stdin, or leaves somebody
behind who keeps its stdout open; nor does whoever was left behind, when we have gone.

In a session of its own, because a Ctrl-C goes to all who stand in a terminal's foreground, and must not reach a
program in the middle of a dial.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from tempfile import TemporaryFile
from typing import IO, NamedTuple

MOST_OUTPUT = 1_000_000
"""Bytes, on stdout and on stderr each."""
LOOK_EVERY = 0.02
"""Seconds between two looks at how much was printed; meanwhile, some megabytes may have gone into the file."""
GONE_WITHIN = 1.0
"""How many seconds a program that was killed has to be gone; in the middle of a disk's work, it may take longer."""
TAIL = 4_096
"""How many bytes of stderr are looked at, from its end."""

TOO_MUCH = "it printed more than a megabyte"


class NotStarted(Exception):
    """The program has not run at all, not one instruction of it."""


class End(NamedTuple):
    """How a program ended."""

    code: int | None
    """The exit code that it chose; None: it did not come to that, or printed too much to be believed."""
    how: str
    """The same, for people."""
    out: bytes
    """Its stdout."""
    tail: bytes
    """The end of its stderr."""


def run(
    command: Sequence[str],
    stdin: bytes,
    environ: Mapping[str, str],
    within: float,
    *,
    spare_when_stopped: bool = False,
) -> End:
    """Run a program in `/` to its end, or for `within` seconds; raises NotStarted.

    When we are stopped meanwhile, it is ended with us, and all of its group; with `spare_when_stopped` it goes on.
    """
    if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
        # Inherited from whoever started us. Python would take every end for exit code 0 then.
        raise NotStarted("SIGCHLD is ignored, so nobody could know how it ends")
    with ExitStack() as open_files:
        try:
            files = [open_files.enter_context(TemporaryFile()) for _ in range(3)]
            files[0].write(stdin)
            files[0].seek(0)
            process = subprocess.Popen(  # noqa: S603 - the operator's own program, and no shell
                command,
                stdin=files[0],
                stdout=files[1],
                stderr=files[2],
                cwd="/",
                env=dict(environ),
                start_new_session=True,
            )
        except OSError as error:
            raise NotStarted(error.strerror or str(error)) from None
        except ValueError as error:
            raise NotStarted(str(error)) from None
        return _end_of(process, within, files[1], files[2], spare_when_stopped=spare_when_stopped)


def _end_of(
    process: subprocess.Popen[bytes], within: float, out: IO[bytes], err: IO[bytes], *, spare_when_stopped: bool
) -> End:
    try:
        why_killed = _wait(process, within, out, err)
    except BaseException:
        # Nobody would stop one that prints without end; the file has no name, and would fill the disk unseen.
        if spare_when_stopped and not _is_too_much(out, err):
            _bury_later(process)
        else:
            _kill(process)
        raise
    if why_killed is None and _is_too_much(out, err):
        why_killed = TOO_MUCH
    size = os.fstat(err.fileno()).st_size
    # Not by seeking: whoever was left behind shares our place in these files, and may be writing.
    printed, tail = os.pread(out.fileno(), MOST_OUTPUT, 0), os.pread(err.fileno(), TAIL, max(size - TAIL, 0))
    if why_killed is not None:
        return End(None, why_killed, printed, tail)
    if process.returncode < 0:
        return End(None, f"signal {-process.returncode}", printed, tail)
    return End(process.returncode, f"exit code {process.returncode}", printed, tail)


def _wait(process: subprocess.Popen[bytes], within: float, out: IO[bytes], err: IO[bytes]) -> str | None:
    """Wait for a program to end; return why we have ended it, None when it did so by itself."""
    for _ in range(max(round(within / LOOK_EVERY), 1)):
        with suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY)
            return None
        if _is_too_much(out, err):
            _kill(process)
            return TOO_MUCH
    _kill(process)
    return f"no end within {within:g} s"


def _is_too_much(*files: IO[bytes]) -> bool:
    return any(os.fstat(file.fileno()).st_size > MOST_OUTPUT for file in files)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a program, and all that it has started in its group."""
    # It may run as somebody else by now, and be beyond our reach.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(GONE_WITHIN)
    except subprocess.TimeoutExpired:
        _bury_later(process)


def _bury_later(process: subprocess.Popen[bytes]) -> None:
    """Leave a program alone, and no zombie of it when it ends one day."""
    threading.Thread(target=process.wait, daemon=True).start()
