"""How is a chart drawn for a browser? As inline SVG, without script or font.

The places of its bars are percentages of the page's width, so that they fit any screen while words keep their size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hyponema_cli.render.html import Html, tag

HEIGHT = 200
"""Pixels from the base line to the top of the highest bar."""
ABOVE, BELOW = 12, 26
LEAST_HEIGHT = 2
"""What happened at all is seen, however seldom it did."""
MOST_LABELS = 6
"""So many dates fit side by side on a phone."""
LEAST_BARS = 8
"""A chart of fewer bars leaves room on its right: a single bar as wide as the page says nothing."""


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: its parts from the base line up, each with the class that colours it."""

    label: str
    parts: Sequence[tuple[str, float]]
    said: str
    """What is shown to those who point at it."""


def columns(
    bars: Sequence[Column], summary: str, *, top: float | None = None, unit: str = "", labels: int = MOST_LABELS
) -> Html:
    """Draw bars side by side; `summary` says in words what is to be seen, `top` is what the axis goes up to."""
    ceiling = top or _nice(max((sum(value for _, value in bar.parts) for bar in bars), default=0))
    slot = 100 / max(len(bars), LEAST_BARS)
    every = -(-len(bars) // labels)
    drawn = [_grid(ceiling * part / 4, ceiling, unit) for part in range(5)]
    for index, bar in enumerate(bars):
        drawn.append(tag("g", tag("title", bar.said), *_parts(bar, index * slot, slot, ceiling)))
        if index % every == 0:
            drawn.append(_text(f"{(index + 0.5) * slot:.3f}%", HEIGHT + ABOVE + 18, bar.label, "middle"))
    return tag(
        "svg", *drawn, class_="chart", role="img", aria_label=summary, width="100%", height=HEIGHT + ABOVE + BELOW
    )


def _parts(bar: Column, left: float, slot: float, ceiling: float) -> list[Html]:
    drawn, low = [], 0.0
    for kind, value in bar.parts:
        if value:
            height = max(value / ceiling * HEIGHT, LEAST_HEIGHT)
            drawn.append(
                tag(
                    "rect",
                    class_=kind,
                    x=f"{left + slot * 0.12:.3f}%",
                    width=f"{slot * 0.76:.3f}%",
                    y=f"{ABOVE + HEIGHT - low - height:.1f}",
                    height=f"{height - (1 if height > LEAST_HEIGHT else 0):.1f}",  # a line of paper between two
                )
            )
            low += height
    return drawn


def _grid(value: float, ceiling: float, unit: str) -> Html:
    y = ABOVE + HEIGHT - value / ceiling * HEIGHT
    line = tag("line", x1="0", x2="100%", y1=f"{y:.1f}", y2=f"{y:.1f}", class_="grid")
    return tag("g", line, _text("-8", y + 4, _short(value) + unit, "end"))


def _text(x: str, y: float, words: str, anchor: str) -> Html:
    return tag("text", words, x=x, y=f"{y:.1f}", text_anchor=anchor)


def _nice(value: float) -> float:
    """Return the least round number, of which a quarter is round too, that is not below `value`.

    >>> _nice(0), _nice(3), _nice(37), _nice(33_334)
    (4, 4, 40, 40000)
    """
    scale = 1
    while True:
        for step in (4, 8, 12, 20):
            if value <= step * scale:
                return step * scale
        scale *= 10


def _short(value: float) -> str:
    """Write a number for an axis.

    >>> _short(0), _short(750), _short(2_500), _short(40_000), _short(3_000_000)
    ('0', '750', '2,500', '40k', '3M')
    """
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:,.0f}"
