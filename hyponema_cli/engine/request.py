"""What does a request make of a schedule? The words of a new one, or of a change, read and checked.

Everything in a request may be left out; what is left out stays as it is, or has its default.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from hyponema_cli.core import phone, timewords, window
from hyponema_cli.core.call import ScheduleState
from hyponema_cli.core.errors import InvalidInput, suggestion
from hyponema_cli.core.records import Agent, Callee, Schedule, Settings, User, blank_schedule
from hyponema_cli.core.retry import RETRYABLE, Backoff, RetryPolicy
from hyponema_cli.core.webhook import EVENTS, is_public
from hyponema_cli.core.when import When, WhenWords, parse
from hyponema_cli.engine import find
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.told import refuse_unreachable, refuse_untellable
from hyponema_cli.store import Store, agents, users

CLEARABLE: dict[str, Any] = {
    "timezone": None,
    "name": None,
    "description": None,
    "max_occurrences": None,
    "start": None,
    "until": None,
    "catch_up_window": None,
    "window": None,
    "webhook_url": None,
    "webhook_events": (),
    "context": {},
    "metadata": {},
}
"""Fields that an edit can unset, and what they are then."""
_STORED_AS = {"start": "start_at", "until": "until_at", "window": "calling_window", "context": "customer_context"}
MOST = 1_000_000
"""The largest number that an option takes; more is a slip of the finger."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for, in words; None: not said. The same for a new schedule and for a change."""

    agent: str | None = None
    user: str | None = None
    to: str | None = None
    when: WhenWords = field(default_factory=WhenWords)
    timezone: str | None = None
    name: str | None = None
    description: str | None = None
    context: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    max_occurrences: int | None = None
    start: str | None = None
    until: str | None = None
    max_attempts: int | None = None
    max_retries: int | None = None
    retry_delay: str | None = None
    backoff: str | None = None
    retry_on: Sequence[str] | None = None
    catch_up_window: str | None = None
    window: str | None = None
    on_doubt: str | None = None
    webhook_url: str | None = None
    webhook_events: Sequence[str] | None = None
    priority: int | None = None
    ref: str | None = None
    paused: bool | None = None
    clear: tuple[str, ...] = ()
    """Names of CLEARABLE fields to unset."""


def laid_over(upper: Request, lower: Request) -> Request:
    """Return what two requests ask for together; where both say something, `upper` wins.

    Context and metadata are merged, key by key.
    """
    given = {each.name: getattr(upper, each.name) for each in fields(Request)}
    given = {name: value for name, value in given.items() if value is not None}
    if upper.user is not None or upper.to is not None:
        lower = replace(lower, user=None, to=None)
    if upper.max_attempts is not None or upper.max_retries is not None:
        lower = replace(lower, max_attempts=None, max_retries=None)
    return replace(
        lower,
        **{
            **given,
            "when": _when_laid_over(upper.when, lower.when),
            "context": {**lower.context, **upper.context},
            "metadata": {**lower.metadata, **upper.metadata},
            "clear": (*lower.clear, *upper.clear),
        },
    )


def _when_laid_over(upper: WhenWords, lower: WhenWords) -> WhenWords:
    """A rule that is given takes the place of another; of a weekly rule, one half can be given by itself."""
    allow_past, before = upper.allow_past or lower.allow_past, upper.before or lower.before
    fold = upper.fold if upper.fold is not None else lower.fold
    if not upper:
        return replace(lower, allow_past=allow_past, before=before, fold=fold, later=upper.later)
    upper = replace(upper, allow_past=allow_past, fold=fold)
    if lower.weekdays is None or upper.cron is not None or upper.delay is not None:
        return upper
    if upper.at is None:
        return replace(upper, at=lower.at)
    return replace(upper, weekdays=lower.weekdays) if upper.weekdays is None and is_time_of_day(upper.at) else upper


def is_time_of_day(at: str) -> bool:
    """True for what can only be the time of a weekly rule: neither an instant, nor `now`."""
    return "-" not in at and at.strip().casefold() != "now"


