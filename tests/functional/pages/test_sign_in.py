"""Signing in on the page and in the admin: the same bound of tries as at the API, told in the form."""

import pytest
from django.test import Client

from tests.fixtures.people import PASSWORD, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_redis")]

PLACES = ["/accounts/login/", "/admin/login/"]
TRIES = 5


def sign_in(place: str, password: str = PASSWORD, language: str = "en"):
    return Client().post(
        place, {"username": "stella", "password": password}, headers={"Accept-Language": language}
    )


@pytest.fixture(autouse=True)
def _stella() -> None:
    make_person("stella", is_staff=True)


@pytest.mark.parametrize("place", PLACES)
def test_the_sixth_try_is_told_to_wait_although_it_is_right(place) -> None:
    for _ in range(TRIES):
        assert "seconds" not in sign_in(place, "wrong").content.decode()

    refused, em_portugues = sign_in(place), sign_in(place, language="pt-br")

    assert refused.status_code == 200
    assert "Too many tries. Wait " in refused.content.decode()
    assert "Tentativas demais." in em_portugues.content.decode()
    assert "sessionid" not in refused.cookies


@pytest.mark.parametrize("place", PLACES)
def test_the_right_password_signs_in(place) -> None:
    assert sign_in(place).status_code == 302


def test_tries_count_together_wherever_they_are_made() -> None:
    for n in range(TRIES):
        sign_in(PLACES[n % 2], "wrong")

    refused = Client().post(
        "/api/v1/auth/token", {"username": "stella", "password": PASSWORD}, content_type="application/json"
    )

    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")


@pytest.mark.parametrize("place", PLACES)
def test_without_redis_nobody_signs_in_and_the_form_says_so(place, settings) -> None:
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }

    answer = sign_in(place)

    assert answer.status_code == 200
    assert "Nobody can sign in at the moment." in answer.content.decode()
