"""The page of an execution's events: all that happened, in words, to be narrowed, followed and saved."""

import uuid
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from executions.engine.state import EXECUTION_TERMINAL
from executions.models import Execution
from executions.pages.event_choice import EventChoice, events_chosen, read_event_choice
from executions.pages.event_lines import build_lines
from executions.pages.previous import with_previous
from executions.wording import event_words, status_words
from executions.wording.events import EVENT_KINDS
from teams.api.csv_text import csv_pieces
from teams.api.streamed import streamed_file
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording import step_titles
from teams.workflow.plan import plan_from_json

TEMPLATE = "executions/events.html"
PAGE_SIZE = 100
AT_ONCE = 500


def find_to_explain(request: SignedInRequest, execution_id: uuid.UUID) -> Execution:
    """Return the execution without its long texts; 404 for whoever may not see it."""
    executions = with_previous(Execution.objects.for_user(request.user).select_related("team"))
    return get_object_or_404(executions.defer("initial_prompt", "result", "result_text"), pk=execution_id)


@require_safe
@signed_in
def show_events(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Show a page of events; to htmx the list alone, and nothing (204) where none came after `seen`."""
    execution = find_to_explain(request, execution_id)
    is_part = request.headers.get("HX-Request") == "true"
    if is_part and request.GET.get("seen") == str(execution.event_seq):
        response = HttpResponse(status=204)
    else:
        context = _context(execution, read_event_choice(request.GET))
        response = render(request, f"{TEMPLATE}#list" if is_part else TEMPLATE, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _context(execution: Execution, choice: EventChoice) -> dict[str, object]:
    titles = step_titles(plan_from_json(execution.plan).steps)
    rows = list(events_chosen(execution, choice)[: PAGE_SIZE + 1])
    lines = build_lines(rows[:PAGE_SIZE], titles=titles)
    is_over = execution.status in EXECUTION_TERMINAL
    kinds = sorted(((kind, event_words(kind)) for kind in EVENT_KINDS), key=lambda pair: pair[1].casefold())
    return {
        "execution": execution,
        "status_words": status_words(execution.status),
        "lines": lines,
        "choice": choice,
        "kinds": kinds,
        "titles": titles,
        "query": choice.from_here(None).address(),
        "more": choice.from_here(lines[-1].seq).address() if len(rows) > PAGE_SIZE else "",
        # What is added while somebody looks is at the top of the first page, or at the end of the last.
        "is_followed": not is_over and (choice.is_oldest_first or choice.beyond is None),
        "here": choice.address(),
    }


@require_safe
@signed_in
def save_events_as_csv(request: SignedInRequest, execution_id: uuid.UUID) -> StreamingHttpResponse:
    """Send the events that were chosen as a table, oldest first."""
    execution = find_to_explain(request, execution_id)
    header = ("number", "time", "kind", "words", "step", "who", "why", "data")
    pieces = csv_pieces(header, _cells(execution, read_event_choice(request.GET)))
    return streamed_file(
        request, pieces, media_type="text/csv", filename=f"execution-{execution.pk}-events.csv"
    )


@require_safe
@signed_in
def save_events_as_text(request: SignedInRequest, execution_id: uuid.UUID) -> StreamingHttpResponse:
    """Send the events that were chosen as lines of text, oldest first."""
    execution = find_to_explain(request, execution_id)
    cells = _cells(execution, read_event_choice(request.GET))
    pieces = (
        f"{seq}  {time}  {words}{f' [{step}]' if step else ''} ({who}){f': {why}' if why else ''}\n"
        for seq, time, _kind, words, step, who, why, _data in cells
    )
    return streamed_file(
        request, pieces, media_type="text/plain", filename=f"execution-{execution.pk}-events.txt"
    )


def _cells(
    execution: Execution, choice: EventChoice
) -> Iterator[tuple[int, str, str, str, str, str, str, str]]:
    """Yield what each event says, some hundred rows a query; those that come meanwhile are left out."""
    titles = step_titles(plan_from_json(execution.plan).steps)
    onward = EventChoice(kind=choice.kind, step=choice.step, text=choice.text, is_oldest_first=True)
    after = 0
    while True:
        chosen = events_chosen(execution, onward.from_here(after)).filter(seq__lte=execution.event_seq)
        lines = build_lines(chosen[:AT_ONCE], titles=titles)
        for line in lines:
            time = line.created_at.isoformat(timespec="milliseconds")
            yield line.seq, time, line.kind, line.words, line.step_id, line.who, line.sentence, line.held
        if len(lines) < AT_ONCE:
            return
        after = lines[-1].seq
