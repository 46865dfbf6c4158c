"""Which of the key owner's keys go along with one start.

Only those of the step's declared services, and only where the connection may be sent keys at all. They are
read right before the start and live no longer than it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.key_vault import KeyMissing, keys_for_run, keys_to_hide
from billing.models import ApiKeyType
from executions.agent_service import SecretText
from executions.models import Execution
from executions.orchestrator.database_calls import in_any_thread
from executions.orchestrator.tracked import Tracked
from executions.suna.wire import PROFILES
from teams.models.encrypted_text import Undecryptable
from teams.workflow.plan import Json, PlanStep


class KeysRefused(Exception):
    """The keys that a step declares cannot be sent: one is missing, or one does not decrypt."""

    def __init__(self, code: str, params: Mapping[str, Json]) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True, slots=True, kw_only=True)
class RunKeys:
    """The keys of one start by service, and whose key the model will be called with."""

    values: Mapping[str, SecretText] = field(default_factory=dict)
    api_key_type: str


def read_keys_to_hide(execution: Execution) -> tuple[SecretText, ...]:
    """Return the keys that a run of an execution may have been started with, for taking them out of texts.

    They are all that the key owner has by now, whatever the connection sends by now: it may have sent them
    when the run was started. One that was replaced or deleted since is not stored any more, and nobody can
    know it but the driver that sent it.
    """
    return tuple(SecretText(secret.reveal()) for secret in keys_to_hide(user_id=execution.key_owner_id))


async def find_run_keys(tracked: Tracked, step: PlanStep, *, now: dt.datetime) -> RunKeys:
    """Read the keys for one start. Raises KeysRefused."""
    profile = PROFILES.get(tracked.connection.wire_profile)
    honoured = profile is not None and profile.capabilities.honours_user_keys
    if not tracked.connection.sends_user_keys:
        return RunKeys(api_key_type=ApiKeyType.SUNA_ACCOUNT)
    # In the document's own contract a step that names no services is given all of them; elsewhere none.
    services = step.services if step.services is not None else (None if honoured else ())
    try:
        keys = await in_any_thread(
            keys_for_run,
            user_id=tracked.execution.key_owner_id,
            services=services,
            now=now,
            execution_id=tracked.execution.pk,
        )
    except KeyMissing as error:
        raise KeysRefused("key_missing", {"services": list(error.services)}) from None
    except Undecryptable:
        raise KeysRefused("key_undecryptable", {}) from None
    kind = ApiKeyType.USER_PROVIDED if keys and honoured else ApiKeyType.SUNA_ACCOUNT
    return RunKeys(
        values={service: SecretText(secret.reveal()) for service, secret in keys.items()}, api_key_type=kind
    )
