"""What every profile has: its operations, and the words in which it refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.types import ASGIApp

from executions.suna.simulator.answers import Refusal
from executions.suna.simulator.authentication import AuthenticationRules, Authenticator
from executions.suna.simulator.call import Call
from executions.suna.simulator.profiles.refused_starts import forbidden_model
from executions.suna.simulator.run import Run, Thread
from executions.suna.simulator.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route. `name` is what faults and the ledger call it; `is_open` needs no credential.

    `bearer_only` looks at the bearer token alone and takes everybody else for a stranger.
    """

    name: str
    method: str
    path: str
    handler: Callable[[Call], ASGIApp]
    is_open: bool = False
    bearer_only: bool = False


class Wire:
    """One profile on one world. `variants` are its builds, the newest last."""

    name: ClassVar[str]
    variants: ClassVar[tuple[str, ...]] = ("",)
    reads_api_keys: ClassVar[bool] = False

    def __init__(self, world: World, *, variant: str) -> None:
        self.world = world
        self.variant = variant
        self.authenticator = Authenticator(
            self.authentication(),
            tokens=world.settings.tokens,
            clock=world.clock,
            jwt_secret=world.settings.jwt_secret,
        )

    def authentication(self) -> AuthenticationRules:
        """Return what this version checks of a credential and how it refuses one."""
        return AuthenticationRules(reads_api_keys=self.reads_api_keys)

    def operations(self) -> list[Operation]:
        """Return the routes of this version."""
        raise NotImplementedError

    def openapi(self) -> dict[str, Any]:
        """Return the document served at /openapi.json."""
        raise NotImplementedError

    def too_many_runs(self, running: list[Run], limit: int) -> Any:
        """Return the detail of the 429 of a start when `limit` runs are under way."""
        raise NotImplementedError

    def is_read_by_bearer_only(self, operation: Operation) -> bool:
        """Tell whether an operation looks at the bearer token alone, as things stand now."""
        return operation.bearer_only

    def limit_reached(self, running: list[Run], limit: int) -> Refusal:
        """Return the refusal of a start when `limit` runs are under way: 429 until November 2025."""
        return Refusal(429, self.too_many_runs(running, limit))

    def model_denied(self, model_name: str | None) -> Refusal:
        """Return the refusal of a start with a model that the plan has not."""
        return Refusal(403, forbidden_model(model_name))

    def payment_required(self, error_code: str | None) -> Any:
        """Return the detail of a 402."""
        raise NotImplementedError

    def find_thread(self, call: Call) -> Thread | None:
        """Return the thread that a call is about, without counting or refusing anything."""
        run = self.find_run(call)
        return self.world.threads.get(run.thread_id if run else call.path_params.get("thread_id", ""))

    def find_run(self, call: Call) -> Run | None:
        """Return the run that a call is about, without counting or refusing anything."""
        return self.world.runs.get(call.path_params.get("agent_run_id", ""))
