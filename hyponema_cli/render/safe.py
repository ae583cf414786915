"""How is text from the database shown? With everything that could move a cursor or fool an eye written out.

Names come from imports and can hold escape sequences, newlines, direction overrides and lone surrogates.
"""

from __future__ import annotations

import re

# C0 and C1 controls; line and paragraph separators; direction marks, overrides and isolates (Unicode UAX #9);
# the byte order mark; halves of surrogate pairs, which no encoding can print.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    r"""Write out what must not reach a terminal.

    >>> visible("Ana\x1b[31m\n")
    'Ana\\x1b[31m\\n'
    """
    return _UNSAFE.sub(lambda match: _written(match[0]), text)


def visible_json(document: str) -> str:
    """Escape the same characters inside a JSON document, where they can only stand in strings."""
    if document.isascii() and "\x7f" not in document:  # as most are, and this is quick to see
        return document
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


def _written(character: str) -> str:
    code = ord(character)
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")
