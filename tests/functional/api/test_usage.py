"""The ledger across executions: who sees which rows, what they add up to, and the same figures as CSV."""

import csv
import datetime as dt
import io
import uuid
import zoneinfo
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing.ledger import GroupBy, LedgerEntry, UnknownTimeZone, record_responses, sum_up, summary
from billing.ledger import rows as ledger_rows
from billing.models import UsageLog
from teams.actions.create_team import create_team
from teams.api.periods import _zones
from teams.models import Team, TeamMembership
from tests.fixtures.people import SEQUENTIAL, make_person
from tests.functional.api.conftest import NOW, assert_problem, client_for

USAGE = "/api/v1/usage"
SUMMARY = f"{USAGE}/summary"
# A zone without any change of offset, as RFC 9636 writes it.
ZONE_FILE = b"TZif" + bytes(16 + 4 * 4) + b"\0\0\0\1\0\0\0\4" + bytes(6) + b"XXQ\0"
HOSTILE = '=cmd|"/C calc"!A1'


def bill(team: Team, *, at: dt.datetime = NOW, **changes: Any) -> UsageLog:
    """Record an answer of o3 in an execution of the team: 10,000 and 500 tokens, 0.024 USD."""
    facts: dict[str, Any] = {
        "execution_id": uuid.uuid4(),
        "agent_run_id": uuid.uuid4(),
        "connection_id": uuid.uuid4(),
        "source_id": f"message-{uuid.uuid4()}",
        "agent_id": "agent-123",
        "step_id": "research",
        "attempt": 1,
        "team_id": team.pk,
        "team_name": team.name,
        "payer_id": team.owner_id,
        "started_by_id": team.owner_id,
        "key_owner_id": team.owner_id,
        "api_key_type": "suna_account",
        "provider": "openai",
        "model": "o3",
        "tokens_input": 10_000,
        "tokens_output": 500,
    }
    [row] = record_responses([LedgerEntry(**{**facts, **changes})], at=at)
    return row


def ids(client: Any, query: str = "") -> set[str]:
    return {row["id"] for row in client.get(f"{USAGE}{query}").json()["results"]}


def table(response: Any) -> list[dict[str, str]]:
    """Read an answer back as a spreadsheet would."""
    assert response.status_code == 200, response.content
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="usage')
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def figures(rows: list[Mapping[str, Any]]) -> tuple[int, int, int, Decimal, int]:
    """Add up rows as the API shows them."""
    return (
        len(rows),
        sum(int(row["tokens_input"] or 0) for row in rows),
        sum(int(row["tokens_output"] or 0) for row in rows),
        sum((Decimal(row["cost_usd"]) for row in rows if row["cost_usd"]), Decimal(0)),
        sum(row["pricing"] == "unpriced" for row in rows),
    )


def told(sums: Mapping[str, Any]) -> tuple[int, int, int, Decimal, int]:
    """Return what a summary tells of the same."""
    usage, cost = sums.get("usage", sums), sums.get("cost", sums)
    counts = (int(usage[name]) for name in ("responses", "tokens_input", "tokens_output"))
    return (*counts, Decimal(cost["cost_usd"]), int(cost["unpriced"]))  # type: ignore[return-value]


def test_a_payer_sees_what_they_pay_a_member_what_the_team_costs_and_nobody_else_anything(
    api, owner, viewer, outsider, staff, team
) -> None:
    sponsor = make_person("sonia")
    paid_by_owner, paid_by_sponsor = bill(team), bill(team, payer_id=sponsor.pk)
    elsewhere = bill(create_team(owner=outsider, name="Theirs", definition=SEQUENTIAL))

    of_team = {str(paid_by_owner.pk), str(paid_by_sponsor.pk)}
    assert ids(api) == ids(client_for(viewer)) == of_team
    assert ids(client_for(sponsor)) == {str(paid_by_sponsor.pk)}
    assert ids(client_for(outsider)) == {str(elsewhere.pk)}
    assert ids(client_for(staff)) == set()
    for query in (f"?team={team.pk}", f"?execution={paid_by_owner.execution_id}", f"?user={owner.pk}"):
        assert ids(client_for(outsider), query) == set()
        body = client_for(outsider).get(f"{SUMMARY}{query}&group_by=team,user").json()
        assert (body["total"]["usage"]["responses"], body["results"]) == (0, [])
        assert table(client_for(outsider).get(f"{USAGE}{query}&format=csv")) == []


