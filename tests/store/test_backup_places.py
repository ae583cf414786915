"""A copy that cannot be written says what could be done about it, and that is not always to make room."""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from hyponema_cli.core.errors import Unusable
from hyponema_cli.store import create
from hyponema_cli.store.backup import back_up


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "name a file in a folder that you may write to, or ask its owner"),
        (errno.EPERM, "name a file in a folder that you may write to, or ask its owner"),
        (errno.EROFS, "that disk can only be read; name a file on another"),
        (errno.ENOSPC, "free some space, or name a file on another disk"),
        (errno.EDQUOT, "free some space, or name a file on another disk"),
        (errno.EIO, "look at that disk, or name a file on another"),
    ],
)
def test_the_hint_is_for_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str
) -> None:
    def refuse(**_: Any) -> None:
        raise OSError(number, os.strerror(number))

    store, _ = create(tmp_path / "hyp.db")
    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(Unusable) as refused:
        back_up(store, tmp_path / "copy.db", overwrite=False, now=0.0, on_progress=lambda part: None)
    store.close()
    assert (refused.value.message, refused.value.hint) == (
        f"{tmp_path / 'copy.db'} cannot be written: {os.strerror(number)}",
        hint,
    )
