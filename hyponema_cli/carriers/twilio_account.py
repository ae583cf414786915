"""Which Twilio account is meant, and where is its key? The environment says so, or files that it names.

`twilio` reads the SDK's own variables; `twilio:eu` reads the same names with its own word in them, and nothing else:
an account that is not set up must not dial on another one's bill.

==============================  ======================================================================
TWILIO_ACCOUNT_SID              the account (TWILIO_EU_ACCOUNT_SID for `twilio:eu`, and so on)
TWILIO_AUTH_TOKEN               its token; or, better, a key that can be revoked:
TWILIO_API_KEY                  the key's SID, and
TWILIO_API_SECRET               its secret
HYP_TWILIO_BASE_URL             another server than Twilio's; then no other host is contacted
TWILIO_REGION, TWILIO_EDGE      Twilio's own regions and edges (TWILIO_EU_REGION for `twilio:eu`)
==============================  ======================================================================

Each of the first four may be given as a file: `TWILIO_AUTH_TOKEN_FILE=/run/secrets/token`, or as a systemd credential
named in small letters: `LoadCredential=twilio_auth_token:/etc/hyp/twilio-token`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from hyponema_cli.core.errors import InvalidInput, MissingCredentials

TWILIO = "https://api.twilio.com"
_SID = re.compile(r"AC[0-9a-fA-F]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Account:
    """Where calls are created, and by whom. Its secret never shows in a representation."""

    name: str
    """As numbers bear it: `twilio`, `twilio:eu`."""
    sid: str
    username: str
    password: str = field(repr=False)
    base_url: str = TWILIO
    region: str | None = None
    edge: str | None = None

    @property
    def is_elsewhere(self) -> bool:
        """True for a stand-in, or a compatible service."""
        return self.base_url != TWILIO


def account_of(name: str, environ: Mapping[str, str]) -> Account:
    """Return the account of that name.

    Raises MissingCredentials, naming what to set, and InvalidInput for a value that cannot be meant.
    """
    words = _Words(name, environ)
    base_url = _base_url(words)
    sid = words.read("TWILIO_ACCOUNT_SID")
    key, secret = words.read("TWILIO_API_KEY"), words.read("TWILIO_API_SECRET")
    token = words.read("TWILIO_AUTH_TOKEN")
    if key is not None or secret is not None:
        missing = [word for word, value in (("TWILIO_API_KEY", key), ("TWILIO_API_SECRET", secret)) if value is None]
        username, password = key, secret
    else:
        missing = ["TWILIO_AUTH_TOKEN"] if token is None else []
        username, password = sid, token
    if sid is None:
        missing.insert(0, "TWILIO_ACCOUNT_SID")
    if sid is None or username is None or password is None:
        raise MissingCredentials(
            f"{name} has no credentials: {' and '.join(map(words.named, missing))} not set",
            hint=f"set them where hyp runs (cron has an environment of its own), or {words.named(missing[-1])}_FILE",
        )
    if base_url == TWILIO and _SID.fullmatch(sid) is None:
        raise InvalidInput(
            f"{words.named('TWILIO_ACCOUNT_SID')} is not an account's SID",
            hint="AC and 32 hexadecimal digits; a key's SID (SK…) belongs into TWILIO_API_KEY",
        )
    here = base_url == TWILIO
    return Account(
        name,
        sid,
        username,
        password,
        base_url,
        words.plain(words.named("TWILIO_REGION")) if here else None,
        words.plain(words.named("TWILIO_EDGE")) if here else None,
    )


def auth_token_of(name: str, environ: Mapping[str, str]) -> str:
    """Return what Twilio signs the callbacks of an account with: its token, also where an API key places the calls.

    Raises MissingCredentials.
    """
    words = _Words(name, environ)
    token = words.read("TWILIO_AUTH_TOKEN")
    if token is None:
        variable = words.named("TWILIO_AUTH_TOKEN")
        raise MissingCredentials(
            f"the callbacks of {name} cannot be verified: {variable} is not set",
            hint=f"set it where hyp serve runs, or {variable}_FILE; Twilio signs with it",
        )
    return token


class _Words:
    """The variables of one account."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._word = name.partition(":")[2].upper().replace("-", "_")
        self._environ = environ

    def named(self, variable: str) -> str:
        """Return the name that a variable has for this account."""
        return variable.replace("TWILIO_", f"TWILIO_{self._word}_", 1) if self._word else variable

    def plain(self, name: str) -> str | None:
        """Return the value of one variable, which is no secret."""
        return (self._environ.get(name) or "").strip() or None

    def read(self, variable: str) -> str | None:
        """Return a value from its variable, its file or its systemd credential; None where none is set."""
        name = self.named(variable)
        value, file = self._environ.get(name), self._environ.get(f"{name}_FILE")
        if value and file:
            raise InvalidInput(f"{name} and {name}_FILE are both set", hint="keep one of them")
        if value:
            return value.strip() or None
        if file:
            return _text_of(Path(file), f"{name}_FILE")
        folder = self._environ.get("CREDENTIALS_DIRECTORY")
        return _text_of(Path(folder, name.casefold()), "the systemd credential", may_lack=True) if folder else None


def _text_of(path: Path, source: str, *, may_lack: bool = False) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError) as error:
        # A ValueError that is not about its text is about its name, which then names no file.
        nameless = isinstance(error, ValueError) and not isinstance(error, UnicodeDecodeError)
        if may_lack and (nameless or isinstance(error, FileNotFoundError | NotADirectoryError)):
            return None
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise MissingCredentials(
            f"{source} {str(path)!r} cannot be read: {reason}", hint="check its path, its owner and its mode"
        ) from None


def _base_url(words: _Words) -> str:
    """Return the server to talk to. The general setting holds for every account that has none of its own."""
    for variable in (words.named("HYP_TWILIO_BASE_URL"), "HYP_TWILIO_BASE_URL"):
        url = words.plain(variable)
        if url:
            return _checked(variable, url)
    return TWILIO


def _checked(variable: str, url: str) -> str:
    hint = "as in https://space.example/api/laml, without a user, a query or a fragment"
    try:
        parts = urlsplit(url)
        well = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        bare = not (parts.query or parts.fragment or parts.username or parts.password)
    except ValueError:
        well = bare = False
    if not well or not bare or any(character.isspace() or not character.isprintable() for character in url):
        # What stands before an @, or behind a question mark, may be a secret.
        shown = re.split("[?#]", url.rpartition("@")[2])[0]
        raise InvalidInput(f"{variable} {shown!r} is not a base URL", hint=hint)
    return url.rstrip("/")
