"""The scripted agents: which part they take, in which language, and what the classifier decides."""

import json
import re

import pytest

from executions.suna.simulator.agents.directives import pick_directive, without_directives
from executions.suna.simulator.agents.language import find_language
from executions.suna.simulator.agents.roles import find_role
from executions.suna.simulator.agents.script import answer_for
from executions.suna.simulator.agents.topics import find_topics


def said(prompt: str) -> str:
    return answer_for(prompt, find_role(prompt))


def decided(prompt: str) -> dict[str, object]:
    fenced = re.search(r"```json\n(.*?)\n```", said(prompt), re.DOTALL)
    assert fenced is not None
    verdict: dict[str, object] = json.loads(fenced[1])
    return verdict


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("researcher", "researcher"),
        ("Market Research Lead", "researcher"),
        ("pesquisadora", "researcher"),
        ("analyst", "analyst"),
        ("Analista de dados", "analyst"),
        ("writer", "writer"),
        ("redator", "writer"),
        ("classifier", "classifier"),
        ("triagem", "classifier"),
        ("technical_support", "technical_support"),
        ("suporte técnico", "technical_support"),
        ("billing-support", "billing_support"),
        ("cobrança", "billing_support"),
        ("reviewer", "reviewer"),
        ("tradutor", "translator"),
        ("planner", "planner"),
        ("summarizer", "summarizer"),
        ("editor", "editor"),
        ("critic", "critic"),
        ("juggler", "assistant"),
    ],
)
def test_part_is_taken_from_the_role_line_when_there_is_one(role: str, part: str) -> None:
    found = find_role(f"Do it well.\nYour role: {role}\n\nSome input.")

    assert found is not None
    assert (found.part, found.name) == (part, role)


def test_agent_is_a_general_assistant_when_no_line_names_a_role() -> None:
    assert find_role("The word role: is here, but no line of its own.") is None
    assert said("Tell me about tides.").endswith("[simulated by assistant]")


@pytest.mark.parametrize(
    ("message", "category"),
    [
        ("The app crashes with an error when I log in after the update.", "technical"),
        ("O aplicativo trava e aparece um erro quando tento acessar.", "technical"),
        ("I was charged twice, please refund the second payment on my card.", "billing"),
        ("Minha fatura foi cobrada em dobro e quero o reembolso no cartão.", "billing"),
        ("Could I get a quote and a demo of the enterprise licence?", "sales"),
        ("Gostaria de um orçamento e de uma proposta com desconto.", "sales"),
        ("Which day is it today?", "other"),
        ("Que dia é hoje?", "other"),
    ],
)
def test_classifier_decides_by_the_words_of_the_message(message: str, category: str) -> None:
    verdict = decided(f"Your role: classifier\n\n{message}")

    assert verdict["category"] == category
    assert set(verdict) == {"category", "confidence", "reason"}
    assert isinstance(verdict["confidence"], float)
    assert 0.5 <= verdict["confidence"] <= 0.98


def test_classifier_is_not_swayed_when_the_instructions_name_all_categories() -> None:
    instructions = "Classify the request as technical, billing or sales."
    message = "I was charged twice on my invoice."

    assert decided(f"{instructions}\nYour role: classifier\n\n{message}")["category"] == "billing"


@pytest.mark.parametrize(
    ("prompt", "language"),
    [
        ("Write about the tides of the moon.", "en"),
        ("Escreva sobre as marés e a lua para o meu blog.", "pt"),
        ("Preciso de ajuda com a minha conta", "pt"),
        ("42", "en"),
    ],
)
def test_language_is_the_one_of_the_prompt(prompt: str, language: str) -> None:
    assert find_language(prompt) == language


def test_answer_speaks_of_the_prompts_words_and_numbers_and_carries_its_mark() -> None:
    answer = said("Your role: researcher\n\nCompare solar panels and batteries for 120 homes at $9,500 each.")

    assert "solar" in answer.lower()
    assert "batteries" in answer.lower()
    assert "120" in answer
    assert "$9,500" in answer
    assert answer.endswith("[simulated by researcher]")


def test_same_prompt_gives_the_same_answer() -> None:
    prompt = "Your role: writer\n\nA note on bees."

    assert said(prompt) == said(prompt)


def test_next_agents_topics_are_the_requests_words_and_not_the_first_agents_phrases() -> None:
    first = said("Your role: researcher\n\nCompare solar panels and batteries for homes.")

    words = find_topics(f"Your role: analyst\n\n### Result of researcher\n{first}").words

    assert {word.lower() for word in words} & {"solar", "panels", "batteries", "homes", "compare"}
    assert not {word.lower() for word in words} & {"sources", "firmly", "delay", "simulated"}


def test_directives_are_no_part_of_what_the_agent_reads() -> None:
    assert without_directives('Before @@sim{"text": "a } b", "takes": 1} after') == "Before  after"


def test_directive_for_another_role_is_passed_over() -> None:
    prompt = 'Your role: analyst\n@@sim{"role": "writer", "fail": "no"}\n@@sim{"text": "mine"}'

    directive = pick_directive([prompt], counts={})

    assert directive is not None
    assert directive.text == "mine"


def test_directive_that_cannot_be_read_fails_the_run_and_says_why() -> None:
    for bad in ('@@sim{"txet": "a"}', "@@sim{", "@@sim[1]"):
        directive = pick_directive([bad], counts={})
        assert directive is not None
        assert "bad directive" in (directive.fail or "")


def test_attempts_are_counted_by_their_key_and_the_last_one_holds_for_later_runs() -> None:
    prompt = '@@sim{"key": "k", "attempts": [{"fail": "first"}, {"text": "second"}]}'
    counts: dict[str, int] = {}

    taken = [pick_directive([prompt], counts=counts) for _ in range(3)]

    assert [found.fail if found else None for found in taken] == ["first", None, None]
    assert [found.text if found else None for found in taken] == [None, "second", "second"]


def test_second_agent_answers_in_the_requests_language_about_the_request_itself() -> None:
    first = said("Your role: classifier\n\nNão consigo acessar o aplicativo: aparece o erro 502 no login.")

    block = f"<<<<BLOCK 1: Result of classifier | 0a1b>>>>\n{first}\n<<<<END BLOCK 1 | 0a1b>>>>"
    second = said(f"Your role: technical_support\n\n{block}")

    assert second.startswith("Obrigado pelo relato: Não consigo acessar o aplicativo")
    assert "502" in second
    assert "BLOCK" not in second
    assert "0a1b" not in second