def test_who_is_no_member_any_more_sees_no_cost_and_the_payer_sees_also_what_is_gone(
    api, viewer, team
) -> None:
    row, of_a_team_that_is_gone = bill(team), bill(team, team_id=None)
    client = client_for(viewer)
    assert ids(client) == {str(row.pk)}

    TeamMembership.objects.filter(user=viewer).delete()

    assert ids(client) == set()
    assert ids(api) == {str(row.pk), str(of_a_team_that_is_gone.pk)}


def test_a_row_says_who_pays_for_what_and_nothing_of_what_was_asked_or_answered(api, owner, team) -> None:
    row = bill(team, request_data={"prompt": "CANARY"}, response_data={"text": "CANARY"}, tokens_cached=7)

    [shown] = api.get(USAGE).json()["results"]

    person = {"id": str(owner.pk), "username": "olga"}
    assert shown["team"] == {"id": str(team.pk), "name": "Analysts"}
    assert (shown["payer"], shown["started_by"]) == (person, person)
    assert (shown["execution_id"], shown["step_id"]) == (str(row.execution_id), "research")
    assert (shown["cost_usd"], shown["tokens_cached"], shown["pricing"]) == ("0.0239895000", 7, "priced")
    assert "CANARY" not in api.get(USAGE).content.decode()
    assert "CANARY" not in str(table(api.get(f"{USAGE}?format=csv")))


FILTERS: dict[str, tuple[dict[str, Any], str]] = {
    "execution": ({"execution_id": uuid.UUID(int=7)}, str(uuid.UUID(int=7))),
    "agent": ({"agent_id": "agent-9"}, "agent-9"),
    "step": ({"step_id": "other"}, "other"),
    "provider": ({"provider": "nobody"}, "nobody"),
    "model": ({"model": "unheard-of"}, "unheard-of"),
    "key_type": ({"api_key_type": "user_provided"}, "user_provided"),
    "pricing": ({"model": "unheard-of"}, "unpriced"),
}


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_leaves_the_rows_that_have_its_value(name, api, team) -> None:
    changes, value = FILTERS[name]
    wanted, _ = bill(team, **changes), bill(team)

    assert ids(api, f"?{name}={value}") == {str(wanted.pk)}
    body = api.get(f"{SUMMARY}?{name}={value}").json()
    assert (body["total"]["usage"]["responses"], body["results"]) == (1, [])


def test_rows_are_narrowed_to_a_team_and_to_a_person(api, owner, operator, team) -> None:
    other = create_team(owner=owner, name="Other", definition=SEQUENTIAL)
    first, second = bill(team, started_by_id=operator.pk), bill(other)

    assert ids(api, f"?team={other.pk}") == {str(second.pk)}
    assert ids(api, f"?user={operator.pk}") == {str(first.pk)}
    assert ids(api, f"?team={other.pk}&user={operator.pk}") == set()


def test_a_period_includes_its_beginning_and_not_its_end_and_a_date_begins_in_the_zone(api, team) -> None:
    midnight = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)
    before = bill(team, at=midnight - dt.timedelta(microseconds=1))
    at = bill(team, at=midnight)
    both = {str(before.pk), str(at.pk)}

    assert ids(api, "?from=2026-11-22T03:00:00Z") == {str(at.pk)}
    assert ids(api, "?to=2026-11-22T03:00:00Z") == {str(before.pk)}
    assert ids(api, "?from=2026-11-22T00:00:00-03:00") == {str(at.pk)}
    assert ids(api, "?from=2026-11-22&time_zone=America/Sao_Paulo") == {str(at.pk)}
    assert ids(api, "?from=2026-11-21&to=2026-11-22&time_zone=America/Sao_Paulo") == {str(before.pk)}
    assert ids(api, "?from=2026-11-22") == both


def test_days_begin_in_the_zone_that_is_asked_for_else_in_the_persons_own(api, owner, team) -> None:
    bill(team, at=dt.datetime(2026, 11, 22, 2, 59, tzinfo=dt.UTC))
    bill(team, at=dt.datetime(2026, 11, 22, 3, 1, tzinfo=dt.UTC))

    def days(query: str = "") -> list[str]:
        body = api.get(f"{SUMMARY}?group_by=day{query}").json()
        return [f"{body['time_zone']} {group['day']}" for group in body["results"]]

    assert days() == ["UTC 2026-11-22"]
    owner.time_zone = "America/Sao_Paulo"
    owner.save(update_fields=["time_zone"])
    assert days() == ["America/Sao_Paulo 2026-11-21", "America/Sao_Paulo 2026-11-22"]
    assert days("&time_zone=Asia/Tokyo") == ["Asia/Tokyo 2026-11-22"]
    owner.time_zone = "Mars/Olympus"
    owner.save(update_fields=["time_zone"])
    assert days() == ["UTC 2026-11-22"]


