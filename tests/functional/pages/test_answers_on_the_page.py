"""Answers and questions of agents as pages show them: laid out, and never as HTML of theirs."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from executions.models import Execution
from executions.pages.answer_text import MAX_FORMATTED_CHARS, build_answer
from teams.models import User
from tests.fixtures.site_rows import HOSTILE, ask, set_execution, set_step

pytestmark = pytest.mark.django_db
FIRST, SECOND, LAST = "agent-123", "agent-456", "agent-789"


def page_of(client: Client, execution: Execution) -> str:
    return client.get(reverse("execution", args=[execution.pk])).content.decode()


def test_an_answer_is_laid_out_and_brings_no_html_of_its_own(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    text = f"# Bikes\n\nThey are **quick**. {HOSTILE}"
    set_step(execution, FIRST, status="completed", result_text=text)
    set_execution(execution, status="completed", result_text=text)

    body = page_of(sign_in(owner), execution)

    assert body.count("<strong>quick</strong>") == 2
    assert body.count("<h3>Bikes</h3>") == 2
    assert "<img src=x" not in body
    assert "alert(1)" in body
    assert "<script>alert" not in body


def test_an_answer_that_is_json_is_laid_out_line_by_line(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    set_step(execution, FIRST, status="completed", result_data={"city": "São Paulo", "bikes": [1, 2]})
    set_execution(execution, status="completed", result_text='{"a": {"b": "<b>1</b>"}}')

    body = page_of(sign_in(owner), execution)

    assert '<pre class="exact">{\n  &quot;city&quot;: &quot;São Paulo&quot;,\n  &quot;bikes&quot;: [' in body
    assert "&quot;b&quot;: &quot;&lt;b&gt;1&lt;/b&gt;&quot;" in body


@pytest.mark.parametrize(
    "text", ["{not json}", "[1, NaN]", "[1, 2", "[" * 5_000, '{"n": 1e999}', "[link](x)"]
)
def test_what_only_looks_like_json_stays_as_the_agent_wrote_it(text: str) -> None:
    answer = build_answer(text)

    assert answer is not None
    assert (answer.looks, answer.text) == ("markdown", text)


def test_of_very_long_answers_only_the_first_are_formatted(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    long = "**bold** " + "word " * (MAX_FORMATTED_CHARS // 5 - 20)
    for step_id in (FIRST, SECOND):
        set_step(execution, step_id, status="completed", result_text=long)
    set_step(execution, LAST, status="completed", result_text="**short**")

    body = page_of(sign_in(owner), execution)

    assert body.count("<strong>bold</strong>") == 1
    assert "**bold** word" in body
    assert "<strong>short</strong>" in body


@pytest.mark.parametrize("page", ["execution", "inbox"])
def test_a_question_is_laid_out_wherever_it_is_asked(
    sign_in: Callable[[User], Client], owner: User, execution: Execution, page: str
) -> None:
    ask(execution, text=f"Which of these?\n\n- Lisbon\n- *Porto*\n\n{HOSTILE}")
    address = reverse("execution", args=[execution.pk]) if page == "execution" else reverse("inbox")

    body = sign_in(owner).get(address).content.decode()

    assert "<em>Porto</em>" in body
    assert "css/markdown.css" in body
    assert "<img src=x" not in body
    assert "<script>alert" not in body
