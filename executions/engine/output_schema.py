"""Does an agent's data keep what its step promised: JSON Schema 2020-12, bounded in time.

The agent chooses the data, so nothing here may take long because of it: patterns are searched by RE2,
nothing is fetched, and the work is counted. What cannot be checked in bounds does not validate.
Whether a schema is one at all is checked when the team is saved, in `teams.workflow`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.exceptions import SchemaError, UndefinedTypeCheck, UnknownType
from jsonschema.validators import extend
from referencing import Registry
from referencing.exceptions import Unresolvable

from teams.workflow.patterns import PatternError, compile_pattern
from teams.workflow.plan import Json

MAX_CHECKS = 200_000
MAX_UNEVALUATED = 2_000
MAX_MESSAGE_CHARS = 300

_UNUSABLE = (RecursionError, Unresolvable, UnknownType, UndefinedTypeCheck, SchemaError, PatternError)
_Keyword = Callable[[Any, Any, Any, Any], Iterator[ValidationError] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """The first place where data breaks its schema: a JSON pointer, and why."""

    pointer: str
    message: str


class _TooMuchWork(Exception):
    """More keywords were checked than one answer is worth."""


def find_violation(schema: Json, data: Json) -> Violation | None:
    """Return how the data breaks the schema, None where it keeps it. No data breaks every schema."""
    if data is None:
        return Violation(pointer="", message="the answer holds no JSON object or array")
    try:
        # Without its $id, which may be any text, "#/$defs/name" names a place in this very schema.
        local = {key: schema[key] for key in schema if key != "$id"} if isinstance(schema, dict) else schema
        found = next(_counting_class(local)(local, registry=Registry()).iter_errors(data), None)
    except _TooMuchWork:
        return Violation(pointer="", message=f"checking it takes more than {MAX_CHECKS} steps")
    except _UNUSABLE as error:
        return Violation(pointer="", message=_shorten(f"the schema cannot be checked: {error}"))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        return Violation(pointer="", message=_shorten(f"the data cannot be checked: {error}"))
    if found is None:
        return None
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in found.absolute_path)
    return Violation(pointer=pointer, message=_shorten(found.message))


def _shorten(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE_CHARS else message[:MAX_MESSAGE_CHARS] + "…"


def _counting_class(schema: Json) -> Any:
    """Return a validator class that counts its checks; a class of its own for each validation."""
    left = [MAX_CHECKS]
    has_patterns = "patternProperties" in json.dumps(schema)

    def counted(keyword: _Keyword) -> _Keyword:
        def check(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
            left[0] -= 1
            if left[0] < 0:
                raise _TooMuchWork
            yield from keyword(validator, value, instance, schema) or ()

        return check

    unevaluated = {
        name: _bounded_unevaluated(name, has_patterns=has_patterns)
        for name in ("unevaluatedItems", "unevaluatedProperties")
    }
    keywords = {**Draft202012Validator.VALIDATORS, **_BOUNDED, **unevaluated}
    extended: Any = extend
    return extended(Draft202012Validator, {name: counted(keyword) for name, keyword in keywords.items()})


def _search(pattern: str, text: str) -> bool:
    return compile_pattern(pattern).search(text.encode("utf-8", "replace").decode("utf-8")) is not None


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _search(pattern, instance):
        yield ValidationError(f"{instance[:80]!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Any, patterns: Mapping[str, Any], instance: Any, schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        for key, value in instance.items():
            if _search(pattern, key):
                yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key, value in instance.items():
        if key in named or any(_search(pattern, key) for pattern in patterns):
            continue
        if allowed is False:
            yield ValidationError(f"{key[:80]!r} is not an allowed property")
        else:
            yield from validator.descend(value, allowed, path=key)


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(instance, list):
        seen = {json.dumps(_canonical(item), sort_keys=True) for item in instance}
        if len(seen) < len(instance):
            yield ValidationError("the items are not all different")


def _canonical(value: Any) -> Any:
    """Return the value with one form for every number, as 1 and 1.0 are equal."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items()}
    return value


def _bounded_unevaluated(name: str, *, has_patterns: bool) -> _Keyword:
    """Bound a keyword whose stock version takes the square of the data's size and searches with `re`."""
    stock: _Keyword = Draft202012Validator.VALIDATORS[name]

    def check(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, dict | list):
            return
        if len(instance) > MAX_UNEVALUATED:
            yield ValidationError(f"has more than {MAX_UNEVALUATED} members, too many for {name}")
        elif has_patterns:
            yield ValidationError(f"{name} cannot be checked together with patternProperties")
        else:
            yield from stock(validator, allowed, instance, schema) or ()

    return check


_BOUNDED: dict[str, _Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}
