"""The last look before a start is sent: somebody may have asked to stop while its time was committed."""

import pytest

from executions.agent_service import RunStatus
from executions.engine.state import AgentRunStatus
from executions.orchestrator.outcomes import Answered, Stopped
from tests.unit.orchestrator.scripted_service import Owner, ScriptedService, make_attempt


@pytest.mark.parametrize("told", ["stops_with_commit", "cancelled_with_commit"])
async def test_no_start_is_sent_when_the_stop_comes_with_the_commit_of_its_time(told):
    service = ScriptedService()
    owner = Owner(service=service, **{told: True})

    outcome = await make_attempt(owner, running=False).carry_out()

    assert owner.committed == ["start_requested"]
    assert service.calls == ["prepare"]
    assert isinstance(outcome, Stopped)
    assert outcome.run_status is AgentRunStatus.ABANDONED


async def test_the_start_is_sent_after_the_commit_of_its_time_when_nobody_stops_it():
    service = ScriptedService([RunStatus.COMPLETED])
    owner = Owner(service=service)

    outcome = await make_attempt(owner, running=False).carry_out()

    assert isinstance(outcome, Answered)
    assert owner.committed == ["start_requested", "step_running"]
    assert service.calls[:2] == ["prepare", "start"]
