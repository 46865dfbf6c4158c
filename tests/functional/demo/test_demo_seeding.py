"""What set-up puts into the database: made once, and never put back over what people changed."""

import io
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from executions.actions.check_base_url import AddressRefused
from executions.actions.connection_rights import SunaUnusable
from executions.actions.detect_connection import detect_connection
from executions.actions.start_execution import start_execution
from executions.actions.sync_agents import sync_agents
from renum_site.demo.accounts import ADMIN, DEMO, DemoFileError, ensure_account, read_passwords
from renum_site.demo.seeding import seed_terminal
from renum_site.demo.suna import REAL_NAME, SIMULATED_NAME, SunaPlace, read_configured_place
from teams.actions.refusal import NotAllowed
from teams.actions.save_version import save_version
from teams.models import Agent, SunaConnection, Team, User
from teams.workflow.examples import read_example
from tests.contract.simulated_suna import SimulatedSuna
from tests.fixtures.people import make_person
from tests.fixtures.running import TOKEN

pytestmark = pytest.mark.django_db

BASE_DIR = Path(__file__).resolve().parents[3]


def seed() -> str:
    out = io.StringIO()
    call_command("renum_seed_demo", stdout=out)
    return out.getvalue()


def test_the_first_seed_makes_people_a_connection_with_its_agents_and_two_teams(demo_settings: Any) -> None:
    seed()
    demo, admin = User.objects.get(username=DEMO), User.objects.get(username=ADMIN)
    assert (demo.is_staff, demo.is_superuser) == (False, False)
    assert (admin.is_staff, admin.is_superuser) == (True, True)
    connection = SunaConnection.objects.get()
    assert (connection.owner, connection.name, connection.wire_profile) == (None, REAL_NAME, "2025-08")
    assert connection.credential()["bearer"] == TOKEN
    assert connection.sends_user_keys is False
    assert connection.capabilities["reports_usage"] is True
    assert connection.checked_at is not None
    assert Agent.objects.get(agent_id="market-researcher").name == "Market researcher"
    teams = {team.name: team for team in Team.objects.all()}
    for name, example in (("Research and report", "sequential"), ("Support desk", "conditional")):
        team = teams.pop(name)
        assert (team.owner, team.connection) == (demo, connection)
        assert team.published_version is not None
        assert team.published_version.source == read_example(example)
    assert not teams


def test_the_passwords_are_kept_for_their_owner_only_and_open_the_accounts(demo_settings: Any) -> None:
    said = seed()
    kept = demo_settings.RENUM_VAR_DIR / "demo.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    passwords = json.loads(kept.read_text())
    assert set(passwords) == {DEMO, ADMIN}
    for username, password in passwords.items():
        assert User.objects.get(username=username).check_password(password)
        assert f"Log in as {username} with {password}" in said


@pytest.mark.django_db(transaction=True)
def test_a_file_that_takes_the_log_ins_is_made_private_first(
    child_env: dict[str, str], suna: SimulatedSuna, tmp_path: Path
) -> None:
    env = {**child_env, "RENUM_VAR_DIR": str(tmp_path), "SUNA_BASE_URL": suna.url, "SUNA_BEARER_TOKEN": TOKEN}
    log = tmp_path / "seed.log"
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "manage.py", "renum_seed_demo"], cwd=BASE_DIR, env=env, stdout=output, check=True
        )
    assert read_passwords(tmp_path)[DEMO] in log.read_text()
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_a_second_seed_changes_nothing_that_people_changed(demo_settings: Any) -> None:
    seed()
    demo = User.objects.get(username=DEMO)
    demo.set_password("chosen by its owner")
    demo.save()
    team = Team.objects.get(name="Research and report")
    save_version(team=team, by=demo, source=read_example("conditional"))
    before = (demo_settings.RENUM_VAR_DIR / "demo.json").read_text()

    said = seed()

    assert User.objects.get(username=DEMO).check_password("chosen by its owner")
    assert "Log in as demo with a password that was changed" in said
    team.refresh_from_db()
    assert team.published_version is not None
    assert team.published_version.number == 2
    assert (User.objects.count(), Team.objects.count(), SunaConnection.objects.count()) == (2, 2, 1)
    assert (demo_settings.RENUM_VAR_DIR / "demo.json").read_text() == before


