"""The doctor's page in the admin, and the language of an examination."""

import pytest
from django.test import Client
from django.utils.translation import override

from renum_site.doctor.examination import examine
from teams.models import User


@pytest.mark.django_db
class TestPage:
    """The page of staff."""

    def test_it_shows_every_area_with_its_fixes_and_no_secret(self, staff: User) -> None:
        User.objects.filter(pk=staff.pk).update(is_superuser=True)
        client = Client()
        client.force_login(User.objects.get(pk=staff.pk))

        page = client.get("/admin/doctor/")

        body = page.content.decode()
        assert page.status_code == 200
        assert 'data-check="database.reach"' in body
        assert "no-store" in page["Cache-Control"]
        for area in ("Database", "Redis", "Suna", "Clocks", "Deployment"):
            assert area in body
        client.cookies["django_language"] = "pt-br"
        assert "Banco de dados" in client.get("/admin/doctor/").content.decode()

    def test_it_needs_the_rights_to_see_drivers_and_connections(self, staff: User, owner: User) -> None:
        client = Client()
        assert client.get("/admin/doctor/").status_code == 302
        client.force_login(owner)
        assert client.get("/admin/doctor/").status_code == 302
        client.force_login(staff)
        assert client.get("/admin/doctor/").status_code == 403
        assert client.post("/admin/doctor/").status_code in (403, 405)


@pytest.mark.django_db(transaction=True)
def test_an_examination_speaks_the_language_of_whoever_asks() -> None:
    with override("pt-br"):
        report = examine()

    assert any("migrações" in one.seen for one in report.findings)
    assert {one.area for one in report.findings} >= {"database", "redis", "drivers", "clock", "disk"}
