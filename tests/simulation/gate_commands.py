"""What do people do to gates meanwhile? Only in a house that uses them; `GATE_COMMANDS` says for which gate each is.

Like `commands.py`: a command draws what it needs and does it through `operate`, which notes what is in force from its
commit on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple

from hyponema_cli.engine import sessions, suppressions
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.request import Request
from hyponema_cli.store import events, executions, settings
from tests.simulation import commands
from tests.simulation.house import BUDGETS, CAPS, CONCURRENCIES, DOUBTS, PACES, House, Opening, draw_opening
from tests.simulation.plans import ZONES

if TYPE_CHECKING:
    from tests.simulation.history import History

Command = Callable[["History"], None]
FOREVER = datetime.max.replace(tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
SETTINGS = {
    "caps": ("call_cap", CAPS),
    "pace": ("pace", PACES),
    "concurrency": ("concurrency", CONCURRENCIES),
    "budget": ("daily_budget", BUDGETS),
}
"""The setting of each gate that is a number, and its values."""


class Talk(NamedTuple):
    """A session, as whoever began it said."""

    who: str
    began: int
    """Before the tick at which it began."""
    expires_at: datetime


def first_settings(house: House, draw: Random, now: datetime) -> dict[str, tuple[str, Any]]:
    """Draw what is set from the first moment on: as it is stored, and as it is judged."""
    if not house.uses:
        return {}
    chosen: dict[str, tuple[str, Any]] = {}
    for gate, (key, values) in SETTINGS.items():
        if gate in house.uses and draw.random() < 0.7:
            chosen[key] = (value := draw.choice(values), value)
    if house.windows and draw.random() < 0.5:
        opening = draw_opening(draw, now, "Europe/Madrid")
        chosen["calling_window"] = (opening.text, opening)
    return chosen


def draw_window(history: History, zone: str) -> Opening | None:
    """Draw a schedule's own calling window, on its own clocks; most have none."""
    if not history.house.windows or history.random.random() < 0.75:
        return None
    return draw_opening(history.random, history.clock.now(), zone)


def draw_on_doubt(history: History) -> str | None:
    """Draw what a schedule does with a doubt."""
    return history.random.choice((None, "hold", *DOUBTS)) if history.house.on_doubt else None


def redial_after(words: str | None) -> timedelta | None:
    """Read the wait of `redial-after 5m`."""
    return int(words.split()[1].removesuffix("m")) * MINUTE if words and words != "hold" else None


def set_limit(history: History) -> None:
    """Set a cap, a pace, a number of calls at once or a day, or a window; or unset it."""
    draw = history.random
    gates = sorted({*SETTINGS, "windows"} & history.house.uses)
    gate = draw.choice(gates)
    stored: str | None
    value: Any
    if gate == "windows":
        opening = draw_opening(draw, history.clock.now(), draw.choice(ZONES))
        key, stored, value = "calling_window", opening.text, opening
    else:
        key, values = SETTINGS[gate]
        stored = value = draw.choice(values)
    if draw.random() < 0.3:
        stored = value = None

    def act(desk: Desk) -> None:
        with desk.store.transaction():
            if stored is None:
                settings.drop(desk.store, key)
            else:
                settings.put(desk.store, key, stored)
            events.add(desk.store, desk.clock.now(), desk.actor, "setting.changed", subject_id=key)
            executions.wake_all(desk.store, desk.clock.now())

    history.operate(f"config {key} {stored}", act, {(key, None): value})


def begin_talk(history: History) -> None:
    """Begin a session with a user, or with whoever has a number."""
    draw = history.random
    who = draw.choice((*history.people, _callee(history)))
    ttl = draw.choice((1, 5, 15, 120)) * MINUTE
    history.sessions += 1
    session_id = f"ses-{history.sessions}"
    says: dict[Any, Any] = {}

    def act(desk: Desk) -> None:
        says["session", session_id] = Talk(who, history.next_tick(), _seconds(desk.clock.now()) + ttl)
        sessions.start(desk, who, channel="web", ttl=ttl, session_id=session_id)

    history.operate(f"sessions start {who} for {ttl}", act, says)


