"""What a role in a team allows, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

ROLE_WORDS: Mapping[str, Any] = {
    "viewer": _("may look"),
    "operator": _("may look and run"),
    "editor": _("may look, run and edit"),
    "owner": _("owner: may do everything, and answers for it"),
}


def role_words(role: str | None) -> str:
    """Return what the role allows; "" for a stranger."""
    return str(ROLE_WORDS[role]) if role else ""
