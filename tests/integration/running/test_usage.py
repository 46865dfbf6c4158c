"""What runs used: every attempt that reported tokens counts once, and totals are the sum of the rows (P9)."""

import datetime as dt
import json
from decimal import Decimal

from django.db.models import F

from billing.models import UsageLog
from executions.models import AgentRun
from executions.orchestrator.sweep import sweep
from tests.faults.history import check_history
from tests.fixtures.running import RunningRenum

TOLD = '@@sim{"tokens": [1000, 200], "responses": 2, "model": "openai/gpt-4o"}'
TWICE = {"max_attempts": 2, "initial_interval": "1s"}


def fails_once(key: str) -> str:
    attempts = [{"raw_status": "failed", "text": "half"}, {"text": "whole"}]
    return f"@@sim{json.dumps({'key': key, 'attempts': attempts, 'tokens': [300, 40]})}"


def one(instructions: str, **fields: object) -> dict[str, object]:
    return {"type": "sequential", "agents": [{"agent_id": "agent-1", "instructions": instructions, **fields}]}


def tokens() -> tuple[int, int]:
    rows = list(UsageLog.objects.values_list("tokens_input", "tokens_output"))
    return sum(row[0] or 0 for row in rows), sum(row[1] or 0 for row in rows)


def tokens_in_suna(renum: RunningRenum) -> tuple[int, int]:
    summary = renum.suna.get("summary")
    return summary["tokens_input"], summary["tokens_output"]


def test_totals_are_what_suna_reported_with_failed_attempts_and_usage_that_was_read_late(renum_on):
    renum = renum_on("seed")
    renum.suna.fail("run.results", contains="unread", times=3, kind="status", status=503)
    plain = renum.start(renum.make_team(one(TOLD)))
    failed_once = renum.start(renum.make_team(one(fails_once("read"), retry=TWICE)))
    unread = renum.start(renum.make_team(one(fails_once("unread"), retry=TWICE)), "unread")
    renum.start_drivers()

    plain, failed_once, unread = (renum.wait_for(execution) for execution in (plain, failed_once, unread))

    assert {execution.status for execution in (plain, failed_once, unread)} == {"completed"}
    assert plain.usage_metrics["tokens_input"] == 2000
    assert plain.usage_metrics["tokens_output"] == 400
    # 2.50 and 10 USD per million tokens, from 2024-10-01 on.
    assert Decimal(plain.cost_metrics["cost_usd"]) == Decimal("0.009")
    assert failed_once.usage_metrics["tokens_input"] == 600
    assert [
        run.individual_usage_metrics["tokens_output"] for run in failed_once.agent_runs.order_by("attempt")
    ] == [
        40,
        40,
    ]
    assert (plain.usage_complete, failed_once.usage_complete, unread.usage_complete) == (True, True, False)
    assert unread.usage_metrics["tokens_input"] == 300
    assert tokens() == (2900, 520)

    # As of an execution that went on for long after this attempt: a person took their time.
    hours = dt.timedelta(hours=2)
    AgentRun.objects.filter(execution=unread).update(finished_at=F("finished_at") - hours)
    sweep()
    AgentRun.objects.filter(execution=unread).update(finished_at=F("finished_at") + hours)

    unread.refresh_from_db()
    assert (unread.status, unread.usage_complete) == ("completed", True)
    assert unread.usage_metrics["tokens_input"] == 600
    assert tokens() == tokens_in_suna(renum) == (3200, 560)
    sweep()
    assert tokens() == (3200, 560)
    check_history(renum)
