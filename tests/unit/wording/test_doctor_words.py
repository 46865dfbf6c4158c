"""What the doctor says, it says through the catalogue: no finding has a sentence in one language alone."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.utils import translation

from renum_site.doctor.finding import AREAS, STATE_WORDS, Finding, State
from tests.unit.wording.codes_in_source import ROOT

WORDS = re.compile(r"[^\W\d_]{2,}\S* [^\W\d_]")
FOLDER = ROOT / "renum_site" / "doctor"


def findings_in_source() -> Iterator[tuple[str, int, ast.Call]]:
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Finding", "_say"):
                yield path.name, node.lineno, node


def plain_sentences(node: ast.AST) -> Iterator[str]:
    """Yield the texts with a blank in them that are not looked up in the catalogue."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "ngettext"):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and WORDS.search(node.value):
        yield node.value
    for child in ast.iter_child_nodes(node):
        yield from plain_sentences(child)


def test_no_finding_is_written_in_one_language() -> None:
    calls = list(findings_in_source())
    assert len(calls) > 30
    assert [(name, line, said) for name, line, call in calls for said in plain_sentences(call)] == []


def test_the_look_for_plain_sentences_finds_one() -> None:
    spoiled = ast.parse('Finding(area="disk", seen="It is full.", fix=_("Make room."))')

    assert list(plain_sentences(spoiled)) == ["It is full."]


@pytest.mark.parametrize("area", [*AREAS])
def test_areas_and_states_have_words_in_both_languages(area: str) -> None:
    named = {
        keyword.value.value
        for _, _, call in findings_in_source()
        for keyword in call.keywords
        if keyword.arg == "area" and isinstance(keyword.value, ast.Constant)
    }
    assert named <= AREAS.keys()
    for state in State:
        said = Finding(area=area, check="any", state=state, seen="")
        english, named_so = said.state_words, said.area_words
        with translation.override("pt-br"):
            assert said.state_words != english
            # Some names are the same in both.
            assert said.area_words != named_so or area in ("redis", "suna")
    assert STATE_WORDS.keys() == set(State)
