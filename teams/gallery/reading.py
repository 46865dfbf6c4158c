"""Reading the documents of the gallery in a reader's language. Pure but for the files beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from teams.workflow.plan import Json

DEFAULT_LANGUAGE = "en"
TEMPLATE_KEYS = ("market-research", "software-delivery", "customer-service", "document-review")
"""The templates, in the order in which people see them."""
EXAMPLE_PROMPT_KEY = "x-example-prompt"
"""Where a workflow keeps the prompt that its run form offers; the language ignores such keys (§1)."""

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """Somebody whom a template needs; `key` stands in its definition in the place of an agent's id."""

    key: str
    name: str
    does: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamTemplate:
    """A template in one language. Its definition names roles where a team's names agents."""

    key: str
    name: str
    summary: str
    example_prompt: str
    minutes_from: int
    minutes_to: int
    roles: tuple[Role, ...]
    definition: Json


def list_templates(language: str) -> tuple[TeamTemplate, ...]:
    """Return all templates in that language, in English where there is none in it."""
    return tuple(_build(key, language) for key in TEMPLATE_KEYS)


def find_template(key: str, language: str) -> TeamTemplate | None:
    """Return the template of that key, None where there is none."""
    return _build(key, language) if key in TEMPLATE_KEYS else None


@cache
def _read(key: str) -> Json:
    return json.loads((_FOLDER / f"{key}.json").read_text(encoding="utf-8"))


def _build(key: str, language: str) -> TeamTemplate:
    document = _read(key)
    texts = document["texts"].get(language.lower()) or document["texts"][DEFAULT_LANGUAGE]
    low, high = texts["minutes"]
    return TeamTemplate(
        key=key,
        name=texts["name"],
        summary=texts["summary"],
        example_prompt=texts["prompt"],
        minutes_from=low,
        minutes_to=high,
        roles=_roles(document["definition"], texts["roles"]),
        definition=_definition(document["definition"], texts),
    )


def _roles(definition: Json, words: Mapping[str, Mapping[str, str]]) -> tuple[Role, ...]:
    steps: dict[str, list[str]] = {}
    for step in definition["agents"]:
        steps.setdefault(step["agent_id"], []).append(step["id"])
    return tuple(
        Role(key=key, name=words[key]["name"], does=words[key]["does"], steps=tuple(ids))
        for key, ids in steps.items()
    )


def _definition(definition: Json, texts: Json) -> Json:
    agents = [
        {
            **step,
            "role": texts["roles"][step["agent_id"]]["name"],
            "instructions": texts["instructions"][step["id"]],
        }
        for step in definition["agents"]
    ]
    return {**definition, EXAMPLE_PROMPT_KEY: texts["prompt"], "agents": agents}
