"""How second factors are kept: encrypted with the keys that all secrets here are encrypted with."""

from allauth.mfa.adapter import DefaultMFAAdapter

from teams.models import User
from teams.models.encrypted_text import StrictEncryptedTextField

_FIELD = StrictEncryptedTextField()


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth brings no types
    """allauth's hooks. A secret that no key opens raises Undecryptable."""

    def encrypt(self, text: str) -> str:
        """Return the ciphertext of a shared secret or of the seed of recovery codes."""
        return str(_FIELD.get_prep_value(text))

    def decrypt(self, encrypted_text: str) -> str:
        """Return what was encrypted."""
        return str(_FIELD.from_db_value(encrypted_text, None, None))

    def get_totp_label(self, user: User) -> str:
        """Return what the app on the telephone calls the account."""
        return user.get_username()
