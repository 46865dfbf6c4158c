"""The design document's two example workflows, byte for byte, for demos and galleries.

They are never tidied: what the document writes must be accepted as it stands.
"""

from pathlib import Path

EXAMPLES = ("sequential", "conditional")

_FOLDER = Path(__file__).parent


def read_example(name: str) -> str:
    """Return the text of one of EXAMPLES as it was written. Raises KeyError for another name."""
    if name not in EXAMPLES:
        raise KeyError(name)
    # read_text() would turn line ends of another kind into ours.
    return (_FOLDER / f"{name}.json").read_bytes().decode("utf-8")
