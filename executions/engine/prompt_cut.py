"""Fitting texts into a number of bytes by cutting the longest in the middle. Knows nothing of prompts."""

from collections.abc import Sequence
from dataclasses import dataclass

_MARK_BYTES = 80  # more than the mark of any cut takes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """One text after fitting. `kept_bytes` leaves the mark out."""

    text: str
    original_bytes: int
    kept_bytes: int

    @property
    def is_cut(self) -> bool:
        """Whether anything was left out."""
        return self.kept_bytes < self.original_bytes


def count_bytes(text: str) -> int:
    """Return the size of the text in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def fit(texts: Sequence[str], *, max_bytes: int, tag: str) -> list[Shortened]:
    """Return the texts so that together they take at most `max_bytes`, as far as marks alone allow.

    The longest are cut down to one common size and no more; each cut is marked where it is, with the number
    of bytes left out and `tag`.
    """
    sizes = [count_bytes(text) for text in texts]
    cap = _find_cap(sizes, max_bytes)
    return [
        _keep(text, size) if size <= cap else _cut(text, size, cap, tag)
        for text, size in zip(texts, sizes, strict=True)
    ]


def _find_cap(sizes: Sequence[int], max_bytes: int) -> int:
    """Return the largest size to which all may be cut so that the sum fits."""
    if sum(sizes) <= max_bytes:
        return max(sizes, default=0)
    room = max_bytes
    for index, size in enumerate(sorted(sizes)):
        share = room // (len(sizes) - index)
        if size > share:
            return max(share, 0)
        room -= size
    return max(sizes, default=0)


def _keep(text: str, size: int) -> Shortened:
    return Shortened(text=text, original_bytes=size, kept_bytes=size)


def _cut(text: str, size: int, cap: int, tag: str) -> Shortened:
    raw = text.encode("utf-8", "replace")
    kept = max(cap - _MARK_BYTES, 0)
    head = raw[: kept - kept // 2].decode("utf-8", "ignore")
    tail = raw[size - kept // 2 :].decode("utf-8", "ignore")
    kept_bytes = count_bytes(head) + count_bytes(tail)
    mark = f"\n[... {size - kept_bytes} bytes left out, {tag} ...]\n"
    return Shortened(text=head + mark + tail, original_bytes=size, kept_bytes=kept_bytes)
