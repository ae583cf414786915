"""How does the SDK's request reach Twilio, and no other host?

The SDK talks through this: its own client has no time limit by default, and logs addresses, phone numbers and all.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from twilio.http import HttpClient
from twilio.http.response import Response

from hyponema_cli.http_once import Limits, Unsent, send_once


@dataclass
class Refusal(Exception):
    """An answer that is not a 2xx."""

    status: int
    body: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        # The body may hold phone numbers, and this is what a traceback shows.
        return f"HTTP {self.status}"


class TwilioHttp(HttpClient):  # type: ignore[misc]  # the SDK ships no types
    """The SDK's way to the network."""

    def __init__(self, base_url: str, limits: Limits | None = None) -> None:
        super().__init__(logging.getLogger("hyponema_cli.silent"), is_async=False)
        self._base_url = base_url
        self._path = urlsplit(base_url).path
        self._limits = limits or Limits()

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        """Send one request; return a 2xx answer. Raises Unsent, Unanswered, or Refusal for any other answer."""
        ask = requests.Request(method, self._at_home(url), headers, data=data, params=params, auth=auth)
        answer = send_once(ask, self._limits)
        text = answer.body.decode("utf-8", "replace")
        if not 200 <= answer.status < 300:
            raise Refusal(answer.status, text, answer.headers)
        return Response(answer.status, text, answer.headers)

    def _at_home(self, url: str) -> str:
        """Return the URL on our server; the path of a base that a server repeats in its links stands there once."""
        if self._path and url.startswith(self._base_url + self._path + "/"):
            url = self._base_url + url[len(self._base_url) + len(self._path) :]
        if not url.startswith(self._base_url + "/"):
            raise Unsent("it was to go to another host than the base URL names")
        return url
