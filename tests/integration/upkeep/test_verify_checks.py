"""Every check of renum_verify, seen red: a history is broken in one place, and that check alone says so."""
# ruff: noqa: E501, S608, ISC004  the SQL is put together from constants of this file

import json
from collections.abc import Iterator

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from billing.models import UserApiKey
from executions.models import Execution, ExecutionStep
from executions.upkeep.checks import CHECKS
from executions.upkeep.verify import MAX_EXAMPLES, Report, check_all, verify

TABLES = (
    "renum_team_executions", "executions_executionstep", "renum_team_agent_executions",
    "executions_executionevent", "executions_contextchange", "executions_contextsnapshot",
    "renum_ai_usage_logs",
)  # fmt: skip
ONE = "(SELECT id FROM renum_team_executions ORDER BY id LIMIT 1)"
FIRST = f"(SELECT id FROM executions_executionstep WHERE execution_id = {ONE} AND position = 0)"
SECOND = f"(SELECT id FROM executions_executionstep WHERE execution_id = {ONE} AND position = 1)"
RUN = f"""(SELECT id FROM renum_team_agent_executions WHERE step_id = {FIRST}
    ORDER BY attempt DESC LIMIT 1)"""
EVENT_COLUMNS = "id, execution_id, seq, kind, step_id, data, actor, created_at"


def say(kind: str, *, step: str = "", data: str = "{}") -> str:
    """Return the SQL that appends an event with its number, as a commit would."""
    return f"""
        UPDATE renum_team_executions SET event_seq = event_seq + 1 WHERE id = {ONE};
        INSERT INTO executions_executionevent ({EVENT_COLUMNS})
        SELECT gen_random_uuid(), id, event_seq, '{kind}', {step or "''"}, '{data}', 'test', now()
        FROM renum_team_executions WHERE id = {ONE}"""


def copy_of_run(**columns: str) -> str:
    """Return the SQL that inserts the first run again with other columns."""
    names = [
        "id", "execution_id", "step_id", "connection_id", "attempt", "turn", "agent_id", "model_name", "thread_id",
        "suna_run_id", "status", "code", "message", "api_key_type", "individual_usage_metrics",
        "individual_cost_metrics", "usage_complete", "created_at", "start_requested_at", "started_at", "finished_at",
    ]  # fmt: skip
    given = {
        "id": "gen_random_uuid()", "suna_run_id": "'another'", "turn": "2", "individual_usage_metrics": "'{}'",
        "individual_cost_metrics": "'{}'", **columns,
    }  # fmt: skip
    selected = ", ".join(given.get(name, name) for name in names)
    return f"""INSERT INTO renum_team_agent_executions ({", ".join(names)})
        SELECT {selected} FROM renum_team_agent_executions WHERE id = {RUN}"""


LAST = f"(SELECT id FROM executions_executionstep WHERE execution_id = {ONE} ORDER BY position DESC LIMIT 1)"


def question(state: str, **columns: str) -> str:
    """Return the SQL that has the first step ask, with other columns as given."""
    given = {
        "id": "gen_random_uuid()", "execution_id": ONE, "step_id": FIRST, "agent_run_id": RUN, "text": "'?'",
        "options": "'[]'", "attachments": "'[]'", "state": f"'{state}'", "asked_at": "now()",
        "is_automatic": "false", "heard": "false", **columns,
    }  # fmt: skip
    return f"INSERT INTO executions_question ({', '.join(given)}) VALUES ({', '.join(given.values())})"


