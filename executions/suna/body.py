"""Reading an answer's body under a cap on its decoded size.

httpx would decode a whole chunk at once: 16 KiB of gzip hold 16 MiB, and gzip in gzip a thousand times as
much (reliability H4). Here the decoder is told how much it may still give.
"""

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

_AUTO_DETECT = zlib.MAX_WBITS | 32
_PLAIN = frozenset({"", "identity"})
_DEFLATED = frozenset({"gzip", "x-gzip", "deflate"})
ACCEPTED_ENCODINGS = "gzip, identity"


class UnreadableBody(Exception):
    """The body's encoding is not one that we asked for, or it is broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What was read. `over_cap` is true where there was more."""

    content: bytes
    over_cap: bool


async def read_body(chunks: AsyncIterator[bytes], *, encoding: str, max_bytes: int) -> Body:
    """Return a body decoded, at most `max_bytes` of it; reading ends at the cap."""
    encoding = encoding.strip().lower()
    if encoding in _PLAIN:
        return await _read_plain(chunks, max_bytes)
    if encoding in _DEFLATED:
        return await _read_deflated(chunks, max_bytes)
    raise UnreadableBody("the answer is in an encoding that was not asked for")


async def _read_plain(chunks: AsyncIterator[bytes], max_bytes: int) -> Body:
    content = bytearray()
    async for chunk in chunks:
        content += chunk[: max_bytes + 1 - len(content)]
        if len(content) > max_bytes:
            return Body(content=bytes(content[:max_bytes]), over_cap=True)
    return Body(content=bytes(content), over_cap=False)


async def _read_deflated(chunks: AsyncIterator[bytes], max_bytes: int) -> Body:
    decoder = zlib.decompressobj(_AUTO_DETECT)
    content = bytearray()
    async for chunk in chunks:
        try:
            content += decoder.decompress(chunk, max_bytes + 1 - len(content))
        except zlib.error:
            break
        if len(content) > max_bytes:
            return Body(content=bytes(content[:max_bytes]), over_cap=True)
        if decoder.eof:
            return Body(content=bytes(content), over_cap=False)
    raise UnreadableBody("the answer's compressed body is broken or cut")
