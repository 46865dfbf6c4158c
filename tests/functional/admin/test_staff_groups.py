"""The groups of staff: what each may do, page by page and action by action, and nothing else."""

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse

from renum_site.staff_groups import AUDITORS, COST_REVIEWERS, GROUPS, OPERATORS, TEAM_EDITORS
from teams.models import User
from tests.functional.admin.conftest import Site

pytestmark = pytest.mark.django_db

# What stands behind each page of the admin: v sees it, a adds, c changes, d deletes.
PAGES: dict[str, dict[str, str]] = {
    OPERATORS: {
        "executions.execution": "v",
        "executions.agentrun": "v",
        "executions.executionevent": "v",
        "executions.question": "v",
        "executions.teammessage": "v",
        "executions.contextchange": "v",
        "teams.team": "v",
        "teams.workflowversion": "v",
        "teams.agent": "v",
        "teams.sunaconnection": "vc",
    },
    COST_REVIEWERS: {
        "billing.usagelog": "v",
        "billing.modelprice": "va",
        "billing.budget": "vacd",
        "billing.repricing": "v",
        "billing.pricechange": "v",
        "billing.statement": "v",
        "billing.statementline": "v",
        "teams.team": "v",
        "teams.user": "v",
    },
    AUDITORS: {"teams.auditentry": "v", "teams.user": "v"},
    TEAM_EDITORS: {
        "teams.team": "vac",
        "teams.workflowversion": "v",
        "teams.agent": "v",
        "teams.sunaconnection": "v",
        "teams.teaminvitation": "v",
        "teams.user": "v",
    },
}
VERBS = {"release", "resume", "pause", "cancel", "retry", "run_again"}
ACTIONS: dict[str, dict[str, set[str]]] = {
    OPERATORS: {
        "executions.execution": {f"{verb}_selected" for verb in VERBS},
        "teams.agent": {"give_tools"},
        "teams.sunaconnection": {"test_selected", "sync_selected"},
    },
    COST_REVIEWERS: {"billing.budget": {"delete_selected"}},
    AUDITORS: {},
    TEAM_EDITORS: {"teams.teaminvitation": {"revoke_selected"}},
}


def member_of(name: str) -> User:
    user = User.objects.create_user("mia", email="mia@example.org", is_staff=True)
    user.groups.add(Group.objects.get(name=name))
    return user


def rights_of(group: str) -> set[str]:
    rows = Permission.objects.filter(group__name=group)
    return {
        f"{label}.{codename}" for label, codename in rows.values_list("content_type__app_label", "codename")
    }


@pytest.mark.parametrize("name", GROUPS)
def test_a_migrated_site_has_the_group_with_exactly_its_rights(name: str) -> None:
    assert rights_of(name) == GROUPS[name]


def test_migrating_again_gives_the_groups_their_rights_and_leaves_others_alone() -> None:
    operators = Group.objects.get(name=OPERATORS)
    operators.permissions.set(Permission.objects.filter(codename__in=["delete_team", "view_execution"]))
    Group.objects.get(name=TEAM_EDITORS).delete()
    own = Group.objects.create(name="Our own")
    own.permissions.set(Permission.objects.filter(codename="delete_team"))
    person = User.objects.create_user("pia", email="pia@example.org")
    person.groups.add(operators)

    call_command("migrate", verbosity=0)

    assert {name: rights_of(name) for name in GROUPS} == GROUPS
    assert rights_of("Our own") == {"teams.delete_team"}
    assert [group.name for group in person.groups.all()] == [OPERATORS]


@pytest.mark.parametrize("name", GROUPS)
def test_each_group_may_on_each_page_what_the_table_says(name: str, site: Site, rf: RequestFactory) -> None:
    request = rf.get("/admin/")
    request.user = member_of(name)
    seen: dict[str, str] = {}
    actions: dict[str, set[str]] = {}
    for model, model_admin in django_admin.site._registry.items():
        may = model_admin.get_model_perms(request)
        letters = "".join(verb[0] for verb in ("view", "add", "change", "delete") if may[verb])
        if letters:
            seen[model._meta.label_lower] = letters
        if found := set(model_admin.get_actions(request)):
            actions[model._meta.label_lower] = found

    assert seen == PAGES[name]
    assert actions == ACTIONS[name]


@pytest.mark.parametrize("name", GROUPS)
def test_the_lists_open_for_the_group_that_may_see_them_and_for_no_other(name: str, site: Site) -> None:
    client = Client()
    client.force_login(member_of(name))

    opened = {
        model._meta.label_lower
        for model in django_admin.site._registry
        if client.get(
            reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        ).status_code
        == 200
    }

    assert opened == set(PAGES[name])
    assert client.get("/admin/doctor/").status_code == (200 if name == OPERATORS else 403)
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("name", [COST_REVIEWERS, TEAM_EDITORS])
def test_who_may_not_change_executions_does_no_verb_and_sees_no_prompt(name: str, site: Site) -> None:
    client = Client()
    client.force_login(member_of(name))

    for verb in (*sorted(VERBS), "change"):
        address = f"/admin/executions/execution/{site.execution.pk}/{verb.replace('_', '-')}/"
        assert client.post(address).status_code == 403, verb
        assert client.get(address).status_code == 403, verb
    site.execution.refresh_from_db()
    assert site.execution.cancel_requested_at is None
    assert site.execution.pause_requested_at is None


def test_nobody_in_a_group_makes_themselves_more(site: Site) -> None:
    for rights in GROUPS.values():
        assert not {right for right in rights if right.endswith(("_group", "_permission", "_userapikey"))}
        assert not rights & {"teams.add_user", "teams.change_user", "teams.delete_user", "teams.add_apitoken"}
