"""How is an agent connected to a call? In one of three ways, with a few words on how long to ring and talk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MachineDetection = Literal["off", "on", "message-end"]


@dataclass(frozen=True, slots=True)
class Connection:
    """How a carrier connects a call to an agent; at most one of the first three is set."""

    answer_url: str | None = None
    """Where the carrier asks what to do once the call is answered (http or https)."""
    stream_url: str | None = None
    """The WebSocket that gets the call's audio, both ways (ws or wss)."""
    application_sid: str | None = None
    """An application, or a dial plan, stored at the carrier."""
    ring_timeout_seconds: int | None = None
    """How long the phone rings; None: as long as the carrier likes."""
    time_limit_seconds: int | None = None
    """How long a conversation may last; None: as long as the carrier lets it."""
    machine_detection: MachineDetection = "off"
    """Whether the carrier listens for an answering machine first, and for the end of its greeting."""
    call_reason: str | None = None
    """What the callee's phone shows, where the networks on the way carry it."""

    @property
    def way(self) -> str | None:
        """The address or name by which the agent is reached; None: it cannot be."""
        return self.stream_url or self.answer_url or self.application_sid


NOT_CONNECTED = Connection()
