"""People, versions, settings and documents of a team, as the pages do them."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.actions.invitation_limit import PER_ADDRESS
from teams.actions.save_version import save_version
from teams.actions.team_mark import team_mark, version_mark
from teams.models import SunaConnection, Team, TeamInvitation, TeamMembership, TeamRole, User
from tests.fixtures.people import CONDITIONAL, make_member
from tests.functional.api.test_documents import list_agents

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]


def settings_of(team: Team, **other: str) -> dict[str, str]:
    said = {"name": team.name, "slug": team.slug, "description": team.description, "is_active": "on"}
    return said | {"connection": str(team.connection_id), "mark": team_mark(team)} | other


def test_somebody_is_invited_accepts_runs_and_may_not_edit(
    sign_in: SignIn, team: Team, owner: User, outsider: User
) -> None:
    theirs, ours = sign_in(outsider), sign_in(owner)
    invite = reverse("team-invite", args=[team.pk])

    assert ours.post(invite, {"who": "oscar", "role": "operator"}).status_code == 302
    assert "Invitations" in theirs.get("/teams/").content.decode()
    [invitation] = TeamInvitation.objects.all()
    accepted = theirs.post(reverse("invitation-accept", args=[invitation.pk]), follow=True)

    assert "You may look and run." in accepted.content.decode()
    assert theirs.post(reverse("team-run", args=[team.pk]), {"prompt": "Go."}).status_code == 302
    refused = theirs.post(reverse("team-settings", args=[team.pk]), settings_of(team, name="Mine"))
    assert refused.status_code == 403
    assert "Invitations" not in theirs.get("/teams/").content.decode()


def test_an_invitation_by_address_is_mailed_in_the_language_of_whoever_has_it(
    sign_in: SignIn, team: Team, owner: User, outsider: User, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    User.objects.filter(pk=outsider.pk).update(language="pt-br")
    client = sign_in(owner)

    for _ in range(PER_ADDRESS):
        client.post(reverse("team-invite", args=[team.pk]), {"who": "oscar@example.org", "role": "viewer"})
    refused = client.post(
        reverse("team-invite", args=[team.pk]), {"who": "oscar@example.org", "role": "viewer"}
    )

    assert mail.outbox[0].subject == "Convite para a equipe Analysts"
    assert "http://testserver/invitations/" in mail.outbox[0].body
    assert (refused.status_code, len(mail.outbox)) == (429, PER_ADDRESS)
    assert "That was often." in refused.content.decode()


def test_of_two_who_change_the_settings_the_second_is_told_and_loses_nothing(
    sign_in: SignIn, team: Team, owner: User, editor: User
) -> None:
    page = reverse("team-settings", args=[team.pk])
    seen = settings_of(team)
    assert sign_in(owner).post(page, seen | {"name": "Thinkers"}).status_code == 302

    told = sign_in(editor).post(page, seen | {"description": "Looks far."})

    said = told.content.decode()
    assert told.status_code == 412
    assert "Looks far." in said
    assert "<dd>Thinkers</dd>" in said
    team.refresh_from_db()
    assert (team.name, team.slug, team.description) == ("Thinkers", "analysts", "")


def test_an_old_version_is_compared_and_restored_as_a_new_one(
    sign_in: SignIn, team: Team, owner: User
) -> None:
    first = team.versions.get()
    save_version(team=team, by=owner, definition=CONDITIONAL, note="Branches")
    client = sign_in(owner)

    compared = client.get(reverse("team-diff", args=[team.pk]) + "?before=1&after=2").content.decode()
    restore = reverse("team-version-restore", args=[team.pk, 1])
    stale = client.post(restore, {"mark": version_mark(first.pk)}, follow=True).content.decode()
    assert team.versions.count() == 2
    done = client.post(restore, {"mark": version_mark(team.published_version_id)}, follow=True)

    assert "sequential" in compared
    assert "conditional" in compared
    assert "Somebody saved another version meanwhile." in stale
    assert "Version 1 is published again, as version 3." in done.content.decode()
    assert team.versions.get(number=3).source == first.source
    for odd in ("?before=x", "?after=99", "?before=99999999999999"):
        assert client.get(reverse("team-diff", args=[team.pk]) + odd).status_code == 404


def test_a_team_goes_to_a_member_switched_off_and_without_the_old_owners_connection(
    sign_in: SignIn, team: Team, owner: User, editor: User
) -> None:
    client = sign_in(owner)
    address = reverse("team-hand-over", args=[team.pk])
    assert client.post(address, {"user": "nobody"}).status_code == 404

    assert client.post(address, {"user": str(editor.pk)}).status_code == 302

    team.refresh_from_db()
    assert (team.owner, team.paid_by, team.is_active, team.connection) == (editor, editor, False, None)
    assert TeamMembership.objects.get(team=team).user == owner
    assert team.role_of(owner) == TeamRole.EDITOR
    assert client.post(address, {"user": str(editor.pk)}).status_code == 403


def test_a_team_is_not_handed_over_while_it_runs(
    sign_in: SignIn, team: Team, execution: Execution, owner: User, editor: User
) -> None:
    refused = sign_in(owner).post(reverse("team-hand-over", args=[team.pk]), {"user": str(editor.pk)})

    assert refused.status_code == 409
    assert "Executions of the team are going on." in refused.content.decode()


def test_a_team_is_deleted_where_its_name_is_typed_in(sign_in: SignIn, team: Team, owner: User) -> None:
    client, address = sign_in(owner), reverse("team-delete", args=[team.pk])

    assert client.post(address, {"name": "Another"}).status_code == 400
    assert client.post(address, {"name": "Analysts"}).status_code == 302

    assert not Team.objects.filter(pk=team.pk).exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_export_is_looked_at_then_imported_by_somebody_else(
    sign_in: SignIn, team: Team, owner: User, outsider: User, encoding: str
) -> None:
    exported = sign_in(owner).get(reverse("team-export", args=[team.pk]))
    theirs, page = sign_in(outsider), reverse("document-import")
    file = SimpleUploadedFile("team.json", exported.content.decode().encode(encoding))

    looked = theirs.post(page, {"op": "look", "file": file})
    assert not Team.objects.filter(owner=outsider).exists()
    said = {name: looked.context[name] for name in ("slug", "mark")} | {"document": looked.context["text"]}
    # What was not shown just so is not done.
    other = theirs.post(page, said | {"op": "apply", "slug": "another"})
    assert (other.status_code, Team.objects.filter(owner=outsider).exists()) == (200, False)
    done = theirs.post(page, said | {"op": "apply"}, follow=True)

    assert "It makes a new team, Analysts." in looked.content.decode()
    assert "The team is made." in done.content.decode()
    made = Team.objects.get(owner=outsider)
    again = json.loads(theirs.get(reverse("team-export", args=[made.pk])).content)
    assert again == json.loads(exported.content)


def test_agents_that_are_not_here_are_chosen_before_anything_is_made(
    sign_in: SignIn, team: Team, suna_connection: SunaConnection, owner: User
) -> None:
    client, page = sign_in(owner), reverse("document-import")
    text = client.get(reverse("team-export", args=[team.pk])).content.decode()
    list_agents(suna_connection, ("agent-123", "Ada"), ("agent-456", "Bela"), ("x-1", "Xenia"))
    said = {"document": text, "slug": "copy", "op": "look"}

    asked = client.post(page, said)
    given = said | {"old": ["agent-789"], "new": ["x-1"]}
    looked = client.post(page, given)
    client.post(page, given | {"op": "apply", "mark": looked.context["mark"]})

    assert "Xenia" in asked.content.decode()
    version = Team.objects.get(slug="copy").published_version
    assert version is not None
    assert '"x-1"' in version.source


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        ('{"definition": 1}', 422),
        ('{"definition": {}, "name": 5}', 400),
        ('{"definition": {}, "renum": "team/v9"}', 400),
        ("x" * 1000001, 400),
        ("[" * 5000, 400),
    ],
)
def test_an_odd_document_is_refused_in_words(sign_in: SignIn, owner: User, text: str, status: int) -> None:
    refused = sign_in(owner).post(reverse("document-import"), {"op": "look", "document": text})

    assert refused.status_code == status
    assert 'role="alert"' in refused.content.decode()


@pytest.mark.parametrize(
    "document",
    [
        {"definition": 1},
        {"definition": {"type": "sequential", "agents": []}},
        {"definition": {"type": "sequential", "agents": [{"agent_id": "a", "depends_on": ["b"]}]}},
        {"definition": {}, "name": 5},
        {"definition": {}, "renum": "team/v9"},
        {"definition": {}, "agents": 5},
        {"definition": {}, "agents": [5]},
        {"definition": {}, "agent_ids": 5},
        {"definition": {}, "agent_ids": {"x": "y"}},
    ],
    ids=str,
)
def test_no_english_is_left_where_a_document_is_refused_in_portuguese(
    sign_in: SignIn, owner: User, document: dict[str, object]
) -> None:
    said = []
    for language in ("en", "pt-br"):
        client = sign_in(owner)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        sent = {"op": "look", "document": json.dumps(document)}
        page = client.post(reverse("document-import"), sent).content.decode()
        alerts = re.findall(r'role="alert"[^>]*>(.*?)</p>', page)
        said.append({*alerts, *re.findall(r"</code> (.*?)</li>", page)})

    assert all(said)
    assert not said[0] & said[1]


def test_the_list_is_narrowed_and_says_how_the_last_execution_stands(
    sign_in: SignIn, team: Team, execution: Execution, owner: User, viewer: User
) -> None:
    make_member(team, "mia", TeamRole.VIEWER)
    ours, theirs = sign_in(owner), sign_in(viewer)

    assert "Analysts" in ours.get("/teams/?search=ANA&show=mine").content.decode()
    assert "badge queued" in ours.get("/teams/").content.decode()
    for client, query in (
        (ours, "show=shared"),
        (theirs, "show=mine"),
        (ours, "show=off"),
        (ours, "search=x"),
    ):
        assert "No team is like that." in client.get(f"/teams/?{query}").content.decode()
    assert ours.get("/teams/?search=%00&show=odd&page=999").status_code == 200


@pytest.mark.parametrize("name", ["team", "team-versions", "team-diff", "team-people", "team-settings"])
def test_every_page_of_a_team_leads_its_editors_to_the_builder_and_nobody_else(
    sign_in: SignIn, team: Team, editor: User, operator: User, name: str
) -> None:
    address, builder = reverse(name, args=[team.pk]), reverse("team-edit", args=[team.pk])

    assert f'href="{builder}"' in sign_in(editor).get(address).content.decode()
    assert f'href="{builder}"' not in sign_in(operator).get(address).content.decode()
