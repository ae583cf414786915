"""What do all commands share? The options that name a workspace, `--json`, and how a command is declared.

A command is a function that takes a `Session` and its own options. `command` gives it the shared options too, so that
they work before and after it; Typer on its own takes `hyp --json users list` or `hyp users list --json`, not both.
What many commands take, but not all, is declared here as well: see LIST and WRITE.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, fields, is_dataclass, replace
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from hyponema_cli.cli import output
from hyponema_cli.cli.plain import Group, Leaf
from hyponema_cli.clock import Clock, SystemClock
from hyponema_cli.config import workspace_path
from hyponema_cli.core.errors import InvalidInput

if TYPE_CHECKING:
    from hyponema_cli.engine.desk import Desk
    from hyponema_cli.render.tables import Column
    from hyponema_cli.store import Store

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """What the shared options said, and what a command needs to answer."""

    db: str | None = None
    workspace: str | None = None
    json: bool = False
    jsonl: bool = False
    ids: bool = False
    fields: tuple[str, ...] = ()
    """The only fields of a list to show; empty: all."""
    limit: int = 0
    """How many rows of a list to show; 0: all."""
    dry_run: bool = False
    no_input: bool = False
    clock: Clock = field(default_factory=SystemClock)

    @property
    def is_attended(self) -> bool:
        """True when there is somebody at a terminal who may be asked."""
        for_programs = self.json or self.jsonl or self.no_input or os.environ.get("HYP_NO_INPUT")
        return sys.stdin is not None and sys.stdin.isatty() and output.is_attended() and not for_programs

    @property
    def most(self) -> int:
        """How many rows to read for a list: one more than are shown tells that it is cut; 0 is all."""
        return self.limit + 1 if self.limit else 0

    def path(self) -> Path:
        """Return the workspace file."""
        return workspace_path(self.db, self.workspace, os.environ)

    @contextmanager
    def store(self, *, as_it_stands: bool = False) -> Iterator[Store]:
        """Open the workspace for the time of a command; `as_it_stands`, to look at it only."""
        import sqlite3

        from hyponema_cli.store import as_hyp_error, look_at, open_store

        store = look_at(self.path()) if as_it_stands else open_store(self.path())
        try:
            yield store
        except sqlite3.OperationalError as error:
            # Said with the file's name: whoever looks after several workspaces must know which.
            raise as_hyp_error(error, store.path) from error
        finally:
            store.close()

    @contextmanager
    def desk(self, actor: str = "operator") -> Iterator[Desk]:
        """Open the workspace with all that a change or a pass needs; in a dry run, what is changed is undone."""
        from hyponema_cli.wire import desk_of

        with self.store() as store, store.rehearsal() if self.dry_run else nullcontext():
            yield desk_of(store, self.clock, actor)
            if self.dry_run:
                output.say("Dry run: nothing is stored.")

    def show(
        self,
        items: Iterable[T],
        columns: Sequence[Column[T]],
        shape: Callable[[T], Any],
        empty: str,
        to_people: Callable[[Sequence[T]], None] | None = None,
    ) -> None:
        """Write a list in the form that was asked for, else as a table to a terminal and as TSV to a pipe.

        No more than `limit` rows of it. `to_people` draws them instead of a table. To a program, rows go out as they
        are made: a list may be much longer than the memory.
        """
        from hyponema_cli.render import json, tables

        items = iter(items)
        shown = islice(items, self.limit or None)
        if self.json or self.jsonl or self.ids or self.fields:
            rows = (json.picked(shape(item), self.fields) for item in shown)
            if self.json:
                output.long_data(chain(json.array(rows), "\n"))
            elif self.jsonl:
                output.long_data(json.line(row) + "\n" for row in rows)
            elif self.ids:
                output.long_data(tables.tsv([tables.FIRST_FIELD], rows))
            elif output.for_people() and (found := list(rows)):
                show_table(tables.of_fields(self.fields), found)
            else:
                output.long_data(tables.tsv(tables.of_fields(self.fields), rows))
        elif not output.for_people():
            output.long_data(tables.tsv(columns, shown))
        elif not (drawn := list(shown)):
            output.say(empty)
        elif to_people is not None:
            to_people(drawn)
        else:
            show_table(columns, drawn)
        if next(items, None) is not None:
            self._say_cut()

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Return as many rows as are to be shown."""
        return items[: self.limit] if self.limit else items

    def say_if_cut(self, items: Sequence[T]) -> None:
        """Say that a list goes on; in a pipe too, because a script would take what it gets for all there is."""
        if self.limit and len(items) > self.limit:
            self._say_cut()

    def _say_cut(self) -> None:
        output.say(f"Only {self.limit} {'is' if self.limit == 1 else 'are'} shown; for all of them: --limit 0")

    def show_one(self, pairs: Sequence[tuple[str, str | None]], shape: Any) -> None:
        """Write one thing: JSON when asked for, else a line a field."""
        from hyponema_cli.render import json, tables

        output.data(json.document(shape) + "\n" if self.json else tables.fields(pairs))

    def created(self, row_id: str, sentence: str, shape: Any) -> None:
        """Answer an `add`: only the new id on stdout, so that `id=$(hyp … add …)` works; the rest for people.

        In a dry run there is no new id.
        """
        from hyponema_cli.render import json

        output.say(sentence)
        if self.json:
            output.data(json.document(self._marked(shape)) + "\n")
        elif not self.dry_run:
            output.data(row_id + "\n")

    def done(self, sentence: str, shape: Any) -> None:
        """Answer a change: a sentence for people; the thing as it is now, when JSON is asked for."""
        from hyponema_cli.render import json

        output.say(sentence)
        if self.json:
            output.data(json.document(self._marked(shape)) + "\n")

    def changed(self, shapes: Sequence[Any]) -> None:
        """Give what was changed, as it is now, when JSON is asked for."""
        from hyponema_cli.render import json

        if self.json:
            output.data(json.document([self._marked(shape) for shape in shapes]) + "\n")

    def _marked(self, shape: Any) -> Any:
        return {**shape, "dry_run": True} if self.dry_run else shape


