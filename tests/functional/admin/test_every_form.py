"""Bad input in every field of every form of the admin: an error of the form, never a 500.

The forms are read from the pages and the pages come from the resolver: a new form is tried without a word.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote_plus, urlencode, urljoin

import pytest
from django.contrib import admin as django_admin
from django.db import transaction
from django.test import Client

from tests.fixtures.html_forms import Form, forms_of
from tests.functional.admin.conftest import Site
from tests.functional.admin.routes import addresses

pytestmark = pytest.mark.django_db
FORM_TYPE = "application/x-www-form-urlencoded"
DEEP = "[" * 20_000 + "]" * 20_000
# As a form sends them: already quoted, for no string holds the last two.
BAD_VALUES = {
    "NUL": "a%00b",
    "NUL in JSON": quote_plus('{"a": "\\u0000"}'),
    "not a number": "NaN",
    "infinite": "1e400",
    "minus infinite": "-Infinity",
    "many digits": "9" * 400,
    "deep JSON": quote_plus(DEEP),
    "very long": "x" * 100_000,
    "a list": quote_plus('[{"a": NaN}, "\\ud800"]'),
    "half a surrogate": "%ED%A0%80",
    "not UTF-8": "%ff%fe",
}
ANSWERS = {200, 302, 400, 403, 404, 405, 409, 413, 422}
WORST = ("NUL",)
PARTS = {"accounts and teams": ("/admin/teams/", "/admin/auth/"), "the rest": ("/admin/",)}
LATER_ROW = re.compile(r"-[1-9]\d*-")
LEFT_ALONE = ("csrfmiddlewaretoken", "initial-")


def pages_with_forms(admin: Client, site: Site) -> Iterator[tuple[str, Form]]:
    for address in addresses():
        # A form before this one may have changed the password, which ends the session.
        admin.force_login(site.superuser)
        answer = admin.get(address)
        if answer.status_code == 200 and "text/html" in answer["Content-Type"]:
            for form in forms_of(answer.content.decode()):
                if form.method == "post" and "/logout/" not in form.action and "setlang" not in form.action:
                    yield urljoin(address, form.action) if form.action else address, form


def spoilt(form: Form, names: Iterable[str], bad: str) -> str:
    kept = urlencode({key: value for key, value in form.fields.items() if key not in names}, doseq=True)
    pressed = urlencode(form.buttons[:1])
    return "&".join(
        part for part in (kept, pressed, *(f"{quote_plus(name)}={bad}" for name in names)) if part
    )


def all_at_once(form: Form, names: list[str]) -> Iterator[tuple[str, str]]:
    for bad, value in BAD_VALUES.items():
        yield f"everything {bad}", spoilt(form, names, value)


def one_by_one(form: Form, names: list[str]) -> Iterator[tuple[str, str]]:
    """Try each field alone: with the worst value, and with every one of them where there is time."""
    for name in names:
        # Rows of a list are alike: the first one speaks for all.
        if not LATER_ROW.search(name):
            for bad in BAD_VALUES if os.environ.get("RENUM_LONG_TESTS") else WORST:
                yield f"{name} {bad}", spoilt(form, [name], BAD_VALUES[bad])


@pytest.mark.parametrize("tries_of", [all_at_once, one_by_one])
@pytest.mark.parametrize("part", PARTS)
def test_no_field_of_any_form_makes_the_admin_fail(
    part: str, tries_of: Callable[[Form, list[str]], Iterator[tuple[str, str]]], site: Site, admin: Client
) -> None:
    admin.raise_request_exception = False
    tried = 0
    failures: list[str] = []
    for address, form in pages_with_forms(admin, site):
        if next(name for name, starts in PARTS.items() if address.startswith(starts)) != part:
            continue
        names = sorted({name for name in form.names if not name.startswith(LEFT_ALONE)})
        for what, body in tries_of(form, names):
            with transaction.atomic():
                answer = admin.post(address, body, content_type=FORM_TYPE)
                transaction.set_rollback(True)
            tried += 1
            if answer.status_code not in ANSWERS:
                failures.append(f"{answer.status_code} {address} {what}")
    assert failures == []
    assert tried > 50


def test_each_model_that_staff_can_write_has_been_tried(site: Site, admin: Client) -> None:
    """A form of a model without a row would be left out without a word."""
    forms = {address for address, _ in pages_with_forms(admin, site)}
    for model in django_admin.site._registry:
        label = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        writes = admin.get(f"{label}add/").status_code == 200
        assert not writes or any(form.startswith(f"{label}add/") for form in forms), label
        assert model._default_manager.exists() or not writes, label
