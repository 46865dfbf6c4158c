"""What a test asks of findings."""

from collections.abc import Iterable

from renum_site.doctor.finding import Finding, State


def states(findings: Iterable[Finding]) -> dict[str, State]:
    """Return the worst state of each check; every finding that is not well says how it is mended."""
    found: dict[str, State] = {}
    order = [State.OK, State.SKIPPED, State.WARNING, State.ERROR]
    for one in findings:
        assert one.seen
        assert one.fix or one.state in (State.OK, State.SKIPPED) or one.check == "wider_than_connection"
        found[one.check] = max(found.get(one.check, State.OK), one.state, key=order.index)
    return found
