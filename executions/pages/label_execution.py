"""The form of an execution's labels."""

import uuid

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from executions.actions.edit_labels import edit_labels
from executions.actions.labels import is_about_labels, split_labels
from executions.pages.show_execution import execution_page, find_execution
from executions.wording import refusal_sentence
from teams.actions.refusal import Refusal
from teams.pages.refused import refused_page
from teams.pages.signed_in import SignedInRequest, signed_in


@require_POST
@signed_in
def label_execution(request: SignedInRequest, execution_id: uuid.UUID) -> HttpResponse:
    """Give the execution the labels of the form; `seen` is the mark of those that the form was made of.

    What is wrong with them is said beside the field, which keeps what was typed.
    """
    execution = find_execution(request, execution_id)
    mark = request.POST.get("seen")
    try:
        edit_labels(
            execution=execution,
            by=request.user,
            labels=split_labels(request.POST.get("labels", "")),
            seen=None if mark is None else {mark},
        )
    except Refusal as refusal:
        sentence = refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)
        if is_about_labels(refusal):
            return execution_page(request, execution, labels_problem=sentence, status=refusal.status)
        back = reverse("execution", args=[execution_id])
        return refused_page(request, sentence=sentence, status=refusal.status, back=back)
    return redirect("execution", execution_id)
