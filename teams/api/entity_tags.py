"""Entity tags (RFC 9110 §8.8.3, §13.1): what a client has seen, said back when it changes it or asks again.

A tag is strong and has two parts. The first is the mark of what people edit, and If-Match compares it alone:
a catalogue that was synced meanwhile changes what there is to say about a team, but takes nobody's edit away.
The second is of the answer as a whole, so that If-None-Match never hides anything new.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from teams.actions.team_mark import ChangedMeanwhile
from teams.api.declared import Refused
from teams.api.problems import ApiError

MAX_HEADER_CHARS = 4096
BAD_TAGS = Refused(status=400, code="invalid_header")
UNSEEN = (BAD_TAGS, Refused(status=428, code="precondition_required"), ChangedMeanwhile)
"""What is refused to whoever has not seen what they change."""
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_STRONG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')


def entity_tag(mark: str, body: Any) -> str:
    """Return the tag of an answer with that body, about what has that mark."""
    written = JSONRenderer().render(body)
    return f'"{mark}-{hashlib.sha256(written).hexdigest()[:16]}"'


def tagged(
    request: Request, body: Any, *, mark: str, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer with its tag; 304 without a body where a GET says that it has just this."""
    tag = entity_tag(mark, body)
    given = {**(headers or {}), "ETag": tag}
    asked = request.headers.get("If-None-Match")
    if asked is not None and request.method in ("GET", "HEAD") and _names(asked, tag):
        return Response(status=304, headers=given)
    return Response(body, status=status, headers=given)


def read_seen(request: Request) -> frozenset[str] | None:
    """Return the marks that If-Match names; None for `*`, which is to change whatever is there.

    Raises ApiError: 428 without the header, 400 where it holds no tags. A weak tag matches nothing.
    """
    asked = request.headers.get("If-Match")
    if asked is None:
        message = "Say what you have seen: send the ETag of your last look as If-Match, or * to overwrite."
        raise ApiError(428, "precondition_required", message)
    if asked.strip() == "*":
        return None
    return frozenset(opaque.partition("-")[0] for weak, opaque in _read("If-Match", asked) if not weak)


def read_seen_if_any(request: Request) -> frozenset[str] | None:
    """Return what `read_seen` does, and None without the header too."""
    return read_seen(request) if "If-Match" in request.headers else None


def _names(asked: str, tag: str) -> bool:
    # A weak comparison: W/ in front of a tag makes no difference to If-None-Match.
    return asked.strip() == "*" or tag in {f'"{opaque}"' for _, opaque in _read("If-None-Match", asked)}


def _read(name: str, text: str) -> list[tuple[str, str]]:
    if len(text) > MAX_HEADER_CHARS or not _TAGS.fullmatch(text):
        raise ApiError(400, "invalid_header", f"{name} holds entity tags in double quotes, or *.")
    return _STRONG.findall(text)
