"""What a simulator says of itself when it starts."""

from executions.suna.simulator.clock import wall_clock
from executions.suna.simulator.profiles import build_wire
from executions.suna.simulator.settings import SimulatorSettings
from executions.suna.simulator.world import World


def describe(settings: SimulatorSettings, *, url: str) -> str:
    """Return the lines: the profile and the address first, then the routes, then how to steer it.

    ValueError where the settings name no known profile.
    """
    wire = build_wire(World(settings=settings, clock=wall_clock))
    name = f"{wire.name} {wire.variant}" if len(wire.variants) > 1 else wire.name
    routes = [
        f"  {operation.method:<5}{operation.path}  ({operation.name})" for operation in wire.operations()
    ]
    good = f"{len(settings.tokens)} that it was given" if settings.tokens else "any"
    return "\n".join(
        [
            f"Suna simulator (profile {name}) on {url}",
            "It plays these routes (and the name that each has in faults and in the ledger):",
            *routes,
            f"Good credentials: {good}. Steer it at {url}/_simulator/ (docs/simulator.md).",
        ]
    )
