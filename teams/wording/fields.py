"""What a condition looks at, in words: a step is named as its reader knows it, not by a path."""

from collections.abc import Mapping

from django.utils.translation import gettext as _


def field_words(field: str, names: Mapping[str, str]) -> str:
    """Return a path such as `agent_a1_result.category` as "category of classifier".

    `names` gives the words for step ids. A path that names no step of them stands as it was written.
    """
    # The longest id first: ids may hold dots, and one may begin with another.
    for step_id in sorted(names, key=len, reverse=True):
        for root in (f"agent_{step_id}_result", f"steps.{step_id}.data", f"steps.{step_id}"):
            if field == root:
                return _("the result of %(step)s") % {"step": names[step_id]}
            if field.startswith(f"{root}."):
                key = field.removeprefix(f"{root}.")
                return _("%(key)s of %(step)s") % {"key": key, "step": names[step_id]}
    return field
