"""How is a command tried at a terminal? It gets one of its own, at which what is given is typed, and all is kept."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
from dataclasses import dataclass

from tests.cli.conftest import COMMAND, Hyp

SILENCE_SECONDS = 30
"""Whoever is waited for in vain by then is interrupted again, or ended."""


@dataclass(frozen=True)
class Talk:
    code: int
    seen: str
    """What the terminal showed: what was said, and what was typed."""


def at_a_terminal(hyp: Hyp, *words: str, typed: str = "", interrupt_at: str | None = None, **env: str) -> Talk:
    """Run it where somebody types so, "\\x04" for Ctrl-D, or Ctrl-C when the words of `interrupt_at` show."""
    main, far = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words],
        env={**hyp.env, "TERM": "xterm", "COLUMNS": "80", "LINES": "24", **env},
        stdin=far,
        stdout=far,
        stderr=far,
        close_fds=True,
    )
    os.close(far)
    os.write(main, typed.encode())
    interrupted = False
    seen, silences = b"", 0
    while True:
        if not select.select([main], [], [], SILENCE_SECONDS)[0]:
            # A signal that comes between the prompt and the wait for a key is only heard at the next one.
            silences += 1
            process.send_signal(signal.SIGINT if interrupted and silences < 5 else signal.SIGKILL)
            continue
        try:
            part = os.read(main, 65536)
        except OSError:  # the far end was closed
            break
        if not part:
            break
        seen += part
        if interrupt_at is not None and interrupt_at in seen.decode(errors="replace"):
            interrupt_at, interrupted = None, True
            process.send_signal(signal.SIGINT)
    os.close(main)
    return Talk(process.wait(timeout=20), seen.decode().replace("\r\n", "\n"))
