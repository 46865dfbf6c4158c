"""A person watches agents at work, in a real browser, over uvicorn."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import expect

from executions.models import Execution
from tests.browser.conftest import Window
from tests.fixtures.people import PASSWORD
from tests.fixtures.running import RunningRenum
from tests.fixtures.web import RunningWeb, running_web

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>"


@pytest.fixture
def watched(
    renum_on: Callable[[str], RunningRenum], tmp_path: Path
) -> Iterator[Callable[[list[str]], tuple[RunningRenum, RunningWeb, Execution]]]:
    """Give a function that starts agents beside each other, by their directives, and serves their page."""
    with ExitStack() as stack:

        def begin(directives: list[str]) -> tuple[RunningRenum, RunningWeb, Execution]:
            renum = renum_on("2025-08")
            # The tests' own quick hash is none that the product takes.
            renum.owner.password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1000)
            renum.owner.save()
            web = stack.enter_context(running_web(renum.env, tmp_path / "web.log"))
            agents = [
                {"agent_id": f"agent-{number}", "instructions": f"@@sim{directive}"}
                for number, directive in enumerate(directives, start=1)
            ]
            execution = renum.start(renum.make_team({"type": "parallel", "agents": agents}))
            renum.start_drivers()
            return renum, web, execution

        yield begin


def open_page(window: Window, web: RunningWeb, renum: RunningRenum, execution: Execution) -> None:
    window.origin = web.url
    window.sign_in(renum.owner.username, PASSWORD)
    expect(window.page.get_by_role("button", name="Sign out")).to_be_visible()
    window.page.goto(f"{window.origin}/executions/{execution.pk}/")


def test_shot(watched, open_window) -> None:
    renum, web, execution = watched(
        ['{"takes": 40, "chars": 1500}', '{"takes": 40, "complete": "Forty-two, and here is why."}']
    )
    for name, options in (("light", {}), ("dark", {"scheme": "dark"}), ("phone", {"width": 390, "height": 844})):
        window = open_window(**options)
        open_page(window, web, renum, execution)
        expect(window.page.locator(".live-output .text").first).not_to_be_empty(timeout=15_000)
        window.page.wait_for_timeout(800)
        window.page.screenshot(path=f"/tmp/live-{name}.png", full_page=True)
        assert window.complaints == []
