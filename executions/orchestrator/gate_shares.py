"""What of a connection's limit each driver may use. Pure: every driver comes to the same answer by itself."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one driver has on a connection: runs in flight, and steps that wait for their start."""

    in_flight: int
    waiting: int

    @property
    def total(self) -> int:
        """How many places the driver could use."""
        return self.in_flight + self.waiting


def find_share(demands: Mapping[uuid.UUID, Demand], *, cap: int, driver_id: uuid.UUID, turn: int) -> int:
    """Return how many of `cap` places the driver may use.

    Who needs less than an equal part leaves the rest to the others. Places that cannot be divided go round
    with `turn`, so that even a single place comes to everyone.
    """
    needy = sorted(((demand.total, held_by) for held_by, demand in demands.items() if demand.total > 0))
    left, shares = cap, {}
    for index, (wanted, held_by) in enumerate(needy):
        shares[held_by] = min(wanted, left // (len(needy) - index))
        left -= shares[held_by]
    unmet = sorted(held_by for wanted, held_by in needy if wanted > shares[held_by])
    # The rest is smaller than their number, or everybody has what it wants.
    for step in range(min(left, len(unmet))):
        shares[unmet[(turn + step) % len(unmet)]] += 1
    return shares.get(driver_id, cap)
