"""Which options do several commands share? Sets of options, each declared once.

A command takes a set as a parameter; `command` spreads its fields out into options and hands the filled set in.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from hyponema_cli.cli import values
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine.request import CLEARABLE, Request


def _option(*names: str, metavar: str | None = None, help: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(*names, metavar=metavar, help=help, show_default=False)
    return option


@dataclass(frozen=True, kw_only=True)
class WhenOptions:
    """When: a weekly rule, a cron expression or an instant."""

    weekdays: Annotated[
        str | None, _option("--weekdays", metavar="DAYS", help="ISO weekdays, 1 is Monday: 1,3,5 or mon-fri.")
    ] = None
    at: Annotated[
        str | None,
        _option(
            "--at",
            metavar="TIME",
            help="HH:MM with --weekdays; else an instant such as '2026-12-01 14:30', or now.",
        ),
    ] = None
    cron: Annotated[str | None, _option("--cron", metavar="EXPR", help="Five fields: '0 9 * * MON-FRI'.")] = None
    delay: Annotated[str | None, _option("--in", metavar="DURATION", help="Once, after this long: 15m.")] = None
    before: Annotated[
        str | None,
        _option(
            "--before", metavar="DURATION", help="That long before --at: 24h of real time, 1d on the wall, 1d2h."
        ),
    ] = None
    timezone: Annotated[
        str | None, _option("--tz", metavar="ZONE", help="The clocks that the time is on, as in Europe/Madrid.")
    ] = None
    fold: Annotated[
        str | None,
        _option(
            "--fold",
            metavar="first|second",
            help="Which one, for a time that happens twice when the clocks go back.",
        ),
    ] = None

    def words(self, *, allow_past: bool = False) -> WhenWords:
        """Return what was said about when."""
        return WhenWords(self.weekdays, self.at, self.cron, self.delay, self.fold, allow_past, self.before)


@dataclass(frozen=True, kw_only=True)
class ScheduleOptions(WhenOptions):
    """Everything that a schedule can be given, at first and later."""

    agent: Annotated[
        str | None,
        _option("--agent", metavar="AGENT", help="Who talks; may be left out if there is one. [env: HYP_AGENT]"),
    ] = None
    user: Annotated[
        str | None,
        _option("--user", metavar="USER", help="Who is called; may be left out if there is one. [env: HYP_USER]"),
    ] = None
    to: Annotated[str | None, _option("--to", metavar="+E164", help="A number to call, instead of a user.")] = None
    allow_past: Annotated[bool, _option("--allow-past", help="Call now, if the instant has passed.")] = False
    name: Annotated[str | None, _option("--name", metavar="TEXT", help="What people call it.")] = None
    description: Annotated[str | None, _option("--description", metavar="TEXT", help="What it is for.")] = None
    context: Annotated[
        list[str] | None, _option("--context", metavar="K=V", help="What the agent should know; may be repeated.")
    ] = None
    context_json: Annotated[
        str | None, _option("--context-json", metavar="JSON", help="The same, as a JSON object.")
    ] = None
    metadata: Annotated[
        list[str] | None, _option("--metadata", metavar="K=V", help="What your own tools should know.")
    ] = None
    max_occurrences: Annotated[int | None, _option("--max-occurrences", metavar="N", help="Stop after N calls.")] = (
        None
    )
    start: Annotated[str | None, _option("--start", metavar="WHEN", help="Not before this date or instant.")] = None
    until: Annotated[str | None, _option("--until", metavar="WHEN", help="Not after this date or instant.")] = None
    max_attempts: Annotated[
        int | None, _option("--max-attempts", metavar="N", help="Calls to make until one is answered. [default: 1]")
    ] = None
    max_retries: Annotated[
        int | None, _option("--max-retries", metavar="N", help="The same, not counting the first call.")
    ] = None
    retry_delay: Annotated[
        str | None, _option("--retry-delay", metavar="DURATION", help="The wait before the next. [default: 10m]")
    ] = None
    backoff: Annotated[
        str | None,
        _option("--backoff", metavar="fixed|exponential", help="How the wait grows. [default: fixed]"),
    ] = None
    retry_on: Annotated[
        list[str] | None,
        _option(
            "--retry-on",
            metavar="OUTCOMES",
            help="no_answer,busy,timeout,failed,voicemail. [default: no_answer,busy,timeout]",
        ),
    ] = None
    catch_up_window: Annotated[
        str | None,
        _option("--catch-up-window", metavar="DURATION", help="How late a call may still go out. [default: 15m]"),
    ] = None
    window: Annotated[
        str | None,
        _option(
            "--window",
            metavar="HOURS",
            help="When it may call, on the callee's clocks: 'mon-fri 09:00-20:00', us-tcpa, fr, es, always.",
        ),
    ] = None
    on_doubt: Annotated[
        str | None,
        _option(
            "--on-doubt",
            metavar="hold|redial-after DURATION",
            help="After a call that may or may not have been made: hold, or dial once more. [default: hold]",
        ),
    ] = None
    webhook_url: Annotated[
        str | None,
        _option(
            "--webhook-url", metavar="URL", help="Who is told what becomes of its calls, instead of the workspace's."
        ),
    ] = None
    webhook_event: Annotated[
        list[str] | None,
        _option(
            "--webhook-event", metavar="EVENT", help="What to tell: started, completed, failed, … [default: all]"
        ),
    ] = None
    priority: Annotated[
        int | None, _option("--priority", metavar="N", help="Higher goes first at the same time.")
    ] = None

    def request(
        self,
        *,
        ref: str | None = None,
        paused: bool | None = None,
        clear: list[str] | None = None,
    ) -> Request:
        """Return what was asked for, as it was typed."""
        return Request(
            agent=self.agent,
            user=self.user,
            to=self.to,
            when=self.words(allow_past=self.allow_past),
            timezone=self.timezone,
            name=self.name,
            description=self.description,
            context=values.pairs("--context", self.context or (), self.context_json),
            metadata=values.pairs("--metadata", self.metadata or ()),
            max_occurrences=self.max_occurrences,
            start=self.start,
            until=self.until,
            max_attempts=self.max_attempts,
            max_retries=self.max_retries,
            retry_delay=self.retry_delay,
            backoff=self.backoff,
            retry_on=values.comma_list(self.retry_on),
            catch_up_window=self.catch_up_window,
            window=self.window,
            on_doubt=self.on_doubt,
            webhook_url=self.webhook_url,
            webhook_events=values.comma_list(self.webhook_event),
            priority=self.priority,
            ref=ref,
            paused=paused,
            clear=tuple(values.fields_to_clear(clear, CLEARABLE)),
        )


def default_agent() -> str | None:
    """Return the agent of the environment."""
    return os.environ.get("HYP_AGENT") or None


def with_stand_ins(request: Request) -> Request:
    """Let the agent and the user of the environment stand in where a request names none."""
    user = os.environ.get("HYP_USER") or None
    return replace(
        request,
        agent=request.agent or default_agent(),
        user=request.user or (user if request.to is None else None),
    )
