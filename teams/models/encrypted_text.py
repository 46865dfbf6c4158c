"""Encrypted text that fails closed: the one door to cryptography of the whole product.

The field is django-fernet-encrypted-fields' with three of its habits cured. The stock field returns the
ciphertext where it cannot decrypt; it keeps a flag on the shared field object while a form is validated,
so that other threads read ciphertext meanwhile; and its keys come from Django's SECRET_KEY. Here a value
that does not decrypt raises `Undecryptable`, forms never decrypt, and the keys are RENUM_ENCRYPTION_KEYS.

Encryption alone does not stop a ciphertext from being copied to another row. `seal` and `open_sealed` put
the owner's identity beside the secret, inside the ciphertext, and compare it on the way out. What a secret
is bound to is the model's business; which model may read it when is not decided here.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from django import forms
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models
from django.views.decorators.debug import sensitive_variables

if TYPE_CHECKING:
    from django.db.models.lookups import Lookup, Transform

    # The package carries no types. For the type checker the field is the text field that it behaves as.
    _EncryptedTextField = models.TextField[Any, Any]
else:
    from encrypted_fields import EncryptedTextField as _EncryptedTextField

MIN_KEY_CHARS = 32
"""Shortest RENUM_ENCRYPTION_KEYS entry that is accepted."""

ENVELOPE_VERSION = 1

_KDF_SALT = b"renum.encrypted-text.v1"
_FINGERPRINT_LABEL = b"renum.fingerprint.v1"
_KEY_ID_LABEL = b"renum.key-id.v1"
_MIN_CHARS_TO_SHOW_LAST_FOUR = 16


class Undecryptable(Exception):
    """A stored secret cannot be used: wrong key, not a ciphertext, or bound to another row.

    `label` names the column or the model, never the value. `code` is what a step that needed it fails with.
    """

    code = "key_undecryptable"

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} cannot be decrypted with the configured keys")
        self.label = label


class StrictEncryptedTextField(_EncryptedTextField):
    """A text column that holds Fernet ciphertext and reads back as text or raises `Undecryptable`.

    None is stored as NULL and every string, the empty one too, as ciphertext. It cannot be searched (only
    isnull works), is never serialised by dumpdata, and its form input never shows the stored value.
    """

    @property
    def keys(self) -> list[bytes]:
        """The derived Fernet keys, the encrypting one first; read from the settings at each use."""
        return [_derive_key(material) for material in _key_material()]

    @property
    def f(self) -> MultiFernet:
        """What encrypts and decrypts: the first key encrypts, all of them decrypt."""
        return _key_ring(tuple(_key_material()))

    def get_prep_value(self, value: Any) -> str | None:
        """Encrypt; TypeError for anything but text, because str() of a mistake would be stored for good."""
        if value is None:
            return None
        if not isinstance(value, str):
            raise TypeError(f"{self._label()} holds text, not {type(value).__name__}")
        return self.f.encrypt(value.encode()).decode("ascii")

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> str | None:
        """Decrypt what came from the database."""
        if value is None:
            return None
        plain = _decrypt(self.f, value)
        if plain is None:
            raise Undecryptable(self._label())
        return plain

    def to_python(self, value: Any) -> Any:
        """Take a form's text as it is: what comes from outside is never ciphertext."""
        return models.TextField.to_python(self, value)

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        """Validate as a text field does, without touching the field object that all threads share."""
        return models.TextField.clean(self, value, model_instance)

    def get_lookup(self, lookup_name: str) -> "type[Lookup[Any]] | None":
        """Allow isnull only: the same text encrypts differently each time, so no other lookup can match."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def get_transform(self, lookup_name: str) -> "type[Transform] | None":
        """Allow none: the database sees ciphertext."""
        return None

    def value_to_string(self, obj: models.Model) -> str:
        """Refuse: a fixture would hold the plaintext."""
        raise TypeError(f"{self._label()} is never serialised")

    def formfield(self, **kwargs: Any) -> Any:
        """Return a password input that never renders what is stored."""
        kwargs["widget"] = forms.PasswordInput(render_value=False)
        return super().formfield(**kwargs)

    def _label(self) -> str:
        # A field of a model names itself "app.Model.field".
        return str(self) if hasattr(self, "model") else type(self).__name__


@sensitive_variables()
def seal(secret: str, bind: Mapping[str, str]) -> str:
    """Return the envelope that holds `secret` and what it is bound to; store it in an encrypted field."""
    return json.dumps({"v": ENVELOPE_VERSION, "bind": dict(bind), "secret": secret})


@sensitive_variables()
def open_sealed(envelope: str, bind: Mapping[str, str], *, label: str = "secret") -> str:
    """Return the secret of an envelope; `Undecryptable` where it is none, or is bound to something else."""
    content = _parse(envelope)
    if (
        not isinstance(content, dict)
        or content.get("v") != ENVELOPE_VERSION
        or content.get("bind") != dict(bind)
        or not isinstance(content.get("secret"), str)
    ):
        raise Undecryptable(label)
    secret: str = content["secret"]
    return secret


@sensitive_variables()
def fingerprint_of(secret: str) -> str:
    """Return a short mark by which a person recognises a secret and nobody finds it: "…abcd 1f2e3d4c".

    The last four characters are shown of secrets of 16 and more only; of shorter ones they would be too
    large a part. The rest is an HMAC under a key of its own, so it cannot be searched for by guessing.
    """
    pepper = hmac.digest(_key_material()[0].encode(), _FINGERPRINT_LABEL, "sha256")
    mark = hmac.new(pepper, secret.encode(), hashlib.sha256).hexdigest()[:8]
    return f"…{secret[-4:]} {mark}" if len(secret) >= _MIN_CHARS_TO_SHOW_LAST_FOUR else f"… {mark}"


def key_ids() -> tuple[str, ...]:
    """Return a short name of each configured key, the encrypting one first: enough to tell keys apart.

    It is an HMAC under the key itself, stretched, so that nobody finds a key by it.
    """
    return tuple(
        hmac.digest(_derive_key(material), _KEY_ID_LABEL, "sha256").hex()[:12] for material in _key_material()
    )


def key_rings() -> tuple[tuple[str, Fernet], ...]:
    """Return each configured key by its short name, the encrypting one first: for rotation alone."""
    return tuple(
        (name, Fernet(_derive_key(material)))
        for name, material in zip(key_ids(), _key_material(), strict=True)
    )


def _key_material() -> list[str]:
    material = list(settings.RENUM_ENCRYPTION_KEYS)
    if not material or any(len(key) < MIN_KEY_CHARS for key in material):
        raise ImproperlyConfigured(
            f"RENUM_ENCRYPTION_KEYS needs at least one key, each of {MIN_KEY_CHARS} characters or more"
        )
    return material


@lru_cache(maxsize=32)
def _derive_key(material: str) -> bytes:
    # PBKDF2 because an operator may well type a sentence here; it runs once per key and process.
    kdf = PBKDF2HMAC(algorithm=hashes.SHA256(), length=32, salt=_KDF_SALT, iterations=100_000)
    return base64.urlsafe_b64encode(kdf.derive(material.encode()))


@lru_cache(maxsize=8)
def _key_ring(material: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive_key(key)) for key in material])


def _decrypt(ring: MultiFernet, token: str) -> str | None:
    # Returns instead of raising, so that the error raised by the caller has no other behind it whose
    # arguments hold the stored bytes.
    try:
        return ring.decrypt(token.encode("ascii")).decode()
    except (InvalidToken, UnicodeError):
        return None


def _parse(envelope: str) -> Any:
    # As above: a JSONDecodeError carries the whole text that it failed on.
    try:
        return json.loads(envelope)
    except ValueError:
        return None
