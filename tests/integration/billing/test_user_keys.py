"""A user's keys: stored by one action, read by the vault alone, and never for anybody else."""

import copy
import datetime as dt
import pickle
import uuid

import pytest
from django.db import IntegrityError, connection, transaction

from billing.actions.delete_user_key import KeyNotFound, delete_user_key
from billing.actions.store_user_key import InvalidKey, InvalidService, store_user_key
from billing.key_vault import KeyMissing, Secret, keys_for_run
from billing.models import UserApiKey
from billing.models.user_api_key import SecretNotLoaded
from teams.models.encrypted_text import Undecryptable

KEY = "sk-CANARY-0123456789"
OTHER_KEY = "sk-OTHER-9876543210"


def revealed(user, now, services=None) -> dict[str, str]:
    keys = keys_for_run(user_id=user.pk, services=services, now=now)
    return {service: secret.reveal() for service, secret in keys.items()}


def copy_ciphertext(*, source: UserApiKey, target: UserApiKey) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE user_api_keys SET encrypted_key = (SELECT encrypted_key FROM user_api_keys WHERE id = %s)"
            " WHERE id = %s",
            [source.pk, target.pk],
        )


def overwrite(row: UserApiKey, stored: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE user_api_keys SET encrypted_key = %s WHERE id = %s", [stored, row.pk])


def stored_text(row: UserApiKey) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT encrypted_key FROM user_api_keys WHERE id = %s", [row.pk])
        return str(cursor.fetchone()[0])


def test_a_key_comes_back_from_the_vault_and_its_use_is_noted(owner, now):
    row = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    later = now + dt.timedelta(minutes=5)

    assert row.last_used_at is None
    assert revealed(owner, later, ["openai"]) == {"openai": KEY}
    row.refresh_from_db()
    assert row.last_used_at == later


def test_the_database_holds_ciphertext_only(owner, now):
    row = store_user_key(user=owner, service="openai", key=KEY, now=now).row

    with connection.cursor() as cursor:
        cursor.execute("SELECT user_api_keys::text FROM user_api_keys")
        stored = cursor.fetchone()[0]
    assert KEY not in stored
    assert stored_text(row).startswith("gAAAA")


def test_storing_again_replaces_the_key_in_the_one_row(owner, now):
    first = store_user_key(user=owner, service="OpenAI", key=KEY, now=now).row
    revealed(owner, now)
    later = now + dt.timedelta(days=1)

    second = store_user_key(user=owner, service="openai", key=OTHER_KEY, now=later).row

    assert (second.pk, second.created_at, second.updated_at) == (first.pk, now, later)
    assert second.last_used_at is None
    assert second.fingerprint != first.fingerprint
    assert revealed(owner, later) == {"openai": OTHER_KEY}
    assert UserApiKey.objects.count() == 1


def test_only_declared_services_are_handed_out_and_all_when_nothing_was_declared(owner, now):
    store_user_key(user=owner, service="openai", key=KEY, now=now)
    store_user_key(user=owner, service="tavily", key=OTHER_KEY, now=now)

    assert revealed(owner, now, ["tavily"]) == {"tavily": OTHER_KEY}
    assert revealed(owner, now, ["Tavily"]) == {"tavily": OTHER_KEY}
    assert revealed(owner, now, None) == {"openai": KEY, "tavily": OTHER_KEY}


def test_no_service_declared_asks_nothing_of_the_database(owner, now, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert revealed(owner, now, []) == {}


def test_only_the_keys_that_were_handed_out_count_as_used(owner, now):
    store_user_key(user=owner, service="openai", key=KEY, now=now)
    store_user_key(user=owner, service="tavily", key=OTHER_KEY, now=now)

    revealed(owner, now, ["tavily"])

    used = dict(UserApiKey.objects.values_list("service_name", "last_used_at"))
    assert used == {"openai": None, "tavily": now}


def test_an_outsider_s_keys_are_never_handed_out(owner, outsider, now):
    store_user_key(user=outsider, service="openai", key=KEY, now=now)

    assert revealed(owner, now, None) == {}
    with pytest.raises(KeyMissing):
        keys_for_run(user_id=owner.pk, services=["openai"], now=now)


def test_missing_keys_are_all_named_and_nothing_counts_as_used(owner, now):
    store_user_key(user=owner, service="openai", key=KEY, now=now)

    with pytest.raises(KeyMissing) as caught:
        keys_for_run(user_id=owner.pk, services=["openai", "tavily", "exa"], now=now)

    assert (caught.value.services, caught.value.service) == (("exa", "tavily"), "exa")
    assert UserApiKey.objects.get().last_used_at is None


def test_a_row_swapped_with_another_user_s_does_not_open(owner, outsider, now):
    mine = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    theirs = store_user_key(user=outsider, service="openai", key=OTHER_KEY, now=now).row

    copy_ciphertext(source=mine, target=theirs)

    with pytest.raises(Undecryptable):
        keys_for_run(user_id=outsider.pk, services=None, now=now)
    theirs.refresh_from_db()
    assert theirs.last_used_at is None


def test_a_key_moved_to_another_service_of_the_same_user_does_not_open(owner, now):
    first = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    second = store_user_key(user=owner, service="attacker", key=OTHER_KEY, now=now).row

    copy_ciphertext(source=first, target=second)

    with pytest.raises(Undecryptable):
        keys_for_run(user_id=owner.pk, services=["attacker"], now=now)


def test_a_row_renamed_to_another_service_does_not_open(owner, now):
    row = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    UserApiKey.objects.filter(pk=row.pk).update(service_name="attacker")

    with pytest.raises(Undecryptable):
        keys_for_run(user_id=owner.pk, services=["attacker"], now=now)


def test_a_plaintext_row_does_not_open(owner, now):
    row = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    overwrite(row, KEY)

    with pytest.raises(Undecryptable) as caught:
        keys_for_run(user_id=owner.pk, services=None, now=now)
    assert KEY not in str(caught.value)


def test_another_encryption_key_opens_nothing_and_changes_nothing(owner, now, settings):
    row = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    before = stored_text(row)
    settings.RENUM_ENCRYPTION_KEYS = ["z" * 40]

    with pytest.raises(Undecryptable):
        keys_for_run(user_id=owner.pk, services=None, now=now)
    assert stored_text(row) == before


def test_a_sealed_key_that_could_break_a_header_is_not_handed_out(owner, now):
    row = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    bad = UserApiKey.seal_key(user_id=owner.pk, service_name="openai", key=KEY + "\nX-Evil: 1")
    UserApiKey.objects.filter(pk=row.pk).update(encrypted_key=bad)

    with pytest.raises(Undecryptable):
        keys_for_run(user_id=owner.pk, services=None, now=now)


def test_a_row_found_in_the_ordinary_way_cannot_show_its_secret(owner, now):
    store_user_key(user=owner, service="openai", key=KEY, now=now)

    for row in (
        UserApiKey.objects.get(),
        UserApiKey._base_manager.get(),
        owner.api_keys.get(),
        UserApiKey.objects.filter(service_name="openai").first(),
    ):
        with pytest.raises(SecretNotLoaded):
            _ = row.encrypted_key


def test_saving_and_refreshing_an_ordinary_row_leaves_its_secret_alone(owner, now):
    store_user_key(user=owner, service="openai", key=KEY, now=now)
    row = UserApiKey.objects.get()
    row.refresh_from_db()

    row.save()

    assert revealed(owner, now) == {"openai": KEY}


def test_a_user_can_be_deleted_although_their_key_does_not_open(owner, now):
    row = store_user_key(user=owner, service="openai", key=KEY, now=now).row
    overwrite(row, "garbage")

    owner.delete()

    assert not UserApiKey.objects.exists()


@pytest.mark.parametrize("key", [f" {KEY}", f"{KEY}\t", f"  {KEY}  "])
def test_spaces_round_a_key_are_taken_off_and_reported(owner, now, key):
    stored = store_user_key(user=owner, service="openai", key=key, now=now)

    assert stored.trimmed
    assert revealed(owner, now) == {"openai": KEY}
    assert not store_user_key(user=owner, service="openai", key=KEY, now=now).trimmed


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "1234567",
        f"{KEY}\n",
        f"{KEY}\r\n",
        f"{KEY}\r\nX-Evil: 1",
        f"{KEY}\x00",
        f"sk-with space {KEY}",
        f"sk-with\ttab{KEY}",
        f"{KEY}é",
        f"{KEY}\u200b",
        f"{KEY}\u00a0",
        f"{KEY}\x7f",
        "x" * 4097,
        " " * 20,
    ],
)
def test_a_key_that_no_header_can_carry_is_refused_without_being_quoted(owner, now, key):
    with pytest.raises(InvalidKey) as caught:
        store_user_key(user=owner, service="openai", key=key, now=now)

    assert (caught.value.code, caught.value.field) == ("invalid_key", "key")
    assert KEY not in f"{caught.value} {caught.value!r}"
    assert not UserApiKey.objects.exists()


