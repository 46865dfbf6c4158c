"""Each cache alias keeps its own time-outs, whichever of them a process used first."""

import json
import subprocess
import sys

import pytest

from tests.contract.simulated_suna import ROOT

ASK = """
import json, django
django.setup()
from django_redis import get_redis_connection
found = {}
for alias in %r:
    kwargs = get_redis_connection(alias).connection_pool.connection_kwargs
    retry = kwargs.get("retry")
    times = retry.get_retries() if retry else None
    found[alias] = [kwargs["socket_connect_timeout"], kwargs["socket_timeout"], times]
print(json.dumps(found))
"""


@pytest.mark.parametrize("order", [["default", "q2", "context"], ["context", "q2", "default"]])
def test_an_alias_waits_as_long_as_it_is_told_to_whoever_came_first(order: list[str]) -> None:
    said = subprocess.run([sys.executable, "-c", ASK % (order,)], cwd=ROOT, capture_output=True, check=True)

    found = json.loads(said.stdout)

    assert found["context"] == [0.5, 0.5, 0]
    assert found["q2"][1] == 10.0
    assert found["default"][1] not in (0.5, 10.0)
