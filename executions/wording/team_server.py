"""What giving an agent the team's tools came to."""

from django.utils.translation import gettext as _


def given_words(name: str, changed: tuple[str, ...] = ()) -> str:
    """Return that the agent of that name has them, and what its Suna changed of it on that occasion."""
    words = _("%(name)s has the team's tools now.") % {"name": name}
    if changed:
        said = _(
            "But Suna changed its %(fields)s as it saved, and would not take that back: "
            "look at the agent there, and put it right."
        )
        words += " " + said % {"fields": ", ".join(changed)}
    return words
