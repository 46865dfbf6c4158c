"""Where the site demands a second factor of staff, nothing of the admin opens without one."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from teams.pages.second_factor_adapter import SecondFactorAdapter
from tests.functional.admin.conftest import Site, staff_with
from tests.functional.admin.routes import addresses

pytestmark = pytest.mark.django_db
SET_UP = "/accounts/second-factor/totp/activate/"


@pytest.fixture(autouse=True)
def _demanded(settings) -> None:
    settings.STAFF_NEEDS_SECOND_FACTOR = True


def test_every_address_of_the_admin_leads_to_setting_one_up(admin: Client, site: Site) -> None:
    seen = list(addresses())
    assert len(seen) > 60
    for address in [*seen, "/admin/costs/csv/", "/admin/doctor/", "/admin/nothing/at/all/"]:
        for ask in (admin.get, admin.post):
            answer = ask(address)
            expected = (200, None) if address == reverse("admin:jsi18n") else (302, SET_UP)
            if address == reverse("admin:jsi18n") and ask == admin.post:
                continue
            assert (answer.status_code, answer.headers.get("Location")) == expected, address
    assert site.superuser.is_superuser


def test_with_one_the_admin_opens_and_others_are_sent_where_they_always_were(
    admin: Client, site: Site
) -> None:
    data = {"secret": SecondFactorAdapter().encrypt("SECRET")}
    Authenticator.objects.create(user=site.superuser, type="totp", data=data)

    assert admin.get("/admin/").status_code == 200
    assert admin.get("/admin/teams/team/").status_code == 200
    person = Client()
    person.force_login(site.owner)
    assert person.get("/admin/")["Location"].startswith("/admin/login/")
    assert Client().get("/admin/")["Location"].startswith("/admin/login/")
    # The pages and the API are nobody's admin.
    assert staff_with("stef").get("/teams/").status_code == 200


def test_a_site_that_does_not_demand_it_asks_for_none(admin: Client, settings) -> None:
    settings.STAFF_NEEDS_SECOND_FACTOR = False

    assert admin.get("/admin/").status_code == 200