@pytest.mark.parametrize("key", ["12345678", "x" * 4096, "!~" * 4])
def test_a_key_at_the_limits_is_stored(owner, now, key):
    store_user_key(user=owner, service="openai", key=key, now=now)

    assert revealed(owner, now) == {"openai": key}


@pytest.mark.parametrize(
    "service",
    [
        "a\r\nX-Evil: 1",
        "a b",
        "a:b",
        "é",
        "A_B",
        "",
        "x" * 41,
        "x" * 200,
        "-a",
        "a-",
        "openai\n",
        "\u212a",
        " a",
    ],
)
def test_a_service_name_that_no_header_can_carry_is_refused(owner, now, service):
    with pytest.raises(InvalidService) as caught:
        store_user_key(user=owner, service=service, key=KEY, now=now)

    assert (caught.value.code, caught.value.field) == ("invalid_service", "service")
    assert "Evil" not in str(caught.value)


@pytest.mark.parametrize("service", ["a", "openai", "open-ai-2", "x" * 40, "0"])
def test_a_service_name_at_the_limits_is_stored(owner, now, service):
    store_user_key(user=owner, service=service, key=KEY, now=now)

    assert revealed(owner, now) == {service: KEY}


def test_a_deleted_key_is_gone_and_only_its_owner_deletes_it(owner, outsider, now):
    store_user_key(user=owner, service="openai", key=KEY, now=now)

    with pytest.raises(KeyNotFound):
        delete_user_key(user=outsider, service="openai")
    delete_user_key(user=owner, service="OpenAI")

    assert revealed(owner, now) == {}
    with pytest.raises(KeyNotFound):
        delete_user_key(user=owner, service="openai")


