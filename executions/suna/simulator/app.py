"""Builds the ASGI application of one simulator."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from executions.suna.simulator.answers import Refusal, json_answer
from executions.suna.simulator.clock import Clock, wall_clock
from executions.suna.simulator.control import Control
from executions.suna.simulator.faults import Faults
from executions.suna.simulator.ledger import Ledger
from executions.suna.simulator.ledger_door import LedgerDoor
from executions.suna.simulator.operation_endpoint import OperationEndpoint
from executions.suna.simulator.profiles import build_wire
from executions.suna.simulator.settings import SimulatorSettings
from executions.suna.simulator.world import World

FLUSH_EVERY_S = 0.05


def build_app(settings: SimulatorSettings, *, clock: Clock = wall_clock) -> ASGIApp:
    """Return the application; ValueError where the settings name no known profile.

    The application wants its lifespan run: that is what writes the ledger's file.
    """
    world = World(settings=settings, clock=clock)
    wire = build_wire(world)
    faults = Faults()
    ledger = Ledger(path=settings.ledger_path, max_entries=settings.max_entries, clock=clock)

    routes = [Route("/openapi.json", _openapi_endpoint(wire.openapi()), methods=["GET"])]
    for operation in wire.operations():
        endpoint = OperationEndpoint(operation=operation, wire=wire, faults=faults)
        route = Route(operation.path, endpoint, methods=[operation.method])
        # FastAPI adds no HEAD to its GETs, and says so in `Allow`.
        route.methods = {operation.method}
        routes.append(route)
    routes.extend(Control(world=world, ledger=ledger, faults=faults).routes())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        writer = asyncio.create_task(_keep_writing(ledger))
        try:
            yield
        finally:
            writer.cancel()
            ledger.close()

    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: _http_error})
    app.router.redirect_slashes = False
    return LedgerDoor(app, ledger=ledger, max_body_bytes=settings.max_body_bytes)


async def _keep_writing(ledger: Ledger) -> None:
    while True:
        await asyncio.sleep(FLUSH_EVERY_S)
        ledger.flush()


def _openapi_endpoint(document: dict[str, object]) -> ASGIApp:
    async def openapi(_: Request) -> Response:
        return json_answer(document)

    return openapi  # type: ignore[return-value]  # Starlette wraps it


async def _http_error(_: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    headers = dict(error.headers) if error.headers else None
    return Refusal(error.status_code, error.detail, headers=headers).response()
