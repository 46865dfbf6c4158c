"""A driver's clients: one for each connection as it stands, another as soon as that changes."""

import time
import uuid

import pytest

from executions.orchestrator.connections import OpenConnections
from executions.orchestrator.gates import Gates
from teams.models import SunaConnection
from tests.fixtures.people import make_person


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_becomes_a_persons_gets_a_client_that_reaches_public_addresses_only(
    transactional_db, settings
):
    settings.SUNA_ALLOWED_HOSTS = []
    row = SunaConnection(name="Site", base_url="https://127.0.0.1:9", wire_profile="2025-08")
    row.set_credential(bearer="a-token")
    row.save()
    opened = OpenConnections(Gates(uuid.uuid4(), now=time.time, died=lambda: None))

    of_site = opened._client_of(row.pk)
    assert opened._client_of(row.pk) is of_site
    SunaConnection.objects.filter(pk=row.pk).update(owner=make_person("olga"))
    of_person = opened._client_of(row.pk)

    assert of_person is not of_site
    SunaConnection.objects.filter(pk=row.pk).update(owner=None)
    assert opened._client_of(row.pk) is of_site
