"""How does a client reach the tools? By the Model Context Protocol's own SDK, which this file alone imports.

Standard output is the protocol's alone. The SDK turns file descriptor 1 to standard error while it serves, so that
nothing that is printed can end a conversation.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Mapping
from io import TextIOWrapper
from typing import Any, Protocol

import anyio
import anyio.to_thread
from anyio.abc import TaskStatus
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
)

from hyponema_cli import __version__
from hyponema_cli.cli.operators import Said
from hyponema_cli.cli.tools import answered
from hyponema_cli.render import json


class Offer(Protocol):
    """What a client is offered. Its functions run in a thread, one call at a time, and open the workspace anew."""

    instructions: str

    def listed(self) -> list[dict[str, Any]]:
        """Describe the tools that there are now."""

    def ask(self, name: str, arguments: Mapping[str, Any]) -> Said:
        """Ask a tool; never raises."""


def serve(offer: Offer) -> None:
    """Serve until standard input ends, or SIGTERM or SIGINT comes; a call in hand is finished first.

    A thread may still wait for standard input when this returns.
    """
    if not os.environ.get("HYP_DEBUG"):
        # The SDK logs what it was sent when it cannot make sense of it, phone numbers included.
        logging.disable(logging.CRITICAL)
    anyio.run(_serve, offer)


async def _serve(offer: Offer) -> None:
    server = _server(offer)
    async with anyio.create_task_group() as group:
        await group.start(_stop_on_signals, group.cancel_scope)
        async with stdio_server(stdin=_StandardInput()) as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())
        group.cancel_scope.cancel()


def _server(offer: Offer) -> Server[Any]:
    # SQLite blocks whoever asks it, and takes one change at a time: a client's calls stand in line in a thread.
    line = anyio.CapacityLimiter(1)

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        listed = await anyio.to_thread.run_sync(lambda: answered(offer.listed), limiter=line)
        if isinstance(listed, dict):
            raise MCPError(INTERNAL_ERROR, listed["error"]["message"], listed)
        return ListToolsResult(tools=[Tool.model_validate(each) for each in listed])

    async def call_tool(_: ServerRequestContext[Any], asked: CallToolRequestParams) -> CallToolResult:
        return _result(await anyio.to_thread.run_sync(offer.ask, asked.name, asked.arguments or {}, limiter=line))

    return Server(
        "hyp",
        version=__version__,
        instructions=offer.instructions,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _result(said: Said) -> CallToolResult:
    texts = [json.line(said.value), *([said.remark] if said.remark else [])]
    return CallToolResult(
        content=[TextContent(type="text", text=text) for text in texts],
        # The protocol took no arrays here before 2026-07-28.
        structured_content=said.value if isinstance(said.value, dict) else None,
        is_error=said.failed,
    )


async def _stop_on_signals(
    scope: anyio.CancelScope, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()


class _StandardInput(anyio.AsyncFile[str]):
    """The lines of standard input; waiting for one can be given up, which no other read of a pipe allows."""

    def __init__(self) -> None:
        super().__init__(TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace"))

    async def readline(self) -> str:
        return await anyio.to_thread.run_sync(self.wrapped.readline, abandon_on_cancel=True)
