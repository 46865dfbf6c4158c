"""A team's connection, chosen on its page; and what is said on the way when a team is run."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from teams.actions.team_mark import team_mark
from teams.models import SunaConnection, Team, User

pytestmark = pytest.mark.django_db


def test_owner_and_editor_choose_and_others_see_no_choice(
    sign_in: Callable[[User], Client],
    team: Team,
    suna_connection: SunaConnection,
    owner: User,
    editor: User,
    operator: User,
    outsider: User,
) -> None:
    site = SunaConnection.objects.create(name="Of the site", base_url="https://suna.example.org")
    foreign = SunaConnection.objects.create(owner=outsider, name="Foreign", base_url="https://x.example.org")
    page = reverse("team-settings", args=[team.pk])

    def said(chosen: object) -> dict[str, str]:
        now = Team.objects.get(pk=team.pk)
        return {"name": "Analysts", "slug": "analysts", "connection": str(chosen), "mark": team_mark(now)} | {
            "is_active": "on"
        }

    for person in (owner, editor):
        client = sign_in(person)
        shown = client.get(page).content.decode()
        assert "Of the site" in shown
        assert "Foreign" not in shown
        for chosen in (site, suna_connection):
            answer = client.post(page, said(chosen.pk), follow=True)
            assert answer.redirect_chain == [(page, 302)]
            assert "The settings are saved." in answer.content.decode()
            team.refresh_from_db()
            assert team.connection == chosen
    for wrong in (foreign.pk, "made up"):
        refused = client.post(page, said(wrong))
        assert refused.status_code == 400
        assert "has no such connection" in refused.content.decode()
    plain = sign_in(operator)
    assert "Of the site" not in plain.get(page).content.decode()
    refused = plain.post(page, said(site.pk))
    assert refused.status_code == 403
    assert "Your role in this team does not allow that" in refused.content.decode()
    team.refresh_from_db()
    assert team.connection == suna_connection


def test_what_a_run_was_warned_of_stands_on_the_page_of_the_execution(
    sign_in: Callable[[User], Client], team: Team, suna_connection: SunaConnection, owner: User
) -> None:
    agent_id = team.published_version.definition["agents"][0]["agent_id"] if team.published_version else ""
    suna_connection.agents.create(agent_id=agent_id, name="Researcher", missing_since=team.created_at)
    client = sign_in(owner)

    page = client.post(reverse("team-run", args=[team.pk]), {"prompt": "Go."}, follow=True)

    assert "does not list the agent “Researcher” any more" in page.content.decode()
    assert "does not list" not in client.get(page.redirect_chain[-1][0]).content.decode()
