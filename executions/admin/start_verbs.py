"""What staff may decide about a run of which nobody knows whether it was started."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from executions.actions.execution_rights import CHANGE
from executions.actions.give_up_start import give_up_start
from executions.actions.start_decision import is_in_doubt
from executions.actions.start_step_again import start_step_again
from executions.admin.execution_verbs import person_of, refusal_words
from executions.engine.state import AgentRunStatus
from executions.models import AgentRun, Execution
from teams.actions.refusal import Refusal
from teams.admin.theme import ModelAdmin, action


@dataclass(frozen=True, slots=True, kw_only=True)
class StartVerb:
    """One verb: its words, what is asked before, what is said after, and the action."""

    words: Any
    question: Any
    done: Any
    act: Callable[..., Execution]
    is_destructive: bool = False


START_VERBS: Mapping[str, StartVerb] = {
    "start_again": StartVerb(
        words=_("Start again"),
        question=_(
            "the step is started anew. If Suna has a run of the first start after all, there are two."
        ),
        done=_("Asked for another start."),
        act=start_step_again,
    ),
    "give_up_start": StartVerb(
        words=_("Give up"),
        question=_("the attempt fails, and no other follows by itself."),
        done=_("Asked for the start to be given up."),
        act=give_up_start,
        is_destructive=True,
    ),
}


def _permission(verb: str) -> Callable[..., bool]:
    def has_permission(self: "StartVerbActions", request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE) and (obj is None or self.find_in_doubt(obj) is not None)

    return has_permission


def _for_one(verb: str) -> Callable[..., HttpResponse]:
    def act_on_one(self: "StartVerbActions", request: HttpRequest, object_id: str) -> HttpResponse:
        return self.ask_first(verb, request, object_id)

    act_on_one.__name__ = verb
    marked: Callable[..., HttpResponse] = action(
        description=START_VERBS[verb].words, permissions=[verb], url_path=verb.replace("_", "-")
    )(act_on_one)
    return marked


if TYPE_CHECKING:
    _Admin = ModelAdmin[AgentRun]
else:
    _Admin = object


class StartVerbActions(_Admin):
    """Mixed into the admin of runs. Offered only for a run whose step waits for this decision."""

    actions_detail = tuple(START_VERBS)

    has_start_again_permission = _permission("start_again")
    has_give_up_start_permission = _permission("give_up_start")

    start_again = _for_one("start_again")
    give_up_start = _for_one("give_up_start")

    def ask_first(self, verb: str, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask before doing it: an action's address can be opened by a link, which must change nothing."""
        run = self.find_in_doubt(object_id)
        if run is None:
            raise Http404
        chosen = START_VERBS[verb]
        back = reverse("admin:executions_agentrun_change", args=[run.pk])
        if request.method == "POST":
            try:
                step_id = run.step.step_id
                chosen.act(execution=run.execution, step_id=step_id, by=person_of(request), as_staff=True)
            except Refusal as refusal:
                messages.warning(request, refusal_words(refusal))
            else:
                messages.success(request, chosen.done)
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": chosen.words,
            "opts": self.opts,
            "execution": run.execution,
            "question": chosen.question,
            "is_destructive": chosen.is_destructive,
            "back": back,
        }
        return TemplateResponse(request, "admin/executions/verb.html", context)

    def find_in_doubt(self, object_id: Any) -> AgentRun | None:
        """Return the run where its step waits for a decision about its start."""
        try:
            pk = uuid.UUID(str(object_id))
        except ValueError:
            return None
        rows = AgentRun.objects.select_related("step", "execution__team").filter(
            pk=pk, status=AgentRunStatus.STARTING
        )
        found = rows.defer("step__input", "execution__plan", "execution__initial_prompt").first()
        return found if found is not None and is_in_doubt(found.step) else None
