"""Who cannot sign in for tries, their own or a stranger's: staff see it and let them in."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client

from teams.actions.second_factor import tries_name
from teams.actions.sign_in_limit import TooManyTries, find_standing, forget_all_tries, take_try
from teams.models import AuditEntry, User
from tests.fixtures.people import PASSWORD, make_person
from tests.functional.admin.conftest import staff_with

PEOPLE = "/admin/teams/user/"
TRIES = 5


def guess(name: str, *, tries: int, address: str = "203.0.113.7") -> None:
    for _ in range(tries):
        try:
            take_try(username=name, address=address)
        except TooManyTries:
            continue


def shut_out(person: User) -> None:
    guess(person.username, tries=TRIES + 1)
    for number in range(12):
        guess(person.username, tries=1, address=f"203.0.113.{number + 10}")
    guess(tries_name(person), tries=TRIES + 1, address="")


@pytest.mark.django_db
def test_staff_see_what_keeps_somebody_out_and_let_them_in() -> None:
    person = make_person("lena")
    forget_all_tries("lena")
    shut_out(person)
    staff = staff_with("stan", "teams.view_user", "teams.change_user")
    right = {"username": "lena", "password": PASSWORD}
    refused = Client(REMOTE_ADDR="203.0.113.7").post("/accounts/login/", right)
    assert "Too many tries" in refused.content.decode()

    page = staff.get(f"{PEOPLE}{person.pk}/change/").content.decode()
    let_in = {"action": "let_sign_in", "_selected_action": str(person.pk)}
    said = staff.post(PEOPLE, let_in, follow=True).content.decode()

    assert "2 addresses are shut out" in page
    assert "1 person can try again now" in said
    standing = find_standing("lena")
    assert (standing.failures, standing.wait_s, standing.closed_addresses) == (0, 0, 0)
    take_try(username="lena", address="203.0.113.7")
    take_try(username=tries_name(person), address="")
    entry = AuditEntry.objects.get(act="sign_in_limit_lifted", thing_name="lena")
    assert entry.actor_name == "stan"
    assert "Nothing failed lately" not in staff.get(f"{PEOPLE}{person.pk}/change/").content.decode()
    forget_all_tries("lena")
    forget_all_tries(tries_name(person))
    assert "Nothing failed lately" in staff.get(f"{PEOPLE}{person.pk}/change/").content.decode()


@pytest.mark.django_db
def test_who_may_only_look_lets_nobody_in() -> None:
    person = make_person("lena")
    shut_out(person)

    staff_with("vito", "teams.view_user").post(
        PEOPLE, {"action": "let_sign_in", "_selected_action": str(person.pk)}
    )

    assert find_standing("lena").closed_addresses == 1


@pytest.mark.django_db
def test_without_redis_the_page_opens_and_says_so(settings) -> None:
    person = make_person("lena")
    staff = staff_with("stan", "teams.view_user", "teams.change_user")
    settings.CACHES = {
        **settings.CACHES,
        "default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"},
    }

    page = staff.get(f"{PEOPLE}{person.pk}/change/")
    said = staff.post(PEOPLE, {"action": "let_sign_in", "_selected_action": str(person.pk)}, follow=True)

    assert "Redis does not answer" in page.content.decode()
    assert "nothing was changed" in said.content.decode()


@pytest.mark.parametrize("door", ["/admin/login/", "/accounts/login/"])
@pytest.mark.django_db(transaction=True)
def test_of_fifty_parallel_tries_as_many_are_looked_at_as_of_fifty_in_turn(door: str) -> None:
    make_person("lena", is_staff=True)
    forget_all_tries("lena")

    def attempt(_: int) -> bool:
        try:
            answer = Client(REMOTE_ADDR="203.0.113.9").post(door, {"username": "lena", "password": "wrong"})
            return "Too many tries" in answer.content.decode()
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=50) as pool:
        refused = list(pool.map(attempt, range(50)))

    assert (refused.count(False), refused.count(True)) == (TRIES, 50 - TRIES)