def test_two_rows_for_one_service_of_a_user_are_refused_by_the_database(owner, now):
    store_user_key(user=owner, service="openai", key=KEY, now=now)

    with pytest.raises(IntegrityError, match="user_api_key_once_per_service"):
        UserApiKey.objects.create(
            user=owner,
            service_name="openai",
            encrypted_key="x",
            fingerprint="x",
            created_at=now,
            updated_at=now,
        )


@pytest.mark.parametrize("service", ["OpenAI", "a_b", "", "a b", "-a", "a-", "a\n", "é"])
def test_a_service_name_outside_the_pattern_is_refused_by_the_database(owner, now, service):
    with pytest.raises(IntegrityError, match="user_api_key_service_pattern"), transaction.atomic():
        UserApiKey.objects.create(
            user=owner,
            service_name=service,
            encrypted_key="x",
            fingerprint="x",
            created_at=now,
            updated_at=now,
        )


def test_a_secret_shows_itself_to_nobody_by_accident():
    secret = Secret(KEY)

    assert KEY not in f"{secret} {secret!r} {secret!s} {secret:>40} {[secret]}" + str([str(secret)])
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(secret)
    assert not hasattr(secret, "__dict__")
    assert Secret(KEY) != secret


def test_the_keys_of_a_user_who_does_not_exist_are_none(db, now):
    assert keys_for_run(user_id=uuid.uuid4(), services=None, now=now) == {}
