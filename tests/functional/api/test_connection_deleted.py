"""A connection that is deleted while somebody takes it up: one of the two is refused, neither is an error."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection as database
from django.db.models.deletion import Collector

from executions.actions import accept_execution
from executions.actions.accept_execution import TeamCannotRun
from executions.actions.delete_connection import ConnectionInUse, delete_connection
from executions.actions.start_execution import start_execution
from executions.models import Execution
from teams.actions.create_team import create_team
from teams.actions.edit_team import edit_team
from teams.actions.refusal import InvalidInput
from teams.models import SunaConnection, Team, User
from tests.fixtures.locks import is_waited_for
from tests.fixtures.people import SEQUENTIAL
from tests.fixtures.site_rows import make_connection

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def doomed(owner: User) -> SunaConnection:
    """Give a connection that no team uses."""
    return make_connection(owner, name="Doomed")


@pytest.fixture
def starts_on_it(monkeypatch: pytest.MonkeyPatch, doomed: SunaConnection) -> None:
    """Have each start run on the connection as it was when the team still had it."""
    insert = accept_execution._insert

    def on_it(draft: Any, **more: Any) -> Execution:
        return insert(dataclasses.replace(draft, connection=doomed), **more)

    monkeypatch.setattr(accept_execution, "_insert", on_it)


def in_thread(pool: ThreadPoolExecutor, work: Callable[[], Any]) -> "Future[Any]":
    """Do it at the same time, with a database connection of its own."""

    def done() -> Any:
        try:
            return work()
        finally:
            database.close()

    return pool.submit(done)


def test_a_start_whose_connection_is_deleted_first_is_refused(
    team: Team, owner: User, doomed: SunaConnection, starts_on_it: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = accept_execution._insert
    with ThreadPoolExecutor(1) as pool:

        def delete_meanwhile(*args: Any, **kwargs: Any) -> Execution:
            made = insert(*args, **kwargs)
            in_thread(pool, lambda: delete_connection(connection=doomed, by=owner)).result(timeout=30)
            return made

        monkeypatch.setattr(accept_execution, "_insert", delete_meanwhile)
        with pytest.raises(TeamCannotRun) as refused:
            start_execution(team=team, by=owner, prompt="Go.")

    assert (refused.value.code, refused.value.status) == ("no_connection", 409)
    assert not Execution.objects.exists()
    assert not SunaConnection.objects.filter(pk=doomed.pk).exists()


@pytest.mark.parametrize("taken_up", ["start", "edit", "create"])
def test_what_takes_the_connection_up_while_it_is_deleted_waits_and_is_refused(
    team: Team,
    owner: User,
    doomed: SunaConnection,
    starts_on_it: None,
    monkeypatch: pytest.MonkeyPatch,
    taken_up: str,
) -> None:
    delete = Collector.delete
    doing: list[Future[Any]] = []
    works: dict[str, Callable[[], Any]] = {
        "start": lambda: start_execution(team=team, by=owner, prompt="Go."),
        "edit": lambda: edit_team(team=team, by=owner, connection_id=doomed.pk),
        "create": lambda: create_team(owner=owner, name="New", definition=SEQUENTIAL, connection=doomed),
    }
    with ThreadPoolExecutor(1) as pool:

        def after_the_look(self: Collector) -> Any:
            # Between the look at what depends on it and its end: the one moment in which both could go on.
            doing.append(in_thread(pool, works[taken_up]))
            assert is_waited_for()
            return delete(self)

        monkeypatch.setattr(Collector, "delete", after_the_look)
        delete_connection(connection=doomed, by=owner)
        with pytest.raises((TeamCannotRun, InvalidInput)):
            doing[0].result(timeout=30)

    assert not SunaConnection.objects.filter(pk=doomed.pk).exists()
    assert not Execution.objects.exists()


def test_what_took_the_connection_up_before_keeps_it(team: Team, owner: User, doomed: SunaConnection) -> None:
    edit_team(team=team, by=owner, connection_id=doomed.pk)

    with pytest.raises(ConnectionInUse):
        delete_connection(connection=doomed, by=owner)