FIRST_NAME = f"(SELECT step_id FROM executions_executionstep WHERE id = {FIRST})"
BREAKS: dict[str, tuple[str, set[str]]] = {
    "a running one": (
        f"UPDATE renum_team_executions SET status = 'running', finished_at = NULL WHERE id = {ONE};"
        f"DELETE FROM executions_executionevent WHERE execution_id = {ONE} AND kind = 'execution_completed';"
        f"UPDATE renum_team_executions SET event_seq = event_seq - 1 WHERE id = {ONE}",
        {"not_over"},
    ),
    "a held one": (
        "INSERT INTO executions_driver (id, host, pid, lease_until, capacity, in_flight, stopping, started_at, beat_at)"
        " VALUES (gen_random_uuid(), 'h', 1, now(), 1, 1, false, now(), now());"
        f"UPDATE renum_team_executions SET driver_id = (SELECT id FROM executions_driver LIMIT 1) WHERE id = {ONE}",
        {"still_held"},
    ),
    "an open run": (
        f"UPDATE renum_team_agent_executions SET status = 'unknown', finished_at = NULL WHERE id = {RUN}",
        {"over_with_an_open_run"},
    ),
    "an open step": (
        f"UPDATE executions_executionstep SET status = 'pending', finished_at = NULL WHERE id ="
        f" (SELECT id FROM executions_executionstep WHERE execution_id = {ONE} ORDER BY position DESC LIMIT 1)",
        {"over_with_an_open_step"},
    ),
    "time runs backwards": (
        f"UPDATE renum_team_agent_executions SET finished_at = started_at - interval '1 s' WHERE id = {RUN}",
        {"ends_before_it_begins"},
    ),
    "a second good run": (copy_of_run(), {"two_good_runs"}),
    "an attempt begun again": (
        # Before the completion, so that only the number of beginnings is wrong.
        f"UPDATE executions_executionevent SET kind = 'step_starting', step_id = {FIRST_NAME},"
        f" data = '{{\"attempt\": 1}}' WHERE execution_id = {ONE} AND seq = 2",
        {"attempt_begun_twice"},
    ),
    "an attempt begun again while another was put back": (
        f"UPDATE executions_executionevent SET kind = 'step_starting', step_id = {FIRST_NAME},"
        f" data = '{{\"attempt\": 1}}' WHERE execution_id = {ONE} AND seq = 2;"
        + say("start_put_back", step=FIRST_NAME, data='{"attempt": 2}'),
        {"attempt_begun_twice"},
    ),
    "completed again": (say("step_completed", step=FIRST_NAME), {"completed_twice"}),
    "completed in silence": (
        f"UPDATE executions_executionevent SET kind = 'step_note' WHERE execution_id = {ONE}"
        f" AND kind = 'step_completed' AND step_id = {FIRST_NAME}",
        {"completed_unsaid"},
    ),
    "started after its end": (
        say("step_starting", step=FIRST_NAME, data='{"attempt": 3}'),
        {"started_after_completion"},
    ),
    "a wrong total": (
        f"UPDATE renum_team_executions SET cost_metrics = '{{\"cost_usd\": \"7\"}}' WHERE id = {ONE}",
        {"totals_differ"},
    ),
    "a run's wrong total": (
        f"UPDATE renum_team_agent_executions SET individual_usage_metrics = '{{\"tokens_input\": 1}}'"
        f" WHERE id = {RUN}",
        {"run_totals_differ"},
    ),
    "a ledger row of no run": (
        f"UPDATE renum_ai_usage_logs SET agent_run_id = gen_random_uuid() WHERE agent_run_id = {RUN}",
        {"ledger_run_unknown", "run_totals_differ"},
    ),
    "usage that is missing": (
        f"UPDATE renum_team_agent_executions SET usage_complete = false WHERE id = {RUN}",
        {"usage_not_complete"},
    ),
    "usage of a late run that is missing": (
        copy_of_run(code="'late_run'", usage_complete="false"),
        {"usage_not_complete"},
    ),
    "a question that nobody waits for": (
        question("open", expires_at="now()"),
        {"question_without_waiting_step"},
    ),
    "an answer that nobody took in": (
        question("answered", answer="'Yes.'", closed_at="now()"),
        {"question_without_waiting_step"},
    ),
    "a step that waits for nothing": (
        f"UPDATE executions_executionstep SET status = 'waiting_input', finished_at = NULL WHERE id = {LAST}",
        {"over_with_an_open_step", "waiting_step_without_question"},
    ),
    "a gap": (
        f"DELETE FROM executions_executionevent WHERE execution_id = {ONE} AND seq = 2",
        {"timeline_gaps"},
    ),
    "a number too many": (
        f"UPDATE renum_team_executions SET event_seq = event_seq + 1 WHERE id = {ONE}",
        {"last_number_differs"},
    ),
    "two ends": (say("execution_failed"), {"not_one_end"}),
    "a version too many": (
        f"UPDATE renum_team_executions SET context_version = context_version + 1 WHERE id = {ONE}",
        {"context_version_differs"},
    ),
    "a change that is gone": (
        f"DELETE FROM executions_contextchange WHERE execution_id = {ONE} AND version = 1",
        {"context_version_differs", "snapshot_differs", "context_not_the_results"},
    ),
    "another snapshot": (
        f"UPDATE executions_contextsnapshot SET values = '{{\"agent_x_result\": 1}}' WHERE execution_id = {ONE}",
        {"snapshot_differs"},
    ),
    "another result": (
        f"UPDATE executions_executionstep SET result_text = 'something else', result_data = NULL WHERE id = {SECOND}",
        {"context_not_the_results"},
    ),
    "the wrong order": (
        f"UPDATE executions_executionstep SET started_at = (SELECT created_at FROM renum_team_executions"
        f" WHERE id = {ONE}) WHERE id = {SECOND}",
        {"started_too_early"},
    ),
    "a spoilt plan": (
        f"UPDATE renum_team_executions SET plan = '[7]' WHERE id = {ONE}",
        {"plan_unreadable"},
    ),
    "a step of no plan": (
        f"UPDATE executions_executionstep SET step_id = 'other' WHERE id = {FIRST}",
        {"plan_unreadable", "completed_unsaid", "context_not_the_results"},
    ),
    "a key of other keys": (
        "UPDATE teams_sunaconnection SET sealed_credential = 'gAAAA'",
        {"secret_unreadable"},
    ),
    "a user's key of other keys": (
        "UPDATE user_api_keys SET encrypted_key = 'gAAAA'",
        {"secret_unreadable"},
    ),
}  # fmt: skip
LEGAL: dict[str, str] = {
    "a late run": copy_of_run(code="'late_run'"),
    "a run that asked and the one that went on": copy_of_run(code="'asked'")
    + ";"
    + say("step_note", step=FIRST_NAME),
    "a question that was answered": question(
        "answered", answer="'Yes.'", closed_at="now()", heard="true"
    ),
    "a run that waits for its start": copy_of_run(
        attempt="3", status="'created'", finished_at="NULL", started_at="NULL", thread_id="NULL", suna_run_id="NULL",
        start_requested_at="NULL",
    ),
    "a start that was put back": BREAKS["an attempt begun again"][0]
    + ";"
    + say("start_put_back", step=FIRST_NAME, data='{"attempt": 1}'),
    "a step that was reused": f"""
        UPDATE executions_executionevent SET kind = 'step_reused' WHERE execution_id = {ONE}
            AND kind = 'step_completed' AND step_id = {FIRST_NAME};
        UPDATE executions_executionevent SET kind = 'step_note' WHERE execution_id = {ONE}
            AND kind = 'step_starting' AND step_id = {FIRST_NAME};
        UPDATE executions_executionstep SET started_at = NULL, reused_from_id = {SECOND} WHERE id = {FIRST}""",
    "a ledger row of an execution that was pruned": """
        INSERT INTO renum_ai_usage_logs SELECT (jsonb_populate_record(u, jsonb_build_object(
            'id', gen_random_uuid(), 'execution_id', gen_random_uuid(), 'agent_run_id', gen_random_uuid(),
            'source_id', 'old'))).* FROM renum_ai_usage_logs u LIMIT 1""",
}  # fmt: skip
ALWAYS_WARNINGS = {"paused", "quarantined", "waits_for_answer", "waits_for_decision"}
DEFINITION = {
    "type": "sequential",
    "agents": [
        {
            "agent_id": "agent-123",
            "role": "researcher",
            "retry": {"max_attempts": 2, "initial_interval": "1s"},
        },
        {"agent_id": "agent-456", "role": "analyst"},
    ],
}


