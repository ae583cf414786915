"""How is one message told to its receiver? One signed POST, within its time, to an address that may be asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import requests

from hyponema_cli.core.webhook import is_public, signature
from hyponema_cli.engine.courier import Answer
from hyponema_cli.http_once import Limits, Unanswered, Unsent, retry_after_of, send_once
from hyponema_cli.store.webhooks import Message

LIMITS = Limits(connect=5, read=10, answer=15)
"""Standard Webhooks asks for 15 to 30 seconds; a receiver should answer first and work later."""
AGENT = "hyp-webhooks/1"


def post(message: Message, secrets: Sequence[bytes], now: datetime, allow_private: bool) -> Answer:
    """Tell a receiver; redirects are not followed, because they would lead the message somewhere else."""
    body, timestamp = message.body.encode(), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        "webhook-id": message.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secrets, message.id, timestamp, body),
    }
    ask = requests.Request("POST", message.url, headers, data=body)
    try:
        answer = send_once(ask, LIMITS, most_bytes=0, allows=None if allow_private else is_public, by_proxy=False)
    except (Unsent, Unanswered) as error:
        return Answer(None, str(error))
    return Answer(answer.status, "", retry_after_of(answer.headers.get("Retry-After"), now))
