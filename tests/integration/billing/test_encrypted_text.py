"""The strict field fails closed, in one thread and in many; the stock field, beside it, shows why."""

import io
import json
import logging
import threading
from collections.abc import Callable

import pytest
from django import forms
from django.core import serializers
from django.core.exceptions import FieldError, ImproperlyConfigured, ValidationError
from django.core.validators import MinLengthValidator
from django.db import connection
from encrypted_fields import EncryptedTextField

from billing.actions.store_user_key import store_user_key
from billing.models import UserApiKey
from teams.models.encrypted_text import (
    StrictEncryptedTextField,
    Undecryptable,
    fingerprint_of,
    open_sealed,
    seal,
)

KEY_A, KEY_B = "a" * 32, "b" * 32
PLAIN = "sk-CANARY-0123456789"


def read(field, stored):
    return field.from_db_value(stored, None, connection)


@pytest.fixture
def field(settings) -> StrictEncryptedTextField:
    settings.RENUM_ENCRYPTION_KEYS = [KEY_A]
    return StrictEncryptedTextField()


@pytest.mark.parametrize("text", [PLAIN, "", "é\x00\n", "gAAAA looks like a token", "x" * 100_000])
def test_text_comes_back_as_it_was_stored(field, text):
    stored = field.get_prep_value(text)

    assert text not in stored or not text
    assert read(field, stored) == text


def test_none_is_null(field):
    assert field.get_prep_value(None) is None
    assert read(field, None) is None


@pytest.mark.parametrize("value", [1, b"bytes", ["list"], 0, False])
def test_only_text_is_stored(field, value):
    with pytest.raises(TypeError):
        field.get_prep_value(value)


@pytest.mark.parametrize("stored", [PLAIN, "", "é", "gAAAAAB", "{}"])
def test_a_value_that_is_not_ours_raises_and_is_not_returned(field, stored):
    with pytest.raises(Undecryptable) as caught:
        read(field, stored)

    assert caught.value.code == "key_undecryptable"
    assert caught.value.__context__ is None
    assert stored not in str(caught.value) or not stored


def test_the_stock_field_returns_the_ciphertext_when_its_secret_changes(settings):
    stored = EncryptedTextField().get_prep_value(PLAIN)
    settings.SECRET_KEY = "another secret"

    assert read(EncryptedTextField(), stored) == stored


def test_another_key_raises_where_the_stock_field_returns_ciphertext(field, settings):
    stored = field.get_prep_value(PLAIN)
    settings.RENUM_ENCRYPTION_KEYS = [KEY_B]

    with pytest.raises(Undecryptable):
        read(field, stored)


def test_django_s_own_secrets_are_no_part_of_the_key(field, settings):
    stored = field.get_prep_value(PLAIN)
    settings.SECRET_KEY = "another secret"
    settings.SALT_KEY = ["another salt"]

    assert read(StrictEncryptedTextField(), stored) == PLAIN


def test_the_first_key_encrypts_and_all_of_them_decrypt(field, settings):
    old = field.get_prep_value(PLAIN)
    settings.RENUM_ENCRYPTION_KEYS = [KEY_B, KEY_A]
    new = field.get_prep_value(PLAIN)

    assert read(field, old) == PLAIN
    settings.RENUM_ENCRYPTION_KEYS = [KEY_B]
    assert read(field, new) == PLAIN
    with pytest.raises(Undecryptable):
        read(field, old)


@pytest.mark.parametrize("keys", [[], ["short"], [KEY_A, "short"]])
def test_without_a_key_of_32_characters_nothing_is_encrypted(field, settings, keys):
    settings.RENUM_ENCRYPTION_KEYS = keys

    with pytest.raises(ImproperlyConfigured):
        field.get_prep_value(PLAIN)


def clean_invalid(field) -> None:
    with pytest.raises(ValidationError):
        field.clean("x", None)


def test_one_invalid_form_makes_the_stock_field_return_ciphertext_for_ever():
    # Why StrictEncryptedTextField exists: the flag of clean() stays on the shared field object.
    stock = EncryptedTextField(validators=[MinLengthValidator(5)])
    stored = stock.get_prep_value(PLAIN)
    assert read(stock, stored) == PLAIN

    clean_invalid(stock)

    assert read(stock, stored) == stored


def test_an_invalid_form_leaves_the_strict_field_alone(settings):
    settings.RENUM_ENCRYPTION_KEYS = [KEY_A]
    strict = StrictEncryptedTextField(validators=[MinLengthValidator(5)])
    stored = strict.get_prep_value(PLAIN)

    clean_invalid(strict)

    assert read(strict, stored) == PLAIN


def read_while_a_form_is_validated(make_field: Callable[..., object]) -> tuple[str, str]:
    """Return what a read gives in this thread while another is inside clean(), and what was stored."""
    inside, go_on = threading.Event(), threading.Event()

    def wait(value: str) -> None:
        inside.set()
        assert go_on.wait(10)

    field = make_field(validators=[wait])
    stored = field.get_prep_value(PLAIN)  # type: ignore[attr-defined]
    form = threading.Thread(target=lambda: field.clean("a new secret", None))  # type: ignore[attr-defined]
    form.start()
    assert inside.wait(10)
    seen = read(field, stored)
    go_on.set()
    form.join(10)
    return seen, stored


