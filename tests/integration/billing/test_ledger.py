"""One row per model response, priced once, recorded once; totals are the sum of the rows."""

import datetime as dt
import hashlib
import random
import threading
import uuid
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.actions.set_model_price import set_model_price
from billing.ledger import (
    LedgerEntry,
    RunFacts,
    Tally,
    build_entries,
    record_responses,
    tally_rows,
    totals_of_execution,
)
from billing.models import ModelPrice, UsageLog
from executions.agent_service import ModelResponse


def set_price(actor, now, model_name, **changes) -> ModelPrice:
    return set_model_price(
        **{
            "actor": actor,
            "provider": None,
            "model_name": model_name,
            "input_usd_per_mtok": Decimal("1"),
            "output_usd_per_mtok": Decimal("2"),
            "cached_usd_per_mtok": None,
            "valid_from": now - dt.timedelta(days=1),
            "source": "contract of 2026",
            "now": now,
            **changes,
        }
    )


def test_a_response_becomes_a_row_with_its_price_and_the_source_of_the_price(make_entry, team, owner, now):
    entry = make_entry(tokens_cached=1_000, tokens_reasoning=100, response_data={"finish_reason": "stop"})

    [row] = record_responses([entry], at=now)

    row.refresh_from_db()
    assert row.cost_usd == Decimal("0.0225")
    assert (row.pricing, row.reported, row.price_source[:13]) == ("priced", True, "genai-prices ")
    assert row.unit_prices["input_usd_per_mtok"] == "2"
    assert (row.created_at, row.execution_id, row.source_id) == (now, entry.execution_id, entry.source_id)
    assert (row.team, row.team_name, row.payer, row.started_by, row.key_owner) == (
        team,
        "Analysts",
        owner,
        owner,
        owner,
    )
    assert (row.model_provider, row.model_name, row.api_key_type) == ("openai", "o3", "suna_account")
    assert (row.tokens_input, row.tokens_output, row.tokens_cached, row.tokens_reasoning) == (
        10_000,
        500,
        1_000,
        100,
    )
    assert row.response_data == {"finish_reason": "stop"}


def test_an_unknown_model_is_unpriced_and_missing_tokens_are_unreported_and_neither_is_zero(make_entry, now):
    unpriced, unreported = record_responses(
        [make_entry(model="kortix/power", provider=None), make_entry(tokens_output=None)], at=now
    )

    assert (unpriced.pricing, unpriced.cost_usd, unpriced.reported) == ("unpriced", None, True)
    assert (unreported.pricing, unreported.cost_usd, unreported.reported) == ("unreported", None, False)


@pytest.mark.parametrize("count", [-1, 10**30, float("nan"), 1.5, True, "12"])
def test_a_count_that_cannot_be_one_is_not_reported_and_harms_nothing(make_entry, now, count):
    rows = record_responses([make_entry(tokens_input=count), make_entry()], at=now)

    assert [row.pricing for row in rows] == ["unreported", "priced"]
    assert rows[0].tokens_input is None


def test_hostile_text_is_made_storable(make_entry, now):
    entry = make_entry(
        model="m\x00\ud800" + "x" * 500,
        provider="p\x00" * 200,
        source_id="s\x00" * 500,
        api_key_type="no such type",
        response_data={"n\x00": ["\ud800", float("nan"), 10**500]},
        request_data={"prompt": "p" * 100_000},
    )

    [row] = record_responses([entry], at=now)

    row.refresh_from_db()
    assert (row.api_key_type, row.pricing) == ("unknown", "unpriced")
    assert row.response_data == {"n\ufffd": ["\ufffd", "not a finite number: nan", "integer out of range"]}
    assert len(row.request_data["prompt"]) == 100_000


def test_staff_s_price_at_the_moment_comes_first(make_entry, price_keeper, now):
    price = set_price(price_keeper, now, "o3")
    set_price(price_keeper, now, "o3", input_usd_per_mtok=Decimal("9"), valid_from=now + dt.timedelta(days=1))

    [row] = record_responses([make_entry()], at=now)

    assert (row.price_source, row.cost_usd) == (f"override:{price.id}", Decimal("0.011"))


