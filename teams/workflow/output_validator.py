"""Whether a result satisfies a step's `output.schema` (JSON Schema 2020-12), at a bounded cost.

The schema comes from a user and the result from an agent: patterns are RE2, references are counted,
uniqueness is linear, nothing is ever fetched. Which schemas are accepted at all: `output_schema`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend
from referencing import Registry

from teams.workflow.patterns import compile_pattern
from teams.workflow.plan import Json
from teams.workflow.problems import excerpt, pointer_text

MAX_REFERENCES_FOLLOWED = 20_000
"""How many $ref one validation may follow; references that double at each step would never end."""


class EndlessSchemaError(Exception):
    """The validation was given up: the schema refers to itself without end, or nearly."""


def find_mismatch(schema: Json, data: Json) -> str | None:
    """Return why `data` does not satisfy the schema of a plan, in one sentence; None where it does."""
    try:
        error = find_first_error(schema, data)
    except EndlessSchemaError:
        return "The schema refers to itself too often for this result to be checked."
    except OverflowError:
        return "A number of the result is too large to be checked."
    if error is None:
        return None
    where = pointer_text(tuple(error.absolute_path))
    return f"{excerpt(error.message)[1:-1]}{f' (at {where})' if where else ''}"


def find_first_error(schema: Json, data: Json) -> ValidationError | None:
    """Return the most telling error of one validation; EndlessSchemaError where it does not end."""
    # Without its $id, which could be any text, "#/$defs/name" means a place in this very schema.
    anonymous = {key: schema[key] for key in schema if key != "$id"} if isinstance(schema, dict) else schema
    validator = _counting_class()(anonymous, registry=Registry())
    try:
        found: ValidationError | None = best_match(validator.iter_errors(data))
    except RecursionError as error:
        raise EndlessSchemaError from error
    return found


def _counting_class() -> Any:
    """Return a validator class for one validation: it counts the references that it follows."""
    followed = 0

    def counted(keyword: str) -> Any:
        follow: Any = Draft202012Validator.VALIDATORS[keyword]

        def rule(validator: Any, reference: Any, instance: Any, parent: Any) -> Iterator[ValidationError]:
            nonlocal followed
            followed += 1
            if followed > MAX_REFERENCES_FOLLOWED:
                raise EndlessSchemaError
            yield from follow(validator, reference, instance, parent) or ()

        return rule

    build: Any = extend
    return build(
        Draft202012Validator,
        {
            "$ref": counted("$ref"),
            "$dynamicRef": counted("$dynamicRef"),
            "pattern": _pattern,
            "patternProperties": _pattern_properties,
            "additionalProperties": _additional_properties,
            "uniqueItems": _unique_items,
        },
    )


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not compile_pattern(pattern).search(instance):
        yield ValidationError(f"{excerpt(instance)} does not match {excerpt(pattern)}")


def _pattern_properties(
    validator: Any, rules: Mapping[str, Any], instance: Any, _schema: Any
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, rule in rules.items():
        compiled = compile_pattern(pattern)
        for key, value in instance.items():
            if compiled.search(key):
                yield from validator.descend(value, rule, path=key, schema_path=pattern)


def _additional_properties(
    validator: Any, rule: Any, instance: Any, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    patterns = [compile_pattern(pattern) for pattern in schema.get("patternProperties", {})]
    for key, value in instance.items():
        if key in schema.get("properties", {}) or any(pattern.search(key) for pattern in patterns):
            continue
        if rule is False:
            yield ValidationError(f"the key {excerpt(key)} is not allowed")
        else:
            yield from validator.descend(value, rule, path=key)


def _unique_items(_validator: Any, wanted: bool, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if not wanted or not isinstance(instance, list):
        return
    seen: set[str] = set()
    for item in instance:
        text = json.dumps(_canonical(item), sort_keys=True)
        if text in seen:
            yield ValidationError("two items of the list are equal")
            return
        seen.add(text)


def _canonical(value: Json) -> Json:
    """Write numbers that are equal alike: 1.0 and 1 are one value in JSON Schema. The depth is at most 32."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _canonical(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_canonical(member) for member in value]
    return value
