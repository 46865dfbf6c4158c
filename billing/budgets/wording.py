"""Budgets in words: whom they limit, for how long, and what happens at the limit."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.models import AtLimit, Budget, BudgetScope, BudgetSpan
from teams.models import User

SPANS = {
    BudgetSpan.RUN: gettext_lazy("for each execution"),
    BudgetSpan.DAY: gettext_lazy("a day"),
    BudgetSpan.MONTH: gettext_lazy("a month"),
}
AT_LIMIT = {
    AtLimit.DRAIN: gettext_lazy("At the limit nothing more starts, and running steps finish."),
    AtLimit.STOP: gettext_lazy("At the limit nothing more starts, and running steps are stopped."),
    AtLimit.ALERT: gettext_lazy("At the limit people are told, and everything goes on."),
}


def whose_words(budget: Budget, *, reader: User) -> str:
    """Return what the budget limits, as the reader would say it."""
    if budget.scope == BudgetScope.SITE:
        return _("Everything on this site")
    if budget.scope == BudgetScope.TEAM and budget.team is not None:
        return _("What %(team)s costs") % {"team": budget.team.name}
    if budget.user is not None and budget.user != reader:
        return _("What %(name)s pays for") % {"name": budget.user.get_username()}
    return _("What you pay for")
