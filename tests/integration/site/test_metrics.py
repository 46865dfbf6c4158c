"""/metrics: every line is what Prometheus reads, the figures are those of the rows, and few may ask."""

import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from executions.actions.start_execution import start_execution
from executions.models import Execution
from executions.orchestrator.figures import Family, read_figures
from executions.orchestrator.swept import record_sweep
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
