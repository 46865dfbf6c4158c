"""Budgets through the API: made, seen, changed and deleted by whom they are for."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connections

from billing.actions.create_budget import MOST_BUDGETS
from billing.models import Budget, BudgetPeriod
from teams.models import TeamRole
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import make_member, make_person
from tests.functional.api.conftest import API, assert_problem, client_for

BUDGETS = f"{API}/budgets"


def body(**members) -> dict:
    return {"name": "Careful", "scope": "user", "span": "month", "limit_usd": "12.50", **members}


@pytest.fixture
def staff(db):
    person = make_person("stella", is_staff=True)
    names = [f"{verb}_budget" for verb in ("add", "change", "delete", "view")]
    person.user_permissions.set(Permission.objects.filter(codename__in=names))
    return person


def test_a_budget_of_one_s_own_is_made_in_one_s_own_time_zone(api, owner) -> None:
    owner.time_zone = "America/Sao_Paulo"
    owner.save()

    made = api.post(BUDGETS, body())

    assert made.status_code == 201
    assert made.headers["Location"].endswith(made.json()["id"])
    seen = api.get(made.headers["Location"])
    assert seen.json() == made.json()
    assert seen.headers["ETag"] == made.headers["ETag"]
    answer = made.json()
    assert (answer["limit_usd"], answer["at_limit"], answer["hard"]) == ("12.500000", "drain", True)
    assert (answer["time_zone"], answer["team"]) == ("America/Sao_Paulo", None)
    assert answer["user"]["username"] == "olga"
    begins = dt.datetime.fromisoformat(answer["current"]["starts_at"])
    assert (begins.day, begins.hour) == (1, 3)
    assert Decimal(answer["current"]["left_usd"]) == Decimal("12.5")


def test_what_is_spent_and_kept_free_is_told_to_the_last_digit(api, owner) -> None:
    budget = make_budget(owner, limit_usd="1")
    BudgetPeriod.objects.update(spent_usd=Decimal("0.0000000001"), unpriced=3)
    period = BudgetPeriod.objects.get()
    period.reservations.create(
        execution_id=uuid.uuid4(),
        step_id="a",
        attempt=1,
        amount_usd=Decimal("0.25"),
        basis="assumed",
        created_at=period.starts_at,
    )

    told = api.get(f"{BUDGETS}/{budget.pk}").json()["current"]

    assert told["spent_usd"] == "0.0000000001"
    assert told["reserved_usd"] == "0.2500000000"
    assert told["left_usd"] == "0.7499999999"
    assert told["unpriced"] == 3
    assert api.get(BUDGETS).json()["results"][0]["current"] == told


def test_a_team_s_budget_is_its_owner_s_to_set_and_everybody_s_in_it_to_see(api, owner, team) -> None:
    editor = client_for(make_member(team, "edda", TeamRole.EDITOR))
    made = api.post(BUDGETS, body(scope="team", team=str(team.pk), span="run"))
    assert made.status_code == 201
    assert made.json()["team"] == {"id": str(team.pk), "name": team.name}
    assert made.json()["current"] is None
    path = f"{BUDGETS}/{made.json()['id']}"

    assert editor.get(path).status_code == 200
    assert [one["id"] for one in editor.get(BUDGETS).json()["results"]] == [made.json()["id"]]
    assert_problem(editor.post(BUDGETS, body(scope="team", team=str(team.pk))), 403, "not_allowed")
    changed = editor.patch(path, {"limit_usd": "99"}, headers={"If-Match": "*"})
    assert_problem(changed, 403, "not_allowed")
    assert_problem(editor.delete(path), 403, "not_allowed")
    assert Budget.objects.get().limit_usd == Decimal("12.5")


def test_the_site_s_budget_is_staff_s(api, staff) -> None:
    assert_problem(api.post(BUDGETS, body(scope="site")), 403, "not_allowed")

    made = client_for(staff).post(BUDGETS, body(scope="site"))

    assert made.status_code == 201
    path = f"{BUDGETS}/{made.json()['id']}"
    assert_problem(api.get(path), 404, "not_found")
    assert client_for(staff).get(path).status_code == 200
    assert client_for(staff).delete(path).status_code == 204


def test_of_two_who_saw_the_same_budget_one_changes_it(api, owner) -> None:
    path = f"{BUDGETS}/{make_budget(owner).pk}"
    seen = api.get(path).headers["ETag"]

    first = api.patch(path, {"limit_usd": "20", "at_limit": "alert"}, headers={"If-Match": seen})
    second = api.patch(path, {"limit_usd": "5"}, headers={"If-Match": seen})

    assert first.status_code == 200
    assert (first.json()["limit_usd"], first.json()["hard"]) == ("20.000000", False)
    assert_problem(second, 412, "changed_meanwhile")
    assert second.headers["ETag"] == first.headers["ETag"] == api.get(path).headers["ETag"]
    assert_problem(api.patch(path, {"limit_usd": "5"}), 428, "precondition_required")
    assert Budget.objects.get().limit_usd == 20
    assert api.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"limit_usd": 12.5}, "/limit_usd"),
        ({"limit_usd": "0"}, "/limit_usd"),
        ({"limit_usd": "-1"}, "/limit_usd"),
        ({"limit_usd": "NaN"}, "/limit_usd"),
        ({"limit_usd": "Infinity"}, "/limit_usd"),
        ({"limit_usd": "1e400"}, "/limit_usd"),
        ({"limit_usd": "0.0000001"}, "/limit_usd"),
        ({"limit_usd": "100000000"}, "/limit_usd"),
        ({"limit_usd": "\u0661\u0662"}, "/limit_usd"),
        ({"limit_usd": "9" * 5_000}, "/limit_usd"),
        ({"name": " "}, "/name"),
        ({"name": "a\u202eb"}, "/name"),
        ({"name": "n" * 101}, "/name"),
        ({"scope": "world"}, "/scope"),
        ({"scope": "team"}, "/team"),
        ({"scope": "team", "team": str(uuid.UUID(int=7))}, "/team"),
        ({"team": str(uuid.UUID(int=7))}, "/team"),
        ({"span": "week"}, "/span"),
        ({"at_limit": "explode"}, "/at_limit"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone"),
        ({"user": "1"}, "/user"),
    ],
)
def test_a_bad_budget_is_refused_at_its_place_and_nothing_is_made(members, pointer, api) -> None:
    refused = api.post(BUDGETS, body(**members))

    assert_problem(refused, 400, "validation_error")
    assert refused.json()["errors"][0]["pointer"] == pointer
    assert not Budget.objects.exists()


def test_a_bad_change_is_refused_at_its_place_and_changes_nothing(api, owner) -> None:
    path = f"{BUDGETS}/{make_budget(owner).pk}"
    for change in (
        {"limit_usd": None},
        {"limit_usd": "x"},
        {"span": "day"},
        {"is_active": "yes"},
        {"name": ""},
    ):
        refused = api.patch(path, change, headers={"If-Match": "*"})
        assert_problem(refused, 400, "validation_error")
        assert refused.json()["errors"][0]["pointer"] == f"/{next(iter(change))}"
    assert Budget.objects.get().changed_at == Budget.objects.get().created_at


def test_one_person_has_so_many_budgets_and_no_more(api, owner) -> None:
    for number in range(MOST_BUDGETS):
        make_budget(owner, name=f"Budget {number}")

    assert_problem(api.post(BUDGETS, body()), 409, "too_many_budgets")


@pytest.mark.django_db(transaction=True)
def test_a_ledger_that_is_being_written_for_long_is_said_and_nothing_hangs(api, owner) -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN; LOCK TABLE renum_ai_usage_logs IN ROW EXCLUSIVE MODE")
            refused = api.post(BUDGETS, body())
            cursor.execute("ROLLBACK")
    finally:
        other.close()

    assert_problem(refused, 503, "busy")
    assert refused.headers["Retry-After"] == "5"
    assert api.post(BUDGETS, body()).status_code == 201
