"""What staff may ask of executions: each verb for one execution, after a question, and for a selection."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from executions.actions.accept_execution import Started
from executions.actions.cancel_execution import cancel_execution
from executions.actions.execution_rights import ADD, CHANGE, list_verbs
from executions.actions.pause_execution import pause_execution
from executions.actions.release_execution import release_execution
from executions.actions.resume_execution import resume_execution
from executions.actions.retry_execution import retry_execution
from executions.actions.run_again_execution import run_again_execution
from executions.models import Execution
from executions.wording import refusal_sentence
from teams.actions.refusal import Refusal
from teams.admin.theme import ActionForm, ModelAdmin, action
from teams.models import User

LARGE_COLUMNS = ("plan", "initial_prompt", "result", "result_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One verb: its words, what is asked before, what is said after, the right it needs, and the action."""

    words: Any
    selected: Any
    question: Any
    done: Any
    right: str
    act: Callable[..., Execution | Started]
    is_destructive: bool = False

    def ask(self, *, execution: Execution, by: User, form_key: str) -> Execution:
        """Do it as staff; return the execution, or the one that was made of it: one for each `form_key`."""
        given = {"execution": execution, "by": by, "as_staff": True}
        if self.right == ADD:
            # Of one form, each verb makes one execution of each.
            key = f"{form_key}-{self.act.__name__}-{execution.pk}" if form_key else None
            given["idempotency_key"] = key
        outcome = self.act(**given)
        return outcome.execution if isinstance(outcome, Started) else outcome


def _release(*, execution: Execution, by: User, as_staff: bool) -> Execution:
    return release_execution(execution=execution, by=by)


VERBS: Mapping[str, Verb] = {
    "release": Verb(
        words=_("Release this execution"),
        selected=_("Release the selected executions"),
        question=_("it was set aside after repeated crashes. Drivers will take it up again."),
        done=_("Asked for %(count)s to be released."),
        right=CHANGE,
        act=_release,
    ),
    "resume": Verb(
        words=_("Resume this execution"),
        selected=_("Resume the selected executions"),
        question=_("it goes on where it was paused."),
        done=_("Asked for %(count)s to be resumed."),
        right=CHANGE,
        act=resume_execution,
    ),
    "pause": Verb(
        words=_("Pause this execution"),
        selected=_("Pause the selected executions"),
        question=_("nothing new will be started. What runs goes on to its end, and so does its time."),
        done=_("Asked for %(count)s to be paused."),
        right=CHANGE,
        act=pause_execution,
    ),
    "cancel": Verb(
        words=_("Cancel this execution"),
        selected=_("Cancel the selected executions"),
        question=_("every run that is under way will be stopped. What is finished is kept, with its cost."),
        done=_("Asked for %(count)s to be cancelled."),
        right=CHANGE,
        act=cancel_execution,
        is_destructive=True,
    ),
    "retry": Verb(
        words=_("Retry what is missing"),
        selected=_("Retry what the selected executions miss"),
        question=_("a new execution keeps what is finished and runs the rest, billed to the team's payer."),
        done=_("Started %(count)s anew, with what was finished kept."),
        right=ADD,
        act=retry_execution,
    ),
    "run_again": Verb(
        words=_("Run this execution again"),
        selected=_("Run the selected executions again"),
        question=_("a new execution runs everything anew, billed to the team's payer."),
        done=_("Started %(count)s again as a whole."),
        right=ADD,
        act=run_again_execution,
    ),
}


class SelectionForm(ActionForm):
    """The choice of a verb for a selection, with a key of its own: sent twice, it is done once."""

    form_key = forms.CharField(label="", required=False, widget=forms.HiddenInput, initial=uuid.uuid4)


def _permission(verb: str) -> Callable[..., bool]:
    def has_permission(self: "VerbActions", request: HttpRequest, obj: Any = None) -> bool:
        if not request.user.has_perm(VERBS[verb].right):
            return False
        return obj is None or self.find_for(verb, obj) is not None

    return has_permission


