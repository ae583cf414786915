"""Which edition of the IANA time zone data is in use? Instants derived from one are re-derived for the next."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import TZPATH


def version() -> str:
    """Return the edition that `zoneinfo` reads, such as `2026b`; empty where the machine does not say.

    Editions sort as text. The machine's own data come first, as they do for `zoneinfo`, because operating systems
    update them.
    """
    for folder in map(Path, TZPATH):
        if (folder / "tzdata.zi").is_file():
            with (folder / "tzdata.zi").open(encoding="ascii", errors="replace") as lines:
                return lines.readline().removeprefix("# version ").strip()
        if (folder / "+VERSION").is_file():
            return (folder / "+VERSION").read_text("ascii", "replace").strip()
        if (folder / "UTC").exists():
            return ""
    import tzdata

    return str(tzdata.IANA_VERSION)
