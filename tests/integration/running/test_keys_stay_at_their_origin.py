"""P21: users' keys go to the configured Suna alone and only for services that a step declares.

Proven by the ledgers of two simulated Sunas: the one that the connection names, and one elsewhere.
"""

import hashlib
import json
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from billing.actions.store_user_key import store_user_key
from teams.models import SunaConnection, User
from tests.fixtures.running import RunningRenum, simulated_suna, wait_until
from tests.integration.running.test_keys import NOW, agent, chain

KINDS = (301, 302, 303, 307, 308)
CALLS = ("run.get", "run.results")
"""Those of a run under way; that no other call follows one either is in test_client_redirects.py."""


def test_no_key_goes_to_another_origin_by_a_redirect_or_without_being_declared(
    renum_on: Callable[..., RunningRenum], tmp_path: Path, figure: Callable[[str, float], None]
) -> None:
    renum = renum_on("seed")
    keys = {service: f"sk-CANARY-{service}-{uuid.uuid4()}" for service in ("openai", "anthropic")}
    for service, key in keys.items():
        store_user_key(user=renum.owner, service=service, key=key, now=NOW)
    (tmp_path / "elsewhere").mkdir()
    with simulated_suna("seed", folder=tmp_path / "elsewhere") as elsewhere:
        policy = {"timeout": "2s", "retry": {"max_attempts": 1}}
        declares = renum.make_team({**chain(agent(1, services=["openai"])), "defaults": policy})
        silent = renum.make_team({**chain(agent(2, services=[])), "defaults": policy})
        for operation in CALLS:
            for status in KINDS:
                renum.suna.fail(
                    operation,
                    times=100_000,
                    contains=f"<{operation} {status}>",
                    kind="redirect",
                    status=status,
                    to=f"{elsewhere.url}/trap",
                )
        names = [f"<{operation} {status}>" for operation in CALLS for status in KINDS]
        started = [renum.start(declares, name) for name in names]
        good = renum.start(declares, "declared")
        none = renum.start(silent, "undeclared")
        renum.start_drivers(RENUM_STOP_GIVE_UP_S="3")

        assert renum.wait_for(good).status == renum.wait_for(none).status == "completed"
        wait_until(lambda: seen_redirects(renum) >= len(names), timeout_s=60)
        for status in KINDS:
            renum.suna.fail(
                "agent.start",
                contains=f"<start {status}>",
                kind="redirect",
                status=status,
                to=f"{elsewhere.url}/trap",
            )
        started += [renum.start(declares, f"<start {status}>") for status in KINDS[-2:]]
        wait_until(lambda: seen_redirects(renum) > len(names), timeout_s=60)
        requests_elsewhere = elsewhere.get("summary")["requests"]
        assert requests_elsewhere == 0

    ledger = renum.suna.get("ledger")["entries"]
    seen = {
        service: renum.suna.get(f"keys-seen?sha256={hashlib.sha256(key.encode()).hexdigest()}")["seen"]
        for service, key in keys.items()
    }
    assert {(row["operation"], row["header"]) for row in seen["openai"]} == {
        ("agent.start", "x-api-key-openai")
    }
    assert seen["anthropic"] == []
    assert not any(key in json.dumps(ledger) for key in keys.values())
    figure("p21_redirects_met", seen_redirects(renum))
    figure("p21_requests_elsewhere", requests_elsewhere)


def seen_redirects(renum: RunningRenum) -> int:
    return len(
        {
            (entry["operation"], entry["status"])
            for entry in renum.suna.get("ledger")["entries"]
            if entry["status"] in KINDS
        }
    )


@pytest.mark.parametrize("sends", [True, False])
def test_after_the_admin_changed_the_address_nothing_goes_there_without_a_new_credential_and_consent(
    renum_on: Callable[..., RunningRenum], tmp_path: Path, sends: bool, figure: Callable[[str, float], None]
) -> None:
    renum = renum_on("seed")
    key = f"sk-CANARY-openai-{uuid.uuid4()}"
    store_user_key(user=renum.owner, service="openai", key=key, now=NOW)
    SunaConnection.objects.filter(pk=renum.connection.pk).update(owner=None, sends_user_keys=sends)
    team = renum.make_team(chain(agent(1, services=["openai"])))
    staff = User.objects.create_superuser("root", email="root@example.org", password="x")
    browser = Client()
    browser.force_login(staff)
    (tmp_path / "elsewhere").mkdir()
    with simulated_suna("seed", folder=tmp_path / "elsewhere") as elsewhere:
        answered = browser.post(
            f"/admin/teams/sunaconnection/{renum.connection.pk}/change/",
            {
                "name": "Moved",
                "base_url": elsewhere.url,
                "sends_user_keys": "on" if sends else "",
                "owner": "",
            },
        )
        assert answered.status_code == 302, answered.content.decode()[-3000:]
        moved = SunaConnection.objects.with_credential().get(pk=renum.connection.pk)
        assert moved.base_url == elsewhere.url
        assert moved.credential() == {"bearer": "", "api_key": ""}
        renum.start_drivers()
        execution = renum.start(team)
        wait_until(lambda: execution.steps.exclude(code="").exists())

        entries = elsewhere.get("ledger")["entries"]
        digest = hashlib.sha256(key.encode()).hexdigest()
        seen = elsewhere.get(f"keys-seen?sha256={digest}")["seen"]
        assert seen == []
        assert [entry for entry in entries if entry["operation"] == "agent.start"] == []
        figure(f"p21_keys_seen_at_a_moved_address_{sends}", len(seen))
