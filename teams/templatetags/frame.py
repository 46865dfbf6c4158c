"""What the frame round every page shows of where the reader is."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_PAGE = mark_safe(' aria-current="page"')
_SECTION = mark_safe(' aria-current="true"')


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], name: str) -> str | SafeString:
    """Return the attribute of a link to the address `name`: it is this page, or this page stands below it."""
    request = context.get("request")
    address = reverse(name)
    if request is None or not request.path.startswith(address):
        return ""
    return _PAGE if request.path == address else _SECTION
