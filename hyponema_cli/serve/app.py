"""What is the server made of? The routes of both guides and of the carriers, behind one door."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from hyponema_cli import __version__
from hyponema_cli.core.document import shown
from hyponema_cli.core.errors import HypError
from hyponema_cli.serve import callbacks, guide_a, guide_b, page
from hyponema_cli.serve.callers import Porter
from hyponema_cli.serve.door import App, Door
from hyponema_cli.serve.page_sessions import Sessions
from hyponema_cli.serve.problems import OF_THE_MACHINE, Trouble, trouble_of
from hyponema_cli.serve.rooms import House

_ROUTES = (guide_b.routes, guide_a.routes, callbacks.routes, page.routes)


def app_of(house: House) -> App:
    """Return the server's app: for uvicorn, or for a test."""
    porter = Porter(house)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        for room in porter.rooms.values():
            await room.close()

    app = FastAPI(
        title="hyp",
        summary="Scheduled phone calls for voice agents.",
        version=__version__,
        license_info={"name": "MIT", "identifier": "MIT"},
        # The pages that FastAPI offers load programs from other people's servers.
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.porter = porter
    app.state.sessions = Sessions()
    for routes in _ROUTES:
        app.include_router(routes)
    app.include_router(page.routes, prefix="/workspaces/{workspace}")
    app.add_exception_handler(HypError, _on_hyp_error)
    app.add_exception_handler(Trouble, _on_trouble)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_bug)
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return Door(app, house)


def _described(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = FastAPI.openapi(app)
        schema.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        app.openapi_schema = schema
    return app.openapi_schema


async def _on_hyp_error(request: Request, error: Any) -> Response:
    if error.kind in OF_THE_MACHINE:
        house: House = request.app.state.porter.house
        house.log("http.trouble", {"kind": error.kind, "message": error.message})
    return trouble_of(error).answer()


async def _on_trouble(request: Request, trouble: Any) -> Response:
    return trouble.answer()  # type: ignore[no-any-return]


async def _on_invalid(request: Request, error: Any) -> Response:
    found = error.errors()[0]
    name = ".".join(str(part) for part in found["loc"][1:]) or "the request"
    said = f"{name} {shown(found.get('input'))}: {found['msg'][:1].lower()}{found['msg'][1:]}"
    return Trouble(422, "usage", said).answer()


async def _on_http(request: Request, error: Any) -> Response:
    if error.status_code == 405:
        allowed = sorted(_methods(request))
        detail = f"{request.method} is not for this address"
        return Trouble(405, "usage", detail, None, {"Allow": ", ".join(allowed)}).answer()
    if error.status_code == 404:
        return Trouble(404, "not_found", "there is nothing at this address", "see /openapi.json").answer()
    return Trouble(error.status_code, "usage", str(error.detail)).answer()


def _methods(request: Request) -> set[str]:
    """Return the methods of an address; one that is written out is not also the id of something."""
    every: list[Any] = [each for routes in _ROUTES for each in routes.routes]
    found = [each for each in every if each.path == request.url.path]
    found = found or [each for each in every if each.matches(request.scope)[0] is not Match.NONE]
    return {method for each in found for method in each.methods or ()}


async def _on_bug(request: Request, error: Exception) -> Response:
    return Trouble(500, "internal", "this is a bug in hyp; its log says more").answer()
