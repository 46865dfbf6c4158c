"""The examples that the product carries are the design document's, byte for byte."""

import hashlib
from pathlib import Path

import pytest

from teams.workflow.examples import EXAMPLES, read_example

DOCUMENT = Path(__file__).resolve().parents[2] / "data" / "examples"


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_has_every_byte_of_the_documents(name: str) -> None:
    given = hashlib.sha256((DOCUMENT / f"{name}.json").read_bytes()).hexdigest()
    assert hashlib.sha256(read_example(name).encode()).hexdigest() == given


def test_every_example_of_the_document_is_carried_and_no_other_is_found() -> None:
    assert {path.stem for path in DOCUMENT.glob("*.json")} == set(EXAMPLES)
    with pytest.raises(KeyError):
        read_example("../schema")
