"""Who did what is written down with the act itself, without a secret, and cannot be changed afterwards."""

import datetime as dt
import json
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models.functions import Now
from django.test import Client

from billing.actions.delete_user_key import delete_user_key
from billing.actions.store_user_key import store_user_key
from billing.key_vault import keys_for_run
from billing.models import UserApiKey
from executions.actions.cancel_execution import cancel_execution
from executions.models import Execution
from executions.upkeep.prune import prune
from teams.actions.edit_team import edit_team
from teams.actions.refusal import NotAllowed
from teams.actions.save_version import save_version
from teams.models import AuditEntry, Team, User
from tests.fixtures.people import CONDITIONAL, PASSWORD, make_person
from tests.fixtures.site_rows import NOW
from tests.functional.admin.conftest import staff_with
from tests.functional.api.conftest import client_for

pytestmark = pytest.mark.django_db
SECRET = "sk-CANARY-0123456789"
LIST = "/admin/teams/auditentry/"


@pytest.fixture(autouse=True)
def _an_empty_trail(db: None) -> None:
    """Whoever signed in for an earlier test of this database, in a process of its own, has left entries."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE renum_audit_entries")


def acts(**only: object) -> list[str]:
    return list(AuditEntry.objects.filter(**only).order_by("id").values_list("act", flat=True))


def sign_in(client: Client, name: str, password: str) -> int:
    return client.post("/accounts/login/", {"username": name, "password": password}).status_code


def test_signing_in_and_failing_to_are_written_down_with_the_address(owner: User) -> None:
    client = Client(REMOTE_ADDR="203.0.113.7")
    sign_in(client, "olga", "wrong")
    sign_in(client, "s3cret-typed-into-the-wrong-field", "olga")
    sign_in(client, "olga", PASSWORD)
    client.post("/accounts/logout/")

    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.act for entry in entries] == ["sign_in_failed"] * 2 + ["signed_in", "signed_out"]
    assert {entry.address for entry in entries} == {"203.0.113.7"}
    assert [entry.thing_name for entry in entries[:2]] == ["olga", ""]
    assert [entry.actor for entry in entries] == [None, None, owner, owner]
    assert "s3cret" not in json.dumps([str(entry.__dict__) for entry in entries])


def test_a_key_is_followed_from_its_storing_over_each_use_to_its_end(owner: User) -> None:
    store_user_key(user=owner, service="openai", key=SECRET, now=NOW)
    fingerprint = UserApiKey.objects.get().fingerprint
    execution_id = Execution().pk
    keys_for_run(user_id=owner.pk, services=["openai"], now=NOW, execution_id=execution_id)
    delete_user_key(user=owner, service="openai")

    stored, used, deleted = AuditEntry.objects.order_by("id")
    assert [one.act for one in (stored, used, deleted)] == ["key_stored", "keys_used", "key_deleted"]
    assert {one.actor_name for one in (stored, used, deleted)} == {"olga"}
    assert (used.thing_kind, used.thing_id) == ("execution", str(execution_id))
    assert used.details == {"services": ["openai"], "fingerprints": {"openai": fingerprint}}
    assert SECRET not in str([one.__dict__ for one in (stored, used, deleted)])


def test_an_act_leaves_its_entry_and_a_refused_one_none(
    owner: User, team: Team, execution: Execution, outsider: User
) -> None:
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    edit_team(team=team, by=owner, name="Renamed")
    save_version(team=team, by=owner, definition=CONDITIONAL)
    cancel_execution(execution=execution, by=owner)
    with pytest.raises(NotAllowed):
        cancel_execution(execution=execution, by=outsider)
    with pytest.raises(NotAllowed):
        edit_team(team=team, by=outsider, name="Mine")

    new = list(AuditEntry.objects.exclude(pk__in=before).order_by("id"))
    assert [one.act for one in new] == ["team_edited", "workflow_saved", "execution_cancelled"]
    assert {one.actor for one in new} == {owner}
    assert {one.team_id for one in new} == {team.pk}
    assert new[0].thing_name == "Analysts"
    assert new[2].thing_id == str(execution.pk)


def test_exports_are_written_down_wherever_they_are_made(
    owner: User, team: Team, sign_in: Callable[[User], Client]
) -> None:
    sign_in(owner).get(f"/teams/{team.pk}/export/")
    client_for(owner).get(f"/api/v1/teams/{team.pk}/export")
    client_for(owner).get("/api/v1/usage?format=csv")
    client_for(owner).get("/api/v1/usage/summary?group_by=day&format=csv")
    staff_with("rena", "billing.view_usagelog").get("/admin/costs/csv/")

    assert acts(act__endswith="_exported") == ["team_exported"] * 2 + ["usage_exported"] * 3
    assert AuditEntry.objects.filter(act="usage_exported").last().actor_name in ("olga", "rena")


def test_what_is_rolled_back_leaves_nothing(owner: User, team: Team) -> None:
    before = AuditEntry.objects.count()
    with transaction.atomic():
        edit_team(team=team, by=owner, name="Renamed")
        assert AuditEntry.objects.count() == before + 1
        transaction.set_rollback(True)

    assert AuditEntry.objects.count() == before


def test_no_entry_can_be_changed_or_deleted_and_who_is_gone_keeps_their_name(owner: User) -> None:
    other = make_person("otto")
    store_user_key(user=other, service="openai", key=SECRET, now=NOW)
    for change in (
        lambda: AuditEntry.objects.update(act="nothing"),
        lambda: AuditEntry.objects.update(actor=owner),
        lambda: AuditEntry.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="append only"), transaction.atomic():
            change()

    other.delete()

    entry = AuditEntry.objects.get(act="key_stored")
    assert (entry.actor, entry.actor_name) == (None, "otto")


@pytest.mark.django_db(transaction=True)
def test_old_entries_go_with_the_pruning_and_no_others(owner: User, settings) -> None:
    store_user_key(user=owner, service="openai", key=SECRET, now=NOW)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE renum_audit_entries DISABLE TRIGGER audit_append_only")
        AuditEntry.objects.update(at=Now() - dt.timedelta(days=31))
        cursor.execute("ALTER TABLE renum_audit_entries ENABLE TRIGGER audit_append_only")
    delete_user_key(user=owner, service="openai")
    settings.AUDIT_DAYS = 0
    assert "audit_entries" not in prune(pause_s=0).rows
    settings.AUDIT_DAYS = 30

    assert prune(pause_s=0).rows["audit_entries"] == 1
    assert acts() == ["key_deleted"]


def test_auditors_read_the_trail_and_others_do_not(owner: User) -> None:
    store_user_key(user=owner, service="openai", key=SECRET, now=NOW)
    delete_user_key(user=owner, service="openai")
    auditor = staff_with("anna", "teams.view_auditentry")

    shown = auditor.get(f"{LIST}?act=key_stored&q=olga").content.decode()

    assert "stored a key" in shown
    assert shown.count("/change/") == 1
    entry = AuditEntry.objects.get(act="key_stored")
    assert auditor.get(f"{LIST}{entry.pk}/change/").status_code == 200
    assert auditor.post(f"{LIST}{entry.pk}/change/", {"act": "x"}).status_code == 403
    assert auditor.get(f"{LIST}?act=%00").status_code == 400
    assert auditor.get(f"{LIST}?act=nonsense").status_code == 200
    assert staff_with("lars").get(LIST).status_code == 403
