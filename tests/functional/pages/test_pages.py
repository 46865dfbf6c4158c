"""What pages say: teams, their workflow, running one, and following it to its answer and cost."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from teams.models import Team, User
from tests.fixtures.site_rows import NOW, bill, make_team, set_execution, set_step, start

pytestmark = pytest.mark.django_db


def body_of(client: Client, address: str, **headers: str) -> str:
    response = client.get(address, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_somebody_without_teams_is_told_what_to_do(sign_in: Callable[[User], Client], outsider: User) -> None:
    client = sign_in(outsider)

    assert "You have no teams yet." in body_of(client, "/teams/")
    assert "Nothing was run yet." in body_of(client, "/executions/")


def test_a_team_shows_its_steps_with_their_agents_and_conditions(
    sign_in: Callable[[User], Client], owner: User, team: Team, agents: None
) -> None:
    routed = make_team(owner, name="Routed", example="conditional", connection=team.connection)

    body = body_of(sign_in(owner), reverse("team", args=[routed.pk]))

    assert "classifier" in body
    assert "Ada" in body
    assert "after classifier" in body
    assert "category of classifier must be “technical”" in body


def test_running_a_team_leads_to_its_execution_with_the_prompt_as_typed(
    sign_in: Callable[[User], Client], operator: User, team: Team
) -> None:
    response = sign_in(operator).post(
        reverse("team-run", args=[team.pk]), {"prompt": "One\r\nTwo", "form_key": "a-key"}
    )

    execution = Execution.objects.get()
    assert response["Location"] == reverse("execution", args=[execution.pk])
    assert execution.initial_prompt == "One\nTwo"
    assert execution.started_by == operator
    assert execution.payer == team.owner


def test_sending_the_form_twice_starts_one_execution(
    sign_in: Callable[[User], Client], owner: User, team: Team
) -> None:
    client = sign_in(owner)
    form = {"prompt": "Look into it.", "form_key": "one-form"}
    address = reverse("team-run", args=[team.pk])

    first, second = client.post(address, form), client.post(address, form)

    assert first["Location"] == second["Location"]
    assert Execution.objects.count() == 1


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("  ", "Say what the team should do."),
        ("a\x00b", "The prompt holds the character NUL. Remove it."),
        ("x" * 262_145, "The prompt is too long: 256 KiB are the most."),
    ],
)
def test_a_prompt_that_cannot_be_taken_is_refused_on_the_page_and_kept(
    sign_in: Callable[[User], Client], owner: User, team: Team, prompt: str, sentence: str
) -> None:
    response = sign_in(owner).post(reverse("team-run", args=[team.pk]), {"prompt": prompt})

    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert response.context["prompt"] == prompt
    assert not Execution.objects.exists()


def test_a_team_that_cannot_run_says_why(sign_in: Callable[[User], Client], owner: User, team: Team) -> None:
    Team.objects.filter(pk=team.pk).update(is_active=False)

    response = sign_in(owner).post(reverse("team-run", args=[team.pk]), {"prompt": "Look into it."})

    assert response.status_code == 409
    assert "switched off. Its owner can switch it on." in response.content.decode()


def test_roles_decide_which_buttons_there_are(
    sign_in: Callable[[User], Client], viewer: User, operator: User, team: Team, execution: Execution
) -> None:
    team_page, page = reverse("team", args=[team.pk]), reverse("execution", args=[execution.pk])
    run, cancel = reverse("team-run", args=[team.pk]), reverse("execution-cancel", args=[execution.pk])

    assert run in body_of(sign_in(operator), team_page)
    assert cancel in body_of(sign_in(operator), page)
    assert run not in body_of(sign_in(viewer), team_page)
    assert cancel not in body_of(sign_in(viewer), page)


def test_a_step_says_in_a_sentence_why_it_stands_where_it_stands(
    sign_in: Callable[[User], Client], owner: User, team: Team, agents: None
) -> None:
    execution = start(make_team(owner, name="Routed", example="conditional", connection=team.connection))
    client = sign_in(owner)
    page = reverse("execution", args=[execution.pk])
    waiting = body_of(client, page)
    set_step(execution, "agent-123", status="completed", result_text='{"category": "billing"}')
    params = {
        "field": "agent_agent-123_result.category",
        "operator": "equals",
        "value": "technical",
        "seen": "billing",
        "undecidable": False,
    }
    set_step(execution, "agent-456", status="skipped", code="condition_false", reason_params=params)
    set_step(execution, "agent-789", status="retrying", code="timeout", retry_at=NOW)

    body = body_of(client, page)

    assert "Waits for classifier." in waiting
    assert "Skipped: category of classifier is “billing”, but must be “technical”." in body
    assert "The agent took longer than the step allows. Another attempt follows." in body
    assert "2026-11-22T12:00:00+00:00" in body


def test_an_execution_that_is_over_shows_its_answer_and_what_each_agent_cost(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    for number, step_id in enumerate(["agent-123", "agent-456", "agent-789"]):
        step = set_step(
            execution,
            step_id,
            status="completed",
            result_text=f"Answer {number}",
            attempts=1,
            started_at=NOW,
            finished_at=NOW + dt.timedelta(seconds=67),
        )
        bill(execution, step)
    bill(execution, step, model="nobody-knows-this-model", provider="nobody")
    set_execution(execution, status="completed", result_text="Answer 2", usage_complete=True)

    body = body_of(sign_in(owner), reverse("execution", args=[execution.pk]))

    assert body.count("Answer 2") == 2
    assert "3 / 3 steps" in body
    assert "$0.0720 + ?" in body
    assert "1 answer without a price" in body
    assert body.count("$0.0240") >= 5
    assert "42,000" in body
    assert "1:07" in body
    assert "hx-get" not in body


def test_the_live_part_comes_alone_and_only_when_there_is_news(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    client = sign_in(owner)
    page = reverse("execution", args=[execution.pk])
    whole = body_of(client, page)
    nothing_new = client.get(f"{page}?seen={execution.event_seq}", headers={"HX-Request": "true"})
    set_execution(execution, status="running")
    news = body_of(client, f"{page}?seen=1", **{"HX-Request": "true"})

    assert f'hx-get="{page}?seen=1"' in whole
    assert (nothing_new.status_code, nothing_new.content) == (204, b"")
    assert "<html" not in news
    assert f'hx-get="{page}?seen=2"' in news
    assert "The team is at work." in news
    assert 'hx-swap-oob="innerHTML:#announcement"' in news
    assert "hx-swap-oob" not in whole


def test_cancelling_is_written_down_and_can_be_asked_for_once(
    sign_in: Callable[[User], Client], operator: User, execution: Execution
) -> None:
    client = sign_in(operator)
    page, cancel = reverse("execution", args=[execution.pk]), reverse("execution-cancel", args=[execution.pk])

    response = client.post(cancel)

    execution.refresh_from_db()
    assert response["Location"] == page
    assert execution.cancel_requested_at is not None
    assert "Cancel was asked for" in body_of(client, page)


def test_cancelling_what_is_over_is_refused_with_a_page(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    set_execution(execution, status="completed")

    response = sign_in(owner).post(reverse("execution-cancel", args=[execution.pk]))

    assert response.status_code == 409
    assert "The execution has ended already." in response.content.decode()


def test_executions_come_newest_first_on_pages_that_link_to_each_other(
    sign_in: Callable[[User], Client], owner: User, team: Team
) -> None:
    for number in range(27):
        start(team, prompt=f"Prompt number {number:02}.")
    client = sign_in(owner)
    oldest = Execution.objects.get(initial_prompt="Prompt number 02.")

    first = body_of(client, f"/executions/?team={team.pk}")
    second = body_of(client, f"/executions/?team={team.pk}&before={oldest.pk}")

    assert first.index("number 26") < first.index("number 25")
    assert "number 01" not in first
    assert f"?team={team.pk}&amp;before={oldest.pk}" in first
    assert "number 01" in second
    assert client.get("/executions/?page=99999999999999999999").status_code == 200
    assert client.get("/executions/?page=x%00").status_code == 200


def test_times_are_those_of_the_persons_zone_and_numbers_those_of_their_language(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="America/Sao_Paulo", language="pt-br")
    bill(execution, set_step(execution, "agent-123"))
    Execution.objects.filter(pk=execution.pk).update(created_at=NOW)

    body = body_of(sign_in(owner), reverse("execution", args=[execution.pk]))

    assert '<time datetime="2026-11-22T09:00:00-03:00"' in body
    assert '<html lang="pt-br">' in body
    assert "10.500" in body
    assert "US$\xa00,0240" in body


def test_a_time_zone_that_does_not_exist_is_passed_over(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    User.objects.filter(pk=owner.pk).update(time_zone="../../etc/passwd")
    Execution.objects.filter(pk=execution.pk).update(created_at=NOW)

    assert "2026-11-22T12:00:00+00:00" in body_of(sign_in(owner), f"/executions/{execution.pk}/")


def test_a_language_chosen_on_the_page_comes_before_the_accounts(
    sign_in: Callable[[User], Client], owner: User
) -> None:
    User.objects.filter(pk=owner.pk).update(language="en")
    client = sign_in(owner)

    chosen = client.post("/i18n/setlang/", {"language": "pt-br", "next": "/teams/"})
    elsewhere = client.post("/i18n/setlang/", {"language": "pt-br", "next": "https://elsewhere.example/"})

    assert chosen["Location"] == "/teams/"
    assert not elsewhere["Location"].startswith("https")
    assert '<html lang="pt-br">' in body_of(client, "/teams/")


def test_signing_out_ends_the_session(sign_in: Callable[[User], Client], owner: User) -> None:
    client = sign_in(owner)

    response = client.post("/accounts/logout/")

    assert response["Location"] == "/accounts/login/"
    assert client.get("/teams/").status_code == 302
