"""What changes on a connection while it is tested, while its agents are listed, and when it moves."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pytest
from django.db import connections

from executions.actions.connection_rights import SunaUnusable
from executions.actions.create_connection import create_connection
from executions.actions.edit_connection import ConnectionChanges, edit_connection
from executions.actions.sync_agents import sync_agents
from executions.actions.try_connection import try_connection
from executions.orchestrator.profile_columns import keys_after
from executions.suna.wire import PROFILES
from teams.models import Agent, SunaConnection, User
from teams.wording.connections import connection_notices
from tests.contract.simulated_suna import SimulatedSuna
from tests.fixtures.people import make_person
from tests.fixtures.running import TOKEN, wait_until
from tests.fixtures.shared_suna import Shared

pytestmark = pytest.mark.django_db(transaction=True)

OTHER_TOKEN = "another-token-of-the-same-person"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def suna(shared_suna: Shared) -> SimulatedSuna:
    return shared_suna("seed", "--run-seconds", "0.1")


@pytest.fixture
def person(transactional_db: None) -> User:
    return make_person("olga")


@pytest.fixture
def connected(person: User, suna: SimulatedSuna) -> SunaConnection:
    return create_connection(by=person, owner=person, name="Suna", base_url=suna.url, bearer=TOKEN)


@contextmanager
def held(suna: SimulatedSuna, operation: str, call: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Do something in a thread of its own that stands in one of its calls until the caller leaves."""
    suna.fail(operation, kind="barrier", name="held")

    def work() -> Any:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as threads:
        doing = threads.submit(work)
        try:
            asked = f"ledger?operation={operation}"
            wait_until(lambda: None in [row["status"] for row in suna.get(asked)["entries"]])
            yield doing
        finally:
            suna.release("held")


def edit(connection: SunaConnection, by: User, **changes: Any) -> SunaConnection:
    given = ConnectionChanges(**changes)
    return edit_connection(connection=connection, by=by, changes=given).connection


@pytest.mark.parametrize("changes", [{"bearer": OTHER_TOKEN}, {"base_url": NOBODY, "bearer": TOKEN}])
def test_what_a_test_found_is_not_kept_of_an_address_or_a_credential_that_came_meanwhile(
    suna, connected, person, changes
):
    with held(suna, "run.get", lambda: try_connection(connection=connected, by=person)) as testing:
        edit(SunaConnection.objects.get(pk=connected.pk), person, **changes)
    testing.result(timeout=30)

    connected.refresh_from_db()
    assert (connected.test_result, connected.tested_at, connected.wire_profile) == ({}, None, "")
    assert not Agent.objects.filter(connection=connected).exists()


def test_agents_that_were_listed_at_an_old_address_are_not_taken_over(suna, connected, person):
    tested = try_connection(connection=connected, by=person)
    assert tested.sync_code == ""
    Agent.objects.filter(connection=connected).delete()
    before = tested.synced_at
    with held(suna, "agents.list", lambda: sync_agents(connection=tested, by=person)) as listing:
        edit(SunaConnection.objects.get(pk=connected.pk), person, base_url=NOBODY)
    with pytest.raises(SunaUnusable) as refused:
        listing.result(timeout=30)

    assert refused.value.code == "connection_moved"
    connected.refresh_from_db()
    assert before is not None
    assert (connected.synced_at, connected.sync_code) == (None, "")
    assert not Agent.objects.filter(connection=connected).exists()


def test_a_connection_that_moves_is_as_little_known_as_a_new_one(suna, connected, person):
    try_connection(connection=connected, by=person)
    known = SunaConnection.objects.get(pk=connected.pk)
    assert (known.wire_profile, known.sends_user_keys) == ("seed", True)
    SunaConnection.objects.filter(pk=known.pk).update(limits={"parallel_runs": 2})

    # A form gives back what it was filled with.
    moved = edit(known, person, base_url=NOBODY, wire_profile="seed", limits={"parallel_runs": 2})

    kept = SunaConnection.objects.get(pk=known.pk)
    for row in (moved, kept):
        assert (row.wire_profile, row.capabilities, row.limits, row.test_result) == ("", {}, {}, {})
        assert row.sends_user_keys is False
        assert row.moved_at is not None
    notices = {notice.code for notice in connection_notices(kept, now=kept.moved_at)}
    assert notices == {"not_tested", "credential_absent"}
    # There a Suna that reads keys gets none before somebody says so, as it would on a new connection.
    capabilities = PROFILES["seed"].capabilities
    assert keys_after(kept, profile="seed", capabilities=capabilities) is False
    assert keys_after(SunaConnection(), profile="seed", capabilities=capabilities) is True

    back = edit(kept, person, base_url=suna.url, bearer=TOKEN)
    assert try_connection(connection=back, by=person).sends_user_keys is False


def test_a_connection_on_which_nothing_could_run_has_not_moved(connected, person):
    moved = edit(connected, person, base_url=NOBODY)

    assert moved.moved_at is None
    assert edit(moved, person, sends_user_keys=True).sends_user_keys is True


def test_another_profile_given_by_hand_brings_what_it_can_do(connected, person):
    by_hand = edit(connected, person, wire_profile="2025-12")

    assert by_hand.wire_profile == "2025-12"
    assert by_hand.capabilities == asdict(PROFILES["2025-12"].capabilities)
    SunaConnection.objects.filter(pk=connected.pk).update(capabilities={"streams_safely": True})
    # The same again keeps what was learned of this very build.
    assert edit(connected, person, wire_profile="2025-12").capabilities == {"streams_safely": True}
