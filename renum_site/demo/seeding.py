"""Everything that a first start needs in the database. Doing it again changes nothing that people changed."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from executions.actions.team_server_of_agent import How, give_team_server, takes_tools
from executions.orchestrator.team_server import team_server_at
from renum_site.demo.accounts import ADMIN, DEMO, TERMINAL, Account, ensure_account, ensure_own_account
from renum_site.demo.suna import SunaPlace, ensure_site_connection, ensure_terminal_connection
from renum_site.demo.teams import (
    SITE_TALKING,
    SITE_TEAMS,
    TALKING,
    TERMINAL_TEAMS,
    ensure_team,
    ensure_terminal_team,
)
from teams.models import Agent, SunaConnection, Team

TALKERS = ("agent-123", "agent-456", "agent-789")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """What is there now."""

    connection: SunaConnection
    accounts: tuple[Account, ...]
    teams: tuple[Team, ...]


def seed_site(*, var: Path, place: SunaPlace) -> Seeded:
    """Seed what `make run` shows: two people, the site's connection with its agents, the demo's teams."""
    demo = ensure_account(var=var, username=DEMO)
    admin = ensure_account(var=var, username=ADMIN, is_staff=True)
    connection = ensure_site_connection(place)
    talks = bool(place.is_simulated and settings.PUBLIC_URL)
    wanted = {**SITE_TEAMS, **({SITE_TALKING: "talking"} if talks else {})}
    teams = tuple(
        ensure_team(owner=demo.user, name=name, example=example, connection=connection)
        for name, example in wanted.items()
    )
    if talks:
        _give_tools(connection, settings.PUBLIC_URL)
    return Seeded(connection=connection, accounts=(demo, admin), teams=teams)


def seed_terminal(*, var: Path, place: SunaPlace, web_url: str | None = None) -> Seeded:
    """Seed what `make demo` runs: a person, a connection and teams that nobody else uses.

    With `web_url`, where agents reach this site, one more team whose agents are given the team's tools.
    """
    runner = ensure_own_account(var=var, username=TERMINAL)
    viewer = ensure_account(var=var, username=DEMO)
    connection = ensure_terminal_connection(runner.user, place)
    wanted = {**TERMINAL_TEAMS, **({TALKING: "talking"} if web_url else {})}
    teams = tuple(
        ensure_terminal_team(
            owner=runner.user, name=name, example=example, connection=connection, viewer=viewer.user
        )
        for name, example in wanted.items()
    )
    if web_url:
        _give_tools(connection, web_url)
    return Seeded(connection=connection, accounts=(runner,), teams=teams)


def _give_tools(connection: SunaConnection, web_url: str) -> None:
    """Give the agents of the talking team its tools: in Suna, where that can be done from here."""
    how: How = "suna" if takes_tools(connection) else "by_hand"
    for agent in Agent.objects.filter(connection=connection, agent_id__in=TALKERS):
        agent.connection = connection
        give_team_server(agent=agent, by=None, how=how, server=team_server_at(web_url), anywhere=True)
