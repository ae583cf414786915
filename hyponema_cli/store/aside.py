"""How is a long list given out? As it was at one moment, and with nobody kept from writing meanwhile.

An open query holds a read lock, and in a rollback journal one reader is enough to hold up every commit; but whoever
reads a list may be `less`, and take an hour. So all of its rows are read first and put aside: few in memory, many in
a file without a name. Then the lock is let go, and the list is made of them row by row, as it is asked for.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, cast

from hyponema_cli.core.errors import Unusable
from hyponema_cli.store import Store

Row = tuple[Any, ...]

_A_PIECE = 500
"""How many rows are read, or given out, in one go."""
_IN_MEMORY = 4 << 20
"""The most octets of rows that are kept in memory; more go to a file."""


def put_aside(
    store: Store, chosen: str, values: Sequence[Any], read: Callable[[Sequence[str]], list[Row]]
) -> Iterator[Row]:
    """Read the rows of all ids that a query chooses, in its order; yield them when nothing is held any more.

    `read` returns the rows of some ids, in that same order. Only the ids are sorted as a whole: they are short.
    """
    from tempfile import SpooledTemporaryFile

    sizes = list[int]()
    file = cast(IO[bytes], SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - it is read after we return
    with store.reading():
        ids = store.execute(chosen, values)
        while some := [row[0] for row in ids.fetchmany(_A_PIECE)]:
            piece = marshal.dumps(read(some))
            try:
                file.write(piece)
            except OSError as error:
                raise Unusable(
                    f"a long list cannot be kept in a temporary file: {error.strerror}",
                    hint="TMPDIR names a folder with room",
                ) from error
            sizes.append(len(piece))
    return _given_out(file, sizes)


def _given_out(file: IO[bytes], sizes: Sequence[int]) -> Iterator[Row]:
    with file:
        file.seek(0)
        for size in sizes:
            yield from cast(list[Row], marshal.loads(file.read(size)))  # noqa: S302 - what we wrote ourselves
