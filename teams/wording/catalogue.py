"""What is said of agents that are not what they were, and of keys that nobody reads."""

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from teams.wording.lists import in_words


def missing_words(name: str) -> str:
    """Return that an agent is missing."""
    return _(
        "Suna does not list the agent “%(name)s” any more. The team can be run all the same: Suna decides "
        "whether it starts the agent."
    ) % {"name": name}


def changed_words(name: str, *, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return what of an agent changed since the workflow was saved; of a description only that it did."""
    said = {"name": name, "old_name": before.get("name", ""), "new_name": now.get("name", "")}
    parts = []
    if "name" in before:
        parts.append(_("its name was “%(old_name)s”") % said)
    if "model_name" in before:
        models = {"old": before["model_name"] or _("none"), "new": now.get("model_name") or _("none")}
        parts.append(_("its model was %(old)s and is %(new)s") % models)
    if "description" in before:
        parts.append(_("its description is another"))
    what = in_words(parts)
    return _("The agent “%(name)s” changed in Suna since this workflow was saved: %(what)s.") % {
        "name": name,
        "what": what,
    }


def what_to_do(code: str) -> str:
    """Return what to do about an agent that is missing or changed; "" for any other code."""
    if code == "agent_missing":
        return _("Choose another agent, or have the connection list its agents again.")
    if code == "agent_changed":
        return _("Look whether the step still fits; saving the workflow again says that it does.")
    return ""


def keys_ignored_words(services: Sequence[str]) -> str:
    """Return that keys of these services are not used on a connection."""
    return _(
        "Steps ask for people's own keys (%(services)s), but on this connection none are used: the account "
        "behind it pays for the models."
    ) % {"services": ", ".join(services)}
