"""The health page tells which service is missing."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_health_is_ok_when_both_services_answer(clean_redis: object) -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "failing": []})
