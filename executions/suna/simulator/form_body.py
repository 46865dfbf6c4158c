"""Reads a form, urlencoded or multipart, as FastAPI reads it: text fields only; files are left out."""

import re
from urllib.parse import parse_qsl

_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_NAME = re.compile(r'(?<!file)name="((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_IS_FILE = re.compile(r"filename\*?=", re.IGNORECASE)


def read_form(content_type: str, body: bytes) -> dict[str, str] | None:
    """Return the fields, of a repeated one the last; None where the body is no form at all."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if media_type == "multipart/form-data":
        boundary = _BOUNDARY.search(content_type)
        return _read_parts(body, boundary[1].encode("latin-1")) if boundary else {}
    return None


def _read_parts(body: bytes, boundary: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    # A boundary stands at the start of a line; the first line has none before it.
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary)[1:]:
        head, blank, content = part.partition(b"\r\n\r\n")
        described = head.decode("utf-8", "replace")
        name = _NAME.search(described)
        if blank and name and not _IS_FILE.search(described):
            fields[name[1].replace('\\"', '"')] = content.decode("utf-8", "replace")
    return fields
