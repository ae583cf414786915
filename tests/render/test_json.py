"""A document that is written an item at a time is, to the letter, the one that is written at once."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hyponema_cli.render.json import array, document
from tests.strategies import examples

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)


@examples(200)
@given(st.lists(VALUES, max_size=4))
def test_many_items_are_written_as_one_document(items: list[Any]) -> None:
    written = "".join(array(iter(items)))
    assert written == document(items)
    assert json.loads(written) == items
