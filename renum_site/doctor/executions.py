"""Executions that only a person can bring forward, and answers of models that nobody has a price for."""

from collections.abc import Iterator

from django.db import connection
from django.utils.translation import gettext as _

from billing.ledger import find_unpriced_models
from renum_site.doctor.database import PATIENCE_MS, be_patient_for
from renum_site.doctor.finding import Finding, State

SHOWN = 5
UNPRICED_DAYS = 30

_WAITING = """
SELECT status, code, count(*), min(id::text) FROM renum_team_executions
WHERE status = 'quarantined' OR (status = 'paused' AND code = 'needs_review') GROUP BY status, code
"""
_STEPS = """
SELECT s.status, count(DISTINCT e.id), min(e.id::text) FROM renum_team_executions e
JOIN executions_executionstep s ON s.execution_id = e.id
WHERE e.status IN ('running', 'paused', 'cancelling') AND s.status IN ('start_uncertain', 'waiting_input')
GROUP BY s.status
"""


def look_at_executions() -> Iterator[Finding]:
    """Look for executions that wait for a person."""
    be_patient_for(PATIENCE_MS)
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        rows = {status: (count, first) for status, _code, count, first in cursor.fetchall()}
        cursor.execute(_STEPS)
        rows |= {status: (count, first) for status, count, first in cursor.fetchall()}
    if not rows:
        yield _say("executions", "for_a_person", State.OK, _("No execution waits for a person."))
    for status, (count, first) in sorted(rows.items()):
        seen, fix = _words_of(status)
        yield _say("executions", status, State.WARNING, seen % {"count": count, "first": first}, fix)


def look_at_prices() -> Iterator[Finding]:
    """Look for models that were used lately, could not be priced, and could not be priced now."""
    be_patient_for(PATIENCE_MS)
    models = find_unpriced_models(days=UNPRICED_DAYS)
    if not models:
        seen = _("Every model used within %(days)s days has a price.") % {"days": UNPRICED_DAYS}
        yield _say("prices", "unpriced", State.OK, seen)
        return
    names = ", ".join(models[:SHOWN]) + (", …" if len(models) > SHOWN else "")
    yield _say(
        "prices",
        "unpriced",
        State.WARNING,
        _("%(count)s models are used without a price: %(names)s.") % {"count": len(models), "names": names},
        _("Add the price of each under Model prices in the admin; later answers are priced by it."),
    )


def _words_of(status: str) -> tuple[str, str]:
    words = {
        "quarantined": (
            _("%(count)s executions were set aside after crashes, such as %(first)s."),
            _("Look at each in the admin, then release or cancel it."),
        ),
        "paused": (
            _("%(count)s executions are to be looked over after a restore, such as %(first)s."),
            _("Resume or cancel each in the admin."),
        ),
        "start_uncertain": (
            _("In %(count)s executions it is not known whether Suna began a run, such as %(first)s."),
            _("Look into Suna; what the step needs stands on the execution's page."),
        ),
        "waiting_input": (
            _("In %(count)s executions an agent waits for an answer, such as %(first)s."),
            _("Answer it on the execution's page."),
        ),
    }
    return words[status]


def _say(area: str, check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area=area, check=check, state=state, seen=seen, fix=fix)
