"""The routes that c0 lists in its OpenAPI document, as recorded: those of b2 with one start for all."""

from executions.suna.simulator.profiles.y2025_08_routes import routes_of

_START = "/api/agent/start"
_GONE = ("/api/thread/{thread_id}/agent/start", "/api/agent/initiate")

LISTED_ROUTES = [route for route in routes_of("b2") if route[1] not in _GONE] + [("POST", _START)]
"""(method, path) pairs."""
