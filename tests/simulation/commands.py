"""What do operators do meanwhile? One function a command; `COMMANDS` says how often each is given.

A command draws what it needs, notes down what it is about to do (it may die before it comes back), and does it
through `operate`, in a process of its own. To add one, write it and put it into the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from hyponema_cli.core.records import User
from hyponema_cli.core.retry import RETRYABLE
from hyponema_cli.core.when import WhenWords
from hyponema_cli.engine import book as engine_book
from hyponema_cli.engine import notice, reconcile
from hyponema_cli.engine.check import check
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.recover import recover
from hyponema_cli.engine.report import TickReport
from hyponema_cli.engine.request import Request
from hyponema_cli.store import calls, holds, numbers, schedules
from tests.simulation import gate_commands
from tests.simulation.house import Opening
from tests.simulation.plans import ZONES, Plan, draw_when

if TYPE_CHECKING:
    from tests.simulation.history import History

Command = Callable[["History"], None]

NUMBERS = tuple(f"+3460000010{last}" for last in range(8))
"""Few, so that schedules and users share them."""
WINDOWS = (None, None, "1s", "30s", "2m", "15m", "3h")
DELAYS = ("1s", "10s", "1m", "10m")


def book_one(history: History) -> None:
    """Book a schedule of any kind."""
    draw = history.random
    users_zone, users_time = None, None
    user = draw.choice((*history.people, None))
    if user is not None:
        users_zone, users_time = history.ledger.clocks_of(user)
    zone = None if users_zone and draw.random() < 0.4 else draw.choice(ZONES)
    in_force = zone or users_zone
    assert in_force is not None, "the schedule has a zone, or its user has"
    when = draw_when(draw, history.clock.now(), in_force, users_time=users_time is not None)
    outcomes = draw.sample([str(each) for each in RETRYABLE], draw.randint(0, 5)) if draw.random() < 0.5 else None
    recurring = bool(when.cron or when.weekdays)
    number = draw.choice(history.callees)
    opening = gate_commands.draw_window(history, in_force)
    request = Request(
        agent=draw.choice(history.agents),
        user=user,
        to=None if user else number,
        when=when,
        timezone=zone,
        max_attempts=draw.choice((None, 1, 2, 3, 4)),
        retry_delay=draw.choice(DELAYS),
        backoff=draw.choice((None, "exponential")),
        retry_on=outcomes,
        catch_up_window=draw.choice(WINDOWS),
        max_occurrences=draw.choice((None, None, None, 1, 2, 4)) if recurring else None,
        until=(
            (history.clock.now() + draw.randint(30, 1000) * timedelta(minutes=1)).isoformat(timespec="seconds")
            if recurring and draw.random() < 0.2
            else None
        ),
        priority=draw.choice((None, 1, -1)),
        ref=f"plan-{len(history.plans) + 1}",
        paused=draw.random() < 0.05,
        window=opening.text if opening else None,
        on_doubt=gate_commands.draw_on_doubt(history),
    )
    plan = Plan.of(request, in_force, history.people[user] if user else number, users_time)
    plan.opening = opening
    book(history, plan)


def book_many(history: History) -> None:
    """Book several at once, so that passes have more than one call to make."""
    for _ in range(history.random.randint(2, 6)):
        book_one(history)


def book_again(history: History) -> None:
    """Say an earlier booking again, in the same words: because it failed, or for no reason."""
    if history.plans:
        lost = [plan for plan in history.plans if not plan.confirmed]
        book(history, history.random.choice(lost or history.plans))


def book(history: History, plan: Plan) -> None:
    """Book what a plan says, for the first time or again."""
    if plan not in history.plans:
        history.plans.append(plan)
    if plan.user is not None:
        plan.numbers.add(history.people[plan.user])  # it may have changed since the plan was made
    plan.booked_at.append(history.clock.now().replace(microsecond=0))

    def act(desk: Desk) -> bool:
        engine_book.add(desk, plan.request, created_by="operator")
        return True

    says = {
        ("callee", plan.ref): plan.user or plan.request.to,
        ("window", plan.ref): plan.opening,
        ("on_doubt", plan.ref): gate_commands.redial_after(plan.request.on_doubt),
    }
    if history.operate(f"schedules add {plan.ref}: {_words(plan)}", act, says):
        plan.confirmed = True


def _words(plan: Plan) -> str:
    request = plan.request
    said = {name: getattr(request, name) for name in request.__dataclass_fields__ if name not in ("when", "ref")}
    when = request.when
    times = {name: getattr(when, name) for name in when.__dataclass_fields__}
    return " ".join(f"{name}={value}" for name, value in {**times, **said}.items() if value)


def pause(history: History) -> None:
    """Pause a schedule."""
    _do(history, "pause", lambda desk, schedule_id: engine_book.pause(desk, schedule_id, "pausing"))


def resume(history: History) -> None:
    """Resume a schedule."""
    _do(history, "resume", lambda desk, schedule_id: engine_book.resume(desk, schedule_id, None))


def cancel(history: History) -> None:
    """Cancel a schedule."""
    _do(
        history,
        "cancel",
        lambda desk, schedule_id: engine_book.cancel(desk, schedule_id, "canceling"),
        lambda plan: plan.canceled_at.append(history.clock.now()),
    )


def cancel_plan(history: History, plan: Plan) -> None:
    """Cancel the schedule of a plan, if it ever came to be."""

    def act(desk: Desk) -> None:
        found = schedules.by_ref(desk.store, plan.ref)
        if found is not None:
            engine_book.cancel(desk, found.id, "closing")

    plan.canceled_at.append(history.clock.now())
    history.operate(f"schedules cancel {plan.ref}", act)


def run_now(history: History) -> None:
    """Run a schedule by hand."""
    _do(history, "run-now", engine_book.run_now, _count_run)


def run_plan(history: History, plan: Plan) -> None:
    """Run the schedule of a plan by hand."""
    _count_run(plan)
    history.operate(f"run-now {plan.ref}", lambda desk: engine_book.run_now(desk, history.schedule_id(desk, plan)))


def _count_run(plan: Plan) -> None:
    plan.runs += 1


def edit_rule(history: History) -> None:
    """Give a schedule other times, or another number of occurrences."""
    draw = history.random
    changes = draw.choice(
        (
            Request(when=draw_when(draw, history.clock.now(), draw.choice(ZONES), users_time=False)),
            Request(when=WhenWords(cron="* * * * *")),
            Request(timezone=draw.choice(ZONES)),
            Request(max_occurrences=draw.randint(1, 4)),
            Request(clear=("max_occurrences",)),
        )
    )

    def note(plan: Plan) -> None:
        plan.edited = True

    edit(history, changes, note)


def edit_callee(history: History) -> None:
    """Let a schedule call somebody else."""
    number = history.random.choice(history.callees)
    changes = Request(to=number, timezone="Europe/Madrid")
    edit(history, changes, lambda plan: _given_to(plan, number), {"callee": number})


def _given_to(plan: Plan, number: str) -> None:
    plan.numbers.add(number)
    plan.edited = True


def edit_retries(history: History) -> None:
    """Change how often, and how late, a schedule calls."""
    attempts = history.random.randint(1, 4)
    window = history.random.choice(("30s", "15m", "3h"))

    def note(plan: Plan) -> None:
        plan.max_attempts = max(plan.max_attempts, attempts)

    edit(history, Request(max_attempts=attempts, catch_up_window=window), note)


def edit_user(history: History) -> None:
    """Change a user's number, zone or usual time."""
    draw = history.random
    user_id = draw.choice(tuple(history.people))
    match draw.randrange(3):
        case 0:
            change_user(history, user_id, phone_number=draw.choice(history.callees))
        case 1:
            change_user(history, user_id, timezone=draw.choice(ZONES))
        case _:
            change_user(history, user_id, local_time=f"{draw.randrange(24):02}:{draw.randrange(60):02}:00")


