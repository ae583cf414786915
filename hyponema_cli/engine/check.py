"""Could a carrier account place calls now? Asked without placing one; a good answer lifts what held it."""

from __future__ import annotations

from hyponema_cli.carriers.base import CarrierError, NotSent, Rejected, Throttled, in_words
from hyponema_cli.core.errors import HypError, MissingCredentials, Unavailable, Unusable
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import events, executions, holds


def check(desk: Desk, account: str) -> str:
    """Return what an account's carrier says of it, in a line for people; whoever waited for it is looked at again.

    Raises MissingCredentials when the account is refused, Unavailable when it cannot be reached or takes nothing now,
    Unusable when the plugin fails.
    """
    found = _ask(desk, account)
    now = desk.clock.now()
    with desk.store.transaction():
        if holds.lift(desk.store, account):
            events.add(desk.store, now, desk.actor, "carrier.released", subject_id=account)
        executions.wake_all(desk.store, now)
    return found


def _ask(desk: Desk, account: str) -> str:
    try:
        return desk.carrier(account).check()
    except HypError:
        raise
    except Rejected as error:
        raise MissingCredentials(
            f"carrier {account!r} refuses the account: {in_words(error)}", hint="check its credentials and its status"
        ) from None
    except (NotSent, Throttled) as error:
        raise Unavailable(
            f"carrier {account!r} cannot be asked: {in_words(error)}", hint="nothing was dialled; try again later"
        ) from None
    except CarrierError as error:
        raise Unavailable(
            f"carrier {account!r} does not answer clearly: {in_words(error)}", hint="nothing was dialled"
        ) from None
    except Exception as error:
        raise Unusable(
            f"carrier {account!r} fails: {type(error).__name__}: {in_words(error)}",
            hint="that is its plugin's fault; HYP_DEBUG=1 shows its traceback",
        ) from error
