"""What a simulator can be told when it starts."""

from dataclasses import dataclass, field
from pathlib import Path

from executions.suna.simulator.options import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorSettings:
    """The options of one simulator.

    `profile` names a wire profile (see `profiles.PROFILES`), `variant` one of its builds where it has
    more than one. A run takes `run_seconds`, a little more for long texts, divided by `speed`. With no
    `tokens` any credential is good; else only these are: bearer tokens, or API keys written `pk_…:sk_…`.
    A JWT is judged by what it says, as the version does; `jwt_secret` signs it where signatures are
    verified. `strict_agents` refuses agents that are not in the catalogue. `options` may change while it
    runs. At most `max_runs` runs and `max_entries` ledger entries are kept in memory; the file at
    `ledger_path` has them all.
    """

    profile: str = "2025-08"
    variant: str | None = None
    run_seconds: float = 0.4
    speed: float = 1.0
    tokens: tuple[str, ...] = ()
    jwt_secret: str | None = None
    strict_agents: bool = False
    options: Options = field(default_factory=Options)
    ledger_path: Path | None = None
    max_runs: int = 20_000
    max_entries: int = 20_000
    max_body_bytes: int = 32 * 1024 * 1024
