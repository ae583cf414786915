"""What if a request comes twice? By the key that its sender gave it, what the first one made is told again.

The key is kept in the transaction that makes the thing: both are there, or neither. A key belongs to one token.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from hyponema_cli.core.errors import InvalidInput
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import idempotency
from hyponema_cli.store.idempotency import Made

KEPT = timedelta(hours=24)
"""How long a key is known. Whoever repeats a request does so within minutes."""
_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)


def made_once(desk: Desk, token_id: str, key: str | None, asked: str, make: Callable[[], str]) -> tuple[str, bool]:
    """Return the id of what was made for a key, making it if there is none; the second value is False when there was.

    `asked` is a digest of the request. Raises InvalidInput when the key was used for another one, and what `make`
    raises; then nothing is kept.
    """
    if key is None:
        return make(), True
    if _KEY.fullmatch(key) is None:
        raise InvalidInput(
            "the Idempotency-Key cannot be used", hint="1 to 255 letters, digits and signs, no blanks; a UUID will do"
        )
    now = desk.clock.now()
    with desk.store.transaction():
        known = idempotency.find(desk.store, token_id, key, now - KEPT)
        if known is not None:
            if known.asked != asked:
                raise InvalidInput(
                    f"Idempotency-Key {key!r} was used for another request", hint="a new request needs a new key"
                )
            return known.made, False
        made = make()
        idempotency.keep(desk.store, token_id, key, Made(asked, made), now, drop_before=now - KEPT)
    return made, True
