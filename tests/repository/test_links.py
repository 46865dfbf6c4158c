"""Every relative link of the documents leads to a file that is there, and to a heading that it has."""

import re
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)


def anchors_of(text: str) -> set[str]:
    """Return the places of a document that a link may name, as GitHub calls headings."""
    headings = re.findall(r"^#+ (.+)$", _CODE.sub("", text), re.MULTILINE)
    named = {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}
    return named | set(re.findall(r'<a id="([^"]+)">', text))


def broken_links_of(document: Path) -> list[str]:
    """Return the links of a document that lead nowhere."""
    broken = []
    for link in _LINK.findall(_CODE.sub("", document.read_text(encoding="utf-8"))):
        if link.startswith(("https:", "http:", "mailto:")):
            continue
        file, _, anchor = link.partition("#")
        target = document if not file else document.parent / file
        if not target.exists() or (anchor and anchor not in anchors_of(target.read_text(encoding="utf-8"))):
            broken.append(link)
    return broken


def test_every_link_of_the_documents_leads_somewhere() -> None:
    assert len(DOCUMENTS) > 25
    assert {str(one): broken for one in DOCUMENTS if (broken := broken_links_of(one))} == {}


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Its heading, here\n[a](#its-heading-here) [b](#another) [c](gone.md) [d](page.md)\n")

    assert broken_links_of(page) == ["#another", "gone.md"]
