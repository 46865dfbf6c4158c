"""A connection's credential stays in the database until it is asked for, and a bad one harms nobody else."""

import pytest
from django.db import connection as database

from teams.models import SunaConnection, Team
from teams.models.encrypted_text import Undecryptable
from tests.integration.orchestrator.rows import Rows, make_rows


@pytest.fixture
def rows(db: None) -> Rows:
    """Give one row of everything, the connection with a credential."""
    rows = make_rows()
    rows.connection.set_credential(bearer="a-bearer-token")
    rows.connection.save()
    return rows


def spoil(rows: Rows) -> None:
    with database.cursor() as cursor:
        cursor.execute("UPDATE teams_sunaconnection SET sealed_credential = 'not a ciphertext'")


def test_credential_is_read_only_where_it_is_asked_for(rows):
    for found in (
        SunaConnection.objects.get(),
        SunaConnection.objects.visible_to(rows.owner).get(),
        Team.objects.get().connection,
    ):
        assert found.get_deferred_fields() == {"sealed_credential"}
        assert found.credential() == {"bearer": "a-bearer-token", "api_key": ""}

    assert SunaConnection.objects.with_credential().get().get_deferred_fields() == set()


def test_saving_a_connection_without_its_credential_keeps_it(rows):
    found = SunaConnection.objects.get()
    found.name = "Renamed"
    found.save()

    assert SunaConnection.objects.get().credential()["bearer"] == "a-bearer-token"


def test_connection_with_an_unreadable_credential_can_be_shown_and_not_used(rows):
    spoil(rows)

    found = Team.objects.get().connection
    assert found.name == "Suna"
    found.refresh_from_db()
    with pytest.raises(Undecryptable):
        found.credential()
    with pytest.raises(Undecryptable):
        SunaConnection.objects.with_credential().get()
