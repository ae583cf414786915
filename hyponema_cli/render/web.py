"""What is the same on every page of the server? Its frame, and the small pages: signing in, being sure, trouble.

No page needs a script, and none may run: the policy below names the one style that is allowed, by its digest.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from hyponema_cli import __version__
from hyponema_cli.core.instant import to_text
from hyponema_cli.render.html import Html, joined, name, tag

_HERE = Path(__file__).parent
STYLE = _HERE.joinpath("report.css").read_text("utf-8") + _HERE.joinpath("web.css").read_text("utf-8")
_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The Content-Security-Policy that every page is sent with."""
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Seat:
    """Who looks at which workspace, when, and what they may do."""

    workspace: str
    base: str
    """What the addresses of its pages begin with; empty for the main one."""
    now: datetime
    zone: ZoneInfo
    who: str | None
    """The name of the token; None where none is asked for."""
    may_write: bool
    may_dial: bool
    seal: str
    """What a form must bring back to be believed."""

    def to(self, *path: str, **query: str | int | None) -> str:
        """Return the address of a page."""
        words = {key: value for key, value in query.items() if value is not None}
        where = "/".join(quote(part, safe="") for part in path)
        return f"{self.base}/{'page/' + where if path else ''}{'?' + urlencode(words) if words else ''}"


def document(title: str, seat: Seat | None, *inside: Html | None, here: str = "") -> str:
    """Write a page; without a seat, nobody has signed in."""
    head = (
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} – {seat.workspace} – hyp" if seat else f"{title} – hyp"),
        # Without it, browsers ask for one.
        tag("link", rel="icon", href="data:,"),
        # Our own words, and no text of anybody's: it is written down as it is.
        tag("style", Html(STYLE)),
    )
    body = (
        tag("a", "Skip to the content", href="#content", class_="skip"),
        _head(seat, here) if seat else None,
        tag("main", *inside, id="content", tabindex="-1"),
        tag("footer", tag("p", f"hyp {__version__}.{' Phone numbers are masked in lists.' if seat else ''}")),
    )
    return f"<!doctype html>\n{tag('html', tag('head', *head), tag('body', *body), lang='en')}\n"


_PLACES = (("Overview", ()), ("Schedules", ("agents",)), ("Month", ("month",)), ("History", ("history",)))


def _head(seat: Seat, here: str) -> Html:
    links = (
        tag("li", link(said, seat.to(*path), aria_current="page" if said == here else None)) for said, path in _PLACES
    )
    out = None
    if seat.who is not None:
        out = form(
            seat,
            seat.to("sign-out"),
            tag("span", "Signed in as ", name(seat.who), " "),
            tag("button", "Sign out", type="submit", class_="quiet"),
            class_="out",
        )
    return tag("header", tag("nav", tag("ul", *links), aria_label="Pages"), _search(seat.base), out, class_="bar")


def _search(base: str) -> Html:
    return tag(
        "form",
        tag("label", "Why?", for_="word"),
        tag(
            "input",
            id="word",
            name="word",
            type="search",
            required="",
            maxlength="200",
            placeholder="schedule, person, +number",
            autocomplete="off",
        ),
        tag("button", "Explain", type="submit"),
        method="get",
        action=f"{base}/page/why",
        role="search",
        class_="search",
    )


def as_of(seat: Seat, address: str) -> Html:
    """Say of when a page is. It does not load itself again: that would take a reader's place from them."""
    local = seat.now.astimezone(seat.zone)
    return tag(
        "p",
        "As of ",
        tag("time", f"{local:%H:%M:%S}", datetime=to_text(seat.now)),
        f" {seat.zone.key}, {local:%A %-d %B %Y} · ",
        link("Refresh", address),
        class_="as-of",
    )


def link(said: str, address: str, **attributes: str | None) -> Html:
    """Write a link to a page of ours."""
    return tag("a", said, href=address, **attributes)


