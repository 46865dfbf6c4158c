"""People with fixed rights, a team, and ledger entries to vary."""

import datetime as dt
import uuid
from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission

from billing.ledger import LedgerEntry
from teams.models import Team, User

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
def now() -> dt.datetime:
    """Give the moment that tests call now."""
    return NOW


@pytest.fixture
def owner(db: None) -> User:
    """Give the person who owns the team and the keys."""
    return User.objects.create_user("olga", email="olga@example.org")


@pytest.fixture
def outsider(db: None) -> User:
    """Give a person who has nothing to do with the owner."""
    return User.objects.create_user("oscar", email="oscar@example.org")


@pytest.fixture
def price_keeper(db: None) -> User:
    """Give a member of staff who may set prices and nothing else."""
    user = User.objects.create_user("petra", email="petra@example.org", is_staff=True)
    user.user_permissions.add(
        Permission.objects.get(codename="add_modelprice", content_type__app_label="billing")
    )
    return user


@pytest.fixture
def team(owner: User) -> Team:
    """Give a team of the owner."""
    return Team.objects.create(owner=owner, name="Analysts", slug="analysts")


@pytest.fixture
def make_entry(team: Team, owner: User) -> Callable[..., LedgerEntry]:
    """Give a maker of entries: o3 at 10,000 and 500 tokens (0.024 USD), each with a source id of its own."""
    execution_id, agent_run_id, connection_id = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()

    def make(**changes: object) -> LedgerEntry:
        facts: dict[str, object] = {
            "execution_id": execution_id,
            "agent_run_id": agent_run_id,
            "connection_id": connection_id,
            "source_id": f"message-{uuid.uuid4()}",
            "agent_id": "agent-1",
            "step_id": "research",
            "attempt": 1,
            "team_id": team.id,
            "team_name": team.name,
            "payer_id": owner.id,
            "started_by_id": owner.id,
            "key_owner_id": owner.id,
            "api_key_type": "suna_account",
            "provider": "openai",
            "model": "o3",
            "tokens_input": 10_000,
            "tokens_output": 500,
        }
        return LedgerEntry(**{**facts, **changes})  # type: ignore[arg-type]

    return make
