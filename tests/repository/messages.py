"""The texts that the product translates, read from its source, and a reader of catalogues."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("renum_site", "teams", "billing", "executions")
FUNCTIONS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy"}
_CALL = re.compile(r"""\b(?:n?gettext|_)\(\s*u?(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL)


def texts_in_code() -> Iterator[tuple[str, str]]:
    """Yield (place, text) of every call of gettext in the product."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
                    continue
                first = node.args[0]
                if (
                    node.func.id in FUNCTIONS
                    and isinstance(first, ast.Constant)
                    and isinstance(first.value, str)
                ):
                    yield str(path.relative_to(ROOT)), first.value


def texts_in_templates() -> Iterator[tuple[str, str]]:
    """Yield (place, text) of every text that a template translates."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        code = templatize(path.read_text(), origin=str(path))
        for match in _CALL.finditer(code):
            yield str(path.relative_to(ROOT)), ast.literal_eval(match["text"])


def entries_of(catalogue: Path) -> Iterator[tuple[str, list[str], bool]]:
    """Yield (text, translations, whether it is marked fuzzy) of each entry of a .po file but its head."""
    for block in catalogue.read_text().split("\n\n"):
        parts: dict[str, str] = {}
        current = ""
        for line in block.splitlines():
            match = re.match(r'(msgid|msgid_plural|msgstr(?:\[\d\])?) (".*")$', line)
            if match:
                current = match[1]
                parts[current] = ast.literal_eval(match[2])
            elif line.startswith('"') and current:
                parts[current] += ast.literal_eval(line)
        if parts.get("msgid"):
            translations = [text for key, text in parts.items() if key.startswith("msgstr")]
            yield parts["msgid"], translations, "#, fuzzy" in block