def draft(desk: Desk, request: Request, created_by: str, now: datetime) -> Schedule:
    """Return the schedule that a request asks for, checked; its next instant is not derived yet."""
    workspace = desk.settings()
    agent = _agent_of(desk.store, request)
    refuse_unreachable(desk.store, agent)
    user, to_number = _callee_of(desk.store, request)
    blank = replace(
        blank_schedule(desk.new_id("sch", now), agent.id, user.id if user else None, to_number, created_by, now),
        status=ScheduleState.PAUSED if request.paused else ScheduleState.ACTIVE,
        ref=request.ref,
        callee=callee_of(user) if user else None,
        agent_name=agent.name,
    )
    # An agent's or user's change of mind is no part of building: both stand in the draft already.
    return changed(desk, blank, replace(request, agent=None, user=None, to=None), workspace, now)


def changed(desk: Desk, schedule: Schedule, request: Request, workspace: Settings, now: datetime) -> Schedule:
    """Return the schedule with what the request gives, checked; its next instant is not derived yet."""
    if request.agent is not None:
        agent = find.agent(desk.store, request.agent)
        refuse_unreachable(desk.store, agent)
        schedule = replace(schedule, agent_id=agent.id, agent_name=agent.name)
    if request.user is not None or request.to is not None:
        user, to_number = _callee_of(desk.store, request)
        callee = callee_of(user) if user else None
        schedule = replace(schedule, user_id=user.id if user else None, to_number=to_number, callee=callee)
    if request.clear:
        unset: dict[str, Any] = {_STORED_AS.get(name, name): CLEARABLE[name] for name in request.clear}
        schedule = replace(schedule, **unset)
    if request.timezone is not None:
        schedule = replace(schedule, timezone=timewords.parse_zone(request.timezone).key)
    zone = schedule.zone(workspace.timezone)
    if request.when or not schedule.kind:
        schedule = _with_when(schedule, parse(_completed(schedule, request.when), zone, now))
    elif request.timezone is not None and schedule.run_local is not None:
        # The wall reading stays; in the new zone it may be missing or happen twice.
        timewords.parse_moment(schedule.run_local.isoformat(), zone, fold=schedule.run_fold or None)
    changes: dict[str, Any] = {
        "name": _text("--name", request.name),
        "description": request.description,
        "max_occurrences": _at_least_one("--max-occurrences", request.max_occurrences),
        "start_at": timewords.parse_bound(request.start, zone, end=False) if request.start else None,
        "until_at": timewords.parse_bound(request.until, zone, end=True) if request.until else None,
        "catch_up_window": _window(request.catch_up_window),
        "calling_window": window.parse(request.window).text if request.window is not None else None,
        "webhook_url": webhook_url(request.webhook_url, workspace.webhook_allow_private),
        "webhook_events": webhook_events(request.webhook_events),
        "priority": _priority(request.priority),
    }
    schedule = replace(schedule, **{name: value for name, value in changes.items() if value is not None})
    schedule = replace(
        schedule,
        retry=_retry_policy(schedule.retry, request),
        on_doubt=_on_doubt(request.on_doubt) if request.on_doubt is not None else schedule.on_doubt,
        customer_context={**schedule.customer_context, **request.context},
        metadata={**schedule.metadata, **request.metadata},
    )
    for agent in agents.find(desk.store, schedule.agent_id)[:1]:
        refuse_untellable(desk.store, agent, schedule)
    return schedule