def test_the_stock_field_gives_other_threads_ciphertext_while_a_form_is_validated():
    seen, stored = read_while_a_form_is_validated(EncryptedTextField)

    assert seen == stored


def test_the_strict_field_reads_right_while_another_thread_validates_a_form(settings):
    settings.RENUM_ENCRYPTION_KEYS = [KEY_A]

    seen, _ = read_while_a_form_is_validated(StrictEncryptedTextField)

    assert seen == PLAIN


def test_no_read_is_wrong_in_a_race_of_readers_and_forms(settings):
    settings.RENUM_ENCRYPTION_KEYS = [KEY_A]
    shared = StrictEncryptedTextField(validators=[MinLengthValidator(5)])
    stored = shared.get_prep_value(PLAIN)
    stop = threading.Event()
    reads: list[int] = []
    wrong: list[str] = []

    def reader() -> None:
        count = 0
        while not stop.is_set():
            count += 1
            if read(shared, stored) != PLAIN:
                wrong.append("read")
        reads.append(count)

    def form() -> None:
        while not stop.is_set():
            for text in ("long enough", "x"):
                try:
                    shared.clean(text, None)
                except ValidationError:
                    continue
                except AttributeError as error:
                    wrong.append(str(error))

    threads = [threading.Thread(target=work) for work in (reader, reader, form, form)]
    for thread in threads:
        thread.start()
    stop.wait(1.5)
    stop.set()
    for thread in threads:
        thread.join(10)

    assert wrong == []
    assert min(reads) > 100


def test_a_form_shows_an_empty_password_input_and_takes_text_as_it_is():
    class KeyForm(forms.Form):
        secret = StrictEncryptedTextField(verbose_name="secret").formfield()

    assert PLAIN not in str(KeyForm(initial={"secret": PLAIN}))
    assert PLAIN not in str(KeyForm({"secret": PLAIN}))
    assert 'type="password"' in str(KeyForm())


def test_the_column_cannot_be_searched(db):
    with pytest.raises(FieldError):
        UserApiKey.objects.filter(encrypted_key="x").exists()
    with pytest.raises(FieldError):
        UserApiKey.objects.filter(encrypted_key__startswith="g").exists()
    assert not UserApiKey.objects.filter(encrypted_key__isnull=True).exists()


def test_a_fixture_of_keys_is_refused(owner, now):
    store_user_key(user=owner, service="openai", key=PLAIN, now=now)

    with pytest.raises(TypeError, match="never serialised"):
        serializers.serialize("json", UserApiKey.objects.with_secret())


def test_a_sealed_secret_opens_for_what_it_is_bound_to_and_nothing_else():
    envelope = seal(PLAIN, {"user": "1", "service": "openai"})

    assert open_sealed(envelope, {"service": "openai", "user": "1"}) == PLAIN
    for bind in ({"user": "2", "service": "openai"}, {"user": "1"}, {}):
        with pytest.raises(Undecryptable):
            open_sealed(envelope, bind)


@pytest.mark.parametrize(
    "envelope",
    [
        PLAIN,
        "[]",
        "null",
        "{}",
        json.dumps({"v": 2, "bind": {}, "secret": PLAIN}),
        json.dumps({"v": 1, "secret": PLAIN}),
        json.dumps({"v": 1, "bind": {}, "secret": None}),
    ],
)
def test_an_envelope_of_another_kind_raises_without_quoting_it(envelope):
    with pytest.raises(Undecryptable) as caught:
        open_sealed(envelope, {}, label="a label")

    assert PLAIN not in f"{caught.value!r} {caught.value.__context__!r}"
    assert str(caught.value).startswith("a label")


def test_a_fingerprint_shows_four_characters_of_a_long_secret_and_none_of_a_short_one(settings):
    settings.RENUM_ENCRYPTION_KEYS = [KEY_A]
    long_one, short_one = fingerprint_of("sk-0123456789abcd"), fingerprint_of("12345678")

    assert long_one.startswith("…abcd ")
    assert short_one.startswith("… ")
    assert fingerprint_of("sk-0123456789abcd") == long_one
    assert fingerprint_of("sk-9876543210abcd") != long_one
    settings.RENUM_ENCRYPTION_KEYS = [KEY_B]
    assert fingerprint_of("sk-0123456789abcd") != long_one


def test_storing_a_key_logs_its_fingerprint_and_never_the_key(owner, now, caplog, django_assert_num_queries):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logging.getLogger().addHandler(handler)
    try:
        with caplog.at_level(logging.DEBUG):
            stored = store_user_key(user=owner, service="openai", key=PLAIN, now=now)
    finally:
        logging.getLogger().removeHandler(handler)

    record = next(record for record in caplog.records if record.name == "renum.security")
    assert record.__dict__["fingerprint"] == stored.row.fingerprint
    assert PLAIN not in stream.getvalue()
    assert all(PLAIN not in str(record.__dict__) for record in caplog.records)