def change_user(history: History, user_id: str, **changes: Any) -> None:
    """Change a user, and what is known of their schedules. A calling window is an `Opening`."""
    stored: dict[str, Any] = {
        name: value.text if isinstance(value, Opening) else value for name, value in changes.items()
    }

    def change(user: User) -> User:
        return replace(user, **stored)

    def act(desk: Desk) -> None:
        engine_book.edit_user(desk, user_id, change)

    names = {"phone_number": "phone", "timezone": "zone", "calling_window": "window"}
    says = {(names[name], user_id): value for name, value in changes.items() if name in names}
    history.operate(f"users edit {user_id} {stored}", act, says)
    # It may have died, before or after its commit; and schedules may have been booked while it was at work.
    history.people[user_id] = history.ledger.phone_of(user_id)
    for plan in history.plans:
        if plan.user == user_id and "phone_number" in changes:
            plan.numbers.add(changes["phone_number"])
        elif plan.user == user_id and "calling_window" not in changes:
            plan.edited = plan.edited or plan.follows_user


def detach_number(history: History) -> None:
    """Take an agent's number away, or give it back."""
    number = history.random.choice(history.numbers)
    agent = history.random.choice((None, *history.agents, *history.agents))

    def act(desk: Desk) -> None:
        (found,) = numbers.find(desk.store, number)
        with desk.store.transaction():
            numbers.attach(desk.store, found.id, agent, desk.clock.now())

    history.operate(f"numbers attach {number} {agent}", act)


