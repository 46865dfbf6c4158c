"""The list of executions: what its filters let through, and that its pages keep them."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.test import Client

from executions.models import Execution
from teams.models import Team, User
from tests.fixtures.site_rows import NOW, bill, make_team, set_execution, set_step, start

pytestmark = pytest.mark.django_db


def shown(client: Client, query: str) -> list[str]:
    """Return the first words of the prompts that the list shows for a query."""
    body = client.get(f"/executions/?{query}").content.decode()
    return [word for word in ("Apples", "Pears", "Plums") if f">{word} of this year" in body]


@pytest.fixture
def client(sign_in: Callable[[User], Client], owner: User, operator: User, team: Team) -> Client:
    """Give the owner's browser; three executions are there, of two teams and two people."""
    apples = start(team, prompt="Apples of this year")
    pears = start(team, prompt="Pears of this year")
    start(make_team(owner, name="Cooks", connection=team.connection), prompt="Plums of this year")
    set_execution(apples, status="completed", result_text="Done.")
    Execution.objects.filter(pk=apples.pk).update(created_at=NOW, started_at=NOW)
    Execution.objects.filter(pk=pears.pk).update(started_by=operator)
    return sign_in(owner)


def test_each_filter_lets_through_what_it_says(
    client: Client, owner: User, operator: User, team: Team
) -> None:
    apples = Execution.objects.get(initial_prompt__startswith="Apples")
    day = NOW.date().isoformat()

    assert shown(client, "") == ["Apples", "Pears", "Plums"]
    assert shown(client, "status=completed") == ["Apples"]
    assert shown(client, "status=under_way") == ["Pears", "Plums"]
    assert shown(client, f"team={team.pk}") == ["Apples", "Pears"]
    assert shown(client, f"started_by={operator.pk}") == ["Pears"]
    assert shown(client, f"until={day}&since={day}") == ["Apples"]
    assert shown(client, "q=pEARs") == ["Pears"]
    assert shown(client, "q=cook") == ["Plums"]
    assert shown(client, f"q={apples.pk}") == ["Apples"]
    assert shown(client, f"q=of&status=completed&team={team.pk}&started_by={owner.pk}") == ["Apples"]
    assert shown(client, "q=100%25") == []


def test_labels_are_put_on_by_a_form_shown_as_chips_and_filtered_by(client: Client, team: Team) -> None:
    begun = client.post(
        f"/teams/{team.pk}/run/",
        {"from": "form", "prompt": "Figs of this year", "labels": "Q4 & co, , draft"},
    )
    address = begun.headers["Location"]
    figs = Execution.objects.get(initial_prompt__startswith="Figs")
    page = client.get(address).content.decode()

    assert figs.labels == ["Q4 & co", "draft"]
    assert "/executions/?label=Q4%20%26%20co" in page
    assert "Figs" in client.get("/executions/?label=Q4%20%26%20co").content.decode()
    assert shown(client, "label=draft") == []
    assert "Figs" not in client.get("/executions/?label=Draft").content.decode()
    assert client.get("/executions/?label=%ED%A0%80").status_code in (200, 404)

    seen = page.split('name="seen" value="')[1].split('"')[0]
    changed = client.post(f"{address}labels/", {"seen": seen, "labels": "final"})
    late = client.post(f"{address}labels/", {"seen": seen, "labels": "mine"})
    long = client.post(f"{address}labels/", {"labels": "x" * 41})
    figs.refresh_from_db()

    assert (changed.status_code, late.status_code, long.status_code) == (302, 412, 400)
    said = long.content.decode()
    assert '<small id="labels-error" class="wrong">A label has at most 40 characters.</small>' in said
    assert f'value="{"x" * 41}"' in said
    assert f'hx-get="{address}?seen=' in said
    # The page has its form's address, where there is nothing to see: another language leads to its own.
    assert f'name="next" value="{address}"' in said
    assert figs.labels == ["final"]


def test_a_refused_run_keeps_the_labels_that_were_typed(client: Client, team: Team) -> None:
    said = {"from": "form", "prompt": "Figs", "labels": "draft, " + "x" * 41}
    refused = client.post(f"/teams/{team.pk}/run/", said)

    assert refused.status_code == 400
    assert f'value="{said["labels"]}"' in refused.content.decode()
    assert '<small id="labels-error" class="wrong">A label has at most 40 characters.</small>' in (
        refused.content.decode()
    )
    assert 'id="problem"' not in refused.content.decode()


def test_a_filter_that_finds_nothing_says_so_and_leads_back(client: Client) -> None:
    body = client.get("/executions/?q=cherries").content.decode()

    assert "Nothing fits." in body
    assert 'value="cherries"' in body


def test_the_links_between_pages_keep_the_filters(client: Client, team: Team) -> None:
    for _ in range(30):
        start(team, prompt="Apples of this year & more")

    body = client.get("/executions/?q=year+%26&status=queued").content.decode()
    link = body.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(f"/executions/{link}").content.decode()

    assert "status=queued" in link
    assert "q=year+%26" in link
    assert second.count(">Apples of this year") == 5
    assert "Newest" in second


def test_a_row_says_how_far_it_is_and_how_long_it_took(client: Client) -> None:
    apples = Execution.objects.get(initial_prompt__startswith="Apples")
    bill(apples, set_step(apples, "agent-123", status="completed", result_text="x"))

    body = client.get("/executions/?status=completed").content.decode()

    assert ">1/3</td>" in body


@pytest.mark.parametrize(
    "query",
    ["status=done", "started_by=me", "since=0001-01-01", "since=tomorrow", "until=9999-12-31", "before=1"],
)
def test_a_filter_that_cannot_be_is_not_found(client: Client, query: str) -> None:
    assert client.get(f"/executions/?{query}").status_code == 404


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "q=" + quote("'\"<script>"), "q=" + "x" * 3000, "team="])
def test_odd_words_are_searched_for_like_others(client: Client, query: str) -> None:
    response = client.get(f"/executions/?{query}")

    assert response.status_code == 200
    assert "<script>'" not in response.content.decode()


def test_words_are_found_by_how_they_begin_and_follow_a_prompt_that_changes(client: Client) -> None:
    apples = Execution.objects.get(initial_prompt__startswith="Apples")
    apples.initial_prompt = "Apples of this year at example.org/press-release, \"C++\" and 'more'"
    apples.save(update_fields=["initial_prompt"])

    for words in ("app yea", "year apples", "release", "example.org/press", "c++", "more"):
        assert shown(client, f"q={quote(words)}") == ["Apples"], words
    for words in ("pples", "apples pears", "&", "' | !"):
        assert shown(client, f"q={quote(words)}") == [], words
