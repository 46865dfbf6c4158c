"""Reading a thread whose rows have native tool calls: their order, and what is left out by default."""

from executions.suna.simulator.answers import invalid
from executions.suna.simulator.call import Call
from executions.suna.simulator.profiles.native_rows import optimized
from executions.suna.simulator.profiles.native_turn import Row


def shown_rows(timed: list[tuple[float, Row]], *, call: Call) -> list[Row]:
    """Return a thread's rows as a call asks for them, the newest first by default."""
    is_short = _query_flag(call, "optimized", default=True)
    is_reversed = call.query.get("order", "desc") == "desc"
    rows = [row for _, row in sorted(timed, key=lambda row: row[0], reverse=is_reversed)]
    return [short for row in rows if (short := optimized(row)) is not None] if is_short else rows


def _query_flag(call: Call, name: str, *, default: bool) -> bool:
    given = call.query.get(name)
    if given is None:
        return default
    if given.lower() in ("true", "1", "yes", "on"):
        return True
    if given.lower() in ("false", "0", "no", "off"):
        return False
    message = "Input should be a valid boolean, unable to interpret input"
    raise invalid("bool_parsing", ["query", name], message, given)