def show_table(columns: Sequence[Column[T]], items: Sequence[T], heading: str | None = None) -> None:
    """Write a table to the terminal, and say which columns its window had no room for."""
    from hyponema_cli.render import tables
    from hyponema_cli.render.safe import visible

    text, left_out = tables.table(columns, items, output.width(), color=output.color())
    output.data((visible(heading) + "\n" if heading else "") + text)
    if left_out:
        output.say(f"(no room for {', '.join(left_out)}; a wider window, a pipe or --json shows all)")


SHARED: dict[str, Any] = {
    "db": Annotated[
        str | None, typer.Option("--db", metavar="PATH", help="The workspace file. [env: HYP_DB]", show_default=False)
    ],
    "workspace": Annotated[
        str | None,
        typer.Option(
            "--workspace", "-w", metavar="NAME", help="A named workspace. [env: HYP_WORKSPACE]", show_default=False
        ),
    ],
    "as_json": Annotated[bool, typer.Option("--json", help="Answer in JSON.", show_default=False)],
    "no_input": Annotated[
        bool, typer.Option("--no-input", help="Ask nothing. [env: HYP_NO_INPUT]", show_default=False)
    ],
}
"""What every command takes."""
_MORE: dict[str, Any] = {
    "limit": Annotated[int, typer.Option("--limit", metavar="N", help="How many at most; 0 is all. [default: 50]")],
    "jsonl": Annotated[bool, typer.Option("--jsonl", help="Answer in JSON, a line a row.")],
    "ids": Annotated[bool, typer.Option("--ids", help="Only the ids, a line each.")],
    "fields": Annotated[
        list[str] | None,
        typer.Option("--fields", metavar="A,B", help="Only these fields, named as in JSON; in any form but --ids."),
    ],
    "dry_run": Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would change, and store nothing.")],
}
FORM = ("jsonl", "ids", "fields")
"""What a command takes that answers with rows."""
LIST = ("limit", *FORM)
"""What a list takes that may be long."""
WRITE = ("dry_run",)
"""What a command takes that changes the workspace."""
_DEFAULTS: dict[str, Any] = {"db": None, "workspace": None, "limit": 50, "fields": None}
"""Of all these options; of those that are not here it is False."""


