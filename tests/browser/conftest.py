"""A Chromium of this machine, and what its console said."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from django.db import connections
from playwright.sync_api import Page, sync_playwright

from tests.fixtures.chromium import find_chromium

OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Window:
    """One page of a browser. `complaints` are errors and warnings of its console and requests elsewhere."""

    page: Page
    origin: str
    complaints: list[str] = field(default_factory=list)

    def sign_in(self, name: str, password: str) -> None:
        """Sign in on the page that is made for it."""
        self.page.goto(f"{self.origin}/accounts/login/")
        self.page.get_by_label("User name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()

    def watch(self) -> None:
        """Note every complaint from now on."""
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("request", self._note_request)

    def _note_console(self, message: object) -> None:
        kind = getattr(message, "type", "")
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {getattr(message, 'text', '')}")

    def _note_request(self, request: object) -> None:
        address = str(getattr(request, "url", ""))
        if not address.startswith((self.origin, "data:")):
            self.complaints.append(f"request to {address}")


@pytest.fixture
def open_window(live_server: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Window]]:
    """Give a function that opens a window (size, scheme) on the live server."""
    # Playwright's own loop runs in this thread, and Django would refuse the database to the test's own code.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with ExitStack() as stack:
        playwright = stack.enter_context(sync_playwright())
        # Beside that loop the test's code has database connections of its own, which nobody else closes.
        stack.callback(connections.close_all)
        browser = playwright.chromium.launch(executable_path=str(find_chromium()), args=OPTIONS)
        stack.callback(browser.close)

        def opened(
            *, width: int = 1200, height: int = 900, scheme: str = "light", scripts: bool = True
        ) -> Window:
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="dark" if scheme == "dark" else "light",
                java_script_enabled=scripts,
                locale="en-GB",
            )
            context.set_default_timeout(15_000)
            window = Window(page=context.new_page(), origin=str(live_server.url))  # type: ignore[attr-defined]
            window.watch()
            return window

        yield opened
