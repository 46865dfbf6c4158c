"""Rows as CSV (RFC 4180) that no spreadsheet takes for formulas (reliability §4 V1.4)."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

Cell = str | bool | int | Decimal | None

_BEGINS_FORMULA = frozenset("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
ROWS_A_PIECE = 500


def csv_pieces(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Yield the table as text, its header first, some hundred rows a piece; lines end with CRLF."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header)
    for number, row in enumerate(rows, start=1):
        writer.writerow([_cell(value) for value in row])
        if number % ROWS_A_PIECE == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cell(value: Cell) -> str:
    """Return what is written: numbers as they are, nothing for None, a text so that it stays a text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    text = value.replace("\0", "\ufffd")
    # Spreadsheets skip spaces before they look for a formula.
    first = value.lstrip(" \u00a0\u200b\ufeff")[:1]
    return f"'{text}" if text[:1] in _BEGINS_FORMULA or first in _BEGINS_FORMULA else text
