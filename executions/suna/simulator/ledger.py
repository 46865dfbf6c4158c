"""The ledger: every request that reached the simulator, in memory (bounded) and in a file (complete).

It never holds a credential: of the headers it keeps the names, of `X-API-Key-<service>` headers the
SHA-256 of their values, of the query everything but `token`.
"""

from collections import deque
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

import msgspec

from executions.suna.simulator.clock import Clock, iso
from executions.suna.simulator.form_body import read_form

MAX_FIELDS = 30
MAX_TEXT = 200
USER_KEY_PREFIX = "x-api-key-"


class Entry(msgspec.Struct, kw_only=True):
    """One request. `status` stays None until it is answered, and for ever when it never is.

    `outcome` is answered, dropped (the simulator broke the connection) or abandoned (the caller left).
    `faults` names the faults that acted on it.
    """

    seq: int
    time: str
    t: float
    method: str
    path: str
    query: dict[str, str]
    operation: str | None = None
    headers: list[str]
    user_keys: dict[str, str]
    body_bytes: int
    body_sha256: str
    body: dict[str, Any] | None = None
    status: int | None = None
    outcome: str | None = None
    answered_after_s: float | None = None
    thread_id: str | None = None
    run_id: str | None = None
    faults: list[str] = msgspec.field(default_factory=list)


class Ledger:
    """Keeps the newest `max_entries` and appends each finished one to the file on `flush`."""

    def __init__(self, *, path: Path | None, max_entries: int, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=max_entries)
        self._unwritten: list[Entry] = []
        self._file: BinaryIO | None = path.open("ab") if path else None
        self._encoder = msgspec.json.Encoder()
        self.last_seq = 0

    def open_entry(
        self, *, method: str, path: str, query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Entry:
        """Return the new entry of a request that has just arrived."""
        self.last_seq += 1
        at = self._clock()
        names = [name.decode("latin-1").lower() for name, _ in headers]
        content_type = next((value for name, value in headers if name.lower() == b"content-type"), b"")
        entry = Entry(
            seq=self.last_seq,
            time=iso(at),
            t=at,
            method=method,
            path=path,
            query=_safe_query(query),
            headers=names,
            user_keys={
                name: sha256(value).hexdigest()
                for name, (_, value) in zip(names, headers, strict=True)
                if name.startswith(USER_KEY_PREFIX)
            },
            body_bytes=len(body),
            body_sha256=sha256(body).hexdigest(),
            body=_bounded_fields(content_type, body),
        )
        self._entries.append(entry)
        return entry

    def close_entry(self, entry: Entry, *, outcome: str) -> None:
        """Complete `entry` and queue it for the file."""
        entry.outcome = outcome
        entry.answered_after_s = round(self._clock() - entry.t, 6)
        if self._file:
            self._unwritten.append(entry)

    def entries_since(self, seq: int) -> list[Entry]:
        """Return the entries in memory that are newer than `seq`, oldest first."""
        return [entry for entry in self._entries if entry.seq > seq]

    @property
    def first_seq(self) -> int | None:
        """The oldest entry still in memory."""
        return self._entries[0].seq if self._entries else None

    def keys_seen(self, digest: str) -> list[dict[str, Any]]:
        """Return where a user's key was seen, given the SHA-256 of its value."""
        return [
            {"seq": entry.seq, "header": name, "operation": entry.operation, "path": entry.path}
            for entry in self._entries
            for name, seen in entry.user_keys.items()
            if seen == digest
        ]

    def forget(self) -> None:
        """Empty the memory; the file and the numbering go on."""
        self._entries.clear()

    def flush(self) -> None:
        """Write what is finished to the file."""
        if self._file and self._unwritten:
            entries, self._unwritten = self._unwritten, []
            self._file.write(b"".join(self._encoder.encode(entry) + b"\n" for entry in entries))
            self._file.flush()

    def close(self) -> None:
        """Flush, write what is still unanswered and close the file. Closing twice is harmless."""
        if self._file is None:
            return
        self._unwritten.extend(entry for entry in self._entries if entry.outcome is None)
        self.flush()
        self._file.close()
        self._file = None


def _safe_query(query: bytes) -> dict[str, str]:
    fields = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}
    if "token" in fields:
        fields |= {"token": "(omitted)"}
    return fields


def _bounded_fields(content_type: bytes, body: bytes) -> dict[str, Any] | None:
    if not body:
        return None
    fields: Any = read_form(content_type.decode("latin-1"), body)
    if fields is None and content_type.startswith(b"application/json"):
        try:
            fields = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
    if not isinstance(fields, dict):
        return None
    return {str(name)[:MAX_TEXT]: _bounded(value) for name, value in list(fields.items())[:MAX_FIELDS]}


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else f"{value[:MAX_TEXT]}… ({len(value)} characters)"
    if value is None or isinstance(value, bool | int | float):
        return value
    return f"({type(value).__name__})"
