"""Writes what is generated from the commands: man/ and completions/. Run it as `python -m tests.generated`."""

from __future__ import annotations

from pathlib import Path

from hyponema_cli.cli import manual
from hyponema_cli.cli.shells import OTHER_NAME, SHELLS, script

ROOT = Path(__file__).parents[1]


def wanted() -> dict[str, str]:
    """Return each file, by its path from the top, and what it has to say."""
    pages = {f"man/{name}": page for name, page in manual.all_pages().items()}
    scripts = {name: script(shell) for shell, (name, _) in SHELLS.items()}
    return pages | {f"completions/{name}": text for name, text in (scripts | OTHER_NAME).items()}


def found() -> dict[str, str]:
    """Return the files that are there."""
    files = [file for folder in ("man", "completions") for file in (ROOT / folder).glob("*")]
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def write() -> None:
    """Make what is there what is wanted."""
    files = wanted()
    for stale in set(found()) - set(files):
        (ROOT / stale).unlink()
    for name, text in files.items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write()