def again_once(it: Schedule, when: WhenWords, timezone: str, metadata: Mapping[str, Any]) -> Request:
    """Return the request for one call like those of a schedule, at another time."""
    return Request(
        agent=it.agent_id,
        user=it.user_id,
        to=it.to_number,
        when=when,
        timezone=timezone,
        name=it.name,
        description=it.description,
        context=it.customer_context,
        metadata={**it.metadata, **metadata},
        max_attempts=it.retry.max_attempts,
        retry_delay=timewords.duration_text(it.retry.delay),
        backoff=it.retry.backoff,
        retry_on=sorted(it.retry.retry_on),
        catch_up_window=timewords.duration_text(it.catch_up_window) if it.catch_up_window else None,
        window=it.calling_window,
        on_doubt=f"redial-after {timewords.duration_text(it.on_doubt)}" if it.on_doubt is not None else None,
        webhook_url=it.webhook_url,
        webhook_events=it.webhook_events or None,
        priority=it.priority or None,
    )


def callee_of(user: User) -> Callee:
    """Return what a schedule takes from its user."""
    return Callee(user.name, user.phone_number, user.timezone, user.local_time, user.calling_window)


def _completed(schedule: Schedule, words: WhenWords) -> WhenWords:
    """Let `--at 10:00` or `--weekdays 2` alone change one half of a weekly rule."""
    if schedule.kind == "weekly" and words.cron is None and words.delay is None:
        if words.weekdays is None and words.at is not None and is_time_of_day(words.at):
            return replace(words, weekdays=",".join(map(str, schedule.weekdays or ())))
        if words.at is None and words.weekdays is not None:
            return replace(words, at=schedule.local_time)
    return words


def _with_when(schedule: Schedule, when: When) -> Schedule:
    return replace(schedule, **{each.name: getattr(when, each.name) for each in fields(when)})


def _agent_of(store: Store, request: Request) -> Agent:
    if request.agent is not None:
        return find.agent(store, request.agent)
    return find.only(agents.select(store, 2), "agent", "--agent", "hyp agents add NAME")


def _callee_of(store: Store, request: Request) -> tuple[User | None, str | None]:
    if request.user is not None:
        user = find.user(store, request.user)
        if request.to is not None and phone.parse(request.to) != user.phone_number:
            raise InvalidInput(
                f"--user and --to cannot be used together: {request.to!r} is not the number of {user.id}",
                hint="a user has a number: --user is enough",
            )
        return user, None
    if request.to is not None:
        return None, phone.parse(request.to)
    return find.only(
        users.select(store, 2), "user", "--user", "hyp users add NAME --phone +E164, or give --to +E164"
    ), None


def _retry_policy(old: RetryPolicy, request: Request) -> RetryPolicy:
    attempts = old.max_attempts
    if request.max_retries is not None:
        if not 0 <= request.max_retries < MOST:
            raise InvalidInput(f"--max-retries {request.max_retries} must be 0 or more", hint="0 calls once")
        attempts = request.max_retries + 1
    if request.max_attempts is not None:
        if request.max_retries is not None and request.max_attempts != attempts:
            raise InvalidInput(
                f"--max-attempts {request.max_attempts} and --max-retries {request.max_retries} disagree",
                hint="attempts count the first call too: 3 attempts are 2 retries; give one of them",
            )
        attempts = _at_least_one("--max-attempts", request.max_attempts) or 1
    delay = timewords.parse_duration(request.retry_delay) if request.retry_delay else old.delay
    return RetryPolicy(
        max_attempts=attempts,
        delay=delay,
        backoff=_word_of("--backoff", request.backoff, tuple(Backoff)) if request.backoff else old.backoff,
        retry_on=frozenset(_word_of("--retry-on", word, RETRYABLE) for word in request.retry_on)
        if request.retry_on is not None
        else old.retry_on,
    )


def _word_of(option: str, word: str, known: Sequence[T]) -> T:
    for each in known:
        if str(each) == word.strip().casefold().replace("-", "_"):
            return each
    raise InvalidInput(f"{option} {word!r} is not known", hint=suggestion(word, map(str, known)))


def _at_least_one(option: str, number: int | None) -> int | None:
    if number is not None and not 1 <= number <= MOST:
        raise InvalidInput(f"{option} {number} must be from 1 to {MOST:,}", hint="leave it out for the default")
    return number


