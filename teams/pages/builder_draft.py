"""The document that somebody is working on, as their browser brings it; only saving stores it."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from teams.builder import BLANK, Sent, apply_form, can_be_a_form, change
from teams.pages.agent_choices import AgentChoices, with_agents_found
from teams.workflow.json_text import JsonTextError, parse_json_text
from teams.workflow.plan import Json
from teams.workflow.problems import Problem

FORM, JSON = "form", "json"
MAX_BYTES, MAX_LEVELS = 1_500_000, 40
"""Of what the form carries along: more than may be saved, so that what is refused then is not lost."""
MAX_UNDO, MAX_UNDO_CHARS = 10, 200_000


@dataclass(slots=True, kw_only=True)
class Draft:
    """What is worked on. `text` is the JSON view's; `document` is None where Renum takes it for no JSON.

    `base` is what it was when the page was sent. `before` are earlier documents, the last one last; `refused`
    is what is wrong with the text as such. `moved` says which way the step at `look_at` was moved, "up" or
    "down".
    """

    view: str = FORM
    base: Json = None
    document: Json = None
    text: str = ""
    before: list[Json] = field(default_factory=list)
    refused: Problem | None = None
    refused_line: int | None = None
    look_at: int | None = None
    moved: str = ""

    @property
    def carried(self) -> Json:
        """Return what the page carries along: of a text that is refused, what there was before it."""
        return self.document if self.refused is None else self.base

    @property
    def shown(self) -> dict[str, Any] | None:
        """Return the document where a form can show it."""
        return self.document if isinstance(self.document, dict) and can_be_a_form(self.document) else None


def stored_draft(document: Json, *, text: str, view: str) -> Draft:
    """Return what is worked on at first."""
    draft = Draft(document=document, text=text, view=JSON if view == JSON else FORM)
    if draft.shown is None:
        draft.view = JSON
    return draft


def read_draft(sent: QueryDict, *, otherwise: Json, agents: AgentChoices) -> Draft:
    """Return what a browser sent, with what was asked of it done: steps moved, undone, the other view.

    `agents` say which agent a name in a form means.
    """
    verb = sent.get("op", "")
    base = _read(sent.get("base", ""))
    base = otherwise if base is None else base
    draft = Draft(base=base, document=base, before=_read_before(sent.get("undo", "")))
    if sent.get("view") == JSON:
        _take_text(draft, sent.get("source", "").replace("\r\n", "\n"))
    elif draft.shown is not None:
        fields = with_agents_found(dict(sent.lists()), base=draft.shown, agents=agents)
        _take_fields(draft, draft.shown, fields, verb)
    if verb == "undo" and draft.before and draft.refused is None:
        _set(draft, draft.before.pop(), remember=False)
    _choose_view(draft, verb)
    draft.before = _bounded(draft.before)
    return draft


def as_text(document: Json) -> str:
    """Return a document as the JSON view shows it."""
    return json.dumps(document, indent=2, ensure_ascii=False)


def packed(value: Json) -> str:
    """Return a value for a hidden field, which keeps every character of it."""
    return json.dumps(value, separators=(",", ":"))


def _take_fields(draft: Draft, base: dict[str, Any], sent: Sent, verb: str) -> None:
    document = apply_form(base, sent)
    _set(draft, document, remember=True)
    changed, draft.look_at = change(document, verb)
    draft.moved = verb.partition(":")[0] if verb.startswith(("up:", "down:")) else ""
    _set(draft, changed, remember=True)


def _take_text(draft: Draft, text: str) -> None:
    draft.view, draft.text = JSON, text
    try:
        document = parse_json_text(text)
    except JsonTextError as error:
        draft.document = None
        draft.refused = Problem(pointer="", code=error.code, message=error.message, params={})
        draft.refused_line = None if error.position is None else text.count("\n", 0, error.position) + 1
        return
    _set(draft, document, remember=True)


def _choose_view(draft: Draft, verb: str) -> None:
    if verb == JSON or (draft.view == FORM and draft.shown is None):
        draft.view, draft.text = JSON, as_text(draft.document)
    elif draft.view == JSON and verb == FORM and draft.shown is not None:
        draft.view = FORM


def _set(draft: Draft, document: Json, *, remember: bool) -> None:
    if packed(document) == packed(draft.document):
        return
    if remember:
        draft.before.append(draft.document)
    elif draft.view == JSON:
        draft.text = as_text(document)
    draft.document = document


def _read(text: str) -> Json:
    try:
        return parse_json_text(text, max_bytes=MAX_BYTES, max_depth=MAX_LEVELS)
    except JsonTextError:
        return None


def _read_before(text: str) -> list[Json]:
    listed = _read(text)
    return listed if isinstance(listed, list) else []


def _bounded(before: list[Json]) -> list[Json]:
    kept = before[-MAX_UNDO:]
    while kept and len(packed(kept)) > MAX_UNDO_CHARS:
        kept = kept[1:]
    return kept


def blank() -> dict[str, Any]:
    """Return what a new team begins with."""
    return dict(BLANK)
