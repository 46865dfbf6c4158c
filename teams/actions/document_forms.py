"""The forms in which a team's document leaves Renum.

Only JSON comes back in: a YAML reader has too many ways to mean something else than people see.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

MAX_LINE_CHARS = 110


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFile:
    """A document as a file: its text, the end of its name and its media type."""

    text: str
    suffix: str
    media_type: str


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, as people write them."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write the same value twice where it stands twice: anchors are for machines."""
        return True


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML writes other line ends and invisible characters bare, and then reads them as something else.
    style = None if text.isprintable() else "|"
    if not text.replace("\n", "").isprintable():
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _write_text)


def as_json(document: Mapping[str, Any]) -> DocumentFile:
    """Return it as JSON, indented by two."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return DocumentFile(text=text, suffix="json", media_type="application/json")


def as_yaml(document: Mapping[str, Any]) -> DocumentFile:
    """Return it as YAML that means the same: read back it is the same document."""
    text = yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=MAX_LINE_CHARS
    )
    return DocumentFile(text=text, suffix="yaml", media_type="application/yaml")


FORMS = {"json": as_json, "yaml": as_yaml}
