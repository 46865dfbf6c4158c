"""Who did something, as events and changes of the context note it, in words: "user:<id>" becomes a name."""

import uuid
from collections.abc import Iterable, Mapping

from django.utils.translation import gettext as _

from executions.wording import NO_NAMES
from teams.models import User


def who_did(actors: Iterable[str], *, titles: Mapping[str, str] = NO_NAMES) -> Mapping[str, str]:
    """Return the words for each actor, in one query; `titles` are words for step ids."""
    distinct = set(actors)
    ids = [found for actor in distinct if (found := _user_id(actor)) is not None]
    known = User.objects.filter(pk__in=ids).values_list("pk", "username") if ids else ()
    people = {f"user:{pk}": name for pk, name in known}
    return {actor: people.get(actor) or _words(actor, titles) for actor in distinct}


def _user_id(actor: str) -> uuid.UUID | None:
    kind, _colon, key = actor.partition(":")
    try:
        return uuid.UUID(key) if kind == "user" else None
    except ValueError:
        return None


def _words(actor: str, titles: Mapping[str, str]) -> str:
    kind, _colon, name = actor.partition(":")
    match kind:
        case "driver" | "system":
            return "Renum"
        case "step":
            return titles.get(name, name)
        case "operator":
            return _("the site's staff (%(name)s)") % {"name": name}
        case "user":
            return _("somebody who is not here any more")
        case _:
            return actor
