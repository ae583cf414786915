"""What if Twilio tells of a call? Its signature is verified; then the next pass asks what became of that call.

The address that was signed is built from the workspace's own setting, and never read from the request: what a proxy
or a stranger puts into a header cannot change it. Nothing else in the callback is believed: see `engine.notice`.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hyponema_cli.carriers.instructions import callback_address
from hyponema_cli.carriers.twilio_account import auth_token_of
from hyponema_cli.core.errors import HypError
from hyponema_cli.engine.desk import Desk
from hyponema_cli.engine.notice import noticed
from hyponema_cli.serve.callers import Porter, form_of, octets_of
from hyponema_cli.serve.problems import Trouble
from hyponema_cli.serve.rooms import House
from hyponema_cli.store import calls

routes = APIRouter(include_in_schema=False)


@routes.post("/callbacks/twilio")
async def twilio_tells(request: Request, call_id: str = "") -> Response:
    """Take what Twilio tells of a call that hyp placed."""
    porter: Porter = request.app.state.porter
    request.state.who = "twilio"
    fields = form_of(await octets_of(request))
    signature = request.headers.get("x-twilio-signature", "")
    trouble: HypError | None = None
    for room in porter.rooms.values():
        try:
            verified = await room.ask(
                lambda desk: _take(porter.house, desk, call_id, fields, signature), actor="carrier:twilio"
            )
        except HypError as error:
            trouble = error  # a workspace that cannot be read must not swallow what is told of another's calls
            continue
        if verified:
            return Response(status_code=204)
    if trouble is not None:
        raise trouble
    raise Trouble(403, "credentials", "this callback is not signed as one of ours would be")


def _take(house: House, desk: Desk, call_id: str, fields: Mapping[str, str], signature: str) -> bool:
    """Note what is told of a call of this workspace; False when it is none, or was not told by its carrier."""
    known = calls.named(desk.store, call_id)
    if known is None or known.carrier.partition(":")[0] != "twilio" or not fields.get("CallSid"):
        return False
    bases = [base for base in (desk.settings().callback_url, house.public_url) if base is not None]
    if not bases:
        return False
    from twilio.request_validator import RequestValidator

    validator = RequestValidator(auth_token_of(known.carrier, house.environ))
    if not any(validator.validate(callback_address(base, "twilio", call_id), fields, signature) for base in bases):
        return False
    noticed(desk, call_id, fields["CallSid"], desk.clock.now())
    return True
