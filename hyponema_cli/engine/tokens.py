"""Who may use the server? Tokens come and go here, each with a line in the audit trail; a secret is told once."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping

from hyponema_cli.core import token as core
from hyponema_cli.core.errors import NotFound, nearest
from hyponema_cli.core.names import name as checked_name
from hyponema_cli.core.token import Scope, Token
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import Store, events, tokens

_NOBODYS = core.digest_of("")
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"


def add(desk: Desk, name: str, scopes: Iterable[Scope]) -> tuple[Token, str]:
    """Make a token; the second value is what its bearer shows, and cannot be had again.

    Raises Conflict when the name is taken.
    """
    now = desk.clock.now().replace(microsecond=0)
    token_id = "".join(secrets.choice(_LETTERS) for _ in range(10))
    text = core.written(token_id, secrets.token_urlsafe(32))
    made = Token(token_id, checked_name(name), core.digest_of(text), frozenset(scopes), now)
    with desk.store.transaction():
        tokens.insert(desk.store, made)
        detail = {"scopes": sorted(made.scopes)}
        events.add(desk.store, now, desk.actor, "token.added", subject_id=made.name, detail=detail)
    return made, text


def revoke(desk: Desk, name: str) -> Token:
    """Take a token back, by its name or its id; raises NotFound."""
    with desk.store.transaction():
        found = tokens.by_name(desk.store, name) or tokens.find(desk.store, name)
        if found is None:
            match = nearest(name, [each.name for each in tokens.select(desk.store)])
            hint = f"did you mean {match!r}?" if match else "see: hyp tokens list"
            raise NotFound(f"no token {name!r}", hint=hint)
        tokens.delete(desk.store, found.id)
        events.add(desk.store, desk.clock.now(), desk.actor, "token.revoked", subject_id=found.name)
    return found


def by_id(store: Store) -> dict[str, Token]:
    """Return all tokens."""
    return {each.id: each for each in tokens.select(store)}


def bearer(ours: Mapping[str, Token], text: str) -> Token | None:
    """Return which of our tokens somebody shows; None when it is none of them."""
    found = ours.get(core.id_in(text) or "")
    # Nobody learns from the time that this takes whether there is such an id.
    matches = core.is_the_one(text, found.digest if found is not None else _NOBODYS)
    return found if matches else None