def test_every_zone_that_is_taken_is_one_of_postgresqls_or_refused(api, team) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}

    assert {"UTC", "America/Sao_Paulo", "Asia/Tokyo"} <= known & _zones()
    for zone in sorted(_zones() - known):
        response = api.get(f"{SUMMARY}?group_by=day&time_zone={zone}")
        assert response.status_code in (200, 400), zone


def test_a_zone_that_postgresql_does_not_have_is_told_apart_from_every_other_error(owner, team) -> None:
    bill(team)
    strange = zoneinfo.ZoneInfo.from_file(io.BytesIO(ZONE_FILE), key="Mars/Olympus")
    rows = UsageLog.objects.for_user(owner)

    with pytest.raises(UnknownTimeZone), transaction.atomic():
        sum_up(rows, by=[GroupBy.DAY], time_zone=strange)
    assert len(sum_up(rows, by=[GroupBy.TEAM], time_zone=strange).groups) == 1


def test_groups_are_named_and_what_is_unknown_is_null(api, owner, operator, team) -> None:
    bill(team, started_by_id=operator.pk, model=None, provider=None)
    bill(team, started_by_id=None, team_id=None, team_name="Gone")
    bill(team, team_name="An older name")

    def groups(by: str) -> list[Any]:
        return [
            [group[key] for key in by.split(",")]
            for group in api.get(f"{SUMMARY}?group_by={by}").json()["results"]
        ]

    people = [
        [None],
        *sorted([[{"id": str(p.pk), "username": p.username}] for p in (owner, operator)], key=str),
    ]
    assert sorted(groups("user"), key=str) == sorted(people, key=str)
    assert groups("team") == [[{"id": str(team.pk), "name": "Analysts"}], [{"id": None, "name": "Gone"}]]
    assert groups("model") == [[None], ["o3"]]
    assert groups("provider,key_type") == [[None, "suna_account"], ["openai", "suna_account"]]
    assert groups("agent,day") == [["agent-123", "2026-11-22"]]


def test_unpriced_and_unreported_answers_are_counted_apart_and_are_never_0(api, team) -> None:
    bill(team)
    bill(team, model="unheard-of")
    bill(team, tokens_output=None)

    [group] = api.get(f"{SUMMARY}?group_by=team").json()["results"]

    assert group["cost"] == {"cost_usd": "0.0240000000", "unpriced": 1}
    assert (group["usage"]["responses"], group["usage"]["unreported"]) == (3, 1)


def test_more_groups_than_can_be_told_are_refused(api, team, monkeypatch) -> None:
    for number in range(4):
        bill(team, agent_id=f"agent-{number}")

    monkeypatch.setattr(summary, "MAX_GROUPS", 4)
    assert len(api.get(f"{SUMMARY}?group_by=agent").json()["results"]) == 4
    monkeypatch.setattr(summary, "MAX_GROUPS", 3)
    assert_problem(api.get(f"{SUMMARY}?group_by=agent"), 400, "too_many_groups")


def test_csv_is_asked_for_by_accept_or_by_a_parameter_and_json_is_what_comes_else(api, team) -> None:
    bill(team)

    assert len(table(api.get(USAGE, headers={"Accept": "text/csv"}))) == 1
    assert len(table(api.get(f"{SUMMARY}?format=csv", headers={"Accept": "application/json"}))) == 1
    assert api.get(USAGE, headers={"Accept": "*/*"}).json()["next"] is None
    assert api.get(f"{USAGE}?format=json", headers={"Accept": "text/csv"}).json()["next"] is None
    assert_problem(api.get(USAGE, headers={"Accept": "application/xml"}), 406, "not_acceptable")
    # What is refused is told as JSON also to whoever wants CSV.
    refused = api.get(f"{USAGE}?team=x", headers={"Accept": "text/csv"})
    assert_problem(refused, 400, "invalid_parameter")
    assert_problem(client_for(None).get(f"{USAGE}?format=csv"), 401, "not_authenticated")


