"""What a browser sends for a form."""

from collections.abc import Mapping, Sequence

from teams.builder import DocumentForm, normalized
from teams.builder.rows import PARTS


def sent_by(form: DocumentForm, others: Mapping[str, Sequence[str]] | None = None) -> dict[str, list[str]]:
    """Return every field of the form as it stands there, with the others instead of it."""
    sent: dict[str, list[str]] = {name: _as_sent(name, values) for name, values in form.values.items()}
    for step in form.steps:
        prefix = f"s{step.position}-"
        sent |= {f"{prefix}{name}": _as_sent(name, values) for name, values in step.values.items()}
        for at, row in enumerate(step.rows):
            if row is not None:
                sent |= {f"{prefix}c{at}-{name}": _as_sent(name, (row.part(name),)) for name in PARTS}
    return sent | {name: list(values) for name, values in (others or {}).items()}


def _as_sent(name: str, values: Sequence[str]) -> list[str]:
    if name in ("input", "depends_on"):
        return ["", *map(normalized, values)]
    if name == "instructions":
        return [normalized(values[0]).replace("\n", "\r\n")]
    return [normalized(values[0]).replace("\n", "")]
