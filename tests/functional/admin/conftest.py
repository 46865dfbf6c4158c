"""A small site with something in every table of the admin, and staff with different rights."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from teams.models import User
from tests.fixtures.staff_site import Site, make_site

__all__ = ["Site"]


@pytest.fixture
def site(db: None) -> Site:
    """Give something in every table."""
    return make_site()


@pytest.fixture
def admin(site: Site) -> Client:
    """Give a client that is signed in as the superuser."""
    client = Client()
    client.force_login(site.superuser)
    return client


def staff_with(name: str, *permissions: str) -> Client:
    """Give a client signed in as a member of staff with these permissions (app.codename) only."""
    user = User.objects.create_user(name, email=f"{name}@example.org", is_staff=True)
    for permission in permissions:
        app_label, codename = permission.split(".")
        user.user_permissions.add(
            Permission.objects.get(content_type__app_label=app_label, codename=codename)
        )
    client = Client()
    client.force_login(user)
    return client
