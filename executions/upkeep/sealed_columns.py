"""Where secrets are stored encrypted, as ciphertext: read and written without ever opening one as text.

A new encrypted column gets its line here; a test compares the lines with the models.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.db import connection

AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedColumn:
    """A column of a table. `members` name what is ciphertext in its JSON object; none: it is text."""

    name: str
    table: str
    column: str
    members: tuple[str, ...] = ()


SEALED = (
    SealedColumn(name="user_api_key", table="user_api_keys", column="encrypted_key"),
    SealedColumn(name="suna_connection", table="teams_sunaconnection", column="sealed_credential"),
    SealedColumn(name="second_factor", table="mfa_authenticator", column="data", members=("secret", "seed")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedValue:
    """What one row has in a column, as it is stored: that is what it is compared with when it is written."""

    where: SealedColumn
    row_id: str
    stored: str

    def tokens(self) -> list[str]:
        """Return the ciphertexts in it."""
        if not self.where.members:
            return [self.stored]
        content: dict[str, Any] = json.loads(self.stored)
        return [content[name] for name in self.where.members if isinstance(content.get(name), str)]

    def with_tokens(self, tokens: list[str]) -> str:
        """Return the same with these in the place of its ciphertexts, in their order."""
        if not self.where.members:
            return tokens[0]
        content: dict[str, Any] = json.loads(self.stored)
        names = [name for name in self.where.members if isinstance(content.get(name), str)]
        return json.dumps({**content, **dict(zip(names, tokens, strict=True))})


def each_sealed_value() -> Iterator[SealedValue]:
    """Yield all of them, some hundred rows a query, in the order of their ids."""
    for where in SEALED:
        last: Any = None
        while True:
            rows = _next_rows(where, last)
            if not rows:
                break
            for row_id, stored in rows:
                yield SealedValue(where=where, row_id=str(row_id), stored=stored)
            last = rows[-1][0]


def replace_value(value: SealedValue, tokens: list[str]) -> bool:
    """Write the ciphertexts where the row has still what was read; return whether it had."""
    where = value.where
    cast = "jsonb" if where.members else "text"
    # Names are constants of this module.
    update = f"UPDATE {where.table} SET {where.column} = %s::{cast}"  # noqa: S608
    same = f" WHERE id::text = %s AND {where.column} = %s::{cast}"
    with connection.cursor() as cursor:
        cursor.execute(update + same, [value.with_tokens(tokens), value.row_id, value.stored])
        return bool(cursor.rowcount)


def opens_with(key: Fernet, token: str) -> bool:
    """Tell whether a key opens it; what is in it is dropped at once."""
    try:
        key.decrypt(token.encode("ascii"))
    except (InvalidToken, UnicodeError):
        return False
    return True


def _next_rows(where: SealedColumn, last: Any) -> list[tuple[Any, str]]:
    after = "" if last is None else "AND id > %s"
    # Names are constants of this module.
    look = f"SELECT id, {where.column}::text FROM {where.table} WHERE {where.column} IS NOT NULL"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(f"{look} {after} ORDER BY id LIMIT {AT_ONCE}", [] if last is None else [last])
        return list(cursor.fetchall())
