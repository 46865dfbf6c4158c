"""Questions to people, end to end: asked, answered, gone on with in the same thread, or closed otherwise."""

import datetime as dt
import json
import threading
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.db.models.functions import Now

from billing.models import UsageLog
from executions.actions.answer_question import QuestionClosed, answer_question
from executions.actions.resume_execution import resume_execution
from executions.actions.start_step_again import start_step_again
from executions.agent_service import RunRequest
from executions.models import AgentRun, Execution, Question
from executions.orchestrator.connections import open_connection
from executions.suna.wire import PROFILES
from executions.upkeep.needs_review import hand_over_to_people
from teams.models import SunaConnection, TeamMembership, User
from teams.models.database_time import database_now
from teams.models.team_membership import TeamRole
from tests.faults.history import STARTED_TWICE, UNKNOWN_RUNS, check_history
from tests.fixtures.running import RunningRenum, wait_until

pytestmark = pytest.mark.shares_suna

ASKS = {"ask": "Which city?"}
# The document's own contract has no questions.
ASKING_PROFILES = sorted(name for name in PROFILES if name != "seed")


def directive(**what: Any) -> str:
    return f"@@sim{json.dumps(what)}"


def one_step(**step: Any) -> dict[str, Any]:
    return {"type": "sequential", "agents": [{"agent_id": "agent-1", **step}]}


def begin(renum: RunningRenum, definition: dict[str, Any], **what: Any) -> Execution:
    return renum.start(renum.make_team(definition), f"Plan a trip. {directive(**(what or ASKS))}")


def open_question(execution: Execution) -> Question:
    rows = Question.objects.select_related("step", "execution__team")
    found: Question = wait_until(lambda: rows.filter(execution=execution, state="open").first())
    return found


def answer(question: Question, text: str = "Lisbon.") -> None:
    answer_question(question=question, by=question.execution.team.owner, answer=text)


def rests(execution: Execution) -> bool:
    return Execution.objects.filter(pk=execution.pk, driver=None, at_rest=True, status="running").exists()


def said_in(renum: RunningRenum, execution: Execution) -> list[str]:
    """Return how each message began that was put into the execution's threads as a person's."""
    threads = set(execution.agent_runs.values_list("thread_id", flat=True))
    entries = renum.suna.get("ledger?limit=20000&since=0")["entries"]
    mine = [entry for entry in entries if entry["operation"] == "messages.add"]
    return [entry["body"]["content"] for entry in mine if entry["path"].split("/")[3] in threads]


def turns_of(execution: Execution) -> list[tuple[int, int, str, str]]:
    rows = AgentRun.objects.filter(execution=execution).order_by("attempt", "turn")
    return list(rows.values_list("attempt", "turn", "status", "code"))


@pytest.mark.parametrize("profile", ASKING_PROFILES)
def test_answer_goes_on_in_each_profile_as_its_suna_can_take_it(renum_on, profile, figure):
    renum = renum_on(profile)
    renum.start_drivers()
    # Where a new thread is told everything, it is told the directive again too.
    execution = begin(renum, one_step(), key="once", attempts=[ASKS, {"text": "Lisbon it is."}])
    question = open_question(execution)
    step = execution.steps.get()
    assert (step.status, step.code, question.text) == ("waiting_input", "question_open", "Which city?")
    assert step.finished_at is None
    wait_until(lambda: rests(execution))

    answer(question)
    renum.wait_for(execution)

    assert (execution.status, turns_of(execution)) == (
        "completed",
        [(1, 1, "completed", "asked"), (1, 2, "completed", "")],
    )
    first, second = execution.agent_runs.order_by("turn")
    in_place = profile != "2025-07"
    assert (first.thread_id == second.thread_id) is in_place
    question.refresh_from_db()
    assert second.start_requested_at is not None
    figure(f"answer_to_start_s_{profile}", (second.start_requested_at - question.closed_at).total_seconds())
    if PROFILES[profile].capabilities.reports_usage:
        assert UsageLog.objects.filter(agent_run_id__in=[first.pk, second.pk]).count() == 2
    assert [event.data.get("turn") for event in execution.events.filter(kind="step_starting")] == [None, 2]
    check_history(renum)


