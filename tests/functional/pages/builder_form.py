"""The builder's form as a browser without scripts would send it."""

import html
import re
from typing import Any

from django.http import HttpResponse
from django.test import Client

from tests.fixtures.html_forms import forms_of


def fields_of(response: Any) -> dict[str, list[str]]:
    forms = forms_of(response.content.decode())
    return next(form.fields for form in forms if "builder" in form.classes)


def send(client: Client, response: Any, op: str, **others: str | list[str]) -> Any:
    """Send the form of a page as a browser would, with some fields changed; `s0__role` is `s0-role`."""
    changed = {name.replace("__", "-"): value for name, value in others.items()}
    return client.post(response.request["PATH_INFO"], {**fields_of(response), **changed, "op": op})


def text_of(response: HttpResponse) -> str:
    return text_of_page(response.content.decode())


def text_of_page(content: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", content))