def touch_talk(history: History) -> None:
    """Say that a session goes on."""
    if not history.sessions:
        return
    session_id = _latest(history)
    ttl = history.random.choice((1, 5, 15)) * MINUTE
    says: dict[Any, Any] = {}

    def act(desk: Desk) -> None:
        known = history.chronicle.at(history.next_tick(), "session", session_id)
        if known is not None:
            says["session", session_id] = known._replace(expires_at=_seconds(desk.clock.now()) + ttl)
        sessions.touch(desk, session_id, ttl)

    history.operate(f"sessions touch {session_id} for {ttl}", act, says)


def end_talk(history: History) -> None:
    """End a session."""
    if history.sessions:
        session_id = _latest(history)

        def act(desk: Desk) -> None:
            sessions.end(desk, session_id)

        history.operate(f"sessions end {session_id}", act, {("session", session_id): None})


def suppress(history: History) -> None:
    """Put a number, or a user's, on the list: for good, or for a while."""
    draw = history.random
    number = _callee(history)
    lasting = draw.choice((None, 30 * SECOND, 10 * MINUTE, 120 * MINUTE))
    says: dict[Any, Any] = {}

    def act(desk: Desk) -> None:
        says["suppressed", number] = FOREVER if lasting is None else _seconds(desk.clock.now()) + lasting
        suppressions.add(desk, number, reason="asked", lasting=lasting, created_by="operator")

    history.operate(f"suppressions add {number} for {lasting}", act, says)


def release(history: History) -> None:
    """Take a number off the list."""
    suppressed = history.chronicle.about("suppressed")
    if not suppressed:
        return
    number = str(history.random.choice(suppressed))

    def act(desk: Desk) -> None:
        suppressions.remove(desk, number, reason="asked again")

    history.operate(f"suppressions remove {number}", act, {("suppressed", number): None})


def edit_window(history: History) -> None:
    """Give a schedule a calling window of its own, or take it away."""
    if history.random.random() < 0.3:
        commands.edit(history, Request(clear=("window",)), lambda plan: None, {"window": None})
    else:
        opening = draw_opening(history.random, history.clock.now(), history.random.choice(ZONES))
        commands.edit(history, Request(window=opening.text), lambda plan: None, {"window": opening})


def edit_users_window(history: History) -> None:
    """Give a user a calling window, or take it away."""
    user_id = history.random.choice(tuple(history.people))
    opening = None
    if history.random.random() < 0.7:
        opening = draw_opening(history.random, history.clock.now(), history.random.choice(ZONES))
    commands.change_user(history, user_id, calling_window=opening)


def edit_on_doubt(history: History) -> None:
    """Change what a schedule does with a doubt."""
    words = history.random.choice(("hold", *DOUBTS))
    commands.edit(history, Request(on_doubt=words), lambda plan: None, {"on_doubt": redial_after(words)})


def take_copy(history: History) -> None:
    """Copy the database, if there is no copy yet."""
    if history.copy is None and len(history.chronicle.restored) < MOST_RESTORES:
        history.keep_copy()


def put_copy_back(history: History) -> None:
    """Put the copy in the place of the database."""
    history.put_back()


MOST_RESTORES = 2
LIMITS = ("caps", "pace", "concurrency", "budget", "windows")

GATE_COMMANDS: tuple[tuple[int, tuple[str, ...], Command], ...] = (
    (8, LIMITS, set_limit),
    (14, ("sessions",), begin_talk),
    (6, ("sessions",), touch_talk),
    (8, ("sessions",), end_talk),
    (14, ("suppressions",), suppress),
    (8, ("suppressions",), release),
    (4, ("windows",), edit_window),
    (4, ("windows",), edit_users_window),
    (6, ("on_doubt",), edit_on_doubt),
    (20, ("restores",), take_copy),
    (12, ("restores",), put_copy_back),
)


def of(house: House) -> tuple[tuple[int, Command], ...]:
    """Return the commands of a house."""
    return tuple((weight, command) for weight, gates, command in GATE_COMMANDS if house.uses & set(gates))


def _callee(history: History) -> str:
    """Draw a number that somebody is to call."""
    wanted = sorted({number for plan in history.plans if plan.confirmed for number in plan.numbers})
    return history.random.choice(wanted or history.callees)


def _latest(history: History) -> str:
    return f"ses-{max(1, history.sessions - history.random.randrange(3))}"


def _seconds(at: datetime) -> datetime:
    return at.replace(microsecond=0)
