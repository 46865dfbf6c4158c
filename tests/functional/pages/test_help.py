"""The help: open to everybody, in both languages, and complete."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from executions.models import Execution
from executions.wording import refusal_sentence
from executions.wording.executions import EXECUTION_CODES
from executions.wording.refusals import REFUSAL_CODES
from executions.wording.steps import STEP_CODES
from renum_site.help.codes import KNOWN_CODES, meanings_of
from renum_site.help.glossary import FOR_EVERYBODY, INSIDE
from teams.models import User
from teams.wording.conditions import OPERATORS_IN_WORDS
from tests.fixtures.site_rows import set_execution
from tests.repository.messages import ROOT

PAGES = ["help", "help-glossary", "help-workflow", "help-codes"]
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_whoever_comes_may_read_the_help_and_it_asks_nothing_of_the_database(
    name: str, language: str
) -> None:
    # Without the mark of a database test any query is an error.
    response = Client(headers={"Accept-Language": language}).get(reverse(name))

    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.content.decode()


def test_the_glossary_of_the_documents_has_the_same_words() -> None:
    rows = ROW.findall((ROOT / "docs" / "glossary.md").read_text())
    written = [row for row in rows if row[0] not in ("Word", "---")]

    with translation.override("en"):
        assert [(str(word), str(meaning)) for word, meaning in (*FOR_EVERYBODY, *INSIDE)] == written
    assert len(written) > 30


@pytest.mark.parametrize("code", sorted(KNOWN_CODES))
def test_each_code_has_a_page_that_says_what_it_means(code: str) -> None:
    body = Client().get(reverse("help-code", args=[code])).content.decode()

    for meaning in meanings_of(code):
        assert len(meaning.sentence) > 10
        assert "?" not in meaning.sentence, "a part that nobody filled in"
        assert "The reason is" not in meaning.sentence
    assert f"<code>{code}</code>" in body


def test_every_code_that_people_can_meet_is_known() -> None:
    assert STEP_CODES | EXECUTION_CODES | REFUSAL_CODES <= KNOWN_CODES
    assert [meaning.place for meaning in meanings_of("crashed")] == ["Beside a step", "Beside an execution"]
    assert meanings_of("not_found")[-1].sentence == refusal_sentence(code="not_found", message="")


@pytest.mark.django_db
def test_what_failed_and_what_was_refused_lead_to_the_page_of_their_code(
    execution: Execution, owner: User, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(owner)
    page = reverse("execution", args=[execution.pk])
    before = client.get(page).content.decode()

    set_execution(execution, status="failed", code="step_failed")
    failed = client.get(page).content.decode()
    refused = client.post(f"{page}pause/").content.decode()

    assert "/help/codes/" not in before
    assert 'href="/help/codes/step_failed/"' in failed
    assert 'href="/help/codes/already_over/"' in refused


def test_a_code_that_there_is_not_has_no_page() -> None:
    assert Client().get("/help/codes/no-such-thing/").status_code == 404


def test_the_workflow_help_knows_every_operator() -> None:
    body = Client().get(reverse("help-workflow")).content.decode()

    assert [name for name in OPERATORS_IN_WORDS if f"<code>{name}</code>" not in body] == []