def test_an_account_that_was_there_before_is_not_taken_over(demo_settings: Any) -> None:
    make_person(ADMIN)
    said = seed()
    stranger = User.objects.get(username=ADMIN)
    assert stranger.check_password("correct horse battery staple")
    assert not stranger.is_superuser
    assert "Log in as admin with a password that was changed, or was not made here" in said
    assert ADMIN not in read_passwords(demo_settings.RENUM_VAR_DIR)


def test_a_simulator_on_this_machine_is_named_so_and_follows_to_its_next_address(
    demo_settings: Any, suna: SimulatedSuna
) -> None:
    demo_settings.SUNA_BEARER_TOKEN = None
    # This one asks for its token, so that set-up fails after it has chosen the name.
    with pytest.raises(CommandError, match="Suna refuses the connection's credential"):
        seed()
    connection = SunaConnection.objects.get()
    assert (connection.name, connection.wire_profile) == (SIMULATED_NAME, "2025-08")
    assert connection.credential()["bearer"] == "simulated"


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("ALLOW_SIMULATOR", False, "With DEBUG off there are no demo users"),
        ("SUNA_BASE_URL", None, "No Suna is configured"),
        ("SUNA_BASE_URL", "http://127.0.0.1:9", "Suna could not be asked"),
        ("SUNA_PROFILE", "2027-01", "does not speak the wire profile 2027-01 yet"),
    ],
)
def test_what_cannot_be_seeded_is_refused_in_one_sentence(
    demo_settings: Any, name: str, value: Any, sentence: str
) -> None:
    setattr(demo_settings, name, value)
    with pytest.raises(CommandError, match=sentence):
        seed()
    assert not Team.objects.exists()


def test_a_damaged_password_file_is_refused_and_makes_nobody(demo_settings: Any) -> None:
    var = demo_settings.RENUM_VAR_DIR
    var.mkdir()
    (var / "demo.json").write_text('["no object"]')
    with pytest.raises(DemoFileError, match="is damaged"):
        ensure_account(var=var, username=DEMO)
    assert not User.objects.exists()


def test_the_terminal_demos_teams_are_set_right_again_and_the_demo_user_may_read_them_only(
    demo_settings: Any,
) -> None:
    var, place = demo_settings.RENUM_VAR_DIR, read_configured_place()
    first = seed_terminal(var=var, place=place)
    team = first.teams[0]
    save_version(team=team, by=team.owner, source=read_example("conditional"))
    again = seed_terminal(var=var, place=place)
    team.refresh_from_db()
    assert team.published_version is not None
    assert team.published_version.source == read_example("sequential")
    assert again.connection == first.connection
    assert first.connection.owner == team.owner
    assert team.role_of(User.objects.get(username=DEMO)) == "viewer"


def test_the_terminal_demo_takes_a_new_connection_while_an_execution_is_on_the_old(
    demo_settings: Any,
) -> None:
    var, place = demo_settings.RENUM_VAR_DIR, read_configured_place()
    first = seed_terminal(var=var, place=place)
    start_execution(team=first.teams[0], by=first.teams[0].owner, prompt="Left behind")
    second = seed_terminal(var=var, place=place)
    assert second.connection != first.connection
    assert {team.connection_id for team in Team.objects.all()} == {second.connection.pk}


