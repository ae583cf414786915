"""Tokens: who may ask the server for what. Only digests stand here."""

from __future__ import annotations

from typing import Any

from hyponema_cli.core.errors import Conflict
from hyponema_cli.core.instant import from_text, to_text
from hyponema_cli.core.token import Scope, Token
from hyponema_cli.store import Store


def insert(store: Store, token: Token) -> None:
    """Add a token; raises Conflict when its name is taken."""
    if by_name(store, token.name) is not None:
        raise Conflict(
            f"there is a token {token.name!r} already", hint=f"revoke it: hyp tokens revoke {token.name!r}"
        )
    scopes = ",".join(sorted(token.scopes))
    store.execute(
        "insert into tokens (id, name, digest, scopes, created_at) values (?, ?, ?, ?, ?)",
        (token.id, token.name, token.digest, scopes, to_text(token.created_at)),
    )


def select(store: Store, limit: int = 0) -> list[Token]:
    """List the tokens, the oldest first; `limit` 0 is all."""
    rows = store.execute(f"{_SELECT} order by created_at, id limit {limit or -1:d}")
    return [_from_row(row) for row in rows]


def find(store: Store, token_id: str) -> Token | None:
    """Return the token of that id."""
    row = store.execute(f"{_SELECT} where id = ?", (token_id,)).fetchone()
    return _from_row(row) if row else None


def by_name(store: Store, name: str) -> Token | None:
    """Return the token of that name."""
    row = store.execute(f"{_SELECT} where name = ?", (name,)).fetchone()
    return _from_row(row) if row else None


def delete(store: Store, token_id: str) -> None:
    """Forget a token: nobody gets in with it any more."""
    store.execute("delete from tokens where id = ?", (token_id,))


def any_at_all(store: Store) -> bool:
    """True when there is a token."""
    return store.execute("select 1 from tokens limit 1").fetchone() is not None


_SELECT = "select id, name, digest, scopes, created_at from tokens"


def _from_row(row: tuple[Any, ...]) -> Token:
    return Token(row[0], row[1], row[2], frozenset(map(Scope, row[3].split(","))), from_text(row[4]))
