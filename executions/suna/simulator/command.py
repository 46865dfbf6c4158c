"""The command line of the simulator, for Django's `manage.py` and for `python -m` alike."""

from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from executions.suna.simulator.options import Options
from executions.suna.simulator.profiles import PROFILES
from executions.suna.simulator.server import serve
from executions.suna.simulator.settings import SimulatorSettings
from executions.suna.simulator.times import Times, named_times

_SWITCHES = {
    "active-runs": "the list of active runs is there (2025-08/b2)",
    "custom-agents": "the feature flag of 2025-07 and 2025-08/b1 (default: on)",
    "billing": "usage logs have rows (2025-07 and 2025-08/b1)",
    "jwt-reads": "messages are read by JWT only (2025-10, from 6 November on)",
    "error-codes": "starts are refused with error codes (2025-10, from 9 November on)",
    "langfuse": "off: runs that end stay `running` (2025-08/b2, 2025-10)",
}


class Wrong(Exception):
    """Options that make no sense, or an address that cannot be served."""


def add_options(parser: ArgumentParser) -> None:
    """Declare the options; `SimulatorSettings` and `Options` say what they mean."""
    names = ", ".join(
        f"{name}/{variant}" if variant else name
        for name, wire in sorted(PROFILES.items())
        for variant in wire.variants
    )
    what = parser.add_argument_group("what it plays")
    what.add_argument(
        "--profile", default="2025-08", help=f"one of {names}; without a variant the last (default: 2025-08)"
    )
    what.add_argument("--variant", help="in place of the one behind the profile's stroke")
    what.add_argument("--run-seconds", type=float, default=0.4, help="how long a run takes (default: 0.4)")
    what.add_argument("--speed", type=float, default=1.0, help="2 halves the times, also of directives")
    agents = what.add_mutually_exclusive_group()
    agents.add_argument(
        "--any-agent",
        dest="strict_agents",
        action="store_false",
        default=False,
        help="knows every agent's id (default)",
    )
    agents.add_argument(
        "--strict-agents", dest="strict_agents", action="store_true", help="knows its catalogue only"
    )

    who = parser.add_argument_group("who may ask")
    who.add_argument(
        "--token",
        action="append",
        default=[],
        help="a good bearer token, or API key pk_...:sk_...; repeat for several; without one all are good",
    )
    who.add_argument("--jwt-secret", help="signs JWTs, for versions that verify them")

    more = parser.add_argument_group("as its operator set it up; changed later by /_simulator/options")
    for name, text in _SWITCHES.items():
        more.add_argument(f"--{name}", action=BooleanOptionalAction, help=text)
    more.add_argument("--parallel-limit", type=int, metavar="N", help="runs allowed at once")
    more.add_argument("--thread-limit", type=int, metavar="N", help="threads allowed (from 2025-12 on)")
    more.add_argument(
        "--time",
        action="append",
        default=[],
        metavar="NAME=S",
        help=f"how long Suna itself takes (from 2025-12 on): {', '.join(Times.__struct_fields__)}",
    )
    more.add_argument("--replay-s", type=float, metavar="S", help="how long ended streams are replayed")

    where = parser.add_argument_group("where")
    where.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    where.add_argument("--port", type=int, default=0, help="0 lets the system choose (default)")
    where.add_argument("--port-file", type=Path, help="is written when requests are accepted")
    where.add_argument("--ledger", type=Path, help="every request as a JSON line, appended")
    where.add_argument("--max-entries", type=int, default=20_000, help="of the ledger, in memory")


def run(options: Mapping[str, Any], *, announce: Callable[[str], None]) -> None:
    """Serve until a signal; `announce` gets what is played, line by line. Raises Wrong."""
    if options["speed"] <= 0 or options["run_seconds"] < 0:
        raise Wrong("--speed must be above 0 and --run-seconds not below 0")
    profile, _, variant = options["profile"].partition("/")
    chosen = {name: options[name] for name in Options.__struct_fields__ if options.get(name) is not None}
    if options["time"]:
        chosen["times"] = _times_of(options["time"])
    settings = SimulatorSettings(
        profile=profile,
        variant=options["variant"] or variant or None,
        run_seconds=options["run_seconds"],
        speed=options["speed"],
        tokens=tuple(options["token"]),
        jwt_secret=options["jwt_secret"],
        strict_agents=options["strict_agents"],
        options=Options(**chosen),
        ledger_path=options["ledger"],
        max_entries=options["max_entries"],
    )
    try:
        serve(
            settings,
            host=options["host"],
            port=options["port"],
            port_file=options["port_file"],
            announce=announce,
        )
    except (OSError, ValueError) as error:
        raise Wrong(str(error)) from error


def _times_of(given: list[str]) -> Times:
    try:
        return named_times(given)
    except ValueError as error:
        raise Wrong(f"--time: {error}") from error