class TestConnectionActions:
    """Detecting a connection and syncing its agents."""

    @pytest.fixture
    def connection(self, demo_settings: Any, suna: SimulatedSuna) -> SunaConnection:
        demo_settings.SUNA_ALLOWED_HOSTS = ["127.0.0.1"]
        connection = SunaConnection(owner=make_person("olga"), name="Mine", base_url=suna.url)
        connection.set_credential(bearer=TOKEN)
        connection.save()
        return connection

    def test_a_stranger_and_staff_without_the_right_may_do_neither(self, connection: SunaConnection) -> None:
        for person in (make_person("oscar"), make_person("stefan", is_staff=True)):
            with pytest.raises(NotAllowed):
                detect_connection(connection=connection, by=person)
            with pytest.raises(NotAllowed):
                sync_agents(connection=connection, by=person)

    def test_the_owner_of_a_connection_may_not_manage_the_sites(self, connection: SunaConnection) -> None:
        connection.owner, owner = None, connection.owner
        with pytest.raises(NotAllowed):
            detect_connection(connection=connection, by=owner)

    def test_a_connection_that_may_not_lead_there_is_not_tested(
        self, connection: SunaConnection, demo_settings: Any
    ) -> None:
        demo_settings.SUNA_ALLOWED_HOSTS = []
        for profile in (None, "seed"):
            with pytest.raises(AddressRefused):
                detect_connection(connection=connection, by=connection.owner, profile=profile)
        connection.refresh_from_db()
        assert (connection.wire_profile, connection.checked_at) == ("", None)

    def test_an_agent_that_vanished_is_flagged_and_cleared_when_it_is_back(
        self, connection: SunaConnection, suna: SimulatedSuna
    ) -> None:
        owner = connection.owner
        detect_connection(connection=connection, by=owner)
        before = sync_agents(connection=connection, by=owner)
        suna._call("DELETE", "agents/pt-translator", None)
        after = sync_agents(connection=connection, by=owner)
        assert (after.present, after.went_missing) == (before.present - 1, 1)
        assert Agent.objects.get(agent_id="pt-translator").missing_since is not None
        assert sync_agents(connection=connection, by=owner).went_missing == 0
        Agent.objects.filter(agent_id="agent-123").update(missing_since="2026-01-01T00:00:00Z", name="Old")
        sync_agents(connection=connection, by=owner)
        back = Agent.objects.get(agent_id="agent-123")
        assert (back.missing_since, back.name) == (None, "Alpha")

    def test_agents_are_not_asked_for_before_the_connection_was_detected(
        self, connection: SunaConnection
    ) -> None:
        with pytest.raises(SunaUnusable) as refused:
            sync_agents(connection=connection, by=connection.owner)
        assert refused.value.code == "no_profile"

    def test_a_connection_that_was_paused_goes_on_when_it_is_found_good(
        self, connection: SunaConnection
    ) -> None:
        connection.paused_code = "credential_refused"
        connection.save()
        detect_connection(connection=connection, by=connection.owner)
        connection.refresh_from_db()
        assert connection.paused_code == ""

    def test_consent_to_users_keys_ends_when_another_suna_is_found(self, connection: SunaConnection) -> None:
        detect_connection(connection=connection, by=None, profile="seed")
        assert connection.sends_user_keys is True
        detect_connection(connection=connection, by=None)
        connection.refresh_from_db()
        assert (connection.wire_profile, connection.sends_user_keys) == ("2025-08", False)

    def test_an_address_without_a_suna_leaves_the_connection_as_it_was(
        self, connection: SunaConnection
    ) -> None:
        connection.base_url = f"{connection.base_url}/elsewhere"
        connection.set_credential(bearer=TOKEN)
        with pytest.raises(SunaUnusable) as refused:
            detect_connection(connection=connection, by=None)
        assert refused.value.code == "unknown_suna"
        connection.refresh_from_db()
        assert (connection.wire_profile, connection.checked_at) == ("", None)

    def test_a_credential_that_cannot_be_read_is_told_so(self, connection: SunaConnection) -> None:
        # The credential is bound to the address that it was given for.
        connection.base_url = "http://127.0.0.1:9"
        with pytest.raises(SunaUnusable) as refused:
            detect_connection(connection=connection, by=None)
        assert refused.value.code == "credential_unreadable"


def test_a_place_is_simulated_only_on_this_machine_and_without_a_credential() -> None:
    assert SunaPlace(base_url="http://127.0.0.1:8765").is_simulated
    assert SunaPlace(base_url="http://localhost:8765").is_simulated
    assert not SunaPlace(base_url="http://127.0.0.1:8765", api_key="pk:sk").is_simulated
    assert not SunaPlace(base_url="https://suna.example.org").is_simulated
