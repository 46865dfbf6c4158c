"""The page of the shared context: at a version, how it came to be, and what differs between two versions."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from executions.context.brief import MAX_KEYS, brief_changes, brief_context
from executions.context.history import find_entry
from executions.models import Execution
from executions.pages.show_events import find_to_explain
from executions.pages.text_diff import TextDiff, diff_texts
from executions.pages.who import who_did
from executions.wording import status_words
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording import step_titles
from teams.workflow.plan import plan_from_json

CHANGES_AT_ONCE = 25
SHOWN_CHARS = 1_500
COMPARED_CHARS = 50_000
WHOLE_CHARS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDiff:
    """One key that differs between two versions."""

    key: str
    diff: TextDiff


@require_safe
@signed_in
def show_context(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Show the context at `version`, the newest without it; with `against` also what changed since then.

    With `key` it shows that one value whole.
    """
    execution = find_to_explain(request, execution_id)
    newest = execution.context_version
    version = _version(request, "version", newest)
    version = newest if version is None else version
    key = request.GET.get("key", "").replace("\0", "")[:200]
    against = _version(request, "against", newest)
    context = {
        "execution": execution,
        "status_words": status_words(execution.status),
        "version": version,
        "newest": newest,
        "against": against,
        "key": key,
        "earlier": version - 1 if version > 0 else None,
        "later": version + 1 if version < newest else None,
    }
    if key:
        context["whole"] = _whole(execution, key, version)
    else:
        context |= _standing(execution, version)
        if against is not None:
            first, last = sorted((against, version))
            context["differences"] = _differences(execution, first, last)
            context |= {"first": first, "last": last}
    return render(request, "executions/context.html", context)


def _standing(execution: Execution, version: int) -> dict[str, object]:
    titles = step_titles(plan_from_json(execution.plan).steps)
    entries = brief_context(execution.pk, version=version, max_chars=SHOWN_CHARS)
    changes = brief_changes(
        execution.pk, until=version, limit=CHANGES_AT_ONCE + 1, max_chars=SHOWN_CHARS // 5
    )
    authors = [*(entry.author for entry in entries), *(change.author for change in changes)]
    who = who_did(authors, titles=titles)
    return {
        "entries": [(entry, who[entry.author]) for entry in entries],
        "is_cut": len(entries) == MAX_KEYS,
        "changes": [(change, who[change.author]) for change in changes[:CHANGES_AT_ONCE]],
        "older": changes[CHANGES_AT_ONCE].version if len(changes) > CHANGES_AT_ONCE else None,
    }


def _differences(execution: Execution, first: int, last: int) -> Sequence[KeyDiff]:
    old, new = (
        {entry.key: entry for entry in brief_context(execution.pk, version=version, max_chars=COMPARED_CHARS)}
        for version in (first, last)
    )
    return [
        KeyDiff(
            key=key,
            diff=diff_texts(old[key].value.text if key in old else "", entry.value.text),
        )
        for key, entry in new.items()
        # No key ever goes: what stands at the later version and was set since then is all that may differ.
        if key not in old or old[key].version != entry.version
    ]


def _whole(execution: Execution, key: str, version: int) -> dict[str, object] | None:
    entry = find_entry(execution.pk, key, version=version)
    if entry is None:
        return None
    text = (
        entry.value if isinstance(entry.value, str) else json.dumps(entry.value, ensure_ascii=False, indent=2)
    )
    who = who_did([entry.author], titles=step_titles(plan_from_json(execution.plan).steps))
    return {
        "text": text[:WHOLE_CHARS],
        "is_cut": len(text) > WHOLE_CHARS,
        "entry": entry,
        "who": who[entry.author],
    }


def _version(request: SignedInRequest, name: str, newest: int) -> int | None:
    """Return the version that is asked for, the nearest one there is; None where none is."""
    said = request.GET.get(name, "")
    is_number = said.isascii() and said.isdecimal() and len(said) < 11
    return min(int(said), newest) if is_number else None
