"""Whether the stored secrets open with the keys that this process has. What they hold is dropped at once."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from billing.actions.find_unreadable_keys import find_unreadable_keys
from billing.models import UserApiKey
from teams.actions.readable_factors import count_factors, find_unreadable_factors
from teams.models import SunaConnection
from teams.models.encrypted_text import Undecryptable


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """How many secrets are stored, and by what those that do not open are found: kind and id of the row."""

    stored: int
    unreadable: tuple[str, ...]

    @property
    def readable_percent(self) -> float:
        """The part that opens, of a hundred; all of none is 100."""
        return 100.0 if not self.stored else 100.0 * (self.stored - len(self.unreadable)) / self.stored


def find_secrets() -> Secrets:
    """Return how many users' keys, connections' credentials and second factors are there and open."""
    sealed = SunaConnection.objects.filter(sealed_credential__isnull=False)
    unreadable = [f"user_api_key {row_id}" for row_id in find_unreadable_keys()]
    unreadable += [
        f"suna_connection {row_id}" for row_id in _unreadable_credentials(sealed.values_list("id", flat=True))
    ]
    unreadable += [f"second_factor {row_id}" for row_id in find_unreadable_factors()]
    stored = UserApiKey.objects.count() + sealed.count() + count_factors()
    return Secrets(stored=stored, unreadable=tuple(unreadable))


def _unreadable_credentials(ids: Iterable[uuid.UUID]) -> Iterator[uuid.UUID]:
    for row_id in list(ids):
        try:
            row = SunaConnection.objects.with_credential().filter(id=row_id).first()
            if row is not None:
                row.credential()
        except Undecryptable:
            yield row_id