def _priority(number: int | None) -> int | None:
    if number is not None and not -MOST <= number <= MOST:
        raise InvalidInput(f"--priority {number} must be from -{MOST:,} to {MOST:,}", hint="0 is the default")
    return number


def _text(option: str, text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise InvalidInput(f"{option} {text!r} is empty", hint="leave it out for none")
    return text


def _window(text: str | None) -> timedelta | None:
    if text is None:
        return None
    late = timewords.parse_duration(text)
    if late < timedelta(seconds=1):
        raise InvalidInput(f"--catch-up-window {text} would miss every call", hint="a minute or more, as in 15m")
    return late


def _on_doubt(text: str) -> timedelta | None:
    """Read `hold` or `redial-after 10m`."""
    policy, _, after = text.strip().casefold().replace("=", " ").partition(" ")
    hint = "hold, or redial-after 10m"
    if policy == "hold" and not after:
        return None
    if policy != "redial-after":
        hint = suggestion(policy, ("hold", "redial-after"), otherwise=hint)
        raise InvalidInput(f"--on-doubt {text!r} is not known", hint=hint)
    if not after.strip():
        raise InvalidInput(f"--on-doubt {text!r} does not say after how long", hint=hint)
    delay = timewords.parse_duration(after)
    if delay < SHORTEST_DOUBT:
        raise InvalidInput(
            f"--on-doubt redial-after {after.strip()} is too soon to know anything",
            hint=f"{timewords.duration_text(SHORTEST_DOUBT)} at least: carriers list a new call late",
        )
    return delay


SHORTEST_DOUBT = timedelta(minutes=1)
"""Nobody is dialled again from a doubt before the carrier was asked for the call more than once."""


def webhook_url(url: str | None, allow_private: bool) -> str | None:
    """Check where a receiver is. What a name leads to is only known when it is told something, and judged then."""
    if url is None:
        return None
    if not is_address(url, ("http", "https")):
        shown = without_secret(url)
        scheme, _, rest = url.partition("://")
        if is_address(f"{scheme}://{rest.partition('/')[0].rpartition('@')[2]}", ("http", "https")) and "@" in rest:
            raise InvalidInput(
                f"the webhook URL at {shown!r} holds a user and a password",
                hint="leave out what is before the @: receivers know hyp by its signature; see: hyp webhooks secret",
            )
        raise InvalidInput(f"webhook URL {shown!r} is not http(s)", hint="as in https://example.org/hooks/calls")
    if is_local_address(url) and not allow_private:
        raise InvalidInput(
            f"webhook URL {url!r} is on this machine or in its network",
            hint="if that is meant: hyp config set webhook_allow_private true",
        )
    return url


def without_secret(url: str) -> str:
    """Return what may be shown of an address that is no good: what stands before an @ may be a password.

    >>> without_secret("https://u:p@example.org/x"), without_secret("example.org")
    ('example.org/x', 'example.org')
    """
    return url.rpartition("@")[2]


def is_address(url: str, schemes: Sequence[str]) -> bool:
    """True when a URL has one of the schemes and names a host; one that holds a password is none."""
    from urllib.parse import urlsplit

    # urlsplit passes over blanks and control characters, and they would be stored.
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        labels = (parts.hostname or "").removesuffix(".").split(".")
        named = all(0 < len(label) <= 63 for label in labels) or ":" in (parts.hostname or "")
        return parts.scheme in schemes and named and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False


def is_local_address(url: str) -> bool:
    """True when a URL names this machine or its network, in whatever spelling, without a look at any name."""
    import socket
    from urllib.parse import urlsplit

    host = (urlsplit(url).hostname or "").removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        # Also reads 2130706433, 0x7f.1 and 127.1, as whoever connects does.
        return not is_public(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        return ":" in host and not is_public(host)


def webhook_events(events: Sequence[str] | None) -> tuple[str, ...] | None:
    """Read which events are told."""
    if events is None:
        return None
    return tuple(dict.fromkeys(_word_of("--webhook-event", event, EVENTS) for event in events))
