"""What asks who is there once more: a page behind `recently_signed_in`."""

import time

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from django.views.decorators.http import require_POST

from teams.models import User
from teams.pages.recently_signed_in import recently_signed_in
from teams.pages.signed_in import SignedInRequest
from tests.fixtures.people import PASSWORD

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("clean_redis"),
    pytest.mark.urls("tests.functional.pages.test_recently_signed_in"),
]


@require_POST
@recently_signed_in
def erase(request: SignedInRequest) -> HttpResponse:
    """Answer what the form said."""
    return HttpResponse(f"erased {request.POST['what']}")


urlpatterns = [path("erase/", erase, name="erase"), path("", include("renum_site.urls"))]


def test_who_did_not_give_the_password_just_now_is_asked_and_the_form_goes_on(owner: User) -> None:
    client = Client()
    client.force_login(owner)

    asked = client.post("/erase/", {"what": "all"})
    wrong = client.post(asked["Location"], {"password": "wrong", "next": "/erase/"})
    done = client.post(asked["Location"], {"password": PASSWORD, "next": "/erase/"})
    again = client.post("/erase/", {"what": "more"})

    assert asked["Location"] == "/accounts/reauthenticate/?next=%2Ferase%2F"
    assert "erased" not in wrong.content.decode()
    assert [done.content, again.content] == [b"erased all", b"erased more"]


def test_after_five_minutes_it_is_asked_for_again(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": "/account/"})
    session = client.session
    session["account_authentication_methods"][-1]["at"] = time.time() - 301
    session.save()

    assert client.post("/erase/", {"what": "all"}).status_code == 302


def test_strangers_are_sent_to_sign_in(db: None) -> None:
    assert Client().post("/erase/", {"what": "all"})["Location"] == "/accounts/login/?next=/erase/"
