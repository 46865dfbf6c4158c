"""What an editor changes and the loss of their role come one after the other, never side by side."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection, transaction

from executions.actions.remove_member import remove_member
from teams.actions.edit_team import edit_team
from teams.actions.refusal import NotAllowed
from teams.actions.save_version import save_version
from teams.models import Team, TeamMembership, TeamRole, User
from tests.fixtures.locks import somebody_waits
from tests.fixtures.people import SEQUENTIAL, make_member

WAIT_S = 10


def save(team: Team, by: User) -> None:
    save_version(team=team, by=by, definition=SEQUENTIAL)


def edit(team: Team, by: User) -> None:
    edit_team(team=team, by=by, description="changed")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("change", [save, edit])
def test_a_change_under_way_and_a_removal_end_one_after_the_other(
    team: Team, owner: User, change: Callable[[Team, User], None]
) -> None:
    editor = make_member(team, "edith", TeamRole.EDITOR)
    removed = threading.Event()

    def remove() -> None:
        try:
            remove_member(team=team, by=owner, user_id=editor.pk)
        finally:
            removed.set()
            connection.close()

    thread = threading.Thread(target=remove)
    with transaction.atomic():
        change(team, editor)
        thread.start()
        deadline = time.monotonic() + WAIT_S
        while not somebody_waits() and not removed.is_set() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not removed.is_set()
        assert somebody_waits()
    thread.join(WAIT_S)

    assert not TeamMembership.objects.exists()
    with pytest.raises(NotAllowed):
        change(team, editor)
