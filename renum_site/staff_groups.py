"""The groups of staff that every site has, each with exactly the rights of its work.

They are Renum's: each `migrate` gives them these rights again, so that a new version's reach them and what
was added by hand does not stay unseen. For another mix a site makes groups of its own; those are left alone.
A person in a group still needs "staff status" to enter the admin.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import router, transaction

OPERATORS = "Operators"
COST_REVIEWERS = "Cost reviewers"
TEAM_EDITORS = "Team editors"
AUDITORS = "Auditors"

GROUPS: Mapping[str, frozenset[str]] = {
    # Watch, decide, and do every verb; look at what a run consists of, and at the doctor.
    OPERATORS: frozenset(
        {
            "executions.view_execution",
            "executions.change_execution",
            "executions.add_execution",
            "executions.view_executionstep",
            "executions.view_agentrun",
            "executions.view_executionevent",
            "executions.view_question",
            "executions.view_teammessage",
            "executions.view_contextchange",
            "executions.view_driver",
            "teams.view_team",
            "teams.view_workflowversion",
            "teams.view_agent",
            "teams.view_sunaconnection",
            "teams.change_sunaconnection",
        }
    ),
    # See every cost, set prices and budgets, re-price; nothing of what agents were asked or said.
    COST_REVIEWERS: frozenset(
        {
            "billing.view_usagelog",
            "billing.view_modelprice",
            "billing.add_modelprice",
            "billing.view_budget",
            "billing.add_budget",
            "billing.change_budget",
            "billing.delete_budget",
            "billing.view_budgetperiod",
            "billing.add_repricing",
            "billing.view_repricing",
            "billing.view_pricechange",
            "billing.view_statement",
            "billing.view_statementline",
            "teams.view_team",
            "teams.view_user",
        }
    ),
    # Read who did what, and nothing else.
    AUDITORS: frozenset({"teams.view_auditentry", "teams.view_user"}),
    # Write teams and their workflows, and say who is in them.
    TEAM_EDITORS: frozenset(
        {
            "teams.view_team",
            "teams.add_team",
            "teams.change_team",
            "teams.view_teammembership",
            "teams.add_teammembership",
            "teams.change_teammembership",
            "teams.delete_teammembership",
            "teams.view_workflowversion",
            "teams.view_agent",
            "teams.view_sunaconnection",
            "teams.view_teaminvitation",
            "teams.delete_teaminvitation",
            "teams.view_user",
        }
    ),
}


def keep_staff_groups(using: str, **_kwargs: Any) -> None:
    """Make the groups that are missing and give each its rights; a receiver of `post_migrate`.

    A right whose model a partial migration has not made yet is given by the next one.
    """
    if not router.allow_migrate_model(using, Group):
        return
    with transaction.atomic(using=using):
        groups = Group.objects.using(using)
        groups.bulk_create([Group(name=name) for name in GROUPS], ignore_conflicts=True)
        found = {group.name: group for group in groups.filter(name__in=GROUPS)}
        rights = {
            f"{app_label}.{codename}": pk
            for pk, app_label, codename in Permission.objects.using(using)
            .filter(content_type__app_label__in=("teams", "billing", "executions"))
            .values_list("pk", "content_type__app_label", "codename")
        }
        through = Group.permissions.through
        held = {
            (group_id, permission_id): pk
            for pk, group_id, permission_id in through.objects.using(using)
            .filter(group__in=found.values())
            .values_list("pk", "group_id", "permission_id")
        }
        wanted = {
            (found[name].pk, rights[right])
            for name, names in GROUPS.items()
            for right in names
            if right in rights
        }
        surplus = [pk for pair, pk in held.items() if pair not in wanted]
        if surplus:
            through.objects.using(using).filter(pk__in=surplus).delete()
        missing = sorted(wanted - held.keys())
        through.objects.using(using).bulk_create(
            [through(group_id=group, permission_id=permission) for group, permission in missing],
            ignore_conflicts=True,
        )
