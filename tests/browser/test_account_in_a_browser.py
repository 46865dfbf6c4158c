"""Making an account and a second factor as a person does it, with the mail and the app at hand."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from playwright.sync_api import Page, expect

from tests.browser.barriers import grave_barriers
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("clean_redis"),
]


def look(page: Page, name: str) -> None:
    """Hold the page against what all pages have; keep a picture where somebody wants to look."""
    assert grave_barriers(page) == [], name
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], name
    if folder := os.environ.get("RENUM_ACCOUNT_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_an_account_is_made_confirmed_and_given_a_second_factor(
    open_window: Callable[..., Window], settings: object
) -> None:
    settings.SENDS_MAIL, settings.SIGN_UP = True, "open"
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    settings.ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
    window = open_window(width=390, height=844, scheme="dark")
    page = window.page

    page.goto(f"{window.origin}/accounts/login/")
    look(page, "sign-in")
    page.get_by_role("link", name="Make an account").click()
    look(page, "sign-up")
    page.get_by_label("User name").fill("ines")
    page.get_by_label("Email").fill("ines@example.org")
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Verify Your Email Address")
    look(page, "mail-sent")
    page.goto(re.findall(r"http://\S+", str(mail.outbox[0].body))[0])
    look(page, "confirm")
    page.get_by_role("button", name="Confirm").click()

    window.sign_in("ines@example.org", PASSWORD)
    page.goto(f"{window.origin}/account/")
    look(page, "account")
    page.get_by_role("link", name="Switch it on").click()
    look(page, "factor-off")
    page.get_by_role("button", name="Activate").click()
    look(page, "who-is-there")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    look(page, "activate")
    secret = page.get_by_label("Authenticator secret").input_value()
    codes = [format_hotp_value(hotp_value(secret, step)) for step in yield_hotp_counters_from_time()]
    page.get_by_label("Authenticator code").fill(codes[0])
    page.get_by_role("button", name="Activate").click()
    look(page, "codes")
    recovery = page.get_by_label("Unused codes").input_value().split()
    assert len(recovery) == 10

    # Each code of the app works once: the one of the next half minute is taken by the tolerance.
    for given in (codes[-1], recovery[0]):
        page.locator("[data-menu] summary").click()
        page.get_by_role("button", name="Sign out").click()
        window.sign_in("ines", PASSWORD)
        look(page, "ask-code")
        page.get_by_label("Code").fill(given)
        page.get_by_role("button", name="Sign In").click()
        page.wait_for_url(f"{window.origin}/")
    for number, path in enumerate(("/accounts/email/", "/accounts/password/change/", "/accounts/sessions/")):
        page.goto(f"{window.origin}{path}")
        look(page, f"more-{number}")
    assert window.complaints == []
