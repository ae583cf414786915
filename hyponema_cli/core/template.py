"""What does `'0 10 {birth_day} {birth_month} *'` say for one row? Each `{column}` stands for the row's text there.

`{{` and `}}` are braces. Nothing else is understood: no arithmetic, no formats.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hyponema_cli.core.errors import InvalidInput, nearest

_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True, slots=True)
class Template:
    """A text with columns in it: literal, column, literal, …, literal."""

    literals: tuple[str, ...]
    columns: tuple[str, ...]

    def fill(self, cell: Callable[[str], str]) -> str:
        """Return the text with each column's cell in its place."""
        parts = [self.literals[0]]
        for column, literal in zip(self.columns, self.literals[1:], strict=True):
            parts += (cell(column), literal)
        return "".join(parts)


def parse(text: str) -> Template:
    """Read a template.

    >>> parse("{id}-birthday")
    Template(literals=('', '-birthday'), columns=('id',))

    Raises InvalidInput for a brace that stands alone.
    """
    literals, columns, begin = [""], list[str](), 0
    for found in _PART.finditer(text):
        literals[-1] += text[begin : found.start()]
        begin = found.end()
        if found[0] in ("{{", "}}"):
            literals[-1] += found[0][0]
        elif found[1] is not None and found[1].strip():
            columns.append(found[1].strip())
            literals.append("")
        else:
            raise InvalidInput(f"{text!r} holds a brace alone", hint="columns are written {name}, braces {{ and }}")
    literals[-1] += text[begin:]
    return Template(tuple(literals), tuple(columns))


def refuse_unknown(wanted: Sequence[str], columns: Sequence[str]) -> None:
    """Raise InvalidInput when a template names a column that is not there."""
    for name in wanted:
        if name not in columns:
            match = nearest(name, columns)
            hint = f"did you mean {{{match}}}?" if match else f"there are: {', '.join(columns)}"
            raise InvalidInput(f"there is no column {name!r}", hint=hint)
