"""The second factor: asked for at every door, its codes work once, and its secrets are stored encrypted."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import connection
from django.test import Client
from django.test.utils import override_settings

from executions.upkeep.secrets_readable import find_secrets
from teams.models import ApiToken, User
from tests.fixtures.people import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_redis")]

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FACTOR = "/accounts/second-factor/"
TOKEN = "/api/v1/auth/token"
TRIES = 5


@pytest.fixture(autouse=True)
def _on(owner: User) -> None:
    TOTP.activate(owner, SECRET)
    RecoveryCodes.activate(owner)


def app_code(steps: int = 0) -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + steps))


def recovery_codes(owner: User) -> list[str]:
    row = Authenticator.objects.get(user=owner, type=Authenticator.Type.RECOVERY_CODES)
    return list(row.wrap().get_unused_codes())


def give_password(client: Client, address: str = "/accounts/login/"):
    return client.post(address, {"username": "olga", "password": PASSWORD})


def give_code(client: Client, code: str):
    return client.post(f"{FACTOR}authenticate/", {"code": code})


def ask_token(**more: str):
    body = {"username": "olga", "password": PASSWORD, **more}
    return Client().post(TOKEN, body, content_type="application/json")


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


@pytest.mark.parametrize("door", ["/accounts/login/", "/admin/login/"])
def test_the_password_alone_opens_nothing_and_the_code_opens(owner: User, door: str) -> None:
    client = Client()
    asked = give_password(client, door)
    before = is_signed_in(client)
    give_code(client, app_code())

    assert asked["Location"] == f"{FACTOR}authenticate/"
    assert (before, is_signed_in(client)) == (False, True)


def test_a_code_of_either_kind_works_once(owner: User) -> None:
    for code in (app_code(), recovery_codes(owner)[0]):
        found = []
        for _ in range(2):
            client = Client()
            give_password(client)
            give_code(client, code)
            found.append(is_signed_in(client))
        assert found == [True, False]


def test_a_few_wrong_codes_close_the_door_for_the_right_one_too(owner: User) -> None:
    client = Client()
    give_password(client)
    wrong = "0" * 8
    for _ in range(TRIES):
        give_code(client, wrong)
    give_code(client, recovery_codes(owner)[0])

    assert not is_signed_in(client)


def test_the_api_asks_for_the_code_as_well(owner: User) -> None:
    code = app_code()
    without, wrong, right = ask_token(), ask_token(code="000000"), ask_token(code=code)

    assert [(a.status_code, a.json().get("code")) for a in (without, wrong)] == [
        (401, "code_required"),
        (401, "wrong_code"),
    ]
    assert right.status_code == 201
    assert ask_token(code=code).json()["code"] == "wrong_code"


def test_who_does_not_know_the_password_does_not_learn_that_there_is_a_second_factor(owner: User) -> None:
    assert ask_token(password="wrong").json()["code"] == "wrong_credentials"


def test_codes_at_the_api_cannot_be_guessed(owner: User) -> None:
    codes = [ask_token(code="000000").json()["code"] for _ in range(TRIES + 1)]
    right = ask_token(code=recovery_codes(owner)[0])

    assert codes == ["wrong_code"] * TRIES + ["throttled"]
    assert right.status_code == 429
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("code", ["\0", "x" * 20, "٣٣٣٣٣٣", "null", "-00001"])
def test_odd_codes_are_wrong_ones(owner: User, code: str) -> None:
    client = Client()
    give_password(client)

    assert give_code(client, code).status_code == 200
    assert ask_token(code=code).status_code in (400, 401)
    assert not is_signed_in(client)


def test_a_token_on_the_page_needs_the_code_too(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    form = {"name": "ci", "scope": "read", "days": "7", "password": PASSWORD}

    shown = client.get("/account/tokens/").content.decode()
    answers = [
        client.post("/account/tokens/make/", {**form, **more}).status_code for more in ({}, {"code": "1"})
    ]
    made = client.post("/account/tokens/make/", {**form, "code": app_code()})

    assert 'name="code"' in shown
    assert answers == [400, 400]
    assert made.status_code == 201


def test_switching_it_off_asks_who_is_there(owner: User) -> None:
    client = Client()
    client.force_login(owner)

    asked = client.post(f"{FACTOR}totp/deactivate/")
    assert asked["Location"].startswith("/accounts/reauthenticate/")
    assert Authenticator.objects.count() == 2

    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": FACTOR})
    client.post(f"{FACTOR}totp/deactivate/")
    assert not Authenticator.objects.exists()


def test_secrets_are_stored_encrypted_and_one_that_no_key_opens_is_found(owner: User) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(data::text, ' ') FROM mfa_authenticator")
        stored = cursor.fetchone()[0]

    assert SECRET not in stored
    assert find_secrets().unreadable == ()
    with override_settings(RENUM_ENCRYPTION_KEYS=["another key of at least thirty-two characters"]):
        assert len(find_secrets().unreadable) == 2


def test_a_secret_that_no_key_opens_lets_nobody_in_and_is_no_error_of_the_page(owner: User) -> None:
    client = Client(raise_request_exception=False)
    give_password(client)
    with override_settings(RENUM_ENCRYPTION_KEYS=["another key of at least thirty-two characters"]):
        page = give_code(client, app_code())
        answer = ask_token(code=app_code())

    assert (page.status_code, answer.status_code) == (503, 503)
    assert answer.json()["code"] == "unavailable"
    assert not is_signed_in(client)
