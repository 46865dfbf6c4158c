"""The pages and the API of statements: the payer's own, with corrections told as such."""

import csv
import io
from collections.abc import Callable

import pytest
from django.test import Client

from teams.models import User
from tests.fixtures.statement_rows import make_statement
from tests.functional.api.conftest import client_for

pytestmark = pytest.mark.django_db
FORMULA = "=1+1"


def test_a_payer_finds_a_month_with_its_corrections_and_nobody_else_does(
    sign_in: Callable[[User], Client], owner: User, outsider: User
) -> None:
    statement = make_statement(owner)
    page = f"/costs/statements/{statement.pk}/"

    shown = sign_in(owner).get("/costs/statements/").content.decode()
    text = sign_in(owner).get(page).content.decode()

    assert page in shown
    assert "September 2026" in text
    assert "Corrections of earlier months" in text
    assert "\u2212$0.0240" in text
    assert "$0.0480" in text
    assert page not in sign_in(outsider).get("/costs/statements/").content.decode()
    assert sign_in(outsider).get(page).status_code == 404


def test_the_api_tells_the_same_and_no_cell_of_its_table_is_a_formula(owner: User) -> None:
    statement = make_statement(owner, team_name=FORMULA)
    client = client_for(owner)

    body = client.get(f"/api/v1/statements/{statement.pk}").json()
    answer = client.get(f"/api/v1/statements/{statement.pk}?format=csv")
    lines = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode(), newline="")))

    assert body["cost"]["cost_usd"] == "0.0480000000"
    assert [line["is_correction"] for line in body["lines"]] == [False, True]
    assert [line["cost"]["cost_usd"] for line in body["lines"]] == [line["cost_usd"] for line in lines]
    assert lines[1]["responses"] == "-1"
    assert {line["team"] for line in lines} == {f"'{FORMULA}"}
