"""Verifying: every invariant of every history, on one consistent snapshot, while drivers work or at rest."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection, transaction

from executions.models import Execution
from executions.upkeep.checks import CHECKS, FOR_EVER, SECRET_UNREADABLE, SQL_CHECKS, Check, Severity
from executions.upkeep.plan_order import find_disorder
from executions.upkeep.secrets_readable import find_secrets

MAX_EXAMPLES = 20
STATEMENT_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found: how many breaches, how bad they are, and at most 20 of them by id."""

    name: str
    breach: str
    severity: Severity
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One verification. `findings` has every check, in their order, those that found nothing included."""

    at: dt.datetime
    quiescent: bool
    since: dt.datetime | None
    executions: int
    secrets: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What is wrong."""
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What somebody has to look at."""
        return self._of(Severity.WARNING)

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.count and found.severity is severity)


def verify(*, quiescent: bool = False, since: dt.datetime | None = None) -> Report:
    """Check everything on one snapshot that writes nothing and holds nobody up.

    With `quiescent` nothing may be in flight any more. `since` leaves out executions created before it. Not
    to be called inside a transaction.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
            # Between two statements plans are read and secrets opened, with no row locked meanwhile.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        return check_all(quiescent=quiescent, since=since)


def check_all(*, quiescent: bool = False, since: dt.datetime | None = None) -> Report:
    """Check everything in the transaction around this call; `verify` is this on a snapshot of its own."""
    secrets = find_secrets()
    found = {check.name: _run(check, since=since) for check in SQL_CHECKS}
    found[SECRET_UNREADABLE.name] = (len(secrets.unreadable), secrets.unreadable[:MAX_EXAMPLES])
    found |= _collect(find_disorder(since=since))
    executions = Execution.objects.all() if since is None else Execution.objects.filter(created_at__gte=since)
    return Report(
        at=_now(),
        quiescent=quiescent,
        since=since,
        executions=executions.count(),
        secrets=secrets.stored,
        findings=tuple(_finding(check, found.get(check.name, (0, ())), quiescent) for check in CHECKS),
    )


def _finding(check: Check, found: tuple[int, tuple[str, ...]], quiescent: bool) -> Finding:
    count, examples = found
    return Finding(
        name=check.name,
        breach=check.breach,
        severity=check.at_rest if quiescent else check.at_work,
        count=count,
        examples=examples,
    )


def _run(check: Check, *, since: dt.datetime | None) -> tuple[int, tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT breach, count(*) OVER () FROM ({check.sql}) AS found(breach) LIMIT {MAX_EXAMPLES}",  # noqa: S608  our own
            {"since": FOR_EVER if since is None else since.isoformat()},
        )
        rows = cursor.fetchall()
    return (int(rows[0][1]), tuple(row[0] for row in rows)) if rows else (0, ())


def _collect(breaches: Iterable[tuple[Check, str]]) -> dict[str, tuple[int, tuple[str, ...]]]:
    counts: dict[str, int] = {}
    examples: dict[str, list[str]] = {}
    for check, breach in breaches:
        counts[check.name] = counts.get(check.name, 0) + 1
        if counts[check.name] <= MAX_EXAMPLES:
            examples.setdefault(check.name, []).append(breach)
    return {name: (count, tuple(examples[name])) for name, count in counts.items()}


def _now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        now: dt.datetime = cursor.fetchone()[0]
    return now
