"""The encryption key is changed beside a running site: no secret is lost, overwritten or shown."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from billing.actions.store_user_key import store_user_key
from billing.key_vault import keys_for_run
from billing.models import UserApiKey
from executions.upkeep import rotate_secrets as rotation
from executions.upkeep.rotate_secrets import find_state, rotate_secrets
from executions.upkeep.sealed_columns import SEALED
from teams.models import SunaConnection, User
from teams.models.encrypted_text import StrictEncryptedTextField, Undecryptable, key_ids
from teams.pages.second_factor_adapter import SecondFactorAdapter
from tests.fixtures.people import make_person
from tests.fixtures.site_rows import NOW

pytestmark = pytest.mark.django_db(transaction=True)
OLD, NEW, LOST = "an-old-key-of-more-than-32-characters", "n" * 40, "l" * 40
SECRET = "sk-CANARY-0123456789"
SERVICES = ("openai", "anthropic", "tavily")


@pytest.fixture
def owner(settings) -> User:
    """Give a person whose secrets are all under the old key."""
    settings.RENUM_ENCRYPTION_KEYS = [OLD]
    person = make_person("olga")
    for service in SERVICES:
        store_user_key(user=person, service=service, key=SECRET, now=NOW)
    connection_row = SunaConnection(owner=person, name="Suna", base_url="https://suna.example.org")
    connection_row.set_credential(bearer=SECRET)
    connection_row.save()
    for kind, name in (("totp", "secret"), ("recovery_codes", "seed")):
        data = {name: SecondFactorAdapter().encrypt(SECRET), "used_mask": 0}
        Authenticator.objects.create(user=person, type=kind, data=data)
    settings.RENUM_ENCRYPTION_KEYS = [NEW, OLD]
    return person


STORED = len(SERVICES) + 3


def run(*arguments: str) -> tuple[str, int]:
    said = io.StringIO()
    try:
        call_command("renum_keys", *arguments, stdout=said)
    except SystemExit as end:
        return said.getvalue(), int(end.code or 0)
    return said.getvalue(), 0


def check_all_open(person: User) -> None:
    keys = keys_for_run(user_id=person.pk, services=SERVICES, now=NOW)
    assert {name: key.reveal() for name, key in keys.items()} == dict.fromkeys(SERVICES, SECRET)
    row = SunaConnection.objects.with_credential().get(owner=person)
    assert row.credential()["bearer"] == SECRET
    for factor in Authenticator.objects.filter(user=person):
        [stored] = [factor.data[name] for name in ("secret", "seed") if name in factor.data]
        assert SecondFactorAdapter().decrypt(stored) == SECRET
        assert factor.data["used_mask"] == 0


def test_the_whole_way_from_an_old_key_to_a_new_one_alone(owner, settings) -> None:
    said, code = run("check")
    assert (code, f": {STORED} secrets" in said) == (1, True)
    said, code = run("rotate", "--dry-run")
    assert (code, f"{STORED} secrets would be rotated." in said) == (1, True)
    assert find_state().on_old_keys == STORED

    said, code = run("rotate")

    assert (code, f"{STORED} secrets rotated." in said) == (0, True)
    assert "older ones may go" in said
    assert all(text not in said for text in (SECRET, NEW, OLD))
    settings.RENUM_ENCRYPTION_KEYS = [NEW]
    check_all_open(owner)
    assert find_state().by_key == {key_ids()[0]: STORED}
    assert run("rotate") == run("rotate")


def test_what_no_key_opens_is_named_stays_as_it_is_and_holds_nothing_up(owner, settings) -> None:
    settings.RENUM_ENCRYPTION_KEYS = [LOST]
    other = make_person("otto")
    row = store_user_key(user=other, service="openai", key=SECRET, now=NOW).row
    settings.RENUM_ENCRYPTION_KEYS = [NEW, OLD]

    said, code = run("rotate")

    assert code == 2
    assert f"opens with none of the keys: user_api_key {row.pk}" in said
    check_all_open(owner)
    settings.RENUM_ENCRYPTION_KEYS = [NEW]
    check_all_open(owner)
    settings.RENUM_ENCRYPTION_KEYS = [LOST]
    keys = keys_for_run(user_id=other.pk, services=["openai"], now=NOW)
    assert keys["openai"].reveal() == SECRET


def test_a_rotation_that_is_broken_off_is_gone_on_with(owner, settings) -> None:
    def dies(done: int) -> None:
        if done == 2:
            raise ConnectionError("killed")

    with pytest.raises(ConnectionError):
        rotate_secrets(say=dies)
    assert find_state().on_old_keys == STORED - 2
    check_all_open(owner)

    assert rotate_secrets().changed == STORED - 2
    settings.RENUM_ENCRYPTION_KEYS = [NEW]
    check_all_open(owner)


def test_a_secret_that_somebody_replaces_meanwhile_is_theirs(owner, settings, monkeypatch) -> None:
    each = rotation.each_sealed_value

    def while_somebody_writes() -> Iterator[object]:
        for value in each():
            if value.where.name == "user_api_key":
                service = UserApiKey.objects.get(pk=value.row_id).service_name
                store_user_key(user=owner, service=service, key=f"{SECRET}-new", now=NOW)
            yield value

    monkeypatch.setattr(rotation, "each_sealed_value", while_somebody_writes)
    rotated = rotate_secrets()
    monkeypatch.undo()

    assert rotated.kept == len(SERVICES)
    settings.RENUM_ENCRYPTION_KEYS = [NEW]
    keys = keys_for_run(user_id=owner.pk, services=SERVICES, now=NOW)
    assert {key.reveal() for key in keys.values()} == {f"{SECRET}-new"}


def test_keys_are_read_and_written_beside_it_all_the_time(owner, settings) -> None:
    for number in range(60):
        store_user_key(user=owner, service=f"more-{number}", key=SECRET, now=NOW)
    over = threading.Event()

    def use() -> int:
        rounds = 0
        try:
            while not over.is_set() or not rounds:
                check_all_open(owner)
                store_user_key(user=owner, service="more-7", key=SECRET, now=NOW)
                rounds += 1
        finally:
            connection.close()
        return rounds

    with ThreadPoolExecutor(3) as pool:
        users = [pool.submit(use) for _ in range(3)]
        rotate_secrets()
        over.set()
        assert min(user.result() for user in users) > 0

    settings.RENUM_ENCRYPTION_KEYS = [NEW]
    check_all_open(owner)


def test_without_the_rotation_the_new_key_alone_opens_nothing(owner, settings) -> None:
    settings.RENUM_ENCRYPTION_KEYS = [NEW]

    with pytest.raises(Undecryptable):
        keys_for_run(user_id=owner.pk, services=SERVICES, now=NOW)
    assert len(find_state().unreadable) == STORED


def test_every_encrypted_column_is_rotated() -> None:
    ours = {
        (model._meta.db_table, field.column)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, StrictEncryptedTextField)
    }
    factors = (Authenticator._meta.db_table, "data")

    assert {(one.table, one.column) for one in SEALED} == ours | {factors}
