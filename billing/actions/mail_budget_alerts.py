"""Mailing people that a budget is used up by half, by four fifths, or wholly.

Each alert is claimed before its mails are sent, so that of several processes one sends them. One that dies
in between leaves the alert to be tried again: then somebody may get a mail twice, but nobody none.
"""

import datetime as dt
import logging
import smtplib
import time
import uuid
from collections.abc import Iterable

from django.conf import settings
from django.core.mail import send_mail
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import formats, translation
from django.utils.translation import gettext as _

from billing.budgets.wording import AT_LIMIT, SPANS, whose_words
from billing.models import AtLimit, Budget, BudgetAlert, BudgetScope, BudgetSpan
from teams.models import User

logger = logging.getLogger(__name__)

MOST_TRIES = 5
FIRST_WAIT_S = 120
"""Until the second try; each further wait is twice as long."""
NEWS_FOR = dt.timedelta(days=1)
"""An alert that is older is no news: where mail was set up only now, nobody gets those of last month."""

_CLAIM = """
UPDATE renum_budget_alerts AS a
SET tries = a.tries + 1,
    next_try_at = statement_timestamp() + make_interval(secs => %(wait_s)s * 2 ^ a.tries)
FROM (
    SELECT id FROM renum_budget_alerts
    WHERE mailed_at IS NULL AND tries < %(most)s AND next_try_at <= statement_timestamp()
    AND created_at > statement_timestamp() - make_interval(secs => %(news_for)s)
    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due WHERE a.id = due.id RETURNING a.id
"""


def mail_budget_alerts(*, until: float) -> int:
    """Mail what is due, until that moment of `time.monotonic()`; return how many alerts were told of.

    Call it outside a transaction. Without a mail server nothing is done.
    """
    told = 0
    while settings.SENDS_MAIL and time.monotonic() < until:
        alert_id = _claim()
        if alert_id is None:
            break
        told += _mail(alert_id)
    return told


def _claim() -> uuid.UUID | None:
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIM, {"wait_s": FIRST_WAIT_S, "most": MOST_TRIES, "news_for": NEWS_FOR.total_seconds()}
        )
        row = cursor.fetchone()
    return None if row is None else row[0]


def _mail(alert_id: uuid.UUID) -> bool:
    found = BudgetAlert.objects.filter(pk=alert_id)
    alert = found.select_related("period__budget__team__owner", "period__budget__user").first()
    if alert is None:
        # The budget was deleted meanwhile.
        return False
    budget = alert.period.budget
    is_sent = True
    for person in _people_of(budget):
        try:
            _mail_to(person, budget, alert)
        except (smtplib.SMTPException, OSError, UnicodeError, ValueError) as error:
            is_sent = False
            logger.warning("an alert of a budget could not be mailed: %s", type(error).__name__)
    if is_sent:
        found.update(mailed_at=Now())
    return is_sent


def _people_of(budget: Budget) -> Iterable[User]:
    """Return who pays or answers for it, as far as they have an address: for the site's its staff."""
    if budget.scope == BudgetScope.SITE:
        asked = User.objects.with_perm(
            "billing.view_budget", backend="django.contrib.auth.backends.ModelBackend"
        )
        people = list(asked.filter(is_staff=True))
    elif budget.team is not None:
        people = [budget.team.owner, budget.team.paid_by]
    else:
        people = [budget.user] if budget.user else []
    return {person.pk: person for person in people if person.is_active and person.email}.values()


def _mail_to(person: User, budget: Budget, alert: BudgetAlert) -> None:
    with translation.override(person.language or settings.LANGUAGE_CODE):
        named = {
            "name": budget.name,
            "percent": alert.percent,
            "spent": formats.number_format(alert.spent_usd, decimal_pos=2, force_grouping=True),
            "limit": formats.number_format(alert.limit_usd, decimal_pos=2, force_grouping=True),
            "whose": whose_words(budget, reader=person),
            "span": SPANS[BudgetSpan(budget.span)],
            "at_limit": AT_LIMIT[AtLimit(budget.at_limit)],
            "page": f"{settings.PUBLIC_URL}{reverse('budget', args=[budget.pk])}",
        }
        subject = _("Budget “%(name)s”: %(percent)s %% used") % named
        lines = [
            _("The budget “%(name)s” (%(whose)s, %(span)s) is used up by %(percent)s %%:") % named,
            _("$%(spent)s of $%(limit)s are spent.") % named,
            "",
            str(named["at_limit"]),
            "",
            str(named["page"]) if settings.PUBLIC_URL else _("You find it in Renum under Costs, Budgets."),
        ]
    send_mail(subject, "\n".join(lines), None, [person.email])
