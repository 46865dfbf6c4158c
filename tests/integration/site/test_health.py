"""The addresses that machines ask for: the health page tells which service is missing; the icon is found."""

import pytest
from django.contrib.staticfiles import finders
from django.test import Client


@pytest.mark.django_db
def test_health_is_ok_when_both_services_answer(clean_redis: object) -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok", "failing": []})


def test_the_icon_is_found_by_its_old_name(client: Client) -> None:
    response = client.get("/favicon.ico")

    assert (response.status_code, response["Location"]) == (302, "/static/img/renum.svg")
    assert finders.find("img/renum.svg") is not None
