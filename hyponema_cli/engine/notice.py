"""What follows when a carrier tells of a call, unasked? It is asked about that call at once, and nothing else.

A notice changes only when we ask: what became of the call is read from the carrier's own record, by the same
functions as ever. So a notice that comes twice, late, out of order or not at all makes no difference but in time, and
polling stays as it is. One thing more is kept: under which id the carrier has the call. When a notice is faster than
the answer to our request, and that answer is lost, the doubt is settled by a look at that very call.
"""

from __future__ import annotations

from datetime import datetime

from hyponema_cli.engine.batch import RECORD_PATIENCE
from hyponema_cli.engine.desk import Desk
from hyponema_cli.store import calls


def noticed(desk: Desk, call_id: str, carrier_call_id: str, now: datetime) -> bool:
    """Let the next pass ask what became of a call of which its carrier told; False when there is nothing to ask.

    That is so for a call that is over, for one that is not ours, for an id that belongs to another call, and where
    the question is due already.
    """
    known = calls.named(desk.store, call_id)
    if known is None or known.carrier_call_id not in (None, carrier_call_id):
        return False
    with desk.store.transaction(patience=RECORD_PATIENCE):
        if known.carrier_call_id is None:
            calls.bind(desk.store, call_id, carrier_call_id)
            known = calls.named(desk.store, call_id)
        return (
            known is not None
            and known.carrier_call_id == carrier_call_id
            and calls.ask_soon(desk.store, call_id, now)
        )
