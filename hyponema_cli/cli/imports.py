"""What do imports share? A file or standard input, its format, a bar, and what is said of rows that are no good."""

from __future__ import annotations

import codecs
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Protocol

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.command import Session
from hyponema_cli.cli.exits import Exit
from hyponema_cli.cli.progress import OnProgress, progress
from hyponema_cli.cli.targets import refuse_own_file
from hyponema_cli.core import rows
from hyponema_cli.core.errors import HypError, InvalidInput, suggestion
from hyponema_cli.engine import body
from hyponema_cli.engine.imports import MOST_NUMBERS, Counts
from hyponema_cli.engine.mapping import as_object
from hyponema_cli.render import export as written
from hyponema_cli.render import json
from hyponema_cli.store import staged

if TYPE_CHECKING:
    from tempfile import SpooledTemporaryFile

    from hyponema_cli.engine.desk import Desk

FORMATS = ("csv", "json", "jsonl")
SHOWN = 20
"""Rejected rows that are listed; --rejected has all."""
_ROWS_A_LOOK = 2000
_IN_MEMORY = 1 << 20
"""Characters of rejected rows beyond which they wait in a file."""

Source = Annotated[str, typer.Argument(metavar="FILE|-", help="The file; - is standard input.", show_default=False)]
Target = Annotated[
    str, typer.Argument(metavar="FILE|-", help="The file; - is standard output, and the default.", show_default=False)
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="csv|json|jsonl",
        help="Else the file's ending says it; - is csv, unless it begins as JSON.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """How a file is read, and what becomes of rows that are no good."""

    format: Format = None
    delimiter: Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            metavar="CHAR",
            help="What separates CSV columns; else a comma, semicolon or tab, as in its first line.",
        ),
    ] = None
    partial: Annotated[bool, typer.Option("--partial", help="Store the good rows, though others are no good.")] = (
        False
    )
    rejected: Annotated[
        str | None,
        typer.Option("--rejected", metavar="FILE", help="Write all bad rows there, to be mended and imported."),
    ] = None


@dataclass
class Rows:
    """A file that is being read."""

    name: str
    file: BinaryIO
    format: str
    delimiter: str | None
    size: int | None
    """None: nobody knows; it comes through a pipe."""
    read: int = 0

    def read_line(self, most: int) -> bytes:
        line = self.file.readline(most)
        self.read += len(line)
        return line

    def cells(self) -> tuple[list[str], Iterator[tuple[int, Any]]]:
        """Return the columns of CSV and the rows."""
        return rows.from_csv(self.read_line, self.delimiter)

    def objects(self) -> Iterator[tuple[int, Any]]:
        """Return the rows of JSON."""
        return (rows.from_json_array if self.format == "json" else rows.from_json_lines)(self.read_line)

    def watched(self, found: Iterator[tuple[int, Any]], on_progress: OnProgress) -> Iterator[tuple[int, Any]]:
        """Yield rows, and tell how far it is."""
        for number, row in enumerate(found):
            if self.size and number % _ROWS_A_LOOK == 0:
                on_progress(self.read / self.size)
            yield row


@dataclass
class Refusals:
    """The rows that are no good, as they are found."""

    target: Path | None = None
    """Where all of them go in the end."""
    kept: Any = None
    """Where they are meanwhile: what is there already stays until all are known, and if there are none."""
    place: str = "line"
    """What a row is told by."""
    as_object: Callable[[Any], Mapping[str, Any]] = as_object
    """Makes of a row what can be imported, once it is mended."""
    first: list[tuple[int, HypError]] = field(default_factory=list)
    count: int = 0
    _last: tuple[int, str] | None = None

    def __call__(self, at: int, error: HypError, row: Any) -> None:
        if isinstance(error, InvalidInput):
            error = body.in_fields(error)
        before, self._last = self._last, (at, error.message)
        if self._last == before:  # of several schedules of a row, each is refused for it
            return
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append((at, error))
        if self.kept is not None and (before is None or before[0] != at):
            why = error.message + (f" ({error.hint})" if error.hint else "")
            told = dict(zip(body.REJECTED[:2], (why, f"{self.place} {at}"), strict=True))
            self.kept.write(json.line({**self.as_object(row), **told}) + "\n")

    def put_down(self) -> None:
        """Write the file that was asked for, if a row was refused; raises Failed when it cannot be written."""
        if self.target is not None and self.kept is not None and self.first:
            self.kept.seek(0)
            output.to_file(self.target, self.kept, such_as="bad.jsonl", mode=0o600)

    def say(self) -> None:
        """List the first of them."""
        for at, error in self.first:
            output.say(f"{self.place} {at}: {error.message}" + (f" ({error.hint})" if error.hint else ""))
        if self.count > len(self.first):
            output.say(f"and {self.count - len(self.first):,} more; all of them: --rejected FILE")

    def shapes(self) -> list[dict[str, Any]]:
        """Return the first of them, for programs."""
        return [{self.place: at, "reason": error.message, "hint": error.hint} for at, error in self.first]


@contextmanager
def _reading(session: Session, source: str, options: ImportOptions) -> Iterator[tuple[Rows, Refusals]]:
    """Open what is imported, and see where the rejected rows may go; errors name what is read."""
    kind = format_of(source, options.format)
    if options.delimiter is not None and (len(options.delimiter.replace("\\t", "\t")) != 1 or kind != "csv"):
        raise InvalidInput(
            f"--delimiter {options.delimiter!r} is not one character of CSV", hint="as in ';' or '\\t'"
        )
    with ExitStack() as stack:
        if source == "-":
            if sys.stdin is None or sys.stdin.isatty():
                raise InvalidInput("nothing comes through standard input", hint="pipe a file in, or name one")
            name, file = "standard input", sys.stdin.buffer
            if options.format is None and options.delimiter is None and isinstance(file, BufferedReader):
                # As JSON begins, no line of column names does.
                first = file.peek(1).removeprefix(codecs.BOM_UTF8).lstrip()[:1]
                kind = {b"[": "json", b"{": "jsonl"}.get(first, kind)
        else:
            name, file = source, stack.enter_context(Path(source).open("rb"))
        known = os.fstat(file.fileno())
        size = known.st_size if stat.S_ISREG(known.st_mode) else None
        refusals = Refusals(place="row" if kind == "json" else "line")
        if options.rejected is not None:
            _refuse_place(Path(options.rejected), session.path(), known)
            if not session.dry_run:
                refusals.target = Path(options.rejected)
                refusals.kept = stack.enter_context(_spool())
        delimiter = options.delimiter.replace("\\t", "\t") if options.delimiter else None
        try:
            yield Rows(name, file, kind, delimiter, size), refusals
        except InvalidInput as error:
            said = error.message if error.message.startswith(name) else f"{name}: {error.message}"
            raise InvalidInput(said, hint=error.hint) from error


def _refuse_place(target: Path, workspace: Path, source: os.stat_result) -> None:
    """Raise InvalidInput unless the rejected rows may go there."""
    if str(target) == "-":
        raise InvalidInput("--rejected '-' is no file", hint="name one, as in --rejected bad.jsonl")
    refuse_own_file(workspace, target)
    if target.exists() and os.path.samestat(target.stat(), source):
        raise InvalidInput(f"--rejected {str(target)!r} is the file that is read", hint="name another")
    if not target.parent.is_dir() or target.is_dir():
        raise InvalidInput(f"--rejected {str(target)!r} names no file in a folder", hint="as in bad.jsonl")


def _spool() -> SpooledTemporaryFile[str]:
    from tempfile import SpooledTemporaryFile

    return SpooledTemporaryFile(_IN_MEMORY, "w+", encoding="utf-8", newline="")


def format_of(path: str, said: str | None) -> str:
    """Return the format of a file: as it is said, else by its ending; standard input and output are CSV."""
    word = said if said is not None else "csv" if path == "-" else Path(path).suffix[1:]
    found = {"ndjson": "jsonl", "tsv": "csv", "txt": "csv"}.get(word.casefold(), word.casefold())
    if found in FORMATS:
        return found
    if said is None:
        raise InvalidInput(f"{path!r} does not say what is in it", hint="add --format csv, json or jsonl")
    raise InvalidInput(
        f"--format {said!r} is not known", hint=suggestion(said, FORMATS, otherwise="csv, json or jsonl")
    )


def export(
    session: Session, target: str, form: str | None, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]
) -> None:
    """Write an export to a file, which only its owner may read, or to standard output; a terminal gets it cleaned."""
    kind = format_of(target, form)
    if target != "-":
        refuse_own_file(session.path(), Path(target))
        output.to_file(Path(target), written.as_text(rows, kind, columns), such_as=f"export.{kind}", mode=0o600)
        return
    output.long_data(written.as_text(rows, kind, columns, for_people=output.for_people()))


@contextmanager
def _reading_shown(source: Rows) -> Iterator[OnProgress]:
    """Show a bar while a file is read; of a pipe nobody knows how far it is."""
    if source.size is None:
        yield lambda part: None
        return
    with progress("Reading the file") as on_progress:
        yield on_progress
        on_progress(1.0)


class Importer(Protocol):
    """Judges rows and stages those that are good; then stores them."""

    counts: Counts

    def judge(self, rows: Iterable[tuple[int, Any]], /) -> None:
        """Judge rows, each with its line."""

    def store(self) -> None:
        """Store what was staged: all of it, or nothing."""


def import_rows(
    session: Session,
    file: str,
    options: ImportOptions,
    noun: str,
    begin: Callable[[Desk, Rows, Refusals], tuple[Importer, Iterator[tuple[int, Any]]]],
) -> int | None:
    """Judge the rows of a file, store them if that is what is wanted, and say what became of them.

    `begin` returns what judges the rows, and the rows.
    """
    with _reading(session, file, options) as (source, refusals), replace(session, dry_run=False).desk() as desk:
        with staged.room(desk.store), _reading_shown(source) as on_progress:
            importer, found = begin(desk, source, refusals)
            importer.judge(source.watched(found, on_progress))
            refusals.put_down()
            if not session.dry_run and (options.partial or not importer.counts.rejected):
                importer.store()
        return _answer(session, source, importer.counts, refusals, options, noun)


def _answer(
    session: Session, source: Rows, counts: Counts, refusals: Refusals, options: ImportOptions, noun: str
) -> int | None:
    """Say what became of the rows."""
    if counts.rejected and not session.json:
        refusals.say()
    if counts.rejected and not options.partial:
        whole = counts.added + counts.unchanged + counts.rejected
        first = f"; {refusals.place} {refusals.first[0][0]}: {refusals.first[0][1].message}" if session.json else ""
        raise InvalidInput(
            f"{source.name}: {counts.rejected:,} of {whole:,} rows are no good, and nothing is stored{first}",
            hint="mend them, or store the others: --partial",
        )
    if counts.impossible:
        first = ", ".join(f"{number} ({refusals.place} {at})" for at, number in counts.impossible_first)
        more = f" and {counts.impossible - len(counts.impossible_first):,} more"
        output.say(
            f"warning: {counts.impossible:,} of the numbers are no possible phone numbers (wrong length for their "
            f"country), and are stored as they are: {first}{more if counts.impossible > MOST_NUMBERS else ''}"
        )
    verb = "Would add" if session.dry_run else "Added"
    said = [f"{verb} {counts.added:,} {noun}{'' if counts.added == 1 else 's'}"]
    said += [f"{counts.unchanged:,} unchanged"] if counts.unchanged else []
    said += [f"{counts.rejected:,} rejected"] if counts.rejected else []
    if session.dry_run:
        output.say("Dry run: nothing is stored.")
    session.done(
        "; ".join(said) + ".",
        {
            "added": counts.added,
            "unchanged": counts.unchanged,
            "rejected": counts.rejected,
            "rejected_rows": refusals.shapes(),
        },
    )
    return Exit.ATTENTION if counts.rejected else None
