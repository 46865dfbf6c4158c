"""Brazilian Portuguese is complete: every text of the product, none doubtful, and compiled as written."""

import gettext
import re

import pytest

from tests.repository.messages import ROOT, entries_of, texts_in_code, texts_in_templates

PO = ROOT / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
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
