"""What do all commands share? The options that name a workspace, `--json`, and how a command is declared.

A command is a function that takes a `Session` and its own options. `command` gives it the shared options too, so that
they work before and after it; Typer on its own takes `hyp --json users list` or `hyp users list --json`, not both.
"""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from hyponema_cli.cli import output
from hyponema_cli.clock import Clock, SystemClock
from hyponema_cli.config import workspace_path

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
    clock: Clock = field(default_factory=SystemClock)

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
        """Open the workspace with all that a change or a pass needs."""
        from hyponema_cli.wire import desk_of

        with self.store() as store:
            yield desk_of(store, self.clock, actor)

    def show(self, items: Sequence[T], columns: Sequence[Column[T]], shape: Callable[[T], Any], empty: str) -> None:
        """Write a list: JSON when asked for, a table to a terminal, tab-separated values to a pipe."""
        from hyponema_cli.render import json, tables

        if self.json:
            output.data(json.rows([shape(item) for item in items]) + "\n")
        elif not output.for_people():
            output.data(tables.tsv(columns, items))
        elif items:
            show_table(columns, items)
        else:
            output.say(empty)

    def show_one(self, pairs: Sequence[tuple[str, str | None]], shape: Any) -> None:
        """Write one thing: JSON when asked for, else a line a field."""
        from hyponema_cli.render import json, tables

        output.data(json.document(shape) + "\n" if self.json else tables.fields(pairs))

    def created(self, row_id: str, sentence: str, shape: Any) -> None:
        """Answer an `add`: only the new id on stdout, so that `id=$(hyp … add …)` works; the rest for people."""
        from hyponema_cli.render import json

        output.say(sentence)
        output.data((json.document(shape) if self.json else row_id) + "\n")

    def done(self, sentence: str, shape: Any) -> None:
        """Answer a change: a sentence for people; the thing as it is now, when JSON is asked for."""
        from hyponema_cli.render import json

        output.say(sentence)
        if self.json:
            output.data(json.document(shape) + "\n")


def show_table(columns: Sequence[Column[T]], items: Sequence[T], heading: str | None = None) -> None:
    """Write a table to the terminal, and say which columns its window had no room for."""
    from hyponema_cli.render import tables
    from hyponema_cli.render.safe import visible

    text, left_out = tables.table(columns, items, output.width(), color=output.color())
    output.data((visible(heading) + "\n" if heading else "") + text)
    if left_out:
        output.say(f"(no room for {', '.join(left_out)}; a wider window, a pipe or --json shows all)")


_SHARED: dict[str, Any] = {
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
}
_DEFAULTS: dict[str, Any] = {"db": None, "workspace": None, "as_json": False}


def group(help_text: str) -> typer.Typer:
    """Return the app of a noun; its verbs are declared with `command`."""
    app = typer.Typer(
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


def command(app: typer.Typer, name: str) -> Callable[[Callable[..., int | None]], Callable[..., int | None]]:
    """Declare a command: the first parameter of the function is its Session, the others are its own."""

    def declare(function: Callable[..., int | None]) -> Callable[..., int | None]:
        parameters = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
        sets: dict[str, Any] = {each.name: each.annotation for each in parameters if is_dataclass(each.annotation)}
        own = [option for each in parameters for option in _spread(each)]

        @functools.wraps(function)
        def run(invocation: typer.Context, **values: Any) -> int | None:
            given = {key: values.pop(key) for key in _SHARED}
            for name, kind in sets.items():
                values[name] = kind(**{each.name: values.pop(each.name) for each in fields(kind)})
            return function(_merged(invocation, given), **values)

        _declare(run, [*own, *_shared_parameters()])
        app.command(name, context_settings={"help_option_names": ["-h", "--help"]})(run)
        return function

    return declare


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
    return replace(session, json=session.json or given["as_json"])


def _shared_parameters() -> list[inspect.Parameter]:
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[name], annotation=annotation)
        for name, annotation in _SHARED.items()
    ]


_declare(take_shared, _shared_parameters())
