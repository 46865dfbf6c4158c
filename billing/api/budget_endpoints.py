"""Budgets: one's own, those of one's teams, and for staff all."""

import uuid

from django.db.models import QuerySet
from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from billing.actions.budget_fields import budget_mark
from billing.actions.create_budget import LedgerBusy, TooManyBudgets, create_budget
from billing.actions.delete_budget import delete_budget
from billing.actions.edit_budget import edit_budget
from billing.api.budget_input import BudgetChangeInput, NewBudgetInput
from billing.api.budget_output import BudgetOutput, with_standings
from billing.models import Budget, BudgetScope
from teams.actions.refusal import NotAllowed, input_problem
from teams.actions.team_mark import ChangedMeanwhile
from teams.api.authentication import person
from teams.api.declared import NOTHING, UNCHANGED, Answer, made, page
from teams.api.endpoint import PAGE, Endpoint, page_of, read_body
from teams.api.entity_tags import BAD_TAGS, UNSEEN, read_seen, tagged
from teams.api.problems import ApiError
from teams.models import Team, User


class BudgetList(Endpoint):
    """The budgets that a person may see."""

    query = PAGE
    inputs = {"POST": NewBudgetInput}
    answers = {"GET": page(BudgetOutput), "POST": made(BudgetOutput, "ETag")}
    refuses = {"POST": (NotAllowed, TooManyBudgets, LedgerBusy)}

    def get(self, request: Request) -> Response:
        """List them, the newest first, each with its current period."""
        return page_of(_budgets_of(person(request)), request, BudgetOutput)

    def post(self, request: Request) -> Response:
        """Make one: of what you pay, of a team that you own, or, for staff, of the site."""
        body, by = read_body(request, NewBudgetInput), person(request)
        team_id = body.pop("team", None)
        team = None
        if team_id is not None and body["scope"] != BudgetScope.TEAM:
            raise input_problem("/team", "invalid_value", "Only a budget of the scope team has a team.")
        if team_id is not None:
            team = Team.objects.for_user(by).filter(pk=team_id).first()
            if team is None:
                raise input_problem("/team", "unknown_reference", "There is no such team.")
        body.setdefault("time_zone", by.time_zone or "UTC")
        budget = create_budget(by=by, user=by, team=team, **body)
        headers = {"Location": reverse("api:budget", kwargs={"budget_id": budget.pk}, request=request)}
        return _tagged(request, budget.pk, status=201, headers=headers)


class OneBudget(Endpoint):
    """One budget."""

    request_headers = {"GET": ("If-None-Match",), "PATCH": ("If-Match",)}
    inputs = {"PATCH": BudgetChangeInput}
    answers = {
        "GET": (Answer(body=BudgetOutput, headers=("ETag",)), UNCHANGED),
        "PATCH": Answer(body=BudgetOutput, headers=("ETag",)),
        "DELETE": NOTHING,
    }
    refuses = {
        "GET": (BAD_TAGS,),
        "PATCH": (NotAllowed, *UNSEEN),
        "DELETE": (NotAllowed,),
    }

    def get(self, request: Request, budget_id: uuid.UUID) -> Response:
        """Show it with its current period."""
        return _tagged(request, budget_id)

    def patch(self, request: Request, budget_id: uuid.UUID) -> Response:
        """Change its name, its limit, what happens there, or whether it limits at all."""
        budget = _find(person(request), budget_id)
        seen, changes = read_seen(request), read_body(request, BudgetChangeInput)
        try:
            edit_budget(budget, by=person(request), seen=seen, **changes)
        except ChangedMeanwhile as refusal:
            headers = {"ETag": _tagged(request, budget_id).headers["ETag"]}
            raise ApiError(refusal.status, refusal.code, refusal.message, headers=headers) from None
        return _tagged(request, budget_id)

    def delete(self, request: Request, budget_id: uuid.UUID) -> Response:
        """Delete it: what waits for it starts."""
        delete_budget(_find(person(request), budget_id), by=person(request))
        return Response(status=204)


def _budgets_of(user: User) -> QuerySet[Budget]:
    return Budget.objects.for_user(user).select_related("user", "team")


def _find(user: User, budget_id: uuid.UUID) -> Budget:
    found = _budgets_of(user).filter(pk=budget_id).first()
    if found is None:
        raise Http404
    return found


def _tagged(
    request: Request, budget_id: uuid.UUID, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    [budget] = with_standings([_find(person(request), budget_id)])
    body = BudgetOutput(budget).data
    return tagged(request, body, mark=budget_mark(budget), status=status, headers=headers)