def test_no_cell_of_a_csv_is_a_formula(api, owner, team) -> None:
    row = bill(
        team,
        agent_id=HOSTILE,
        step_id="@x",
        model="+1",
        provider="\t=1",
        source_id="-1\r\n=2",
        tokens_input=0,
    )

    [cells] = table(api.get(f"{USAGE}?format=csv"))

    assert (cells["agent_id"], cells["step_id"]) == (f"'{HOSTILE}", "'@x")
    assert (cells["model_name"], cells["source_id"], cells["tokens_input"]) == ("'+1", "'-1\r\n=2", "0")
    assert not [cell for cell in cells.values() if cell[:1] in tuple("=+-@\t\r\n")]
    assert table(api.get(f"{SUMMARY}?group_by=agent,model&format=csv"))[0]["agent"] == f"'{HOSTILE}"
    assert cells["id"] == str(row.pk)


AMOUNTS = st.integers(min_value=0, max_value=10**9)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "agent_id": st.sampled_from(["a", "=b", "c,d", 'e"f']),
            "model": st.sampled_from(["o3", "gpt-4o", "unheard-of", None]),
            "provider": st.sampled_from(["openai", None]),
            "api_key_type": st.sampled_from(["user_provided", "suna_account"]),
            "tokens_input": AMOUNTS | st.none(),
            "tokens_output": AMOUNTS,
            "tokens_cached": st.none() | st.integers(min_value=0, max_value=5),
            "day": st.integers(min_value=0, max_value=40),
            "is_gone": st.booleans(),
        }
    ),
    min_size=1,
    max_size=12,
)
KEYS = ("day", "team", "agent", "model", "provider", "user", "key_type")
BY = st.lists(st.sampled_from(KEYS), unique=True, max_size=2)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(answers=ROWS, by=BY)
def test_sums_are_those_of_the_rows_and_csv_has_the_figures_of_json_to_the_last_digit(
    answers: Any, by: Any, api: Any, team: Any
) -> None:
    marker = f"run-{uuid.uuid4()}"
    for answer in answers:
        facts = {name: value for name, value in answer.items() if name not in ("day", "is_gone")}
        gone = {"team_id": None, "started_by_id": None} if answer["is_gone"] else {}
        bill(team, at=NOW - dt.timedelta(days=answer["day"]), step_id=marker, **facts, **gone)
    query = f"step={marker}"

    rows, address = [], f"{USAGE}?{query}&limit=5"
    while address:
        page = api.get(address).json()
        rows += page["results"]
        address = page["next"]
    lines = table(api.get(f"{USAGE}?{query}&format=csv"))
    grouped = f"{SUMMARY}?{query}" + (f"&group_by={','.join(by)}" if by else "")
    body = api.get(grouped).json()
    sums = table(api.get(f"{grouped}&format=csv"))

    assert len(rows) == len(answers)
    assert figures(rows) == figures(lines) == told(body["total"])
    for row, line in zip(rows, lines, strict=True):
        for name in (
            "id",
            "created_at",
            "execution_id",
            "cost_usd",
            "tokens_input",
            "tokens_output",
            "pricing",
        ):
            assert line[name] == ("" if row[name] is None else str(row[name]))
    groups = body["results"] or [body["total"]]
    assert [told(group) for group in groups] == [told(line) for line in sums]
    assert [group["cost"]["cost_usd"] for group in groups] == [line["cost_usd"] for line in sums]
    by_hand = defaultdict(list)
    for row in rows:
        by_hand[tuple(str(_key(row, key)) for key in by)].append(row)
    assert {tuple(str(group[key]) for key in by): told(group) for group in groups} == {
        keys: figures(of) for keys, of in by_hand.items()
    }


def _key(row: Mapping[str, Any], key: str) -> Any:
    """Return by what a row as the API shows it belongs to a group."""
    names = {
        "agent": "agent_id",
        "model": "model_name",
        "provider": "model_provider",
        "key_type": "api_key_type",
    }
    if key == "day":
        return row["created_at"][:10]
    return row["started_by"] if key == "user" else row[names.get(key, key)]


def test_a_long_csv_comes_whole_in_a_number_of_queries_that_rows_hardly_raise(
    api, team, django_assert_max_num_queries, monkeypatch
) -> None:
    monkeypatch.setattr(ledger_rows, "ROWS_AT_ONCE", 10)
    wanted = [str(bill(team, at=timezone.now()).pk) for _ in range(35)]

    with django_assert_max_num_queries(8):
        lines = table(api.get(f"{USAGE}?format=csv"))

    assert sorted(line["id"] for line in lines) == sorted(wanted)
    assert [line["id"] for line in lines] == sorted(wanted, reverse=True)
