"""Looking for a secret everywhere it must not be: plain, in base64, compressed, and one in the other."""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import redis
from django.db import connection

DEPTH = 3
_ENCODED = re.compile(rb"[A-Za-z0-9+/_-]{24,}={0,2}")


def holds(data: bytes, secret: bytes) -> bool:
    """Return whether the secret is in the data, however it was wrapped."""
    return any(secret in form for form in _forms(data, DEPTH))


def find_in_database(secret: bytes) -> list[str]:
    """Return the tables of every schema that hold the secret."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        for table in tables:
            with cursor.copy(f"COPY {table} TO STDOUT") as copied:
                if holds(b"".join(bytes(part) for part in copied), secret):
                    found.append(table)
    assert len(tables) > 20
    return found


def find_in_redis(client: "redis.Redis[bytes]", secret: bytes) -> list[bytes]:
    """Return the keys whose dump holds the secret."""
    keys = list(client.scan_iter(count=1000))
    assert keys
    return [
        key for key in keys if holds(key, secret) or any(holds(part, secret) for part in _values(client, key))
    ]


def find_in_files(folder: Path, secret: bytes) -> list[str]:
    """Return the files below a folder that hold the secret."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [str(path) for path in files if holds(path.read_bytes(), secret)]


def _values(client: "redis.Redis[bytes]", key: bytes) -> Iterator[bytes]:
    # The dump of a value is compressed by Redis in its own way, so the value itself is looked at as well.
    yield client.dump(key) or b""
    kind = client.type(key)
    if kind == b"string":
        yield client.get(key) or b""
    elif kind == b"hash":
        yield b"\n".join(part for pair in client.hgetall(key).items() for part in pair)
    elif kind == b"list":
        yield b"\n".join(client.lrange(key, 0, -1))
    elif kind == b"set":
        yield b"\n".join(client.smembers(key))
    elif kind == b"zset":
        yield b"\n".join(client.zrange(key, 0, -1))


def _forms(data: bytes, depth: int) -> Iterator[bytes]:
    yield data
    if depth == 0:
        return
    inner = [_decompressed(data)]
    for match in _ENCODED.finditer(data):
        text = match[0].rstrip(b"=")
        # Whatever stands right before it may look like a part of it.
        inner += [_decoded(text[skipped:], alphabet) for skipped in range(4) for alphabet in (b"+/", b"-_")]
    for form in inner:
        if form:
            yield from _forms(form, depth - 1)


def _decompressed(data: bytes) -> bytes | None:
    try:
        return zlib.decompress(data)
    except zlib.error:
        return None


def _decoded(text: bytes, alphabet: bytes) -> bytes | None:
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=alphabet, validate=True)
    except binascii.Error:
        return None
