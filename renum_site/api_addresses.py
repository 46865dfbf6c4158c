"""The table of the API's addresses, as docs/api/addresses.md shows it, from the OpenAPI document.

The document says which addresses there are, with their scopes and their queries. The last column is written
by hand: what stands there stays, and an address that is new comes with the document's own summary.
"""

import re
from collections.abc import Mapping
from typing import Any

HEADING = "| Method | Address | Scope | Query | |\n|---|---|---|---|---|\n"
_ROW = re.compile(r"^\| ([A-Z]+) \| `([^`]+)` \|.*\| ([^|]*) \|$", re.MULTILINE)
_METHODS = ("get", "post", "put", "patch", "delete")
_SCOPE = re.compile(r"Needs a token of the scope `(\w+)`")


def page_with_addresses(page: str, document: Mapping[str, Any]) -> str:
    """Return the page with its table as the document has it; the table is the page's end."""
    before, heading, rows = page.partition(HEADING)
    if not heading:
        msg = f"The page has no table that begins with {HEADING.splitlines()[0]}"
        raise ValueError(msg)
    written = {(method, address): meaning for method, address, meaning in _ROW.findall(rows)}
    return before + heading + "".join(_rows(document, written))


def _rows(document: Mapping[str, Any], written: Mapping[tuple[str, str], str]) -> list[str]:
    rows = []
    for path in sorted(document["paths"], key=_order):
        address = path.removeprefix("/api/v1")
        for method in _METHODS:
            operation = document["paths"][path].get(method)
            if operation is not None:
                meaning = written.get((method.upper(), address), operation["summary"])
                rows.append(_row(method.upper(), address, operation, meaning))
    return rows


def _row(method: str, address: str, operation: Mapping[str, Any], meaning: str) -> str:
    needed = _SCOPE.search(operation["description"])
    scope = f"`{needed[1]}`" if needed else "none"
    names = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    query = " ".join(f"`{name}`" for name in names)
    return f"| {method} | `{address}` | {scope} |{f' {query} ' if query else ' '}| {meaning} |\n"


def _order(path: str) -> list[tuple[bool, str]]:
    # What has a fixed name stands before what has an id in its place.
    return [(part.startswith("{"), part) for part in path.split("/")]