class _Undo(Exception):
    """Ends a transaction without keeping what it did."""


def _broken_by(sql: str, *, quiescent: bool = True) -> Report:
    reports: list[Report] = []

    def change() -> Iterator[None]:
        with transaction.atomic(), connection.cursor() as cursor:
            # What a commit would refuse must be found where somebody went round it.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            for table in TABLES:
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            for statement in sql.split(";"):
                cursor.execute(statement)
                assert cursor.rowcount, f"it changed nothing: {statement}"
            yield
            raise _Undo

    changed = change()
    next(changed)
    reports.append(check_all(quiescent=quiescent))
    with pytest.raises(_Undo):
        next(changed)
    return reports[0]


@pytest.fixture
def history(renum_on) -> Execution:
    """Give two executions that are over, with a failed attempt, usage and a user's key."""
    renum = renum_on("seed")
    attempts = json.dumps(
        {"key": "v", "attempts": [{"raw_status": "failed"}, {"text": "whole"}], "tokens": [10, 5]}
    )
    team = renum.make_team(DEFINITION)
    executions = [renum.start(team, f"Look. @@sim{attempts}"), renum.start(team, "Compare the two offers.")]
    renum.start_drivers()
    for execution in executions:
        assert renum.wait_for(execution).status == "completed"
    UserApiKey.objects.create(
        user=renum.owner, service_name="openai", created_at=executions[0].created_at,
        updated_at=executions[0].created_at, fingerprint="-",
        encrypted_key=UserApiKey.seal_key(user_id=renum.owner.pk, service_name="openai", key="k" * 20),
    )  # fmt: skip
    return executions[0]


