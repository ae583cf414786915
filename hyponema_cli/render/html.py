"""How is HTML written so that no text from the database can become markup? Every string is escaped, but Html."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from hyponema_cli.render.safe import clipped, visible

_VOID = frozenset({"meta", "link", "input"})
_ON_A_LINE = frozenset(
    {
        "meta",
        "link",
        "form",
        "nav",
        "title",
        "style",
        "header",
        "section",
        "figure",
        "svg",
        "table",
        "tr",
        "p",
        "h1",
        "h2",
        "h3",
        "li",
        "div",
    }
)
"""Elements after which the line ends, for those who read the source."""


class Html(str):
    """Markup. Only `tag` and `joined` make it, and whoever writes it down as it is."""

    __slots__ = ()


def tag(name: str, /, *inside: str | None, **attributes: str | float | None) -> Html:
    """Write an element. `class_` stands for class, `aria_label` for aria-label; None is left out.

    >>> tag("p", "a < b", tag("b", "!"), class_="x", title=None)
    '<p class="x">a &lt; b<b>!</b></p>\\n'
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(_text(value)))}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "\n" if name in _ON_A_LINE else ""
    if name in _VOID:
        return Html(f"<{name}{words}>{end}")
    return Html(f"<{name}{words}>{joined(*inside)}</{name}>{end}")


def joined(*parts: str | None) -> Html:
    """Put parts one behind the other; those that are no markup yet are escaped."""
    return Html("".join(part if isinstance(part, Html) else escape(visible(part)) for part in parts if part))


def name(text: str) -> Html:
    """Write a name that people chose: one that is read from right to left must not turn round its neighbours."""
    return tag("bdi", clipped(text))


def table(caption: str, head: Sequence[str], rows: Sequence[tuple[str, ...]], kind: str) -> Html:
    """Write a table of a kind that the style knows; the first cell of each row is its heading.

    Roles are said, because a style that stacks the cells of a row, as on a phone, takes them away from some readers.
    """
    lines = [
        tag(
            "tr",
            tag("th", row[0], scope="row", role="rowheader"),
            *(tag("td", cell, data_label=label, role="cell") for label, cell in zip(head[1:], row[1:], strict=True)),
            role="row",
        )
        for row in rows
    ]
    columns = tag("tr", *(tag("th", each, scope="col", role="columnheader") for each in head), role="row")
    written = tag(
        "table",
        tag("caption", caption),
        tag("thead", columns, role="rowgroup"),
        tag("tbody", *lines, role="rowgroup"),
        class_=kind,
        role="table",
    )
    # What scrolls must be reached by the keyboard too.
    return tag("div", written, class_="wide", tabindex="0", role="region", aria_label=caption)


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.4g}"
