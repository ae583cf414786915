"""What are the words of a text? Small letters without accents, numbers, and the signs that times are written with.

Punctuation between words is a break, written `,`. Any other character stays, and will not be understood.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

BREAK = ","

# One alternative for each kind of character, none inside another: the scan is linear, whatever the text.
_TOKEN = re.compile(r"[a-z]+(?:'[a-z]+)*|[0-9]+|\S")
_HALF_OF_DAY = re.compile(r"(?<![a-z])([ap])\.? ?m(?![a-z])\.?")
_FULL_STOP = re.compile(r"(?<![0-9])\.|\.(?![0-9])")
_BREAKS = frozenset(',;!?¿¡…"“”«»()')


def tokens_of(text: str) -> tuple[str, ...]:
    """Split a text into its tokens.

    >>> tokens_of("¿El MARTES, a las 10:30 p.m.?")
    ('el', 'martes', ',', 'a', 'las', '10', ':', '30', 'pm')
    """
    plain = " ".join(_without_accents(text).split())
    plain = _FULL_STOP.sub(BREAK, _HALF_OF_DAY.sub(r" \1m ", plain))
    return merge_breaks(BREAK if token in _BREAKS else token for token in _TOKEN.findall(plain))


def merge_breaks(tokens: Iterable[str]) -> tuple[str, ...]:
    """Leave one break where several stand, and none at the ends."""
    kept: list[str] = []
    for token in tokens:
        if token != BREAK or (kept and kept[-1] != BREAK):
            kept.append(token)
    return tuple(kept[:-1] if kept and kept[-1] == BREAK else kept)


def _without_accents(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.casefold().replace("’", "'"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