def test_a_price_for_one_provider_is_used_for_that_provider_alone(make_entry, price_keeper, now):
    price = set_price(price_keeper, now, "in-house", provider="Azure")

    ours, other = record_responses(
        [make_entry(model="in-house", provider="azure"), make_entry(model="in-house")], at=now
    )

    assert ours.price_source == f"override:{price.id}"
    assert other.pricing == "unpriced"


def test_a_later_price_changes_no_row_that_is_there(make_entry, price_keeper, now):
    [row] = record_responses([make_entry()], at=now)

    set_price(price_keeper, now, "o3", input_usd_per_mtok=Decimal("900"))

    row.refresh_from_db()
    assert row.cost_usd == Decimal("0.024")


def test_a_response_reported_twice_is_recorded_once_and_the_first_report_stays(make_entry, now):
    entry, other = make_entry(source_id="one"), make_entry(source_id="two")

    first = record_responses([entry, entry, make_entry(source_id="one", tokens_output=9)], at=now)
    second = record_responses([entry, other], at=now + dt.timedelta(minutes=1))

    assert [row.source_id for row in first] == ["one"]
    assert [row.source_id for row in second] == ["two"]
    assert UsageLog.objects.get(source_id="one").tokens_output == 500
    assert totals_of_execution(entry.execution_id).overall.responses == 2


def test_the_same_source_id_on_another_connection_is_another_response(make_entry, now):
    rows = record_responses(
        [make_entry(source_id="one"), make_entry(source_id="one", connection_id=uuid.uuid4())], at=now
    )

    assert len(rows) == 2


@pytest.mark.parametrize("size", [1, 3_000])
def test_recording_takes_three_queries_however_many_responses(
    make_entry, now, django_assert_num_queries, size
):
    entries = [make_entry(model=f"model-{number % 50}") for number in range(size)]

    with django_assert_num_queries(3):
        assert len(record_responses(entries, at=now)) == size


