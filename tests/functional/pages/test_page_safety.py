"""What every page has and has not: headers, no inline code, no secret, no markup of an agent."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from executions.models import Execution
from teams.models import Team, User
from tests.fixtures.site_rows import HOSTILE, bill, make_team, set_execution, set_step, start

pytestmark = pytest.mark.django_db

SECRET = "bearer-canary-0123456789"


class Tags(HTMLParser):
    """Collects every tag with its attributes, and every link or source."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags_of(body: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(body)
    return parser.tags


@pytest.fixture
def pages(sign_in: Callable[[User], Client], owner: User, team: Team, execution: Execution) -> dict[str, str]:
    """Give every page of the owner, with hostile text wherever people and agents can put it."""
    Team.objects.filter(pk=team.pk).update(name=f"T {HOSTILE}"[:100], description=HOSTILE)
    Execution.objects.filter(pk=execution.pk).update(initial_prompt=HOSTILE)
    set_step(
        execution,
        "agent-123",
        status="failed",
        code="agent_failed",
        reason_params={"message": HOSTILE},
        role=HOSTILE,
        result_text=HOSTILE,
    )
    set_execution(execution, status="partial", result_text=HOSTILE)
    client = sign_in(owner)
    addresses = [
        "/teams/",
        reverse("team", args=[team.pk]),
        "/executions/",
        reverse("execution", args=[execution.pk]),
        "/teams/00000000-0000-0000-0000-000000000000/",
    ]
    found = {address: client.get(address).content.decode() for address in addresses}
    found["refused"] = client.post(reverse("execution-cancel", args=[execution.pk])).content.decode()
    found["problem"] = client.post(reverse("team-run", args=[team.pk]), {"prompt": " "}).content.decode()
    found["login"] = Client().get("/accounts/login/").content.decode()
    return found


def test_no_page_holds_inline_code_or_style_or_an_agents_markup(pages: dict[str, str]) -> None:
    for address, body in pages.items():
        assert HOSTILE not in body, address
        assert SECRET not in body, address
        for tag, attributes in tags_of(body):
            assert not [name for name in attributes if name.startswith(("on", "hx-on"))], (address, tag)
            assert "style" not in attributes, (address, tag)
            assert tag != "style", address
            assert tag != "script" or attributes.get("src"), address


def test_hostile_text_is_shown_as_text(pages: dict[str, str], execution: Execution) -> None:
    body = pages[reverse("execution", args=[execution.pk])]

    assert body.count("&lt;img src=x onerror=alert(1)&gt;") >= 3


def test_every_address_in_a_page_is_of_this_site(pages: dict[str, str]) -> None:
    for page, body in pages.items():
        for tag, attributes in tags_of(body):
            for name in ("href", "src", "action", "hx-get", "poster", "srcset"):
                address = attributes.get(name)
                assert address is None or re.match(r"[/?#](?!/)", address), (page, tag, address)


def test_every_page_has_a_language_a_title_one_heading_and_a_way_past_the_menu(pages: dict[str, str]) -> None:
    for address, body in pages.items():
        tags = tags_of(body)
        assert dict(tags)["html"].get("lang") == "en", address
        assert "<title>" in body, address
        assert sum(tag == "h1" for tag, _ in tags) == 1, address
        assert ("a", {"class": "skip", "href": "#content"}) in tags, address
        assert sum(attributes.get("id") == "content" for _, attributes in tags) == 1, address


def test_every_field_has_a_label(pages: dict[str, str]) -> None:
    for address, body in pages.items():
        tags = tags_of(body)
        labelled = {attributes.get("for") for tag, attributes in tags if tag == "label"}
        fields = [
            attributes
            for tag, attributes in tags
            if tag in ("input", "textarea", "select") and attributes.get("type") != "hidden"
        ]
        assert all(field.get("id") in labelled for field in fields), address


def test_pages_forbid_code_from_elsewhere_and_may_not_be_kept(
    sign_in: Callable[[User], Client], owner: User, execution: Execution
) -> None:
    response = sign_in(owner).get(reverse("execution", args=[execution.pk]))

    policy = response["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "no-store" in response["Cache-Control"]
    assert "HX-Request" in response["Vary"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


def test_lists_and_pages_take_as_many_queries_for_many_rows_as_for_few(
    sign_in: Callable[[User], Client], owner: User, team: Team, execution: Execution
) -> None:
    client = sign_in(owner)
    addresses = ["/teams/", "/executions/", f"/executions/?team={team.pk}"]
    addresses += [reverse("team", args=[team.pk]), reverse("execution", args=[execution.pk])]
    counts: dict[str, list[int]] = {address: [] for address in addresses}
    for look in range(2):
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            counts[address].append(len(queries))
        if look == 0:
            for number in range(4):
                more = start(make_team(owner, name=f"More {number}", connection=team.connection))
                bill(more, set_step(more, "agent-123"))
                bill(execution, set_step(execution, "agent-456"))
                start(team)

    assert {address: pair for address, pair in counts.items() if pair[0] != pair[1]} == {}
    assert max(pair[0] for pair in counts.values()) <= 12, counts


def test_no_page_reads_a_credential(
    sign_in: Callable[[User], Client], owner: User, team: Team, execution: Execution
) -> None:
    client = sign_in(owner)
    for address in ("/teams/", f"/teams/{team.pk}/", "/executions/", f"/executions/{execution.pk}/"):
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        assert not [query for query in queries if "sealed_credential" in query["sql"]], address


def test_templates_mark_nothing_as_safe() -> None:
    templates = list((settings.BASE_DIR / "templates").rglob("*.html"))
    forbidden = re.compile(r"\|\s*safe\b|autoescape\s+off|hx-on|\bon[a-z]+\s*=|javascript:|\bstyle\s*=")
    scripts = list((settings.BASE_DIR / "static" / "js").rglob("*.js"))
    forbidden_js = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function")

    assert len(templates) > 10
    for path in templates:
        assert not forbidden.search(path.read_text()), path
    for path in scripts:
        assert not forbidden_js.search(path.read_text()), path