def test_each_break_is_found_by_its_check_alone_and_told_by_the_command(history, capsys):
    # One test for all of it: a history made by the real parts takes seconds.
    _check_breaks()
    _check_severities()
    _check_command(capsys)


def _check_breaks() -> None:
    whole = verify(quiescent=True)
    found = {name: {one.name for one in _broken_by(sql).errors} for name, (sql, _) in BREAKS.items()}
    legal = {name: {one.name for one in _broken_by(sql).errors} for name, sql in LEGAL.items()}

    assert {one.name: one.examples for one in whole.findings if one.count} == {}
    assert (whole.executions, whole.secrets) == (2, 2)
    assert found == {name: expected for name, (_, expected) in BREAKS.items()}
    # An open run beside an execution that is over is told for what it is, whatever it waits for.
    assert legal == {name: {"over_with_an_open_run"} if "waits" in name else set() for name in LEGAL}
    checked = set().union(*(expected for _, expected in BREAKS.values()))
    assert checked == {check.name for check in CHECKS} - ALWAYS_WARNINGS
    # The transactions above were undone: nothing of it stayed.
    assert verify(quiescent=True).errors == ()


def _check_severities() -> None:
    unfinished = BREAKS["a running one"][0]
    paused = unfinished.replace("'running'", "'paused'")

    at_work = _broken_by(unfinished, quiescent=False)
    waiting = _broken_by(paused)
    quarantined = _broken_by(paused.replace("'paused'", "'quarantined'"))

    assert at_work.errors == at_work.warnings == ()
    assert [one.name for one in waiting.warnings] == ["paused"]
    assert waiting.errors == ()
    assert [one.name for one in quarantined.warnings] == ["quarantined"]
    in_doubt = (
        f"{unfinished};UPDATE executions_executionstep SET status = 'start_uncertain', code = 'start_unknown',"
        f" finished_at = NULL WHERE id = {FIRST}"
    )
    for quiescent in (True, False):
        doubtful = _broken_by(in_doubt, quiescent=quiescent)
        assert [one.name for one in doubtful.warnings] == ["waits_for_decision"]
        assert "not_over" not in [one.name for one in doubtful.errors]
    asking = (
        unfinished.replace("'running'", "'running', at_rest = true")
        + f""";
        UPDATE executions_executionstep SET status = 'waiting_input', finished_at = NULL WHERE id = {FIRST};
        UPDATE executions_executionevent SET kind = 'step_note' WHERE execution_id = {ONE}
            AND kind IN ('step_completed', 'step_starting') AND step_id = {FIRST_NAME};"""
        + question("open", expires_at="now()")
    )
    waits = _broken_by(asking)
    assert [one.name for one in waits.warnings] == ["waits_for_answer"]
    assert "not_over" not in {one.name for one in waits.errors}
    queued = unfinished.replace("'running'", "'queued', pause_requested_at = now()")
    held, resumed, cancelled = (
        _broken_by(queued.replace("now()", f"now(), {wish} = now() + interval '1 s'"))
        for wish in ("not_before", "resume_requested_at", "cancel_requested_at")
    )
    assert ([one.name for one in held.warnings], held.errors) == (["paused"], ())
    for report in (resumed, cancelled):
        assert ([one.name for one in report.errors], report.warnings) == (["not_over"], ())
    open_run = _broken_by(BREAKS["an open run"][0], quiescent=False)
    assert [one.name for one in open_run.warnings] == ["over_with_an_open_run"]


def _check_command(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("renum_verify", "--quiescent")
    assert "0 errors, 0 warnings" in capsys.readouterr().out

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO executions_executionevent (id, execution_id, seq, kind, step_id, data, actor, created_at)"
            " SELECT gen_random_uuid(), execution_id, seq + 100 * n, 'note', '', '{}', 'x', now()"
            " FROM executions_executionevent, generate_series(1, 30) n"
        )
    with pytest.raises(SystemExit) as ended:
        call_command("renum_verify", "--json")
    told = json.loads(capsys.readouterr().out)
    gaps = next(one for one in told["findings"] if one["name"] == "timeline_gaps")

    assert ended.value.code == 1
    assert told["ok"] is False
    assert (gaps["count"], gaps["severity"], len(gaps["examples"])) == (2, "error", 2)
    assert MAX_EXAMPLES == 20

    later = Execution.objects.order_by("-created_at").values_list("created_at", flat=True)[0].year + 1
    call_command("renum_verify", "--since", f"{later}-01-01")
    assert "0 executions and 2 secrets" in capsys.readouterr().out
    assert ExecutionStep.objects.count() == 4
