"""Whether the stored second factors open with the keys of this process."""

from collections.abc import Iterator

from allauth.mfa.models import Authenticator

from teams.models.encrypted_text import StrictEncryptedTextField, Undecryptable

_FIELD = StrictEncryptedTextField()
_SECRETS = ("secret", "seed")


def count_factors() -> int:
    """Return how many there are."""
    return int(Authenticator.objects.count())


def find_unreadable_factors() -> Iterator[int]:
    """Yield the key of each that does not open."""
    for row_id, data in Authenticator.objects.values_list("id", "data").iterator():
        try:
            for name in _SECRETS:
                _FIELD.from_db_value(data.get(name), None, None)
        except Undecryptable:
            yield row_id