def form(seat: Seat, action: str, *inside: Html | None, class_: str | None = None) -> Html:
    """Write a form that changes something."""
    return tag("form", hidden("seal", seat.seal), *inside, method="post", action=action, class_=class_)


def hidden(field: str, value: str) -> Html:
    """Write a field that nobody sees."""
    return tag("input", type="hidden", name=field, value=value)


def status(said: str) -> Html:
    """Say what was done just now."""
    return tag("p", said, role="status", class_="done")


class Paging(NamedTuple):
    """Where a list goes on, before and behind."""

    newer: str | None
    older: str | None

    def written(self, before: str, after: str) -> Html | None:
        """Write the links."""
        links = [
            link(said, address, rel=rel)
            for said, address, rel in ((before, self.newer, "prev"), (after, self.older, "next"))
            if address is not None
        ]
        return tag("nav", *links, aria_label="More", class_="paging") if links else None


def sign_in(action: str, then: str, workspace: str, *, wrong: str | None = None, from_elsewhere: bool = False) -> str:
    """Ask for a token; `then` is where to go on."""
    return document(
        "Sign in",
        None,
        tag("h1", "Sign in"),
        tag("p", "This is the page of ", name(workspace), ", a workspace of hyp."),
        tag("p", wrong, role="alert", class_="wrong", id="wrong") if wrong else None,
        tag(
            "p",
            "A link from elsewhere brought you here, and your browser does not say then whether you are signed in. ",
            link("If you are, go on.", then),
        )
        if from_elsewhere
        else None,
        tag(
            "form",
            tag("label", "Token", for_="token"),
            tag(
                "input",
                id="token",
                name="token",
                type="password",
                required="",
                maxlength="200",
                autocomplete="current-password",
                spellcheck="false",
                aria_invalid="true" if wrong else None,
                aria_describedby="wrong about-tokens" if wrong else "about-tokens",
            ),
            hidden("then", then),
            tag("button", "Sign in", type="submit", class_="main"),
            tag(
                "p",
                "Whoever runs this server makes one: ",
                tag("code", "hyp tokens add NAME --scope read,write"),
                id="about-tokens",
                class_="said",
            ),
            method="post",
            action=action,
            class_="card",
        ),
    )


def trouble(base: str, title: str, said: str, hint: str | None, *ways: tuple[str, str]) -> str:
    """Say that something is wrong, and where to go from there."""
    return document(
        title,
        None,
        tag("h1", title),
        tag("p", said, role="alert", class_="wrong"),
        tag("p", "Hint: ", hint, class_="said") if hint else None,
        tag("nav", *(link(word, address) for word, address in ways), aria_label="Where to go", class_="paging"),
        _search(base),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked before something is done."""

    title: tuple[str, ...]
    said: Sequence[str]
    """What it does, a paragraph each."""
    answer: str
    """On the button."""
    back: str
    wants_reason: bool = True
    is_grave: bool = False
    """It cannot be undone, or a phone rings."""
    key: str | None = None
    """So that a button that is pressed twice does it once."""


def confirm(seat: Seat, it: Question, action: str, back: str) -> str:
    """Ask whether somebody is sure."""
    reason = joined(
        tag("label", "Reason (optional, kept with the schedule)", for_="reason"),
        tag("input", id="reason", name="reason", type="text", maxlength=str(LONGEST_REASON), autocomplete="off"),
    )
    return document(
        "".join(it.title),
        seat,
        tag("h1", *_with_name(it.title)),
        *(tag("p", each) for each in it.said),
        form(
            seat,
            action,
            hidden("key", it.key) if it.key is not None else None,
            reason if it.wants_reason else None,
            tag(
                "p",
                tag("button", it.answer, type="submit", class_="main grave" if it.is_grave else "main"),
                " ",
                link(it.back, back, class_="button"),
                class_="ways",
            ),
            class_="card",
        ),
    )


def _with_name(title: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name(part) if index % 2 else part for index, part in enumerate(title))
