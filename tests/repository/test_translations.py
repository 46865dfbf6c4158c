"""Brazilian Portuguese is complete: every text of the product, none doubtful, and compiled as written."""

import gettext
import re
from pathlib import Path

import pytest

from tests.repository.messages import ROOT, entries_of, texts_in_code, texts_in_templates
from tests.repository.unmarked import unmarked_texts

PO = ROOT / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
ALIKE = Path(__file__).with_name("same_in_portuguese.txt")
UNMARKED = {"Renum", "Renum · Renum", "API", "CSV", "ms", "· Suna", "· Suna ·", "https://suna.example.org"}
"""Names, units and marks: the same in every language."""
ENGLISH_ONLY = {"templates/api/docs.html"}
"""Pages for programmers, whose words are those of the API."""
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def test_every_text_of_the_product_is_in_the_catalogue() -> None:
    known = {text for text, _, _ in entries_of(PO)}
    used = [*texts_in_code(), *texts_in_templates()]

    assert len(used) > 300
    assert {place for place, _ in used} >= {"templates/base.html", "executions/wording/steps.py"}
    assert [(place, text) for place, text in used if text not in known] == []


def test_no_text_is_untranslated_or_doubtful() -> None:
    entries = list(entries_of(PO))

    assert len(entries) > 300
    assert [text for text, translations, _ in entries if not translations or not all(translations)] == []
    assert [text for text, _, fuzzy in entries if fuzzy] == []


def test_a_translation_that_is_its_own_source_is_one_that_somebody_listed() -> None:
    alike = sorted(text for text, translations, _ in entries_of(PO) if text in translations)

    assert alike == ALIKE.read_text().splitlines()


def test_every_text_of_a_template_is_marked_for_translation() -> None:
    unmarked = [
        f"{place}:{line}: {text}"
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if (place := str(path.relative_to(ROOT))) not in ENGLISH_ONLY
        for line, text in unmarked_texts(path.read_text())
        if text not in UNMARKED
    ]

    assert unmarked == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Hello {{ name }}</p>", ["Hello"]),
        ('<p>{% translate "Hello" %} {{ name }} · 3</p>', []),
        ("{% blocktranslate %}Hello{% endblocktranslate %}<br>there", ["there"]),
        ('<img alt="A cat"><input placeholder="{% translate "Name" %}">', ["A cat"]),
        ('<code>agent_id</code>{# a note #}<button lang="pt-BR">Português</button>', []),
    ],
)
def test_text_that_is_not_marked_is_found(template: str, found: list[str]) -> None:
    assert [text for _, text in unmarked_texts(template)] == found


def test_no_text_stands_in_the_catalogue_that_nobody_uses() -> None:
    used = {text for _, text in [*texts_in_code(), *texts_in_templates()]}

    assert [text for text, _, _ in entries_of(PO) if text not in used] == []


def test_every_translation_keeps_the_parts_that_are_filled_in() -> None:
    for text, translations, _ in entries_of(PO):
        wanted = set(PLACEHOLDER.findall(text))
        for translation in translations:
            assert set(PLACEHOLDER.findall(translation)) == wanted, text


def test_the_compiled_catalogue_is_the_one_that_is_written() -> None:
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    for text, translations, _ in entries_of(PO):
        assert {compiled.gettext(text), compiled.ngettext(text, text, 2)} & {*translations}, (
            f"{text}: run manage.py compilemessages"
        )


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_every_language_of_the_settings_has_its_button(language: str) -> None:
    from django.conf import settings

    assert language in dict(settings.LANGUAGES)
    assert f'value="{language}"' in (ROOT / "templates" / "base.html").read_text()
    assert len(settings.LANGUAGES) == 2
