"""Guessing which agent of a catalogue fits a role, by the words of its name and its description."""

import re
import unicodedata
from collections.abc import Sequence

from teams.gallery.reading import Role
from teams.models import Agent

STEM_CHARS = 5
"""Words that begin alike in so many letters count as the same: researcher and research."""
_IN_NAME, _IN_DESCRIPTION = 3, 1


def guess_agent(role: Role, agents: Sequence[Agent]) -> Agent | None:
    """Return the agent that shares most words with the role; None where none shares any."""
    wanted = _stems(f"{role.key} {role.name}")
    best, most = None, 0
    for agent in agents:
        score = _IN_NAME * len(wanted & _stems(f"{agent.name} {agent.agent_id}"))
        score += _IN_DESCRIPTION * len(wanted & _stems(agent.description))
        if score > most:
            best, most = agent, score
    return best


def _stems(text: str) -> set[str]:
    folded = unicodedata.normalize("NFKD", text).casefold()
    letters = "".join(char for char in folded if not unicodedata.combining(char))
    return {word[:STEM_CHARS] for word in re.findall(r"[a-z]{3,}", letters)}
