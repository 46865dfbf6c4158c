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
    wanted = {held_by: demand.total for held_by, demand in demands.items() if demand.total > 0}
    if driver_id not in wanted:
        return cap
    left = cap
    for held_by, total in sorted(wanted.items(), key=lambda item: item[1]):
        if total > left // len(wanted):
            break
        if held_by == driver_id:
            return total
        left -= total
        del wanted[held_by]
    each, rest = divmod(left, len(wanted))
    place = sorted(wanted).index(driver_id)
    return each + ((place - turn) % len(wanted) < rest)
