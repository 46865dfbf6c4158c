"""Connections on a simulated Suna: what a test finds and leaves alone, the catalogue, changed addresses."""

import asyncio
import base64
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from typing import Any

import pytest
from django.db.models.functions import Now

from executions.actions.create_connection import create_connection
from executions.actions.delete_connection import ConnectionInUse, delete_connection
from executions.actions.edit_connection import ConnectionChanges, edit_connection, forget_credential
from executions.actions.sync_agents import sync_agents
from executions.actions.sync_due_connections import sync_due_connections
from executions.actions.try_connection import try_connection
from executions.wording.connection_tests import FINDING_SENTENCES, OUTCOME_CODES
from teams.actions.create_team import create_team
from teams.actions.refusal import InvalidInput, NotAllowed
from teams.actions.save_version import check_definition
from teams.models import Agent, SunaConnection, Team, User
from tests.contract.raw_server import Request, always, answer, json_answer
from tests.contract.simulated_suna import SimulatedSuna
from tests.fixtures.people import SEQUENTIAL, make_person
from tests.fixtures.raw_service import served
from tests.fixtures.running import TOKEN, simulated_suna

pytestmark = pytest.mark.django_db


def jwt(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'HS256'})}.{part(claims)}.signature-of-nobody-0123"


@pytest.fixture(scope="module")
def running_suna(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedSuna]:
    with simulated_suna("2025-08", folder=tmp_path_factory.mktemp("suna")) as running:
        yield running


@pytest.fixture
def suna(running_suna: SimulatedSuna) -> SimulatedSuna:
    running_suna.clear_faults()
    running_suna.reset()
    return running_suna


@pytest.fixture
def person() -> User:
    return make_person("olga")


@pytest.fixture
def connect(person: User) -> Callable[..., SunaConnection]:
    def connect(base_url: str, **fields: Any) -> SunaConnection:
        given = {"bearer": TOKEN, "name": f"Suna {SunaConnection.objects.count()}", **fields}
        return create_connection(by=person, owner=person, base_url=base_url, **given)

    return connect


def findings(connection: SunaConnection) -> dict[str, str]:
    return {found["name"]: found["code"] for found in connection.test_result["findings"]}


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("seed", {"user_keys": "sent", "live": "none", "adoption": "looked_up"}),
        ("2025-07", {"adoption": "start_uncertain", "user_keys": "ignored"}),
        ("2025-08", {"results": "readable", "usage": "reported", "adoption": "looked_up"}),
        ("2025-10", {"results": "readable", "user_keys": "ignored"}),
    ],
)
def test_a_test_says_what_works_and_changes_nothing_in_suna(
    profile, expected, tmp_path, connect, person, figure
):
    with simulated_suna(profile, folder=tmp_path) as suna:
        connection = try_connection(connection=connect(suna.url), by=person)

        result = connection.test_result
        requests = suna.get("ledger?limit=500")["entries"]
    assert (result["code"], connection.wire_profile) == ("", profile)
    assert findings(connection) | expected == findings(connection)
    assert {(found["name"], found["code"]) for found in result["findings"]} <= FINDING_SENTENCES | {
        (found["name"], "not_told") for found in result["findings"]
    }
    assert connection.tested_at is not None
    assert connection.agents.filter(missing_since=None).count() > 0
    assert result["latency_ms"] > 0
    assert {request["method"] for request in requests} == {"GET"}
    figure(f"connection_test_requests_{profile}", len(requests))


def test_a_token_tells_whose_it_is_and_when_it_runs_out_and_is_shown_by_its_end(suna, connect, person):
    token = jwt(sub="user-1", email="olga@example.org", exp=1_900_000_000)
    connection = connect(suna.url, bearer=token)

    tested = try_connection(connection=connection, by=person)

    identity = tested.test_result["identity"]
    assert identity | {"subject": "user-1", "email": "olga@example.org"} == identity
    # Whose the first agent is says nothing more.
    assert "agents_of" not in identity
    assert tested.bearer_expires_at == dt.datetime.fromtimestamp(1_900_000_000, tz=dt.UTC)
    assert tested.credential_marks == {"bearer": "…" + token[-4:]}


def test_a_refused_credential_holds_up_starts_until_another_one_was_tested(suna, connect, person):
    connection = connect(suna.url, bearer="a-token-of-somebody-else")

    tested = try_connection(connection=connection, by=person)
    assert (tested.test_result["code"], tested.paused_code) == ("credential_refused", "credential_refused")

    edit_connection(connection=tested, by=person, changes=ConnectionChanges(bearer=TOKEN))
    tested = try_connection(connection=tested, by=person)
    assert (tested.test_result["code"], tested.paused_code) == ("", "")


def test_a_suna_that_forbids_to_list_agents_works_all_the_same(suna, connect, person):
    suna.fail("agents.list", times=100, kind="status", status=403, body={"detail": "Custom agents disabled"})

    tested = try_connection(connection=connect(suna.url), by=person)

    assert tested.test_result["code"] == ""
    assert findings(tested)["agents"] == "agents_disabled"
    assert tested.sync_code == "agents_disabled"


