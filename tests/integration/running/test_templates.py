"""Each template of the gallery runs to its end on the simulator, with its own example prompt."""

from collections.abc import Callable

import pytest

from teams.actions.use_template import use_template
from teams.gallery import list_templates
from teams.models import Agent
from tests.fixtures.running import RunningRenum

pytestmark = pytest.mark.shares_suna


@pytest.mark.parametrize("language", ["en", "pt-br"])
def test_every_template_runs_to_its_end(renum_on: Callable[[str], RunningRenum], language: str) -> None:
    renum = renum_on("2025-08")
    Agent.objects.create(connection=renum.connection, agent_id="agent-1", name="Everybody")
    renum.start_drivers()
    started = {}
    for template in list_templates(language):
        agents = {role.key: "agent-1" for role in template.roles}
        team = use_template(by=renum.owner, template=template, connection=renum.connection, agents=agents)
        started[template.key] = renum.start(team, template.example_prompt)

    ended = {key: renum.wait_for(execution) for key, execution in started.items()}

    assert {key: execution.status for key, execution in ended.items()} == dict.fromkeys(ended, "completed")
    assert all(execution.result_text for execution in ended.values())
    steps = ended["customer-service"].steps.order_by("position").values_list("step_id", "status")
    # The classifier sent a crash of the app to technical support, and to nobody else.
    assert dict(steps) == {
        "sorting": "completed",
        "technical": "completed",
        "billing": "skipped",
        "other": "skipped",
    }
