"""The frame round every page: which part of the site the reader is in."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.models import Team, User

pytestmark = pytest.mark.django_db

CURRENT = re.compile(r'<a href="([^"]+)" aria-current="(page|true)">')


def marked(client: Client, address: str) -> list[tuple[str, str]]:
    """Return address and kind of each marked link of the navigation."""
    body = client.get(address).content.decode()
    return CURRENT.findall(body.partition('<header class="site-head">')[2].partition("</header>")[0])


def test_the_navigation_marks_the_page_and_on_the_pages_below_it_the_section(
    sign_in: Callable[[User], Client], team: Team, execution: Execution, owner: User
) -> None:
    client = sign_in(owner)

    assert marked(client, "/teams/") == [("/teams/", "page")]
    for name, args, section in (
        ("team-settings", [team.pk], "/teams/"),
        ("team-run", [team.pk], "/teams/"),
        ("template", ["customer-service"], "/templates/"),
        ("execution", [execution.pk], "/executions/"),
        ("connection", [team.connection_id], "/connections/"),
        ("cost-rows", [], "/costs/"),
    ):
        assert marked(client, reverse(name, args=args)) == [(section, "true")], name
    assert marked(client, "/") == marked(client, reverse("help")) == []
