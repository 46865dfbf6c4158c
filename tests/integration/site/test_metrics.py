"""/metrics: every line is what Prometheus reads, the figures are those of the rows, and few may ask."""

import datetime as dt
import re
import time
import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from executions.actions.start_execution import start_execution
from executions.models import Drain, Execution, ExecutionEvent
from executions.orchestrator.figures import Family, read_figures
from executions.orchestrator.swept import record_sweep
from executions.upkeep.drain import begin_drain, end_drain
from renum_site.metrics import build_text
from teams.models import SunaConnection
from tests.integration.orchestrator.rows import make_driver

TOKEN = "a-token-of-sixteen-or-more"
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"^({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9.e+-]+)$")
COMMENT = re.compile(rf"^# (HELP|TYPE) ({NAME}) (.+)$")


def read(text: str) -> dict[str, float]:
    """Read the format as its specification has it; each family is announced before its samples."""
    assert text.endswith("\n")
    announced, found = set(), {}
    for line in text.splitlines():
        if comment := COMMENT.match(line):
            announced.add(comment[2])
            continue
        sample = SAMPLE.match(line)
        assert sample, line
        assert sample[1] in announced
        key = f"{sample[1]}{{{sample[2]}}}" if sample[2] else sample[1]
        assert key not in found
        found[key] = float(sample[3])
    return found


def test_texts_are_escaped_so_that_no_label_can_break_a_line() -> None:
    family = Family(name="renum_x", help="a\nb \\", samples=[({"reason": 'say "no"\n\\'}, 1.5)])
    assert build_text([family]) == (
        '# HELP renum_x a\\nb \\\\\n# TYPE renum_x gauge\nrenum_x{reason="say \\"no\\"\\n\\\\"} 1.5\n'
    )


@pytest.mark.django_db(transaction=True)
def test_figures_are_those_of_the_rows_and_cost_one_statement_each(
    client, clean_redis, team, owner, settings
):
    settings.METRICS_TOKEN = TOKEN
    for _ in range(3):
        start_execution(team=team, by=owner, prompt="Why?")
    held = Execution.objects.order_by("id").last()
    Execution.objects.filter(pk=held.pk).update(driver=make_driver(), epoch=1)
    SunaConnection.objects.update(paused_code="credential_refused")
    record_sweep()

    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    found = read(answer.content.decode())
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert found['renum_executions{status="queued"}'] == 3
    assert found["renum_executions_unclaimed"] == 2
    assert 0 < found["renum_oldest_unclaimed_age_seconds"] < 60
    assert found['renum_drivers{state="alive"}'] == 1
    assert found['renum_connections{state="paused"}'] == 1
    assert found['renum_queue_depth{cluster="drivers"}'] >= 1
    assert 0 <= found["renum_sweep_age_seconds"] < 60
    assert found["renum_redis_up"] == 1
    assert found["renum_draining"] == 0
    assert len(asked) <= 15


@pytest.fixture
def execution(team, owner) -> Execution:
    return start_execution(team=team, by=owner, prompt="Why?").execution


def figure_of(name: str) -> dict[str, float]:
    """Return one figure's samples, by the label that each has."""
    [family] = [family for family in read_figures() if family.name == name]
    return {next(iter(labels.values()), ""): float(value) for labels, value in family.samples}


def set_back(execution: Execution, **ages_s: float | None) -> None:
    """Set times of an execution to so many seconds ago."""
    ago = {name: age_s and Now() - dt.timedelta(seconds=age_s) for name, age_s in ages_s.items()}
    Execution.objects.filter(pk=execution.pk).update(**ago)


@pytest.mark.django_db
def test_what_ended_within_the_last_hour_counts_whenever_it_was_accepted(clean_redis, execution):
    for finished_s, expected in ((60, {"failed": 1}), (3700, {})):
        id_of_yesterday = uuid.UUID(int=(int(time.time()) - 86_400) * 1000 << 80 | uuid.uuid4().int >> 64)
        row = Execution.objects.get(pk=execution.pk)
        row.pk, row.idempotency_key, row.status, row.code = id_of_yesterday, None, "failed", "step_failed"
        row.finished_at = timezone.now() - dt.timedelta(seconds=finished_s)
        row.created_at = row.finished_at - dt.timedelta(hours=20)
        row.save(force_insert=True)
        assert figure_of("renum_executions_finished_last_hour") == expected
        Execution.objects.filter(pk=row.pk).delete()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "since",
    ["accepted", "put off", "resumed", "lease ended", "drain ended", "last event"],
)
def test_an_execution_is_free_since_the_last_thing_that_its_rows_tell(clean_redis, execution, since):
    ages: dict[str, float | None] = {"created_at": 7200}
    if since == "accepted":
        ages["created_at"] = 50
    if since == "put off":
        ages["not_before"] = 50
    if since == "resumed":
        ages |= {"pause_requested_at": 3600, "resume_requested_at": 50}
    if since in ("lease ended", "last event"):
        Execution.objects.filter(pk=execution.pk).update(status="running")
    if since == "lease ended":
        fifty_ago = timezone.now() - dt.timedelta(seconds=50)
        driver = make_driver(lease_until=fifty_ago, beat_at=fifty_ago - dt.timedelta(seconds=10))
        Execution.objects.filter(pk=execution.pk).update(driver=driver)
    set_back(execution, **ages)
    last_event_s = 50 if since == "last event" else 7000
    last_event_at = timezone.now() - dt.timedelta(seconds=last_event_s)
    ExecutionEvent.objects.create(execution=execution, seq=2, kind="a_test", created_at=last_event_at)
    Execution.objects.filter(pk=execution.pk).update(event_seq=2)
    if since == "drain ended":
        begin_drain(by="olga")
        end_drain(by="olga")
        Drain.objects.update(ended_at=Now() - dt.timedelta(seconds=50))

    assert 50 <= figure_of("renum_oldest_unclaimed_age_seconds")[""] < 90


@pytest.mark.django_db
def test_every_figure_is_explained_in_the_operators_page_and_nothing_else_is(clean_redis):
    record_sweep()
    page = (Path(__file__).resolve().parents[3] / "docs" / "operations.md").read_text()
    watch = page.partition("## Watch")[2].partition("\n## ")[0]
    not_figures = {"renum_alive", "renum_drain", "renum_drivers", "renum_tasks", "renum_verify"}
    named = set(re.findall(r"\brenum_[a-z_]+", watch)) - not_figures
    assert named | {"renum_drivers"} == {family.name for family in read_figures()}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("token", "networks", "development", "sent", "status"),
    [
        (None, [], False, "", 404),
        (None, [], True, "", 200),
        (TOKEN, [], True, "", 401),
        (TOKEN, [], False, f"Bearer {TOKEN}x", 401),
        (TOKEN, [], False, f"Basic {TOKEN}", 401),
        (TOKEN, [], False, f"Bearer {TOKEN}", 200),
        (None, ["10.0.0.0/8"], False, "", 404),
        (None, ["10.0.0.0/8", "127.0.0.1"], False, "", 200),
    ],
)
def test_only_those_who_were_given_access_read_it(
    client: Client, clean_redis, settings, token, networks, development, sent, status
) -> None:
    settings.METRICS_TOKEN, settings.METRICS_ALLOWED, settings.DEVELOPMENT = token, networks, development
    headers = {"Authorization": sent, "X-Forwarded-For": "10.1.2.3"}
    assert client.get("/metrics", headers=headers).status_code == status
