"""Which JSON Schemas a step's `output.schema` may hold: sound, safe to run, and possible to satisfy.

Nothing is run against a result here; the engine does that, in bounds of its own.
"""

import graphlib
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from jsonschema import Draft202012Validator

from teams.workflow.graph import find_cycles
from teams.workflow.patterns import PATTERN_WORK, PatternError, compile_pattern
from teams.workflow.plan import Json
from teams.workflow.problems import Pointer, excerpt, pointer_text
from teams.workflow.shapes import Node

MAX_REFERENCES = 100
"""How many $ref one schema may hold."""
MAX_PARTS_PER_VALUE = 10_000
"""How many parts one value may be held against; references that double at each step soon pass any number."""
MAX_LEVELS_PER_VALUE = 50
"""How many parts may stand inside one another for one value, references followed: validators recurse."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLES = (
    "items",
    "contains",
    "additionalProperties",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
    "not",
    "if",
    "then",
    "else",
)
_REFERENCES = ("$ref", "$dynamicRef")
_UNEVALUATED = ("unevaluatedProperties", "unevaluatedItems")
_IN_PLACE_LISTS = ("allOf", "anyOf", "oneOf")
_IN_PLACE_SINGLES = ("not", "if", "then", "else")
_CONTAINERS = frozenset({"object", "array"})
_MAX_KIND_DEPTH = 100


def check_output_schema(node: Node) -> None:
    """Refuse a schema (an object or a boolean) that is none, that is unsafe to run, or that nothing meets.

    Each check stands on the ones before it, so the first that refuses ends the row.
    """
    before = node.findings.count
    if not node.findings.affords(node.at, _size(node.value)):
        return
    for check in (_check_dialect, _check_form, _check_parts, _check_admits, _check_ends):
        check(node)
        if node.findings.count > before:
            return


def _size(schema: Json) -> int:
    """Return how many objects and lists the schema has, well-formed or not."""
    count = 0
    waiting = [schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (dict, list)):
            count += 1
            waiting.extend(part.values() if isinstance(part, dict) else part)
    return count


def _check_dialect(node: Node) -> None:
    if not isinstance(node.value, dict) or "$schema" not in node.value:
        return
    dialect = node.value["$schema"]
    if isinstance(dialect, str) and dialect.rstrip("#") != _DIALECT:
        _refuse(
            node,
            ("$schema",),
            f"{excerpt(dialect)} is another dialect. Write the schema in JSON Schema 2020-12.",
        )


def _check_form(node: Node) -> None:
    seen: set[Pointer] = set()
    for error in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(node.value):
        at = tuple(error.absolute_path)
        if at not in seen:
            seen.add(at)
            _refuse(node, at, f"This is no JSON Schema 2020-12: {excerpt(error.message)[1:-1]}. Correct it.")


def _check_parts(node: Node) -> None:
    """Refuse references out of the schema, patterns that RE2 lacks, and what makes a check unsafe."""
    places = _places(node.value)
    references: list[tuple[Pointer, str]] = []
    used: set[str] = set()
    for at, part in _subschemas(node.value):
        if not isinstance(part, dict):
            continue
        used.update(part)
        if at and "$id" in part:
            _refuse(node, (*at, "$id"), "An inner $id would change what references mean. Remove it.")
        references += [((*at, key), part[key]) for key in _REFERENCES if key in part]
        if "pattern" in part:
            _check_pattern(node, (*at, "pattern"), part["pattern"])
        for pattern in part.get("patternProperties", ()):
            _check_pattern(node, (*at, "patternProperties", pattern), pattern)
    for key in _UNEVALUATED:
        # Their evaluation follows references and runs patterns on its own, past our bounds.
        if key in used and used & {*_REFERENCES, "patternProperties"}:
            _refuse(
                node,
                (),
                f"{key} cannot be checked together with $ref or patternProperties. "
                "Write the parts out, or use additionalProperties.",
            )
    if len(references) > MAX_REFERENCES:
        _refuse(node, (), f"The schema holds more than {MAX_REFERENCES} $ref. Use fewer.")
    for at, reference in references:
        if not reference.startswith("#"):
            _refuse(node, at, "References must stay inside the schema, as #/$defs/name does. Copy it in.")
        elif unquote(reference) not in places:
            _refuse(node, at, f"{excerpt(reference)} names no schema in here. Add it, or correct this.")


def _check_pattern(node: Node, at: Pointer, pattern: str) -> None:
    if not node.findings.affords((*node.at, *at), PATTERN_WORK):
        return
    try:
        compile_pattern(pattern)
    except PatternError as error:
        node.findings.refuse((*node.at, *at), error.code, error.message)


def _check_admits(node: Node) -> None:
    if not _kinds(node.value, _places(node.value), {}):
        _refuse(
            node,
            (),
            "The schema admits neither an object nor an array, and a result's data is always one of them. "
            'Begin with "type": "object".',
        )


def _check_ends(node: Node) -> None:
    """Refuse references that lead back to where they stand, and those that multiply without bound."""
    edges = _parts_of_one_value(node.value)
    if find_cycles(edges):
        _refuse(node, (), "The schema refers to itself without end. Break the circle of $ref.")
        return
    size: dict[str, int] = {}
    levels: dict[str, int] = {}
    for place in graphlib.TopologicalSorter(edges).static_order():
        size[place] = 1 + sum(size[inner] for inner in edges[place])
        levels[place] = 1 + max((levels[inner] for inner in edges[place]), default=0)
    if max(levels.values()) > MAX_LEVELS_PER_VALUE:
        _refuse(
            node, (), f"The schema nests deeper than {MAX_LEVELS_PER_VALUE} through its $ref. Flatten it."
        )
    elif max(size.values()) > MAX_PARTS_PER_VALUE:
        _refuse(
            node, (), "The schema refers to its parts so often that checking would not end. Use fewer $ref."
        )


def _parts_of_one_value(schema: Json) -> dict[str, list[str]]:
    """Return, for each part by its pointer, the parts that the same value is held against."""
    targets = {reference: place for place, part in _named_parts(schema) for reference in _names(place, part)}
    edges: dict[str, list[str]] = {}
    for place, part in _named_parts(schema):
        inner: list[str] = []
        if isinstance(part, dict):
            for key in _IN_PLACE_LISTS:
                inner += [f"{place}/{key}/{index}" for index in range(len(part.get(key, ())))]
            inner += [f"{place}/{key}" for key in _IN_PLACE_SINGLES if key in part]
            inner += [
                place + pointer_text(("dependentSchemas", name)) for name in part.get("dependentSchemas", ())
            ]
            inner += [targets[unquote(part[key])] for key in _REFERENCES if key in part]
        edges[place] = inner
    return edges


def _named_parts(schema: Json) -> Iterator[tuple[str, Json]]:
    return ((pointer_text(at), part) for at, part in _subschemas(schema))


def _names(place: str, part: Json) -> Iterator[str]:
    """Yield the references by which a part may be named: its pointer and its anchors."""
    yield "#" + place
    for key in ("$anchor", "$dynamicAnchor"):
        if isinstance(part, dict) and key in part:
            yield "#" + part[key]


def _refuse(node: Node, at: Pointer, message: str) -> None:
    node.findings.refuse((*node.at, *at), "invalid_schema", message)


def _subschemas(schema: Json) -> Iterator[tuple[Pointer, Json]]:
    """Yield everything that stands where a schema stands, and where; data such as const is passed over."""
    stack: list[tuple[Pointer, Json]] = [((), schema)]
    while stack:
        at, part = stack.pop()
        yield at, part
        if not isinstance(part, dict):
            continue
        for key in _MAPS:
            stack.extend(((*at, key, name), inner) for name, inner in part.get(key, {}).items())
        for key in _LISTS:
            stack.extend(((*at, key, index), inner) for index, inner in enumerate(part.get(key, ())))
        stack.extend(((*at, key), part[key]) for key in _SINGLES if key in part)


def _places(schema: Json) -> dict[str, Json]:
    """Return every subschema by the references that may name it."""
    return {name: part for place, part in _named_parts(schema) for name in _names(place, part)}


def _kinds(
    schema: Json, places: Mapping[str, Json], known: dict[str, frozenset[str]], depth: int = 0
) -> frozenset[str]:
    """Return which of object and array the schema may admit; one too many where that is hard to tell.

    Each reference is followed once (`known`), and no deeper than `_MAX_KIND_DEPTH`.
    """
    if depth > _MAX_KIND_DEPTH:
        return _CONTAINERS
    if isinstance(schema, bool):
        return _CONTAINERS if schema else frozenset()
    kinds = _CONTAINERS
    if "type" in schema:
        kinds &= _as_set(schema["type"])
    for values in ([schema["const"]] if "const" in schema else None, schema.get("enum")):
        if values is not None:
            kinds &= {"object" for value in values if isinstance(value, dict)} | {
                "array" for value in values if isinstance(value, list)
            }
    for part in schema.get("allOf", ()):
        kinds &= _kinds(part, places, known, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            admitted = [_kinds(part, places, known, depth + 1) for part in schema[key]]
            kinds &= frozenset().union(*admitted)
    excluded = schema.get("not")
    if excluded is True or excluded == {}:
        return frozenset()
    if isinstance(excluded, dict) and set(excluded) == {"type"}:
        kinds -= _as_set(excluded["type"])
    reference = schema.get("$ref")
    if isinstance(reference, str):
        if reference not in known:
            known[reference] = _CONTAINERS
            known[reference] = _kinds(places[unquote(reference)], places, known, depth + 1)
        kinds &= known[reference]
    return kinds


def _as_set(written: str | list[str]) -> frozenset[str]:
    return frozenset({written} if isinstance(written, str) else written)
