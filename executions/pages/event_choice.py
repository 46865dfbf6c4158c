"""Which events of an execution are wanted: read from an address, and applied to the rows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import QueryDict

from executions.models import Execution, ExecutionEvent
from executions.wording import event_words
from executions.wording.events import EVENT_KINDS

MAX_TEXT_CHARS = 200
MAX_SEQ = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EventChoice:
    """The filters, the order, and where the page begins: at the events after or before number `beyond`."""

    kind: str = ""
    step: str = ""
    text: str = ""
    is_oldest_first: bool = False
    beyond: int | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether any event may be left out."""
        return bool(self.kind or self.step or self.text)

    def address(self) -> str:
        """Return the query string that says the same, "" for a choice of everything."""
        said: Mapping[str, str | int | None] = {
            "kind": self.kind,
            "step": self.step,
            "text": self.text,
            "order": "oldest" if self.is_oldest_first else "",
            "beyond": self.beyond,
        }
        return urlencode({name: value for name, value in said.items() if value not in ("", None)})

    def from_here(self, beyond: int | None) -> "EventChoice":
        """Return the same choice that begins elsewhere."""
        return replace(self, beyond=beyond)


def read_event_choice(query: QueryDict) -> EventChoice:
    """Read what an address asks for; what makes no sense in it is left out."""
    beyond = query.get("beyond", "")
    is_number = beyond.isascii() and beyond.isdecimal() and len(beyond) <= len(str(MAX_SEQ))
    return EventChoice(
        kind=_text(query, "kind"),
        step=_text(query, "step"),
        text=_text(query, "text"),
        is_oldest_first=query.get("order") == "oldest",
        beyond=min(int(beyond), MAX_SEQ) if is_number else None,
    )


def events_chosen(execution: Execution, choice: EventChoice) -> QuerySet[ExecutionEvent]:
    """Return the events in their order, from where the choice begins on."""
    events = execution.events.all()
    if choice.kind:
        events = events.filter(kind=choice.kind)
    if choice.step:
        events = events.filter(step_id=choice.step)
    if choice.text:
        events = events.annotate(written=Cast("data", TextField())).filter(_says(choice.text))
    if choice.is_oldest_first:
        return events.filter(seq__gt=choice.beyond or 0).order_by("seq")
    if choice.beyond is not None:
        events = events.filter(seq__lt=choice.beyond)
    return events.order_by("-seq")


def _says(text: str) -> Q:
    """Return the events with the text in their words in the reader's language, or in what they hold."""
    wanted = text.casefold()
    kinds = [kind for kind in EVENT_KINDS if wanted in event_words(kind).casefold()]
    held = Q(written__icontains=text) | Q(kind__icontains=text) | Q(step_id__icontains=text)
    return held | Q(kind__in=kinds)


def _text(query: QueryDict, name: str) -> str:
    return query.get(name, "").replace("\0", "").strip()[:MAX_TEXT_CHARS]
