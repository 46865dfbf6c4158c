"""Events as their page and files show them: in words, with what they hold and who brought them about."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from executions.models import ExecutionEvent
from executions.pages.who import who_did
from executions.wording import event_words, reason_sentence, step_sentence
from executions.wording.failures import FAILURES
from executions.wording.steps import STEP_CODES
from teams.workflow.plan import Json

_OF_FAILURES = frozenset({"step_failed", "step_retrying"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """One event. `sentence` says why where a code says so; `held` is its data as JSON text, "" for none."""

    seq: int
    kind: str
    words: str
    sentence: str
    step_id: str
    step: str
    who: str
    held: str
    created_at: dt.datetime


def build_lines(events: Iterable[ExecutionEvent], *, titles: Mapping[str, str]) -> Sequence[EventLine]:
    """Put events into words, in one query; `titles` are words for step ids."""
    rows = list(events)
    who = who_did((row.actor for row in rows), titles=titles)
    return [
        EventLine(
            seq=row.seq,
            kind=row.kind,
            words=event_words(row.kind),
            sentence=_sentence(row, titles),
            step_id=row.step_id,
            step=titles.get(row.step_id, row.step_id),
            who=who[row.actor],
            held=json.dumps(row.data, ensure_ascii=False, indent=2) if row.data else "",
            created_at=row.created_at,
        )
        for row in rows
    ]


def _sentence(event: ExecutionEvent, titles: Mapping[str, str]) -> str:
    data: Mapping[str, Json] = event.data if isinstance(event.data, dict) else {}
    code = data.get("code")
    if not event.step_id or not isinstance(code, str) or code not in STEP_CODES:
        return ""
    if event.kind in _OF_FAILURES and code in FAILURES:
        return step_sentence(status="failed", code=code, params=data, names=titles)
    return reason_sentence(code, data, names=titles)
