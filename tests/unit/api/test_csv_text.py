"""CSV: what is parsed back is what went in, and no cell is a formula."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teams.api.csv_text import csv_pieces

TRIGGERS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from([*TRIGGERS, "\0", '"', ",", " ", "'"])
)
CELLS = TEXTS | st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.none() | st.booleans()


def parsed(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@settings(max_examples=300, deadline=None, database=None)
@given(row=st.lists(CELLS, min_size=2, max_size=5))
def test_a_row_reads_back_as_it_was_and_no_text_is_a_formula(row: list[Any]) -> None:
    text = "".join(csv_pieces(["h"] * len(row), [row]))

    [_, read] = parsed(text)
    assert len(read) == len(row)
    for cell, value in zip(read, row, strict=True):
        if value is None:
            assert cell == ""
        elif isinstance(value, bool):
            assert cell == str(value).lower()
        elif isinstance(value, str):
            assert cell.removeprefix("'") == value.replace("\0", "\ufffd").removeprefix("'")
            assert not cell.startswith(TRIGGERS)
            assert not cell.lstrip(" ").startswith(TRIGGERS)
        else:
            assert Decimal(cell) == value
    assert text.endswith("\r\n")


@pytest.mark.parametrize("rows", [0, 1, 499, 500, 501, 1_000])
def test_every_row_is_in_one_of_the_pieces(rows: int) -> None:
    pieces = list(csv_pieces(["n"], ([n] for n in range(rows))))

    assert parsed("".join(pieces)) == [["n"], *([str(n)] for n in range(rows))]
    assert len(pieces) == rows // 500 + 1


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\u00a0=1", "\uff1d1", "\ufeff=1"]
)
def test_what_a_spreadsheet_takes_for_a_formula_is_a_text(cell: str) -> None:
    [[read]] = parsed("".join(csv_pieces(["h"], [[cell]])))[1:]

    assert read == f"'{cell}"


def test_an_amount_is_written_to_its_last_digit_and_never_with_an_exponent() -> None:
    amounts = [Decimal("0E-10"), Decimal("1E+3"), Decimal("-0.10"), Decimal("123456789.0123456789")]

    read = parsed("".join(csv_pieces(["h"] * 4, [amounts])))[1]

    assert read == ["0.0000000000", "1000", "-0.10", "123456789.0123456789"]
