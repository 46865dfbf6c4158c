"""People are told by mail that a budget is nearly used up: each part of its limit once a period."""

import datetime as dt
import time
import uuid
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import transaction

from billing import budgets
from billing.actions.create_budget import create_budget
from billing.actions.edit_budget import edit_budget
from billing.actions.mail_budget_alerts import MOST_TRIES, NEWS_FOR, mail_budget_alerts
from billing.ledger import record_responses
from billing.models import BudgetAlert, BudgetScope
from teams.models import User
from teams.models.database_time import database_now
from tests.fixtures.budget_rows import make_budget
from tests.fixtures.people import make_person

SMTP = "django.core.mail.backends.smtp.EmailBackend"
ENTRY_USD = Decimal("0.024")
"""What the entries of `make_entry` cost."""


@pytest.fixture(autouse=True)
def _mails(settings):
    settings.SENDS_MAIL = True
    settings.PUBLIC_URL = "https://renum.example.org"


@pytest.fixture
def spend(make_entry):
    def spend(entries: int) -> None:
        with transaction.atomic():
            rows = record_responses(
                [make_entry(agent_run_id=uuid.uuid4()) for _ in range(entries)], at=database_now()
            )
            budgets.count_usage(rows, at=database_now())

    return spend


def tell() -> int:
    return mail_budget_alerts(until=time.monotonic() + 30)


def test_each_part_of_the_limit_is_told_once(owner, team, spend):
    owner.language = "pt-br"
    owner.save()
    budget = make_budget(owner, team=team, limit_usd=str(ENTRY_USD * 10))
    for entries, told in ((4, 0), (1, 1), (2, 0), (1, 1), (2, 1), (5, 0)):
        spend(entries)
        assert (tell(), tell()) == (told, 0)

    assert [one.subject for one in mail.outbox] == [
        f"Orçamento “Careful”: {percent} % usado" for percent in (50, 80, 100)
    ]
    assert {tuple(one.to) for one in mail.outbox} == {("olga@example.org",)}
    assert "O que Analysts custa" in mail.outbox[0].body
    assert "US$ 0,12 de US$ 0,24" in mail.outbox[0].body
    assert f"https://renum.example.org/costs/budgets/{budget.pk}/" in mail.outbox[0].body


def test_a_lowered_limit_is_told_of_at_once_and_a_raised_one_anew(owner, spend):
    budget = make_budget(owner, limit_usd=str(ENTRY_USD * 10))
    spend(4)
    told = []

    for limit, entries in ((8, 0), (8, 0), (4, 0), (10, 0), (10, 1), (10, 3), (5, 0)):
        budget = edit_budget(budget, by=owner, limit_usd=ENTRY_USD * limit)
        if entries:
            spend(entries)
        told.append(tell())

    assert told == [1, 0, 1, 0, 1, 1, 1]
    assert [one.subject.split(": ")[1] for one in mail.outbox] == [
        "50 % used",
        "100 % used",
        "50 % used",
        "80 % used",
        "100 % used",
    ]
    assert BudgetAlert.objects.order_by("-id").first().limit_usd == ENTRY_USD * 5


def test_a_budget_that_is_switched_on_again_tells_what_it_missed(owner, spend):
    budget = make_budget(owner, limit_usd=str(ENTRY_USD))
    budget = edit_budget(budget, by=owner, is_active=False)
    spend(1)
    before = tell()

    edit_budget(budget, by=owner, is_active=True)

    assert (before, tell()) == (0, 1)


def test_one_big_answer_is_told_of_once_by_the_highest_part(owner, spend):
    make_budget(owner, limit_usd=str(ENTRY_USD))
    spend(1)

    assert tell() == 1
    assert [one.subject for one in mail.outbox] == ["Budget “Careful”: 100 % used"]


def test_the_site_s_budget_is_told_to_staff_who_may_see_it(owner, staff, spend):
    seer = make_person("selma", is_staff=True)
    seer.user_permissions.add(Permission.objects.get(codename="view_budget"))
    boss = make_person("boss", is_staff=True, is_superuser=True)
    User.objects.create_superuser("no-address")
    create_budget(
        by=boss, name="All", scope=BudgetScope.SITE, span="day", limit_usd=ENTRY_USD, at_limit="alert"
    )
    spend(1)

    tell()

    told = {address for one in mail.outbox for address in one.to}
    assert told == {"selma@example.org", "boss@example.org"}


def test_what_could_not_be_sent_is_tried_again_later_and_not_for_ever(owner, spend, settings, caplog):
    make_budget(owner, limit_usd=str(ENTRY_USD))
    spend(1)
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", 9
    waits = []
    for _ in range(MOST_TRIES + 2):
        before = database_now()
        assert tell() == 0
        waits.append(round((BudgetAlert.objects.get().next_try_at - before).total_seconds() / 60))
        BudgetAlert.objects.update(next_try_at=before)

    assert waits == [2, 4, 8, 16, 32, 0, 0]
    assert BudgetAlert.objects.get().tries == MOST_TRIES
    assert "could not be mailed: ConnectionRefusedError" in caplog.text
    assert "olga@example.org" not in caplog.text


def test_what_failed_once_comes_when_the_server_is_back(owner, spend, settings):
    make_budget(owner, limit_usd=str(ENTRY_USD))
    spend(1)
    backend, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, SMTP
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    tell()
    settings.EMAIL_BACKEND = backend

    assert tell() == 0
    BudgetAlert.objects.update(next_try_at=database_now())
    assert tell() == 1
    assert BudgetAlert.objects.get().mailed_at is not None


def test_nobody_is_mailed_where_the_site_sends_none_and_old_news_stay_unsent(owner, spend, settings):
    make_budget(owner, limit_usd=str(ENTRY_USD))
    spend(1)
    settings.SENDS_MAIL = False
    assert tell() == 0
    settings.SENDS_MAIL = True
    BudgetAlert.objects.update(created_at=database_now() - NEWS_FOR - dt.timedelta(seconds=1))

    assert tell() == 0
    assert mail.outbox == []
    assert BudgetAlert.objects.get().tries == 0
