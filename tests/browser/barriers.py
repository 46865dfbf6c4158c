"""Asks axe-core what of a page hinders people: contrast, names, roles, order.

axe is put in through the browser's own door for tools, which a page's policy does not close: the page itself
stays as strict as it is for people. Its rules:
https://github.com/dequelabs/axe-core, doc/rule-descriptions.md.
"""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).resolve().parent.parent / "data" / "axe" / "axe-4.14.1.min.js"
GRAVE = ("serious", "critical")
_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"], elementRef: false});
  return found.violations.map((one) => ({
    id: one.id, impact: one.impact, nodes: one.nodes.map((node) => node.html.slice(0, 160)),
  }));
}"""


def grave_barriers(page: Page) -> list[str]:
    """Return each serious or critical barrier of the open page: its rule and the first places."""
    if not page.evaluate("() => typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate(_RUN)
    return [
        f"{one['impact']} {one['id']}: {' | '.join(one['nodes'][:3])}"
        for one in found
        if one["impact"] in GRAVE
    ]