def check_carriers(history: History) -> None:
    """Mend what the carriers complained of, and say so."""
    held = history.operate("carriers list", lambda desk: holds.in_force(desk.store, desk.clock.now()))
    for hold in held or ():

        def act(desk: Desk, account: str = hold.account) -> None:
            check(desk, account)

        history.operate(f"carriers check {hold.account}", act)


def look_up_doubts(history: History) -> None:
    """Ask the carriers for every doubt now."""

    def act(desk: Desk) -> None:
        now = desk.clock.now()
        recover(desk, now)
        reconcile.reconcile(desk, now, TickReport(now), all_doubts=True)

    history.operate("reconcile", act)
    history.recovered(history.last_commits)


def resolve_doubts(history: History) -> None:
    """Say what happened to the calls in doubt: the truth, and only where it cannot change any more."""
    listed = history.operate("reconcile: list", lambda desk: [each.id for each in calls.in_doubt(desk.store)])
    for doubt in listed or ():
        placed = history.truth_of(doubt)
        if placed is None:
            continue
        history.resolved.add(doubt)
        history.resolved_at.setdefault(doubt, history.next_tick())

        def act(desk: Desk, call_id: str = doubt, placed: bool = placed) -> None:
            reconcile.resolve(desk, call_id, placed=placed)

        history.operate(f"reconcile --resolve {doubt} {'placed' if placed else 'not-placed'}", act)


def carriers_tell(history: History) -> None:
    """Let carriers tell of calls that they have: of any, in any order, again and again."""
    made = [asked for asked in history.network.asked if asked.made is not None]
    for _ in range(history.random.randint(1, 4) if made else 0):
        # The latest are the likeliest: of some of them nobody has written down yet that they were made.
        asked = history.random.choice(history.random.choice((made, made[-2:])))
        assert asked.made is not None

        def act(desk: Desk, call_id: str = asked.request.call_id, theirs: str = asked.made.id) -> None:
            notice.noticed(desk, call_id, theirs, desk.clock.now())

        history.operate(f"callback {asked.request.call_id} {asked.made.id}", act)


def _do(
    history: History,
    what: str,
    act: Callable[[Desk, str], object],
    note: Callable[[Plan], None] = lambda plan: None,
    says: Mapping[str, Any] | None = None,
) -> None:
    """Do something to a schedule that is known to exist; `says` is what is in force for it then."""
    known = [plan for plan in history.plans if plan.confirmed]
    if known:
        plan = history.random.choice(known)
        note(plan)
        history.operate(
            f"schedules {what} {plan.ref}",
            lambda desk: act(desk, history.schedule_id(desk, plan)),
            {(name, plan.ref): value for name, value in (says or {}).items()},
            commits_once=False,
        )


def edit(
    history: History, changes: Request, note: Callable[[Plan], None], says: Mapping[str, Any] | None = None
) -> None:
    """Change a schedule."""
    _do(
        history, f"edit {changes}", lambda desk, schedule_id: engine_book.edit(desk, schedule_id, changes), note, says
    )


COMMANDS: tuple[tuple[int, Command], ...] = (
    (8, book_one),
    (4, book_many),
    (3, book_again),
    (3, pause),
    (4, resume),
    (2, cancel),
    (5, run_now),
    (3, edit_rule),
    (2, edit_callee),
    (2, edit_retries),
    (4, edit_user),
    (2, detach_number),
    (8, check_carriers),
    (3, look_up_doubts),
    (10, resolve_doubts),
    (8, carriers_tell),
)
