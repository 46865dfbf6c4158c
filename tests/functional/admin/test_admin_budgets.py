"""Budgets in the admin: set for anybody by those who may, and shown with what is spent of them."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from billing.models import Budget, BudgetPeriod
from tests.functional.admin.conftest import Site, staff_with

pytestmark = pytest.mark.django_db
LIST, ADD = "/admin/billing/budget/", "/admin/billing/budget/add/"


def form(**values: str) -> dict[str, str]:
    return {
        "name": "All of it",
        "scope": "site",
        "user": "",
        "team": "",
        "span": "month",
        "time_zone": "America/Sao_Paulo",
        "limit_usd": "1000",
        "at_limit": "drain",
        **values,
    }


def change_form(**values: str) -> dict[str, str]:
    inline = {f"periods-{part}_FORMS": "0" for part in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    return {"name": "Careful", "limit_usd": "10", "at_limit": "drain", "is_active": "on", **inline, **values}


def test_staff_set_a_budget_of_the_site_of_a_person_and_of_a_team(admin: Client, site: Site) -> None:
    for values in (
        {},
        {"scope": "user", "user": str(site.owner.pk)},
        {"scope": "team", "team": str(site.team.pk)},
    ):
        assert admin.post(ADD, form(**values)).status_code == 302

    made = Budget.objects.filter(name="All of it")
    assert {(one.scope, one.user_id, one.team_id) for one in made} == {
        ("site", None, None),
        ("user", site.owner.pk, None),
        ("team", None, site.team.pk),
    }
    assert {one.created_by for one in made} == {site.superuser}
    assert {one.is_active for one in made} == {True}
    assert LogEntry.objects.filter(object_id__in=[one.pk for one in made]).count() == 3


def test_the_list_shows_what_is_spent_of_which_limit(admin: Client, site: Site) -> None:
    BudgetPeriod.objects.update(spent_usd=Decimal("8.5"))

    shown = admin.get(LIST).content.decode()

    assert "$8.5000 (85 %)" in shown
    assert "$10.00" in shown
    assert site.team.name in shown


def test_what_it_is_for_stays_and_the_rest_is_changed(admin: Client, site: Site) -> None:
    budget = Budget.objects.get()
    page = f"{LIST}{budget.pk}/change/"
    assert "$" not in admin.get(page).context["adminform"].form.initial
    changed = admin.post(page, change_form(limit_usd="12.345678", at_limit="alert", scope="site", span="day"))

    assert changed.status_code == 302
    budget.refresh_from_db()
    assert (budget.limit_usd, budget.at_limit) == (Decimal("12.345678"), "alert")
    assert (budget.scope, budget.span) == ("team", "month")
    assert admin.post(f"{LIST}{budget.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Budget.objects.exists()


def test_several_are_deleted_together_with_what_was_noted_of_them(admin: Client) -> None:
    ids = list(Budget.objects.values_list("pk", flat=True))

    admin.post(LIST, {"action": "delete_selected", "_selected_action": ids, "post": "yes"})

    assert not Budget.objects.exists()
    assert not BudgetPeriod.objects.exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"limit_usd": "0"}, "limit_usd"),
        ({"limit_usd": "NaN"}, "limit_usd"),
        ({"limit_usd": "1e400"}, "limit_usd"),
        ({"limit_usd": "9" * 5000}, "limit_usd"),
        ({"limit_usd": "0.0000001"}, "limit_usd"),
        ({"name": " "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"scope": "world"}, "scope"),
        ({"scope": "team"}, "team"),
        ({"scope": "user"}, "user"),
        ({"span": "week"}, "span"),
        ({"at_limit": "explode"}, "at_limit"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "\x00"}, "time_zone"),
        ({"user": "x"}, "user"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field(values: dict[str, str], field: str, admin: Client) -> None:
    refused = admin.post(ADD, form(**values))

    assert refused.status_code == 200
    assert list(refused.context["adminform"].form.errors) == [field]
    assert Budget.objects.count() == 1


def test_a_budget_of_somebody_else_than_its_scope_says_is_refused(admin: Client, site: Site) -> None:
    refused = admin.post(ADD, form(user=str(site.owner.pk), team=str(site.team.pk)))

    assert set(refused.context["adminform"].form.errors) == {"user", "team"}


def test_who_may_only_look_changes_nothing(site: Site) -> None:
    budget = Budget.objects.get()
    looker = staff_with("lena", "billing.view_budget", "billing.view_budgetperiod")

    assert looker.get(LIST).status_code == 200
    assert looker.get(f"{LIST}{budget.pk}/change/").status_code == 200
    assert looker.post(f"{LIST}{budget.pk}/change/", change_form(limit_usd="99")).status_code == 403
    assert looker.get(ADD).status_code == 403
    assert looker.post(f"{LIST}{budget.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Budget.objects.get().limit_usd == 10