PAGE = answer(200, b"<!doctype html><title>Welcome</title>", content_type="text/html")
AWAY = answer(302, b"", headers={"Location": "https://elsewhere.example/"})


@pytest.mark.parametrize(
    ("payload", "codes"),
    [(PAGE, {"web_page"}), (AWAY, {"redirect_refused"})],
    ids=["a web page", "a redirect"],
)
def test_what_is_no_suna_is_named(payload, codes, connect, person):
    with served(always(payload)) as url:
        tested = try_connection(connection=connect(url), by=person)

    assert tested.test_result["code"] in codes
    assert tested.wire_profile == ""


@pytest.mark.parametrize(
    ("base_url", "code"),
    [
        ("http://127.0.0.1:9", "connection_refused"),
        ("https://suna.invalid", "dns"),
    ],
)
def test_nobody_who_answers_is_told_by_the_reason(base_url, code, person, settings, connect):
    settings.SUNA_ALLOWED_HOSTS = ["127.0.0.1", "suna.invalid"]

    tested = try_connection(connection=connect(base_url), by=person)

    assert tested.test_result["code"] == code
    assert code in OUTCOME_CODES


def test_a_port_without_tls_and_an_address_with_the_prefix_are_named(suna, connect, person):
    tls = try_connection(connection=connect(suna.url.replace("http:", "https:")), by=person)
    prefix = try_connection(connection=connect(suna.url + "/api"), by=person)

    assert [row.test_result["code"] for row in (tls, prefix)] == ["tls", "prefix_in_address"]


def test_an_own_connection_is_not_tested_where_it_may_not_lead(connect, person, settings, suna):
    connection = connect(suna.url)
    settings.SUNA_ALLOWED_HOSTS = []
    before = suna.get("summary")["requests"]

    tested = try_connection(connection=connection, by=person)

    assert tested.test_result["code"] == "address_not_https"
    assert suna.get("summary")["requests"] == before


def test_another_address_forgets_credential_and_consent_and_the_same_one_keeps_them(connect, person):
    connection = connect("http://127.0.0.1:9", api_key="pk_a:sk_b", sends_user_keys=True)

    same = ConnectionChanges(base_url="http://127.0.0.1:9/", name="Renamed")
    kept = edit_connection(connection=connection, by=person, changes=same)
    assert kept.connection.credential() == {"bearer": TOKEN, "api_key": "pk_a:sk_b"}
    assert (kept.credential_forgotten, kept.connection.sends_user_keys) == (False, True)

    other = ConnectionChanges(base_url="http://127.0.0.1:10", sends_user_keys=True)
    moved = edit_connection(connection=connection, by=person, changes=other)
    row = SunaConnection.objects.get(pk=connection.pk)
    assert row.credential() == {"bearer": "", "api_key": ""}
    assert (moved.credential_forgotten, row.sends_user_keys, row.credential_marks) == (True, False, {})


def test_one_part_of_a_credential_is_replaced_or_taken_away_and_the_other_stays(connect, person):
    connection = connect("http://127.0.0.1:9")

    edit_connection(connection=connection, by=person, changes=ConnectionChanges(api_key=" pk_a:sk_b "))
    both = SunaConnection.objects.get(pk=connection.pk).credential()
    edit_connection(connection=connection, by=person, changes=ConnectionChanges(bearer=""))
    one = SunaConnection.objects.get(pk=connection.pk).credential()
    forget_credential(connection=connection, by=person)

    assert both == {"bearer": TOKEN, "api_key": "pk_a:sk_b"}
    assert one == {"bearer": "", "api_key": "pk_a:sk_b"}
    assert SunaConnection.objects.get(pk=connection.pk).credential() == {"bearer": "", "api_key": ""}


@pytest.mark.parametrize("changes", [{"api_key": "no colon"}, {"bearer": "two\nlines"}, {"name": " "}])
def test_what_cannot_be_is_refused_without_repeating_it(connect, person, changes):
    connection = connect("http://127.0.0.1:9")

    with pytest.raises(InvalidInput) as caught:
        edit_connection(connection=connection, by=person, changes=ConnectionChanges(**changes))

    assert "two" not in str(caught.value)
    assert SunaConnection.objects.get(pk=connection.pk).credential()["bearer"] == TOKEN


def test_a_stranger_may_do_nothing(connect):
    connection, stranger = connect("http://127.0.0.1:9"), make_person("oscar")

    for ask in (
        lambda: try_connection(connection=connection, by=stranger),
        lambda: sync_agents(connection=connection, by=stranger),
        lambda: edit_connection(connection=connection, by=stranger, changes=ConnectionChanges(name="x")),
        lambda: delete_connection(connection=connection, by=stranger),
        lambda: create_connection(by=stranger, owner=None, name="Ours", base_url="https://example.org"),
    ):
        with pytest.raises(NotAllowed):
            ask()


