"""The driver's own fence holds also between the commit of a start's time and its sending (P7)."""

import asyncio

from tests.unit.orchestrator.scripted_service import Owner, ScriptedService, make_attempt


class LeaseLostWithCommit(Owner):
    """Its lease is sure until the start's time is committed, and not any more from then on."""

    def may_start(self) -> bool:
        return "start_requested" not in self.committed


async def test_no_start_is_sent_when_the_lease_ran_out_while_its_time_was_committed():
    service = ScriptedService()
    owner = LeaseLostWithCommit(service=service)
    attempt = make_attempt(owner, running=False)

    asyncio.get_running_loop().call_later(1, attempt.stopping.set)
    await attempt.carry_out()

    assert owner.committed[0] == "start_requested"
    assert service.calls == ["prepare"]
