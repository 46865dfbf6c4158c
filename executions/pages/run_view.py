"""What the run form shows beside the prompt: what a run would take, cost and use."""

from dataclasses import dataclass

from billing.models import UserApiKey
from billing.pages.budget_view import BudgetView, budgets_of_a_run
from executions.actions.estimate_run import Estimate, Money, Seconds
from executions.actions.plan_run import PlannedRun, plan_version
from executions.wording import refusal_sentence
from executions.wording.plans import missing_sentence
from teams.actions.refusal import Refusal
from teams.gallery.reading import EXAMPLE_PROMPT_KEY
from teams.models import Team, User


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A key that goes along, if `is_there`. `fingerprint` is for its owner alone, else ""."""

    service: str
    fingerprint: str
    is_there: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """The estimate, or in `problem` why there is none. Costs and times are None where nobody knows them."""

    problem: str = ""
    cost: Money | None = None
    cost_missing: str = ""
    duration: Seconds | None = None
    duration_missing: str = ""
    obstacles: tuple[str, ...] = ()
    keys: tuple[KeyLine, ...] = ()
    takes_all_keys: bool = False
    budgets: tuple[BudgetView, ...] = ()
    """Those that the run falls under and the reader may see."""

    @property
    def too_dear_for(self) -> tuple[BudgetView, ...]:
        """Return the budgets that have less left than such a run usually costs."""
        if self.cost is None:
            return ()
        likely = self.cost.median
        return tuple(budget for budget in self.budgets if budget.room_usd < likely)


def example_prompt(team: Team) -> str:
    """Return the prompt that the team's workflow offers, "" where it offers none."""
    definition = team.published_version.definition if team.published_version else None
    offered = definition.get(EXAMPLE_PROMPT_KEY) if isinstance(definition, dict) else None
    return offered if isinstance(offered, str) else ""


def build_run_view(*, team: Team, by: User, prompt: str) -> RunView:
    """Foresee a run of the published workflow; asks nothing of Suna."""
    try:
        planned = plan_version(team=team, by=by, version=None, prompt=prompt)
    except Refusal as refusal:
        return RunView(problem=_sentence(refusal))
    whole = planned.estimates.whole
    return RunView(
        cost=whole.cost,
        cost_missing=_missing(whole, of_cost=True),
        duration=whole.duration,
        duration_missing=_missing(whole, of_cost=False),
        obstacles=tuple(_sentence(obstacle) for obstacle in planned.obstacles),
        keys=_keys(planned, team, by),
        takes_all_keys=any(keys.takes_all for keys in planned.keys.values()),
        budgets=tuple(budgets_of_a_run(team=team, payer=team.paid_by, reader=by)),
    )


def _sentence(refusal: Refusal) -> str:
    return refusal_sentence(code=refusal.code, message=refusal.message, problems=refusal.problems)


def _missing(whole: Estimate, *, of_cost: bool) -> str:
    code = whole.cost_missing if of_cost else whole.duration_missing
    return missing_sentence(code) if code else ""


def _keys(planned: PlannedRun, team: Team, by: User) -> tuple[KeyLine, ...]:
    sent = {service for keys in planned.keys.values() for service in keys.sent}
    missing = {service for keys in planned.keys.values() for service in keys.missing}
    if not sent | missing:
        return ()
    prints: dict[str, str] = {}
    if by.pk == team.paid_by.pk:
        own = UserApiKey.objects.for_user(by).filter(service_name__in=sent)
        prints = dict(own.values_list("service_name", "fingerprint"))
    return tuple(
        KeyLine(service=service, fingerprint=prints.get(service, ""), is_there=service in sent)
        for service in sorted(sent | missing)
    )
