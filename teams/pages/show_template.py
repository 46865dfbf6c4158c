"""One template of the gallery: its steps, and the form that makes a team of it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from teams.actions.create_team import TeamNameTaken
from teams.actions.refusal import Refusal
from teams.actions.use_template import RolesOpen, use_template
from teams.gallery import DEFAULT_LANGUAGE, Role, TeamTemplate, find_template
from teams.gallery.guessing import guess_agent
from teams.models import Agent, SunaConnection, User
from teams.pages.graph_view import build_graph
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording import in_words, step_conditions_words, step_titles
from teams.workflow.parsing import read_definition
from teams.workflow.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleField:
    """The choice of an agent for one role; `agent_id` is the one that stands there, "" for none."""

    role: Role
    agent_id: str
    is_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateStep:
    """One step of the template in words."""

    step_id: str
    title: str
    after: str
    conditions: tuple[str, ...]


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def show_template(request: SignedInRequest, key: str) -> HttpResponse:
    """Show the template; by POST make a team of it and go where it is run."""
    template = find_template(key, get_language() or DEFAULT_LANGUAGE)
    if template is None:
        raise Http404
    values = request.POST if request.method == "POST" else request.GET
    connections = _connections_of(request.user)
    connection = _chosen(connections, values.get("connection", ""))
    chosen = {role.key: values.get(f"agent-{role.key}", "") for role in template.roles}
    if request.method != "POST":
        return _page(request, template, connections, connection, name=template.name)
    name = values.get("name", "").strip()
    try:
        team = use_template(
            by=request.user, template=template, connection=connection, agents=chosen, name=name
        )
    except Refusal as refusal:
        said = _sentence(refusal)
        return _page(
            request,
            template,
            connections,
            connection,
            name=name,
            chosen=chosen,
            problem=said,
            status=refusal.status,
        )
    messages.success(request, _("Your team is ready. Say what it should do and press Run."))
    return redirect("team-run", team.pk)


def _connections_of(user: User) -> tuple[SunaConnection, ...]:
    """Return what the user may run teams on, their own first."""
    rows = SunaConnection.objects.visible_to(user)
    return tuple(rows.order_by(F("owner").asc(nulls_last=True), "created_at"))


def _chosen(connections: Sequence[SunaConnection], wanted: str) -> SunaConnection | None:
    try:
        wanted_id = uuid.UUID(wanted)
    except ValueError:
        return connections[0] if connections else None
    return next((one for one in connections if one.pk == wanted_id), None)


def _page(
    request: SignedInRequest,
    template: TeamTemplate,
    connections: Sequence[SunaConnection],
    connection: SunaConnection | None,
    *,
    name: str,
    chosen: Mapping[str, str] | None = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    agents = tuple(Agent.objects.filter(connection=connection, missing_since=None)) if connection else ()
    plan = _plan_of(template)
    context = {
        "template": template,
        "steps": _steps_of(plan),
        "graph": build_graph(plan, agents={role.key: role.name for role in template.roles}),
        "connections": connections,
        "connection": connection,
        "agents": agents,
        "fields": [_field(role, agents, chosen) for role in template.roles],
        "name": name,
        "problem": problem,
    }
    return render(request, "teams/template.html", context, status=status)


def _field(role: Role, agents: Sequence[Agent], chosen: Mapping[str, str] | None) -> RoleField:
    if chosen is None:
        guess = guess_agent(role, agents)
        return RoleField(role=role, agent_id=guess.agent_id if guess else "", is_missing=False)
    known = {agent.agent_id for agent in agents}
    agent_id = chosen[role.key]
    return RoleField(role=role, agent_id=agent_id, is_missing=agent_id not in known)


def _plan_of(template: TeamTemplate) -> Plan:
    plan = read_definition(template.definition).plan
    if plan is None:
        msg = f"The template {template.key} is not a valid workflow."
        raise RuntimeError(msg)
    return plan


def _steps_of(plan: Plan) -> tuple[TemplateStep, ...]:
    titles = step_titles(plan.steps)
    return tuple(
        TemplateStep(
            step_id=step.id,
            title=titles[step.id],
            after=in_words([titles[other] for other in step.depends]),
            conditions=step_conditions_words(step, titles),
        )
        for step in plan.steps
    )


def _sentence(refusal: Refusal) -> str:
    if isinstance(refusal, RolesOpen):
        return _("Choose an agent for each role.")
    if isinstance(refusal, TeamNameTaken):
        return _("There is one of that name already. Choose another name.")
    return _("The name cannot be used: 1 to 100 letters without control characters.")
