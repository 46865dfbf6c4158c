"""The run form: what it foresees, and that nothing that was typed is lost."""

from collections.abc import Callable

import pytest
from django.test import Client

from billing.actions.store_user_key import store_user_key
from billing.models import UserApiKey
from executions.models import Execution
from teams.actions.save_version import save_version
from teams.models import SunaConnection, Team, User
from tests.fixtures.people import SEQUENTIAL
from tests.fixtures.site_rows import NOW, bill, set_execution, set_step, start

pytestmark = pytest.mark.django_db


def test_an_estimate_is_told_with_what_is_not_known(
    sign_in: Callable[[User], Client], owner: User, team: Team
) -> None:
    client = sign_in(owner)

    page = client.post(f"/teams/{team.pk}/estimate/", {"prompt": "Look\r\ninto it."}).content.decode()
    part = client.post(
        f"/teams/{team.pk}/estimate/", {"prompt": "Look into it."}, headers={"HX-Request": "true"}
    ).content.decode()

    assert "Look\ninto it.</textarea>" in page
    assert "It is not known which model the agent uses." in part
    assert "Too few executions of the team are there to tell." in part
    assert "olga" in part
    assert "<html" not in part
    assert Execution.objects.count() == 0


def test_what_earlier_runs_took_is_the_ground_of_an_estimate(
    sign_in: Callable[[User], Client], owner: User, team: Team
) -> None:
    for _ in range(3):
        execution = start(team)
        bill(execution, set_step(execution, "agent-123"))
        set_execution(execution, status="completed", started_at=NOW, usage_complete=True)

    page = sign_in(owner).post(f"/teams/{team.pk}/estimate/", {"prompt": "Go."}).content.decode()

    assert "as 3 runs before" in page
    assert "$0.0240" in page


def test_fingerprints_of_keys_are_for_the_payer_alone(
    sign_in: Callable[[User], Client], owner: User, operator: User, team: Team
) -> None:
    SunaConnection.objects.filter(pk=team.connection_id).update(wire_profile="seed", sends_user_keys=True)
    store_user_key(user=owner, service="openai", key="sk-canary-of-the-owner-123", now=NOW)
    stored = UserApiKey.objects.get(user=owner).fingerprint

    own = sign_in(owner).post(f"/teams/{team.pk}/estimate/", {"prompt": "Go."}).content.decode()
    other = sign_in(operator).post(f"/teams/{team.pk}/estimate/", {"prompt": "Go."}).content.decode()

    assert "openai" in own
    assert stored in own
    assert stored not in other
    assert "sk-canary-of-the-owner-123" not in own + other


def test_a_refusal_keeps_the_draft_on_the_form(
    sign_in: Callable[[User], Client], owner: User, team: Team
) -> None:
    Team.objects.filter(pk=team.pk).update(connection=None)

    refused = sign_in(owner).post(f"/teams/{team.pk}/run/", {"prompt": "Keep me.", "from": "form"})

    assert refused.status_code == 409
    assert "Keep me.</textarea>" in refused.content.decode()
    assert "What to expect" in refused.content.decode()


@pytest.mark.parametrize("prompt", ["", " ", "\x00", "x" * 262_145])
def test_a_prompt_that_cannot_be_run_is_answered_in_words(
    sign_in: Callable[[User], Client], owner: User, team: Team, prompt: str
) -> None:
    client = sign_in(owner)
    for headers in ({}, {"HX-Request": "true"}):
        answer = client.post(f"/teams/{team.pk}/estimate/", {"prompt": prompt}, headers=headers)
        assert answer.status_code == 200


def test_the_example_is_offered_only_until_the_first_run(
    sign_in: Callable[[User], Client], owner: User, team: Team
) -> None:
    client = sign_in(owner)
    save_version(team=team, by=owner, definition={**SEQUENTIAL, "x-example-prompt": "Try me."})
    before = client.get(f"/teams/{team.pk}/run/").content.decode()
    start(Team.objects.get(pk=team.pk))
    after = client.get(f"/teams/{team.pk}/run/").content.decode()

    assert "Try me.</textarea>" in before
    assert 'placeholder="Try me."' in after
    assert "Try me.</textarea>" not in after


def test_the_start_page_leads_to_a_first_run_and_then_shows_what_goes_on(
    sign_in: Callable[[User], Client], owner: User, outsider: User, team: Team
) -> None:
    stranger = sign_in(outsider).get("/").content.decode()
    client = sign_in(owner)
    to_run = client.get("/").content.decode()
    execution = start(team, prompt="What of pears?")
    to_watch = client.get("/").content.decode()
    set_execution(execution, status="completed", result_text="Done.")
    dashboard = client.get("/").content.decode()

    assert "/connections/new/" in stranger
    assert f"/teams/{team.pk}/run/" in to_run
    assert f"/executions/{execution.pk}/" in to_watch
    assert "Last results" in dashboard
    assert "What of pears?" in dashboard
    assert "What of pears?" not in sign_in(outsider).get("/").content.decode()
