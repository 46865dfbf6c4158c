"""How a version of Suna behaves, as the port tells it: taken from what the version can do."""

from executions.agent_service import ServiceTraits
from executions.suna.wire import Capabilities


def build_traits(known: Capabilities) -> ServiceTraits:
    """Return the traits of a Suna with these capabilities."""
    return ServiceTraits(
        finds_starts=known.makes_threads and known.lists_runs,
        wants_model=known.wants_model,
        answers_in_place=known.answers_in_thread,
        may_linger=known.may_linger,
        newer_hides_runs=known.newer_hides_runs,
        live=known.live,
        run_appears_within_s=known.run_appears_within_s,
        rows_follow_within_s=known.rows_follow_within_s,
    )
