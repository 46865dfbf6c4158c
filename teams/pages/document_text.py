"""A document that a person pasted or chose as a file, read into JSON values."""

import codecs

from django.core.files import File

from teams.actions.refusal import InvalidInput, input_problem
from teams.workflow.json_text import JsonTextError, parse_json_text
from teams.workflow.plan import Json

MAX_BYTES = 1_000_000
MAX_LEVELS = 40
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_file(file: "File[bytes]") -> str:
    """Return the file's text: UTF-8, or what its byte order mark says. Raises InvalidInput."""
    if file.size > MAX_BYTES:
        raise _refused("too_large", "The document is too large: 1 MB is the most.")
    content: bytes = file.read()
    encoding, start = "utf-8", 0
    for mark, named in _MARKS:
        if content.startswith(mark):
            encoding, start = named, len(mark)
    try:
        return content[start:].decode(encoding)
    except UnicodeDecodeError:
        raise _refused("not_utf8", "The file is no text in UTF-8 or UTF-16.") from None


def read_document(text: str) -> dict[str, Json]:
    """Return the document's members; only its shape at the top is judged here. Raises InvalidInput."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise _refused("required", "Paste a document or choose a file.")
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _refused("too_large", "The document is too large: 1 MB is the most.")
    try:
        document = parse_json_text(text, max_bytes=MAX_BYTES, max_depth=MAX_LEVELS)
    except JsonTextError as error:
        raise _refused(error.code, error.message) from None
    if not isinstance(document, dict) or "definition" not in document:
        message = "A team's document is a JSON object with a workflow in “definition”."
        raise _refused("wrong_type", message)
    return document


def text_of(document: dict[str, Json], name: str, max_chars: int) -> str:
    """Return a member that is a short text; "" where it is not there. Raises InvalidInput for any other."""
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > max_chars or not _is_text(value):
        raise input_problem(f"/{name}", "invalid_value", f"“{name}” is no text that Renum takes.")
    return value


def _is_text(value: str) -> bool:
    return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)


def _refused(code: str, message: str) -> InvalidInput:
    return input_problem("/document", code, message)
