"""Every page in a real browser: no barrier, no complaint, nothing from elsewhere, no sideways scroll.

Pages come from tests/fixtures/every_page.py, which says how a new one is added.
"""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client

from tests.browser.barriers import grave_barriers
from tests.browser.conftest import Window
from tests.fixtures.every_page import FOR_STRANGERS, Rows, addresses_of_pages, client_for, seed_rows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1200, "height": 900}
# A wide table scrolls in a box of its own; the page never does. What sticks out is named.
SIDEWAYS = """() => {
  const over = document.documentElement.scrollWidth - window.innerWidth;
  if (over <= 0) { return ""; }
  const wide = [...document.querySelectorAll("body *")].filter(
    (one) => one.getBoundingClientRect().right > window.innerWidth + 1 && !one.closest(".wide, .unseen"));
  const last = wide.at(-1);
  return over + " px too wide" + (last ? ": " + last.outerHTML.slice(0, 120) : "");
}"""

# Pages that look quite otherwise where the address asks for it.
OTHER_VIEWS = {"team-edit": "view=json", "team-new": "view=json"}


@pytest.fixture
def rows(transactional_db: None) -> Rows:
    """Give the rows that pages are shown with."""
    return seed_rows()


def sign_in_quickly(window: Window, client: Client) -> None:
    """Give the browser the session of a client of the tests: the log-in page has tests of its own."""
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    assert cookie is not None
    window.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": window.origin}])


def look_at(window: Window, address: str) -> list[str]:
    """Return all that is wrong with a page: at a desk and in the light, then on a phone and in the dark."""
    page = window.page
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    window.complaints.clear()
    page.goto(f"{window.origin}{address}", wait_until="load")
    wrong = [f"light, desk: {barrier}" for barrier in grave_barriers(page)]
    # Colours that are on their way from one to the other are nobody's.
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.set_viewport_size(PHONE)
    wrong += [f"dark, phone: {barrier}" for barrier in grave_barriers(page)]
    if sideways := page.evaluate(SIDEWAYS):
        wrong.append(f"phone: {sideways}")
    return wrong + [f"console: {complaint}" for complaint in window.complaints]


def test_no_page_has_a_barrier_or_a_complaint_or_scrolls_sideways(
    rows: Rows, open_window: Callable[..., Window]
) -> None:
    pages = addresses_of_pages(rows)
    pages |= {f"{name}?{query}": f"{pages[name]}?{query}" for name, query in OTHER_VIEWS.items()}
    owner, stranger = open_window(), open_window()
    sign_in_quickly(owner, client_for("team-list", rows))

    wrong = [
        f"{name}: {found}"
        for name, address in pages.items()
        for found in look_at(stranger if name in FOR_STRANGERS else owner, address)
    ]

    assert len(pages) >= 10
    assert not wrong, "\n".join(wrong)


def test_a_barrier_and_a_complaint_of_the_policy_are_seen(
    rows: Rows, open_window: Callable[..., Window]
) -> None:
    window = open_window()
    page = window.page
    page.goto(f"{window.origin}/accounts/login/")
    before = grave_barriers(page)

    page.evaluate("() => document.querySelector('label').remove()")
    page.evaluate("() => document.body.append(Object.assign(document.createElement('script'), {text: '1'}))")
    fits = page.evaluate(SIDEWAYS)
    page.evaluate("() => { document.querySelector('main').style.minWidth = '3000px'; }")

    assert (before, fits) == ([], "")
    assert any("label" in barrier for barrier in grave_barriers(page))
    assert any("Content Security Policy" in complaint for complaint in window.complaints)
    assert "px too wide" in page.evaluate(SIDEWAYS)
