"""Can calls go out, and to whom do they go? Checks of carriers, agents, rules and people."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from hyponema_cli import carriers
from hyponema_cli.core import phone
from hyponema_cli.core.errors import HypError
from hyponema_cli.core.finding import Answer, fail, note, ok, warn
from hyponema_cli.core.gates import SIMULATED
from hyponema_cli.core.timewords import duration_text
from hyponema_cli.engine import check
from hyponema_cli.engine.patient import Patient, WorkspaceCheck
from hyponema_cli.store import holds, numbers, oddities, vitals, webhooks
from hyponema_cli.store.oddities import Oddity

SHOW = "hyp schedules show"
LONG_FOR_A_WEBHOOK = timedelta(minutes=10)
LIST_UNBOUNDED = (
    "give them --until or --max-occurrences while an agent is new; list them: hyp schedules list --limit 0 --json | "
    "jq -r '.[] | select(.kind != \"once\" and .until_at == null and .max_occurrences == null) | .id'"
)


def of_carriers(it: Patient) -> dict[str, WorkspaceCheck]:
    """Return a check for each carrier account that a number is on."""
    return {f"carrier {account}": _of_account(account) for account in numbers.count_by_account(it.desk.store)}


def _of_account(account: str) -> Callable[[Patient], Answer]:
    return lambda it: _carrier(it, account)


def _carrier(it: Patient, account: str) -> Answer:
    """An account's carrier is installed and has its credentials, and nothing holds it; online: it answers."""
    try:
        carriers.require(account)
        it.desk.carrier(account)
        answer = check.check(it.desk, account) if it.online else "opens; not asked (--online asks it)"
    except HypError as error:
        return fail(error.message, error.hint or "see: hyp carriers list")
    held = [each for each in holds.in_force(it.desk.store, it.machine.now) if each.account == account]
    if held:
        return warn(
            "; ".join(map(_held, held)), f"mend what it names, then lift the hold: hyp carriers check {account}"
        )
    return ok(answer)


def _held(hold: holds.Hold) -> str:
    whose = f"{phone.masked(hold.from_number)} is" if hold.from_number else "it is"
    return f"{whose} left alone until {_time(hold.until)}: {hold.problem}"


def _time(instant: datetime) -> str:
    return f"{instant:%H:%M:%S} UTC"


def live(it: Patient) -> Answer:
    """What the numbers are for is what the workspace may do."""
    real = [account for account in numbers.count_by_account(it.desk.store) if account != SIMULATED]
    if not real:
        return ok("no numbers on a real carrier: nobody's phone can ring")
    if it.desk.settings().live:
        return ok(f"on: {', '.join(real)} may dial")
    return note(f"off: {', '.join(real)} may not dial, and calls wait", "to arm it: hyp config set live true")


def numbers_of_agents(it: Patient) -> Answer:
    """Every agent that has somebody to call has a number to show."""
    found = oddities.agents_without_number(it.desk.store)
    if found.count:
        return warn(f"{_said(found, 'agent')} with schedules and no number", "hyp numbers attach NUMBER AGENT")
    return ok("every agent with schedules has one")


def ways_to_agents(it: Patient) -> Answer:
    """Every agent on a real carrier can be connected."""
    found = oddities.agents_not_connected(it.desk.store)
    if found.count:
        return warn(
            f"{_said(found, 'agent')} to whom no call can be connected", "hyp agents edit AGENT --stream-url URL"
        )
    return ok("every agent that needs one has a way to get its calls")


def calling_window(it: Patient) -> Answer:
    """People are called at certain hours only, or somebody has said that they need not be."""
    window = it.desk.settings().calling_window
    if window is not None:
        return ok(window.text)
    found = oddities.schedules_without_window(it.desk.store)
    if not found.count:
        return ok("every schedule has one of its own")
    say = warn if it.desk.settings().live else note
    return say(
        f"OFF: {_counted(found, 'schedule')} may call people at any hour of the day or night",
        "hyp config set calling_window 09:00-20:00 (or us-tcpa, fr, es; always, if any hour is meant)",
    )


def users_without_zone(it: Patient) -> Answer:
    """Of people who are called in a window, it is known on which clocks they live."""
    window = it.desk.settings().calling_window
    with_hours = window is not None and not window.is_always_open
    found = oddities.users_without_zone(it.desk.store, workspace_window=with_hours)
    if found.count:
        return warn(
            f"{_said(found, 'user')} with a calling window and no timezone: called only while it is open in every "
            "zone that their number may be in",
            "hyp users edit USER --tz ZONE",
        )
    return ok("known wherever a calling window asks for it")


def doubts(it: Patient) -> Answer:
    """Of every call, it is known whether it was made."""
    count = vitals.doubts(it.desk.store)
    if count:
        return warn(f"{count} in doubt: their numbers are locked until it is known what happened", "hyp reconcile")
    return ok("none")


def endless(it: Patient) -> Answer:
    """Recurring schedules come to an end: an agent that goes wrong does not go on for ever."""
    found = oddities.unbounded_schedules(it.desk.store)
    if found.count:
        return note(f"{_counted(found, 'recurring schedule')} without an end", LIST_UNBOUNDED)
    return ok("every recurring schedule has an end")


def trouble(it: Patient) -> Answer:
    """Every schedule knows when it fires next."""
    found = oddities.schedules_in_trouble(it.desk.store)
    if found.count:
        return warn(
            f"{_said(found, 'schedule')} cannot say when to call next", f"see why: {SHOW} {found.examples[0]}"
        )
    return ok("every schedule knows what comes next")


def _said(found: Oddity, noun: str) -> str:
    """Count in words, with examples.

    >>> _said(Oddity(5, ("a", "b", "c")), "user")
    '5 users (a, b, c …)'
    """
    more = " …" if found.count > len(found.examples) else ""
    return f"{_counted(found, noun)} ({', '.join(found.examples)}{more})"


def _counted(found: Oddity, noun: str) -> str:
    return f"{found.count:,} {noun}{'s' if found.count > 1 else ''}"


def receivers(it: Patient) -> Answer:
    """Whoever wants to hear of executions takes what is told."""
    waiting, dead = webhooks.backlog(it.desk.store)
    if dead:
        return warn(
            f"{dead} webhooks were given up, {waiting} wait", "see: hyp webhooks list; then: hyp webhooks retry all"
        )
    oldest = webhooks.oldest_pending(it.desk.store)
    if oldest is not None and it.machine.now - oldest > LONG_FOR_A_WEBHOOK:
        since = duration_text(it.machine.now - oldest)
        return warn(f"{waiting} webhooks wait, the first for {since}: a receiver is down", "see: hyp webhooks list")
    return ok(f"{waiting} webhooks wait")


CHECKS: dict[str, WorkspaceCheck] = {
    "webhooks": receivers,
    "live": live,
    "agents' numbers": numbers_of_agents,
    "agents' ways": ways_to_agents,
    "calling window": calling_window,
    "users' zones": users_without_zone,
    "doubts": doubts,
    "endless schedules": endless,
    "troubled schedules": trouble,
}