def test_a_connection_that_teams_use_is_not_deleted(connect, person):
    connection = connect("http://127.0.0.1:9")
    team = create_team(owner=person, name="Analysts", definition=SEQUENTIAL, connection=connection)

    with pytest.raises(ConnectionInUse):
        delete_connection(connection=connection, by=person)
    Team.objects.filter(pk=team.pk).update(connection=None)
    delete_connection(connection=connection, by=person)

    assert not SunaConnection.objects.exists()


def test_a_changed_agent_keeps_what_it_was_and_its_team_is_warned_until_it_is_saved_anew(
    suna, connect, person
):
    connection = try_connection(connection=connect(suna.url), by=person)
    agent = connection.agents.filter(missing_since=None).first()
    definition = {"type": "sequential", "agents": [{"agent_id": agent.agent_id, "services": ["openai"]}]}
    team = create_team(owner=person, name="Analysts", definition=definition, connection=connection)
    # As it was before: what Suna lists is another name then.
    Agent.objects.filter(pk=agent.pk).update(name="Its old name")

    synced = sync_agents(connection=connection, by=person)

    changed = Agent.objects.get(pk=agent.pk)
    assert (synced.changed, changed.changed_from, changed.name) == (1, {"name": "Its old name"}, agent.name)
    codes = [warning.code for warning in check_definition(definition, team=team).warnings]
    assert codes == ["agent_changed", "keys_ignored"]
    Agent.objects.filter(pk=agent.pk).update(missing_since=Now())
    codes = [warning.code for warning in check_definition(definition, team=team).warnings]
    assert codes == ["agent_missing", "keys_ignored"]
    assert sync_agents(connection=connection, by=person).changed == 0
    Agent.objects.filter(pk=agent.pk).update(changed_at=team.published_version.created_at)
    codes = [warning.code for warning in check_definition(definition, team=team).warnings]
    assert codes == ["keys_ignored"]


def test_catalogues_are_listed_each_hour_and_one_that_fails_harms_no_other(suna, connect):
    good, dead = connect(suna.url), connect("http://127.0.0.1:9")
    paused, recent = connect(suna.url), connect(suna.url)
    SunaConnection.objects.update(wire_profile="2025-08")
    SunaConnection.objects.filter(pk=paused.pk).update(paused_code="credential_refused")
    SunaConnection.objects.filter(pk=recent.pk).update(sync_tried_at=Now())
    SunaConnection.objects.filter(pk=dead.pk).update(sync_tried_at=Now() - dt.timedelta(hours=3))

    listed = sync_due_connections(until=time.monotonic() + 20)
    again = sync_due_connections(until=time.monotonic() + 20)

    assert (listed, again) == (1, 0)
    rows = {row.pk: row for row in SunaConnection.objects.all()}
    assert rows[good.pk].synced_at is not None
    assert rows[dead.pk].sync_code == "unavailable"
    assert [rows[row.pk].synced_at for row in (dead, paused, recent)] == [None] * 3


def test_a_suna_that_became_another_one_gets_no_keys_before_a_new_consent(tmp_path, connect, person):
    with simulated_suna("seed", folder=tmp_path) as suna:
        fresh = try_connection(connection=connect(suna.url), by=person)
        SunaConnection.objects.filter(pk=fresh.pk).update(wire_profile="2025-08", sends_user_keys=True)

        again = try_connection(connection=SunaConnection.objects.get(pk=fresh.pk), by=person)

    assert fresh.sends_user_keys is True
    assert (again.wire_profile, again.sends_user_keys) == ("seed", False)
    assert findings(again)["user_keys"] == "not_allowed"


@pytest.mark.parametrize("ahead_s", [3600, -90, None])
def test_a_clock_that_is_apart_is_measured_and_told(ahead_s, connect, person, client):
    routes = {"paths": {"/api/thread/{thread_id}/agent/start": {}, "/api/threads": {}}}

    async def respond(request: Request, writer: asyncio.StreamWriter) -> None:
        # The simulator tells no time; Suna does, in whole seconds.
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=ahead_s or 0)
        said = {} if ahead_s is None else {"Date": format_datetime(now, usegmt=True)}
        body = routes if request.path == "/openapi.json" else {"detail": "Agent run not found"}
        writer.write(json_answer(200 if body is routes else 404, body, headers=said))

    with served(respond) as url:
        tested = try_connection(connection=connect(url), by=person)

    told = tested.test_result.get("clock_ahead_s")
    assert tested.test_result["code"] == ""
    assert told is None if ahead_s is None else abs(told - ahead_s) <= 2
    client.force_login(person)
    page = client.get(f"/connections/{tested.pk}/").content.decode()
    assert (f"Suna&#x27;s clock is {told} s ahead" in page or f"Suna's clock is {told} s ahead" in page) is (
        ahead_s is not None
    )
