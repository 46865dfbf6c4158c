"""Changing how a person reads Renum, its language and time zone, and what they are called."""

import zoneinfo

from django.conf import settings

from teams.actions.refusal import input_problem
from teams.models import User

MAX_NAME_CHARS = 150


def edit_preferences(
    *,
    user: User,
    language: str | None = None,
    time_zone: str | None = None,
    first_name: str | None = None,
    last_name: str | None = None,
) -> User:
    """Change what is given; an empty text leaves it to the browser and the site. Raises InvalidInput."""
    columns: list[str] = []
    if language is not None:
        known = [code for code, _ in settings.LANGUAGES]
        if language and language not in known:
            raise input_problem("/language", "invalid_value", f"A language is one of {', '.join(known)}.")
        user.language = language
        columns.append("language")
    if time_zone is not None:
        if time_zone and time_zone not in zoneinfo.available_timezones():
            message = "A time zone is a name of the IANA database, for example America/Sao_Paulo."
            raise input_problem("/time_zone", "invalid_value", message)
        user.time_zone = time_zone
        columns.append("time_zone")
    for column, name in (("first_name", first_name), ("last_name", last_name)):
        if name is None:
            continue
        if len(name) > MAX_NAME_CHARS or not name.isprintable():
            message = "A name has at most 150 characters, none of them a control or direction character."
            raise input_problem(f"/{column}", "invalid_value", message)
        setattr(user, column, name)
        columns.append(column)
    if columns:
        user.save(update_fields=columns)
    return user