def _ask_again_with_the_same_words(renum: RunningRenum) -> None:
    execution = begin(renum, one_step())

    answer(open_question(execution), f"Yes. {directive(ask='Really?')}")
    again = open_question(execution)
    answer(again, f"Yes. {directive(ask='Really?')}")
    third = open_question(execution)
    answer(third, "Yes.")
    renum.wait_for(execution)

    assert again.text == third.text == "Really?"
    assert [turn for _, turn, _, _ in turns_of(execution)] == [1, 2, 3, 4]
    assert execution.status == "completed"
    # Each answer stands in the thread once: four messages of a person's, the prompt included.
    assert len(said_in(renum, execution)) == 4


def test_policies_without_a_person(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers()
    fails = begin(renum, one_step(on_question="fail"))
    decides = begin(renum, one_step(on_question={"policy": "auto_answer", "answer": "Porto."}))
    stubborn = f"Choose. {directive(ask='Which?')}"
    limited = begin(
        renum, one_step(on_question={"policy": "auto_answer", "answer": stubborn, "max_answers": 2})
    )
    expires = begin(renum, one_step(on_question={"policy": "human", "timeout": 1}))
    late = {"policy": "human", "timeout": 1, "on_timeout": "auto_answer", "answer": "Faro."}
    goes_on = begin(renum, one_step(on_question=late))
    for execution in (fails, decides, limited, expires, goes_on):
        renum.wait_for(execution)

    def outcome(execution: Execution) -> tuple[str, str, Any, Any, int]:
        step = execution.steps.get()
        params = step.reason_params
        return (
            execution.status,
            step.code,
            params.get("asked"),
            params.get("expired"),
            len(turns_of(execution)),
        )

    assert outcome(fails) == ("failed", "agent_failed", True, None, 1)
    assert outcome(decides) == ("completed", "", None, None, 2)
    assert outcome(limited) == ("failed", "agent_failed", True, None, 3)
    assert outcome(expires) == ("failed", "agent_failed", True, True, 1)
    assert outcome(goes_on) == ("completed", "", None, None, 2)
    assert Question.objects.filter(execution=fails).count() == 0
    rows = Question.objects.order_by("id").values_list("state", "answer", "is_automatic", "heard")
    assert list(rows.filter(execution=decides)) == [("answered", "Porto.", True, True)]
    assert list(rows.filter(execution=limited)) == [("answered", stubborn, True, True)] * 2
    assert list(rows.filter(execution=expires)) == [("expired", None, False, True)]
    assert list(rows.filter(execution=goes_on)) == [("expired", "Faro.", True, True)]
    check_history(renum)


def test_waiting_executions_take_nobodys_place_and_are_taken_up_by_whatever_ends_the_wait(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers(RENUM_CAPACITY="2")
    waiting = [begin(renum, one_step()) for _ in range(6)]
    for execution in waiting:
        wait_until(lambda at=execution: rests(at))
    assert renum.wait_for(renum.start(renum.make_team(one_step()), "Others run.")).status == "completed"
    answered, cancelled, overdue, paused, expired, held = waiting
    epochs = list(Execution.objects.order_by("id").values_list("epoch", flat=True))

    answer(open_question(answered))
    assert renum.wait_for(answered).status == "completed"
    Execution.objects.filter(pk=cancelled.pk).update(cancel_requested_at=Now())
    assert renum.wait_for(cancelled).status == "cancelled"
    Execution.objects.filter(pk=overdue.pk).update(deadline_at=Now())
    assert (renum.wait_for(overdue).status, overdue.code) == ("failed", "deadline")
    Execution.objects.filter(pk=paused.pk).update(pause_requested_at=Now())
    wait_until(
        lambda: Execution.objects.filter(pk=paused.pk, status="paused", driver=None, at_rest=True).exists()
    )
    # What is answered while it is paused goes on when it is resumed, and not before.
    answer(open_question(paused))
    wait_until(lambda: Question.objects.filter(execution=paused, heard=True).exists())
    assert turns_of(paused)[1:] == [(1, 2, "created", "")]
    Execution.objects.filter(pk=paused.pk).update(resume_requested_at=Now())
    assert renum.wait_for(paused).status == "completed"
    Question.objects.filter(execution=expired).update(expires_at=Now())
    Execution.objects.filter(pk=expired.pk).update(look_at=Now())
    assert renum.wait_for(expired).status == "failed"
    # The time of a question ends while its execution is paused, too.
    Execution.objects.filter(pk=held.pk).update(pause_requested_at=Now())
    wait_until(
        lambda: Execution.objects.filter(pk=held.pk, status="paused", driver=None, at_rest=True).exists()
    )
    Question.objects.filter(execution=held).update(expires_at=Now())
    Execution.objects.filter(pk=held.pk).update(look_at=Now())
    assert renum.wait_for(held).status == "failed"

    states = Question.objects.order_by("execution_id").values_list("state", flat=True)
    assert list(states) == ["answered", "withdrawn", "withdrawn", "answered", "expired", "expired"]
    # Nobody took up and let go of what waited meanwhile: each was claimed once before, whatever its wait.
    assert epochs == [1, 1, 1, 1, 1, 1, 1]
    check_history(renum)


def _hear_beside_other_steps(renum: RunningRenum) -> None:
    agents = [
        {"agent_id": "agent-1", "instructions": directive(**ASKS)},
        {"agent_id": "agent-2", "instructions": directive(takes=6)},
    ]
    execution = renum.start(renum.make_team({"type": "parallel", "agents": agents}), "Both.")

    answer(open_question(execution))
    wait_until(lambda: execution.steps.filter(step_id="agent-1", status="completed").exists())

    assert execution.steps.filter(step_id="agent-2", status="running").exists()
    assert renum.wait_for(execution).status == "completed"


def _two_people_at_once(renum: RunningRenum) -> None:
    execution = begin(renum, one_step())
    question = open_question(execution)
    people = [renum.owner, User.objects.create_user("mia", email="mia@example.org")]
    TeamMembership.objects.create(team=execution.team, user=people[1], role=TeamRole.OPERATOR)
    start = threading.Barrier(2)
    refused: list[QuestionClosed] = []
    answered: list[str] = []

    def give(person: User) -> None:
        mine = Question.objects.select_related("step", "execution__team").get(pk=question.pk)
        start.wait(timeout=10)
        try:
            answer_question(question=mine, by=person, answer=f"As {person.username} says.")
            answered.append(person.username)
        except QuestionClosed as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=give, args=[person]) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    renum.wait_for(execution)
    question.refresh_from_db()
    assert (len(answered), len(refused)) == (1, 1)
    assert question.answer == f"As {answered[0]} says."
    assert answered[0] in refused[0].message
    assert refused[0].problems[0].params["answered_by"] == answered[0]
    assert execution.events.filter(kind="question_answered").count() == 1
    assert len(turns_of(execution)) == 2


@pytest.mark.faults
def test_driver_killed_between_answer_and_start_makes_one_run(renum_on):
    renum = renum_on("2025-08")
    cluster = renum.start_drivers()
    moments = [("messages.list", "before"), ("messages.add", "after"), ("agent.start", "after")]
    for operation, when in moments:
        execution = begin(renum, one_step())
        question = open_question(execution)
        wait_until(lambda at=execution: rests(at))
        renum.suna.fail(operation, kind="barrier", when=when, name=operation)

        answer(question)
        wait_until(lambda at=operation: renum.suna.get("barriers")["waiting"].get(at))
        cluster.kill_driver()
        renum.suna.release(operation)
        renum.wait_for(execution)

        assert (execution.status, turns_of(execution)) == (
            "completed",
            [(1, 1, "completed", "asked"), (1, 2, "completed", "")],
        )
        assert len(said_in(renum, execution)) == 2
    assert renum.suna.starts() == 2 * len(moments)
    check_history(renum)


async def _answer_unknown_to_us(connection: SunaConnection, place: str) -> str:
    """Do what the database that was lost did after the backup: return the run that its answer made."""
    client = open_connection(connection)
    request = RunRequest(agent_id="agent-1", prompt="Madrid, said the lost one.", model_name=None)
    try:
        await client.add_prompt(request, place=place)
        return (await client.start_run(request, place=place)).run_id
    finally:
        await client.aclose()


def test_an_answer_of_a_database_that_was_lost_is_looked_up_before_another_is_sent(renum_on):
    renum = renum_on("2025-08")
    renum.start_drivers()
    execution = begin(renum, one_step())
    question = open_question(execution)
    wait_until(lambda: rests(execution))
    hand_over_to_people(made_at=database_now(), by="olga")
    known = execution.agent_runs.get()
    lost = async_to_sync(_answer_unknown_to_us)(renum.connection, known.thread_id)

    execution.refresh_from_db()
    resume_execution(execution=execution, by=renum.owner)
    answer(question)
    renum.wait_for(execution)

    second = execution.agent_runs.get(turn=2)
    assert (execution.status, second.suna_run_id, renum.suna.starts()) == ("completed", lost, 2)
    kinds = list(execution.events.values_list("kind", flat=True))
    assert "start_in_doubt" in kinds[kinds.index("question_answered") :]
    assert "run_adopted" in kinds
    check_history(renum)
    # The check itself: a run more than there were turns is found.
    more = async_to_sync(_answer_unknown_to_us)(renum.connection, known.thread_id)
    wait_until(lambda: renum.suna.get("summary")["running"] == 0)
    check_history(renum, but_for={STARTED_TWICE: [known.thread_id], UNKNOWN_RUNS: [more]})


def test_an_answer_that_a_lost_database_may_have_sent_where_nobody_can_look_waits_for_a_person(renum_on):
    renum = renum_on("2025-07")
    renum.start_drivers()
    execution = begin(renum, one_step(), key="lost", attempts=[ASKS, {"text": "Lisbon it is."}])
    question = open_question(execution)
    wait_until(lambda: rests(execution))
    hand_over_to_people(made_at=database_now(), by="olga")
    execution.refresh_from_db()
    resume_execution(execution=execution, by=renum.owner)
    answer(question)

    wait_until(lambda: rests(execution) and execution.steps.filter(code="start_unknown").exists())
    assert renum.suna.starts() == 1
    start_step_again(execution=execution, step_id=execution.steps.get().step_id, by=renum.owner)

    assert (renum.wait_for(execution).status, renum.suna.starts()) == ("completed", 2)


def _retry_after_an_answer(renum: RunningRenum) -> None:
    retry = {"max_attempts": 2, "initial_interval": 1}
    execution = begin(renum, one_step(retry=retry), key="r", attempts=[ASKS, {"text": "Done."}])

    answer(open_question(execution), f"Lisbon. {directive(fail='no credits')}")
    renum.wait_for(execution)

    assert turns_of(execution)[:2] == [(1, 1, "completed", "asked"), (1, 2, "failed", "agent_failed")]
    assert turns_of(execution)[2:] == [(2, 1, "completed", "")]
    assert "What you were asked to do" not in execution.steps.get().input
    told = [text for text in said_in(renum, execution) if "What you were asked to do" in text]
    assert len(told) == 1


def _answer_before_the_deadline(renum: RunningRenum) -> None:
    execution = begin(renum, one_step() | {"limits": {"deadline": 600}})

    question = open_question(execution)

    execution.refresh_from_db()
    assert question.expires_at == execution.deadline_at
    assert execution.steps.get().reason_params["until"] == execution.deadline_at.isoformat()
    answer(question)
    renum.wait_for(execution)


def _answer_too_late(renum: RunningRenum) -> None:
    execution = begin(renum, one_step(on_question={"policy": "human", "timeout": 1}))
    question = open_question(execution)
    assert question.expires_at is not None
    assert question.expires_at - question.asked_at < dt.timedelta(seconds=2)
    renum.wait_for(execution)

    with pytest.raises(QuestionClosed, match="up at"):
        answer(question)


def test_answers_are_given_once_heard_at_any_time_and_never_too_late(renum_on):
    # One cluster for all: starting one costs more than what is tried on it.
    renum = renum_on("2025-08")
    renum.start_drivers()
    _ask_again_with_the_same_words(renum)
    _hear_beside_other_steps(renum)
    _two_people_at_once(renum)
    _retry_after_an_answer(renum)
    _answer_too_late(renum)
    _answer_before_the_deadline(renum)

    check_history(renum)
