"""What agents of the ledger are called: it knows them by their ids at Suna alone."""

from collections.abc import Collection

from teams.models import Agent, SunaConnection, User


def names_of_agents(agent_ids: Collection[str], *, reader: User | None) -> dict[str, str]:
    """Return the names of agents by their ids, in one query, from the connections that the reader may use.

    None is staff who may see all costs. An id that means agents of different names on different connections
    is left out.
    """
    found: dict[str, set[str]] = {}
    rows = Agent.objects.filter(agent_id__in=agent_ids)
    if reader is not None:
        rows = rows.filter(connection__in=SunaConnection.objects.visible_to(reader))
    for agent_id, name in rows.exclude(name="").values_list("agent_id", "name"):
        found.setdefault(agent_id, set()).add(name)
    return {agent_id: names.pop() for agent_id, names in found.items() if len(names) == 1}
