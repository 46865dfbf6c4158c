"""The wire profiles: one module for each version of Suna's HTTP API, and this list of them.

A profile turns the simulator's state into one version's answers. It decides nothing about runs beyond what
that version shows differently, such as the status of a run whose model failed.
"""

from executions.suna.simulator.profiles.operation import Wire
from executions.suna.simulator.profiles.seed import SeedWire
from executions.suna.simulator.profiles.y2025_07 import Wire202507
from executions.suna.simulator.profiles.y2025_08 import Wire202508
from executions.suna.simulator.profiles.y2025_10 import Wire202510
from executions.suna.simulator.profiles.y2025_12 import Wire202512
from executions.suna.simulator.profiles.y2026_01 import Wire202601
from executions.suna.simulator.world import World

PROFILES: dict[str, type[Wire]] = {
    wire.name: wire for wire in (SeedWire, Wire202507, Wire202508, Wire202510, Wire202512, Wire202601)
}


def build_wire(world: World) -> Wire:
    """Return the profile that the world's settings name; ValueError where there is no such one."""
    settings = world.settings
    wire = PROFILES.get(settings.profile)
    if wire is None:
        raise ValueError(f"no such profile: {settings.profile}")
    variant = settings.variant or wire.variants[-1]
    if variant not in wire.variants:
        raise ValueError(f"profile {settings.profile} has no variant {variant}")
    return wire(world, variant=variant)
