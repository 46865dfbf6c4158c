"""Everything that a first start needs in the database. Doing it again changes nothing that people changed."""

from dataclasses import dataclass
from pathlib import Path

from renum_site.demo.accounts import ADMIN, DEMO, TERMINAL, Account, ensure_account, ensure_own_account
from renum_site.demo.suna import SunaPlace, ensure_site_connection, ensure_terminal_connection
from renum_site.demo.teams import SITE_TEAMS, TERMINAL_TEAMS, ensure_team, ensure_terminal_team
from teams.models import SunaConnection, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What is there now."""

    connection: SunaConnection
    accounts: tuple[Account, ...]
    teams: tuple[Team, ...]


def seed_site(*, var: Path, place: SunaPlace) -> Seeded:
    """Seed what `make run` shows: two people, the site's connection with its agents, the two demo teams."""
    demo = ensure_account(var=var, username=DEMO)
    admin = ensure_account(var=var, username=ADMIN, is_staff=True)
    connection = ensure_site_connection(place)
    teams = tuple(
        ensure_team(owner=demo.user, name=name, example=example, connection=connection)
        for name, example in SITE_TEAMS.items()
    )
    return Seeded(connection=connection, accounts=(demo, admin), teams=teams)


def seed_terminal(*, var: Path, place: SunaPlace) -> Seeded:
    """Seed what `make demo` runs: a person, a connection and teams that nobody else uses."""
    runner = ensure_own_account(var=var, username=TERMINAL)
    viewer = ensure_account(var=var, username=DEMO)
    connection = ensure_terminal_connection(runner.user, place)
    teams = tuple(
        ensure_terminal_team(
            owner=runner.user, name=name, example=example, connection=connection, viewer=viewer.user
        )
        for name, example in TERMINAL_TEAMS.items()
    )
    return Seeded(connection=connection, accounts=(runner,), teams=teams)
