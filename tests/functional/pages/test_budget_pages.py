"""The pages of budgets: made, seen, changed, deleted, and told of where money is about to be spent."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Budget, BudgetPeriod
from teams.models import Team, TeamRole, User
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import make_member

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Client]
NEW, LIST = "/costs/budgets/new/", "/costs/budgets/"


def form(**values: str) -> dict[str, str]:
    return {
        "name": "Careful",
        "limits": "user",
        "span": "month",
        "limit_usd": "12.50",
        "at_limit": "drain",
        **values,
    }


def spend(budget: Budget, usd: str) -> None:
    BudgetPeriod.objects.filter(budget=budget).update(spent_usd=Decimal(usd))


def test_a_person_makes_changes_and_deletes_a_budget(sign_in: SignIn, owner: User) -> None:
    client = sign_in(owner)
    assert "There is no budget yet." in client.get(LIST).content.decode()

    made = client.post(NEW, form(), follow=True)
    budget = Budget.objects.get()
    page = reverse("budget", args=[budget.pk])
    assert made.redirect_chain == [(page, 302)]
    assert "$12.5000 left" in made.content.decode()

    change = client.get(f"{page}change/").context
    assert change["typed"]["limit_usd"] == "12.50"
    values = form(limit_usd="$20", at_limit="stop", seen=change["seen"])
    changed = client.post(f"{page}change/", values, follow=True)
    assert "It is switched off" in changed.content.decode()
    budget.refresh_from_db()
    assert (budget.limit_usd, budget.at_limit, budget.is_active) == (20, "stop", False)

    assert "Delete “Careful”?" in client.get(f"{page}delete/").content.decode()
    assert Budget.objects.exists()
    assert client.post(f"{page}delete/").status_code == 302
    assert not Budget.objects.exists()


def test_an_amount_is_read_as_the_reader_writes_it(sign_in: SignIn, owner: User) -> None:
    owner.language = "pt-br"
    owner.save()
    client = sign_in(owner)

    client.post(NEW, form(limit_usd="12,50"))

    budget = Budget.objects.get()
    assert budget.limit_usd == Decimal("12.5")
    page = client.get(reverse("budget-change", args=[budget.pk]))
    assert page.context["typed"]["limit_usd"] == "12,50"
    assert "Mudar o orçamento" in page.content.decode()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"limit_usd": ""}, "limit_usd"),
        ({"limit_usd": "0"}, "limit_usd"),
        ({"limit_usd": "-3"}, "limit_usd"),
        ({"limit_usd": "NaN"}, "limit_usd"),
        ({"limit_usd": "1e400"}, "limit_usd"),
        ({"limit_usd": "1_0"}, "limit_usd"),
        ({"limit_usd": "\u0661\u0662"}, "limit_usd"),
        ({"limit_usd": "9" * 5000}, "limit_usd"),
        ({"limit_usd": "1\x002"}, "limit_usd"),
        ({"name": "  "}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "n" * 101}, "name"),
        ({"span": "week"}, "span"),
        ({"at_limit": "explode"}, "at_limit"),
        ({"limits": "elsewhere"}, "limits"),
        ({"limits": "01a1a1a1-0000-7000-8000-000000000000"}, "limits"),
    ],
)
def test_what_cannot_be_taken_is_said_at_its_field_and_what_was_typed_is_kept(
    values: dict[str, str], field: str, sign_in: SignIn, owner: User
) -> None:
    refused = sign_in(owner).post(NEW, form(**values), follow=True)

    assert refused.status_code == 400
    assert list(refused.context["problems"].fields) == [field]
    assert refused.content.decode().count("aria-invalid") == (field != "at_limit")
    assert refused.context["typed"]["name"] == form(**values)["name"]
    assert not Budget.objects.exists()


def test_a_team_s_budget_is_seen_by_its_people_and_set_by_its_owner(
    sign_in: SignIn, team: Team, owner: User
) -> None:
    viewer = sign_in(make_member(team, "vera", TeamRole.VIEWER))
    sign_in(owner).post(NEW, form(limits=str(team.pk)))
    budget = Budget.objects.get()
    page = reverse("budget", args=[budget.pk])

    shown = viewer.get(page).content.decode()

    assert "What Analysts costs, a month" in shown
    assert "change/" not in shown
    for place in ("change/", "delete/"):
        assert viewer.get(page + place).status_code == 403
        assert viewer.post(page + place, form()).status_code == 403
    assert viewer.post(NEW, form(limits=str(team.pk))).status_code == 400
    assert viewer.post(NEW, form(limits="site")).status_code == 403
    assert Budget.objects.get().limit_usd == Decimal("12.5")


def test_of_two_who_saw_the_same_the_second_is_told_and_keeps_what_they_typed(
    sign_in: SignIn, owner: User
) -> None:
    client, budget = sign_in(owner), make_budget(owner)
    page = reverse("budget-change", args=[budget.pk])
    seen = client.get(page).context["seen"]
    client.post(page, form(limit_usd="20", seen=seen, is_active="on"))

    late = client.post(page, form(limit_usd="30", seen=seen, is_active="on"))

    assert late.status_code == 412
    assert "Somebody changed the budget meanwhile." in late.content.decode()
    assert late.context["typed"]["limit_usd"] == "30"
    again = client.post(page, form(limit_usd="30", seen=late.context["seen"], is_active="on"))
    assert again.status_code == 302
    assert Budget.objects.get().limit_usd == 30


@pytest.mark.parametrize(
    ("usd", "said"),
    [("7.99", None), ("8", "80 % used ($8.0000 of $10.00)."), ("10", "used up ($10.0000 of $10.00).")],
)
def test_a_budget_near_its_limit_is_told_of_on_the_pages_about_money(
    usd: str, said: str | None, sign_in: SignIn, owner: User
) -> None:
    client, budget = sign_in(owner), make_budget(owner)
    spend(budget, usd)

    shown = client.get("/costs/").content.decode()

    assert (reverse("budget", args=[budget.pk]) in shown) is (said is not None)
    assert said is None or said in shown
    Budget.objects.update(is_active=False)
    assert reverse("budget", args=[budget.pk]) not in client.get("/costs/").content.decode()


def test_the_form_of_a_run_tells_what_its_budgets_have_left(
    sign_in: SignIn, owner: User, team: Team, outsider: User
) -> None:
    make_budget(outsider, name="Of another")
    budget = make_budget(owner, team=team, name="Of the team", limit_usd="0.000001")
    make_budget(owner, name="My own", span="run", limit_usd="3")
    spend(budget, "0.0000005")

    shown = sign_in(owner).post(reverse("team-estimate", args=[team.pk]), {"prompt": "Go."}).content.decode()

    assert "Of the team</a>: $0.000001 left" in shown or "Of the team</a>: $0.000000 left" in shown
    assert "My own</a>: $3.0000 left" in shown
    assert "Of another" not in shown
