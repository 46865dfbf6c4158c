"""The search of the lists of executions: words of prompts, names of teams, ids."""

import pytest

from executions.models import Execution
from teams.models import Team
from tests.functional.api.conftest import assert_problem


@pytest.fixture
def found(api, team):
    apples, pears = (
        api.post(f"/api/v1/teams/{team.pk}/executions", {"prompt": prompt}).json()["id"]
        for prompt in ("Apples of this year", "Pears of the year before")
    )
    names = {apples: "apples", pears: "pears"}

    def ask(words: str, address: str = "/api/v1/executions", **query: str) -> list[str]:
        answer = api.get(address, {"search": words, **query})
        assert answer.status_code == 200, answer.content
        return sorted(names[row["id"]] for row in answer.json()["results"])

    ask.apples = apples
    return ask


def test_words_are_found_by_how_they_begin_a_team_by_its_name_and_one_by_its_id(found, team) -> None:
    Team.objects.filter(pk=team.pk).update(name="Fruit market")

    assert found("app YEA") == ["apples"]
    assert found("year") == ["apples", "pears"]
    assert found("ruit mar") == ["apples", "pears"]
    assert found(found.apples) == ["apples"]
    assert found("pples") == found("apples pears") == found("' | !") == found("&") == []
    assert found("year", f"/api/v1/teams/{team.pk}/executions", status="queued") == ["apples", "pears"]
    assert found("year", status="completed") == []


def test_a_stranger_finds_neither_prompt_nor_team_nor_id(found, team, as_person, outsider) -> None:
    assert Execution.objects.count() == 2
    for words in ("apples", team.name, found.apples):
        assert as_person(outsider).get("/api/v1/executions", {"search": words}).json()["results"] == []


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "invalid_value"),
        (" ", "invalid_value"),
        ("x" * 101, "invalid_value"),
        ("a\x00b", "nul_character"),
    ],
)
def test_what_cannot_be_searched_for_is_refused(api, words: str, code: str) -> None:
    answer = api.get("/api/v1/executions", {"search": words})

    problem = assert_problem(answer, 400, "invalid_parameter")
    assert [error["code"] for error in problem["errors"]] == [code]
