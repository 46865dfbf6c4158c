"""Accounts: making one, confirming its address, a new password, and what nobody learns or gets by asking."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse

from teams.models import AddressKind, TeamInvitation, User
from tests.fixtures.people import PASSWORD, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_redis")]

SIGN_IN, SIGN_UP, RESET = "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"
ADDRESS = "ines@example.org"


@pytest.fixture(autouse=True)
def _with_mail(settings) -> None:
    """Let the site send mail and take in anybody, as one in the open does."""
    settings.SENDS_MAIL = True
    settings.SIGN_UP = "open"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]


def sign_up(client: Client, **changes: str):
    form = {"username": "ines", "email": ADDRESS, "password1": PASSWORD, "password2": PASSWORD, **changes}
    return client.post(SIGN_UP, form)


def sign_in(client: Client, name: str = "ines", password: str = PASSWORD, **more: str):
    return client.post(SIGN_IN, {"username": name, "password": password, **more})


def link_in(message: mail.EmailMessage) -> str:
    found = re.search(r"http://testserver(/accounts/\S+)", str(message.body))
    assert found, message.body
    return found[1]


def is_signed_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def test_an_account_opens_once_its_address_is_confirmed_by_name_and_by_address() -> None:
    made = sign_up(Client())
    early = Client()
    refused = sign_in(early)
    at_the_api = Client().post(
        "/api/v1/auth/token", {"username": "ines", "password": PASSWORD}, content_type="application/json"
    )
    Client().post(link_in(mail.outbox[0]))

    assert made["Location"] == refused["Location"] == "/accounts/confirm-email/"
    assert not is_signed_in(early)
    assert (at_the_api.status_code, at_the_api.json()["code"]) == (403, "email_not_confirmed")
    for name in ("ines", ADDRESS, ADDRESS.upper()):
        client = Client()
        sign_in(client, name)
        assert is_signed_in(client), name


def test_looking_at_the_link_of_a_mail_confirms_nothing() -> None:
    sign_up(Client())

    assert Client().get(link_in(mail.outbox[0])).status_code == 200
    assert not EmailAddress.objects.get().verified


def test_signing_up_with_somebodys_address_looks_the_same_and_makes_nobody(owner: User) -> None:
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)

    taken, free = sign_up(Client(), email=owner.email), sign_up(Client(), username="other")

    assert (taken.status_code, taken["Location"]) == (free.status_code, free["Location"])
    assert not User.objects.filter(username="ines").exists()
    assert [message.to for message in mail.outbox] == [[owner.email], [ADDRESS]]


def test_asking_for_a_new_password_looks_the_same_whether_or_not_there_is_somebody(owner: User) -> None:
    answers = [Client().post(RESET, {"email": to}, follow=True) for to in (owner.email, "no@example.org")]
    forms = [re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", a.content.decode()) for a in answers]

    assert forms[0] == forms[1]
    assert [message.to for message in mail.outbox] == [[owner.email], ["no@example.org"]]


def test_a_new_password_by_mail_works_once_and_ends_other_sessions(owner: User) -> None:
    elsewhere, client = Client(), Client()
    sign_in(elsewhere, "olga")
    client.post(RESET, {"email": owner.email})
    form = client.get(link_in(mail.outbox[0]), follow=True)
    address = form.redirect_chain[-1][0]
    new = "another horse battery staple"
    client.post(address, {"password1": new, "password2": new})
    again = Client().get(link_in(mail.outbox[0]), follow=True).content.decode()

    assert not is_signed_in(elsewhere)
    assert 'name="password1"' in form.content.decode()
    assert 'name="password1"' not in again
    sign_in(client, "olga", new)
    assert is_signed_in(client)


def test_mails_are_in_the_language_of_the_account(owner: User) -> None:
    User.objects.update(language="pt-br")
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)

    Client(headers={"Accept-Language": "en"}).post(RESET, {"email": owner.email})

    assert "senha" in str(mail.outbox[0].body)


def test_a_mail_that_cannot_be_sent_is_told_and_is_no_error_of_ours(owner: User, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9

    answer = Client().post(RESET, {"email": owner.email}, follow=True)

    assert answer.status_code == 200
    assert "The mail could not be sent." in answer.content.decode()


def test_where_sign_up_is_closed_nobody_makes_an_account(settings) -> None:
    settings.SIGN_UP = "closed"
    client = Client()

    assert "Accounts are made for you here" in client.get(SIGN_UP).content.decode()
    assert "Accounts are made for you here" in sign_up(client).content.decode()
    assert not User.objects.exists()


def test_without_mail_an_account_is_made_without_an_address(settings) -> None:
    settings.SENDS_MAIL = False
    settings.ACCOUNT_EMAIL_VERIFICATION = "none"
    settings.ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
    client = Client()
    sign_up(client)

    assert is_signed_in(client)
    assert User.objects.get().email == ""
    assert "sends no mail" in Client().get(RESET).content.decode()
    assert mail.outbox == []


def test_an_invitation_by_mail_is_not_for_who_only_typed_in_its_address(team, owner) -> None:
    TeamInvitation.objects.create(
        team=team, kind=AddressKind.EMAIL, address=ADDRESS, role="viewer", expires_at="2999-01-01T00:00Z"
    )
    sign_up(Client())
    ines = User.objects.get(username="ines")
    before = list(TeamInvitation.objects.addressed_to(ines))
    Client().post(link_in(mail.outbox[0]))

    assert before == []
    assert TeamInvitation.objects.addressed_to(ines).count() == 1


def test_who_was_made_by_staff_needs_to_confirm_nothing(owner: User) -> None:
    client = Client()
    sign_in(client, "olga")

    assert is_signed_in(client)
    assert mail.outbox == []
    assert EmailAddress.objects.get().verified


def test_tries_by_name_and_by_address_count_together(owner: User) -> None:
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    for n in range(5):
        sign_in(Client(), ("olga", owner.email)[n % 2], "wrong")

    assert "Too many tries." in sign_in(Client(), "olga").content.decode()
    assert "Too many tries." in sign_in(Client(), owner.email).content.decode()


def test_the_session_has_another_key_after_signing_in(owner: User) -> None:
    client = Client()
    session = client.session
    session["seen"] = True
    session.save()
    before = client.cookies["sessionid"].value
    sign_in(client, "olga")

    assert client.cookies["sessionid"].value != before


def test_forms_need_their_csrf_token(owner: User) -> None:
    strict = Client(enforce_csrf_checks=True)

    for address in (SIGN_IN, SIGN_UP, RESET, "/admin/login/", "/accounts/logout/"):
        assert strict.post(address, {"username": "olga", "password": PASSWORD}).status_code == 403, address


@pytest.mark.parametrize(
    "to", ["//evil.example/", "https://evil.example/", "javascript:alert(1)", "\\\\evil"]
)
def test_no_form_leads_to_another_site(owner: User, to: str) -> None:
    asked = sign_in(Client(), "olga", next=to)
    client = Client()
    client.force_login(User.objects.create_superuser("sam", password=PASSWORD))
    signed_in = [client.get(address, {"next": to}) for address in (SIGN_IN, "/admin/login/")]

    assert asked["Location"] == "/"
    assert [answer["Location"] for answer in signed_in] == ["/", "/admin/"]


NASTY = ["\0", "a\0b", "x" * 1_000_000, "\ud7ff\U0010ffff‮‏", "' OR 1=1 --", "a@b", "é" * 3000, " "]


@pytest.mark.parametrize("text", NASTY)
def test_nasty_texts_are_errors_of_the_form_and_never_of_ours(owner: User, text: str) -> None:
    signed_in = Client()
    signed_in.force_login(owner)
    for client, address, names in (
        (Client(), SIGN_IN, ("username", "password")),
        (Client(), SIGN_UP, ("username", "email", "password1", "password2")),
        (Client(), RESET, ("email",)),
        (Client(), SIGN_IN, ("next",)),
        (signed_in, "/accounts/password/change/", ("oldpassword", "password1", "password2")),
        (signed_in, "/accounts/reauthenticate/", ("password",)),
        (signed_in, "/account/", ("language", "time_zone", "first_name", "last_name")),
        (signed_in, "/accounts/email/", ("email", "action_add")),
        (signed_in, "/accounts/email/", ("email", "action_primary")),
        (signed_in, "/i18n/setlang/", ("language", "next")),
    ):
        status = client.post(address, dict.fromkeys(names, text)).status_code
        assert status < 500, (address, names, status)
    assert set(User.objects.values_list("username", flat=True)) <= {"olga", "' OR 1=1 --"}


def test_admin_takes_no_one_in_by_a_door_of_its_own(owner: User) -> None:
    stranger, person = Client(), Client()
    person.force_login(owner)

    assert (
        stranger.get("/admin/login/?next=/admin/doctor/")["Location"]
        == f"{SIGN_IN}?next=%2Fadmin%2Fdoctor%2F"
    )
    assert person.get("/admin/login/").status_code == 403


def test_the_account_page_changes_how_one_reads_renum(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    typed = {"language": "pt-br", "time_zone": "America/Sao_Paulo", "first_name": "Olga", "last_name": "Ó"}

    saved = client.post("/account/", typed)
    wrong = client.post("/account/", {**typed, "time_zone": "Mars/Olympus"})

    owner.refresh_from_db()
    assert saved["Location"] == reverse("preferences")
    assert {name: getattr(owner, name) for name in typed} == typed
    assert "Sua conta" in client.get("/account/").content.decode()
    assert wrong.status_code == 400
    assert 'value="Mars/Olympus"' in wrong.content.decode()


def test_a_language_chosen_at_the_foot_of_a_page_is_the_accounts_from_then_on(owner: User) -> None:
    client = Client()
    client.force_login(owner)
    client.post("/i18n/setlang/", {"language": "pt-br", "next": "/"})

    owner.refresh_from_db()
    assert owner.language == "pt-br"


def test_where_one_is_signed_in_is_shown_and_ended_elsewhere(owner: User) -> None:
    here, there = Client(headers={"User-Agent": "Here/1"}), Client(headers={"User-Agent": "There/1"})
    for client in (here, there):
        sign_in(client, "olga")
    shown = here.get("/accounts/sessions/").content.decode()
    here.post("/accounts/sessions/")

    assert "Here/1" in shown
    assert "There/1" in shown
    assert [is_signed_in(here), is_signed_in(there)] == [True, False]


def test_a_person_of_the_admin_gets_the_address_that_staff_writes(owner: User) -> None:
    make_person("vera")
    EmailAddress.objects.create(user=owner, email="old@example.org", verified=True, primary=True)
    client = Client()
    client.force_login(User.objects.create_superuser("sam", password=PASSWORD))
    page = reverse("admin:teams_user_change", args=[owner.pk])
    client.post(
        page,
        {
            "username": "olga",
            "email": "new@example.org",
            "is_active": "on",
            "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00",
        },
    )

    assert list(EmailAddress.objects.values_list("email", "verified")) == [("new@example.org", True)]