def _for_selection(verb: str) -> Callable[..., None]:
    def act_on_selected(self: "VerbActions", request: HttpRequest, queryset: QuerySet[Execution]) -> None:
        self.ask_for_each(verb, request, queryset)

    # The framework takes the name of an action from its function.
    act_on_selected.__name__ = f"{verb}_selected"
    marked: Callable[..., None] = admin.action(description=VERBS[verb].selected, permissions=[verb])(
        act_on_selected
    )
    return marked


def _for_one(verb: str) -> Callable[..., HttpResponse]:
    def act_on_one(self: "VerbActions", request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask_first(verb, request, object_id)

    act_on_one.__name__ = verb
    marked: Callable[..., HttpResponse] = action(
        description=VERBS[verb].words, permissions=[verb], url_path=verb.replace("_", "-")
    )(act_on_one)
    return marked


if TYPE_CHECKING:
    _Admin = ModelAdmin[Execution]
else:
    _Admin = object


class VerbActions(_Admin):
    """Mixed into the admin of executions. An execution is offered only what is legal as it stands."""

    action_form = SelectionForm
    actions = tuple(f"{verb}_selected" for verb in VERBS)
    actions_detail = tuple(VERBS)

    has_release_permission = _permission("release")
    has_resume_permission = _permission("resume")
    has_pause_permission = _permission("pause")
    has_cancel_permission = _permission("cancel")
    has_retry_permission = _permission("retry")
    has_run_again_permission = _permission("run_again")

    release_selected = _for_selection("release")
    resume_selected = _for_selection("resume")
    pause_selected = _for_selection("pause")
    cancel_selected = _for_selection("cancel")
    retry_selected = _for_selection("retry")
    run_again_selected = _for_selection("run_again")

    release = _for_one("release")
    resume = _for_one("resume")
    pause = _for_one("pause")
    cancel = _for_one("cancel")
    retry = _for_one("retry")
    run_again = _for_one("run_again")

    def ask_for_each(self, verb: str, request: HttpRequest, queryset: QuerySet[Execution]) -> None:
        """Do it for each, and say of which it was refused and why."""
        done = 0
        for execution in queryset.select_related("team"):
            try:
                VERBS[verb].ask(execution=execution, by=person_of(request), form_key=_form_key(request))
                done += 1
            except Refusal as refusal:
                messages.warning(request, f"{execution}: {refusal_words(refusal)}")
        if done:
            messages.success(request, VERBS[verb].done % {"count": done})

    def ask_first(self, verb: str, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask before doing it: an action's address can be opened by a link, which must change nothing."""
        execution = self.find_for(verb, object_id)
        if execution is None:
            raise Http404
        back = _address_of(execution)
        if request.method == "POST":
            try:
                shown = VERBS[verb].ask(
                    execution=execution, by=person_of(request), form_key=_form_key(request)
                )
            except Refusal as refusal:
                messages.warning(request, refusal_words(refusal))
                return HttpResponseRedirect(back)
            messages.success(request, VERBS[verb].done % {"count": 1})
            return HttpResponseRedirect(_address_of(shown))
        context = {
            **self.admin_site.each_context(request),
            "title": VERBS[verb].words,
            "opts": self.opts,
            "execution": execution,
            "question": VERBS[verb].question,
            "is_destructive": VERBS[verb].is_destructive,
            "back": back,
            # One form sent twice makes one execution.
            "form_key": uuid.uuid4(),
        }
        return TemplateResponse(request, "admin/executions/verb.html", context)

    def find_for(self, verb: str, object_id: Any) -> Execution | None:
        """Return the execution where the verb is legal for it now."""
        try:
            pk = uuid.UUID(str(object_id))
        except ValueError:
            return None
        found = Execution.objects.select_related("team").defer(*LARGE_COLUMNS).filter(pk=pk).first()
        legal = () if found is None else list_verbs(found, is_operator=True, is_releaser=True)
        return found if verb in legal else None


def _address_of(execution: Execution) -> str:
    return reverse("admin:executions_execution_change", args=[execution.pk])


def _form_key(request: HttpRequest) -> str:
    return request.POST.get("form_key", "")


def refusal_words(refusal: Refusal) -> str:
    """Return a refusal in the reader's language."""
    return refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)


def person_of(request: HttpRequest) -> User:
    """Return who asks."""
    if isinstance(request.user, AnonymousUser):
        raise PermissionDenied
    return request.user