def group(help_text: str) -> typer.Typer:
    """Return the app of a noun; its verbs are declared with `command`."""
    app = typer.Typer(
        cls=Group,
        help=help_text,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=True,
        add_completion=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(take_shared)
    return app


def single() -> typer.Typer:
    """Return the app of a command without verbs."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


def command(
    app: typer.Typer, name: str, takes: Sequence[str] = ()
) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """Declare a command: the first parameter of the function is its Session, the others are its own.

    `takes` is LIST, FORM or WRITE: options that its Session is given besides.
    """
    common = SHARED | {each: _MORE[each] for each in takes}

    def declare(function: Callable[..., int | None]) -> Callable[..., int | None]:
        parameters = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        sets: dict[str, Any] = {each.name: each.annotation for each in parameters if is_dataclass(each.annotation)}
        own = [option for each in parameters for option in _spread(each)]

        @functools.wraps(function)
        def run(invocation: typer.Context, **values: Any) -> int | None:
            _refuse_empty(invocation)
            given = {key: values.pop(key) for key in common}
            for name, kind in sets.items():
                values[name] = kind(**{each.name: values.pop(each.name) for each in fields(kind)})
            return function(_merged(invocation, given), **values)

        _declare(run, [*own, *_parameters(common)])
        app.command(name, cls=Leaf, context_settings={"help_option_names": ["-h", "--help"]})(run)
        return function

    return declare


def _refuse_empty(invocation: typer.Context) -> None:
    """Raise InvalidInput for `--until "$UNSET"`: an option that is empty would count as one that was not given."""
    for each in invocation.command.params:
        value = invocation.params.get(each.name or "")
        if each.param_type_name == "option" and (value == "" or (isinstance(value, (list, tuple)) and "" in value)):
            raise InvalidInput(f"{each.opts[0]} '' is empty", hint="is a variable of your script not set?")


def _spread(parameter: inspect.Parameter) -> list[inspect.Parameter]:
    """Return the options that a parameter stands for: itself, or one for each field of a set of options."""
    kind = parameter.annotation
    if not is_dataclass(kind):
        return [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
    hints = get_type_hints(kind, include_extras=True)
    return [
        inspect.Parameter(
            each.name, inspect.Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name]
        )
        for each in fields(kind)
    ]


def _declare(function: Callable[..., Any], parameters: Sequence[inspect.Parameter]) -> None:
    """Give a function the signature that Typer is to see: its context first."""
    context = inspect.Parameter("invocation", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    function.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    function.__annotations__ = {each.name: each.annotation for each in (context, *parameters)}


def take_shared(invocation: typer.Context, **values: Any) -> None:
    """Keep what the shared options say before a command, for the command."""
    invocation.obj = _merged(invocation, values)


def _merged(invocation: typer.Context, given: dict[str, Any]) -> Session:
    """Return the session of the words before, with the words here; the later word wins."""
    session = invocation.obj if isinstance(invocation.obj, Session) else Session()
    if given["db"] is not None or given["workspace"] is not None:
        session = replace(session, db=given["db"], workspace=given["workspace"])
    session = replace(
        session,
        json=session.json or given["as_json"],
        no_input=session.no_input or given["no_input"],
        **{name: given[name] for name in ("jsonl", "ids", "dry_run") if name in given},
        limit=_limit(given.get("limit", 0)),
        fields=_fields(given.get("fields")),
    )
    forms = [f"--{name}" for name in ("json", "jsonl", "ids") if getattr(session, name)]
    forms += ["--fields"] if session.ids and session.fields else []
    if len(forms) > 1:
        raise InvalidInput(f"{' and '.join(forms)} cannot be used together", hint=f"leave out {forms[-1]}")
    return session


def _fields(said: Sequence[str] | None) -> tuple[str, ...]:
    if not said:
        return ()
    from hyponema_cli.cli import values

    return tuple(dict.fromkeys(values.comma_list(said) or ()))


def _limit(number: int) -> int:
    if number < 0:
        raise InvalidInput(f"--limit {number} is negative", hint="0 lists all")
    return number


def _parameters(options: dict[str, Any]) -> list[inspect.Parameter]:
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS.get(name, False), annotation=annotation
        )
        for name, annotation in options.items()
    ]


_declare(take_shared, _parameters(SHARED))