def test_recording_nothing_asks_nothing_of_the_database(now, db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert record_responses([], at=now) == []


@pytest.mark.django_db(transaction=True)
def test_rows_are_gone_when_the_caller_s_transaction_fails(make_entry, now):
    entry = make_entry()

    with transaction.atomic():
        assert len(record_responses([entry], at=now)) == 1
        transaction.set_rollback(True)

    assert not UsageLog.objects.exists()
    assert len(record_responses([entry], at=now)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_report_the_same_responses_at_once_record_each_once(make_entry, now):
    entries = [make_entry() for _ in range(40)]
    recorded: list[str] = []
    barrier = threading.Barrier(4)

    def report(seed: int) -> None:
        mine = random.Random(seed).sample(entries, len(entries))
        barrier.wait(10)
        with transaction.atomic():
            rows = record_responses(mine, at=now)
        recorded.extend(row.source_id for row in rows)
        connection.close()

    threads = [threading.Thread(target=report, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(recorded) == sorted(entry.source_id for entry in entries)
    assert UsageLog.objects.count() == 40


def test_totals_of_an_execution_without_rows_are_zero(db):
    totals = totals_of_execution(uuid.uuid4())

    assert (totals.overall, totals.by_step, totals.by_agent) == (Tally(), {}, {})


def test_totals_come_from_one_query_and_count_what_has_no_price(make_entry, now, django_assert_num_queries):
    entries = [
        make_entry(step_id="a", agent_id="x"),
        make_entry(step_id="b", agent_id="x", attempt=2),
        make_entry(step_id="b", agent_id="y", model="unknown", provider=None),
        make_entry(step_id="b", agent_id="y", tokens_input=None),
    ]
    record_responses(entries, at=now)

    with django_assert_num_queries(1):
        totals = totals_of_execution(entries[0].execution_id)

    assert totals.overall.cost_usd == Decimal("0.048")
    assert (totals.overall.responses, totals.overall.unpriced, totals.overall.unreported) == (4, 1, 1)
    assert {step: tally.responses for step, tally in totals.by_step.items()} == {"a": 1, "b": 3}
    assert {agent: tally.responses for agent, tally in totals.by_agent.items()} == {"x": 2, "y": 2}
    assert totals.overall.cost_metrics == {"cost_usd": "0.0480000000", "unpriced": 1}


tokens = st.none() | st.integers(0, 10**9)
responses = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c"]),
        st.sampled_from(["x", "y"]),
        st.sampled_from(["o3", "gpt-4o", "dear", "unknown"]),
        tokens,
        tokens,
        st.none() | st.integers(0, 10**6),
    ),
    max_size=30,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reports=responses, price=st.decimals(0, 999_999, places=6))
def test_totals_equal_the_sum_of_the_rows_to_the_last_digit(make_entry, now, reports, price):
    with transaction.atomic():
        execution_id = uuid.uuid4()
        ModelPrice.objects.create(
            model_name="dear",
            input_usd_per_mtok=price,
            output_usd_per_mtok=price,
            valid_from=now,
            created_at=now,
            source="test",
        )
        entries = [
            make_entry(
                execution_id=execution_id,
                step_id=step,
                agent_id=agent,
                model=model,
                provider=None,
                tokens_input=sent,
                tokens_output=answered,
                tokens_cached=cached,
            )
            for step, agent, model, sent, answered, cached in reports
        ]

        rows = record_responses(entries, at=now)

        stored = list(UsageLog.objects.filter(execution_id=execution_id))
        totals = totals_of_execution(execution_id)
        units = [int(row.cost_usd.scaleb(10)) for row in stored if row.cost_usd is not None]
        assert int(totals.overall.cost_usd.scaleb(10)) == sum(units)
        assert totals.overall.tokens_input == sum(row.tokens_input or 0 for row in stored)
        assert totals.overall == tally_rows(rows) == tally_rows(stored)
        assert sum(totals.by_step.values(), Tally()) == totals.overall
        assert sum(totals.by_agent.values(), Tally()) == totals.overall
        assert totals.overall.responses == len(reports)
        priceless = totals.overall.unpriced + totals.overall.unreported
        assert priceless == sum(row.cost_usd is None for row in stored)
        transaction.set_rollback(True)


def run_facts(team, owner) -> RunFacts:
    return RunFacts(
        execution_id=uuid.uuid4(),
        agent_run_id=uuid.uuid4(),
        connection_id=uuid.uuid4(),
        agent_id="agent-1",
        step_id="research",
        attempt=2,
        team_id=team.id,
        team_name=team.name,
        payer_id=owner.id,
        started_by_id=owner.id,
        key_owner_id=None,
        api_key_type="unknown",
        wire_profile="2025-08",
        place="thread-1",
        service_run_id="run-1",
        model_asked_for="openai/o3",
    )


def answer() -> ModelResponse:
    return ModelResponse(
        source_id="message-1",
        provider="openai",
        model="o3",
        tokens_input=10,
        tokens_output=5,
        finish_reason="stop",
        text="The answer is é.",
        raw_usage={"prompt_tokens": 10, "completion_tokens": 5},
    )


def test_what_a_run_reported_is_kept_without_its_texts(team, owner, now):
    [entry] = build_entries([answer()], run=run_facts(team, owner), prompt="a secret plan")
    [row] = record_responses([entry], at=now)

    row.refresh_from_db()
    assert row.request_data == {
        "connection": str(entry.connection_id),
        "profile": "2025-08",
        "agent_id": "agent-1",
        "thread": "thread-1",
        "run": "run-1",
        "model": "openai/o3",
        "prompt": {"bytes": 13, "sha256": hashlib.sha256(b"a secret plan").hexdigest()},
    }
    assert row.response_data["usage"] == {"prompt_tokens": 10, "completion_tokens": 5}
    assert (row.response_data["message"], row.response_data["finish_reason"]) == ("message-1", "stop")
    assert row.response_data["text"]["bytes"] == 17
    assert "secret plan" not in str(row.request_data)
    assert "answer" not in str(row.response_data)
    assert (row.attempt, row.key_owner, row.cost_usd) == (2, None, Decimal("0.00006"))


def test_texts_are_kept_whole_where_the_team_records_content(team, owner, now):
    long_prompt = "p\x00" * 20_000
    entries = build_entries([answer()], run=run_facts(team, owner), prompt=long_prompt, record_content=True)

    [row] = record_responses(entries, at=now)

    row.refresh_from_db()
    assert row.request_data["prompt"]["text"] == "p\ufffd" * 20_000
    assert row.response_data["text"]["text"] == "The answer is é."


def test_an_entry_is_frozen(make_entry):
    entry: LedgerEntry = make_entry()

    with pytest.raises(AttributeError):
        entry.tokens_input = 0  # type: ignore[misc]
