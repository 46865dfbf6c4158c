"""Teams as documents: exported, imported, and applied again and again."""

import uuid
from dataclasses import asdict
from typing import Any

from django.http import Http404, HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from teams.actions.apply_team import Applied, Wanted, apply_team
from teams.actions.create_team import TeamNameTaken, create_team, find_default_connection
from teams.actions.document_forms import FORMS, as_yaml
from teams.actions.export_team import FORM, NoWorkflow, export_team
from teams.actions.save_version import InvalidWorkflow
from teams.actions.team_document import AgentsMissing, TeamDocument, fit_document
from teams.actions.team_mark import ChangedMeanwhile
from teams.api.answer_forms import InForm, YamlText, form_of
from teams.api.authentication import person
from teams.api.connections_chosen import find_connection
from teams.api.declared import FLAG, UNCHANGED, Answer, Parameter, made
from teams.api.document_output import AppliedOutput, ImportedTeamOutput, TeamDocumentOutput
from teams.api.endpoint import Endpoint, read_body
from teams.api.entity_tags import BAD_TAGS, read_seen_if_any
from teams.api.problems import ApiError
from teams.api.query import read_choice, read_flag
from teams.api.tagged_team import tagged_team
from teams.api.team_input import AppliedTeamInput, TeamDocumentInput
from teams.api.team_output import TeamDetailOutput, team_detail
from teams.api.teams_seen import find_team
from teams.models import Team


class TeamExport(Endpoint):
    """One team as a document."""

    renderer_classes = [JSONRenderer, YamlText]
    content_negotiation_class = InForm
    query = (Parameter("format", {"enum": list(FORMS)}, "The form of the answer; it wins over `Accept`."),)
    answers = {
        "GET": (
            Answer(body=TeamDocumentOutput, headers=("Content-Disposition",)),
            Answer(body=TeamDocumentOutput, media_type=YamlText.media_type, headers=("Content-Disposition",)),
        )
    }
    refuses = {"GET": (NoWorkflow,)}

    def get(self, request: Request, team_id: uuid.UUID) -> Response | HttpResponse:
        """Show the document, as JSON or, for people to read, as YAML."""
        read_choice(request, "format", FORMS)
        team = find_team(person(request), team_id)
        schema_url = reverse("api:workflow-schema", request=request)
        document = export_team(team=team, by=person(request), schema_url=schema_url)
        form = form_of(request)
        headers = {"Content-Disposition": f'attachment; filename="{team.slug}.{form}"'}
        if form != "yaml":
            return Response(document, headers=headers)
        media_type = f"{YamlText.media_type}; charset=utf-8"
        return HttpResponse(as_yaml(document).text, content_type=media_type, headers=headers)


class TeamImport(Endpoint):
    """A document that becomes a team."""

    inputs = {"POST": TeamDocumentInput}
    answers = {"POST": made(ImportedTeamOutput)}
    refuses = {"POST": (TeamNameTaken, InvalidWorkflow, AgentsMissing)}

    def post(self, request: Request) -> Response:
        """Make a team of it, with the agents of the connection that is named, else of the person's own."""
        user = person(request)
        body = read_body(request, TeamDocumentInput)
        connection = find_connection(user, body.get("connection")) or find_default_connection(user)
        fitted = fit_document(_document(body), connection=connection)
        team = create_team(
            owner=user,
            name=body["name"],
            definition=fitted.definition,
            description=body.get("description", ""),
            note=body["note"],
            connection=connection,
        )
        headers = {"Location": reverse("api:team", kwargs={"team_id": team.pk}, request=request)}
        shown = team_detail(find_team(user, team.pk), request)
        return Response({**shown, "agents_replaced": dict(fitted.replaced)}, status=201, headers=headers)


class TeamBySlug(Endpoint):
    """The team of whoever asks that has a slug: a name that scripts and repositories can know."""

    put_query = (Parameter("dry_run", FLAG, "Whether to tell what would be done, and do nothing."),)
    request_headers = {"GET": ("If-None-Match",)}
    optional_headers = {"PUT": ("If-Match",)}
    inputs = {"PUT": AppliedTeamInput}
    answers = {
        "GET": (Answer(body=TeamDetailOutput, headers=("ETag",)), UNCHANGED),
        "PUT": (Answer(body=AppliedOutput), Answer(status=201, body=AppliedOutput)),
    }
    refuses = {
        "GET": (BAD_TAGS,),
        "PUT": (TeamNameTaken, InvalidWorkflow, AgentsMissing, BAD_TAGS, ChangedMeanwhile),
    }

    def get(self, request: Request, slug: str) -> Response:
        """Show it."""
        team = Team.objects.owned_by(person(request)).filter(slug=slug).only("pk").first()
        if team is None:
            raise Http404
        return tagged_team(request, team.pk)

    def put(self, request: Request, slug: str) -> Response:
        """Make it what the body says. `outcome` says what was done: created, changed or unchanged.

        With If-Match only what was seen is changed, with `*` whatever is there, and nothing is made.
        """
        user = person(request)
        is_dry = read_flag(request, "dry_run") is True
        body = read_body(request, AppliedTeamInput)
        wanted = Wanted(
            document=_document(body),
            name=body.get("name"),
            description=body.get("description"),
            note=body["note"],
            connection=find_connection(user, body.get("connection")),
        )
        seen = read_seen_if_any(request)
        try:
            applied = apply_team(
                owner=user,
                slug=slug,
                wanted=wanted,
                dry_run=is_dry,
                seen=seen,
                may_make="If-Match" not in request.headers,
            )
        except ChangedMeanwhile as refusal:
            tag = _present_tag(request, slug)
            raise ApiError(refusal.status, refusal.code, refusal.message, headers=tag) from None
        is_kept = not (is_dry and applied.outcome == "created")
        team = find_team(user, applied.team.pk) if is_kept else None
        answer = _answer(applied) | {
            "dry_run": is_dry,
            "team": None if team is None else team_detail(team, request),
        }
        is_made = applied.outcome == "created" and not is_dry
        return Response(answer, status=201 if is_made else 200)


def _present_tag(request: Request, slug: str) -> dict[str, str]:
    """Return the tag that the team of the slug has now as a header; none where there is no such team."""
    team = Team.objects.owned_by(person(request)).filter(slug=slug).only("pk").first()
    return {} if team is None else {"ETag": tagged_team(request, team.pk).headers["ETag"]}


def _answer(applied: Applied) -> dict[str, Any]:
    diff = None if applied.diff is None else asdict(applied.diff)
    return {"outcome": applied.outcome, "changed": list(applied.columns), "diff": diff}


def _document(body: dict[str, Any]) -> TeamDocument:
    return TeamDocument(
        definition=body["definition"],
        form=body.get("renum", FORM),
        agents=body.get("agents"),
        agent_ids=body.get("agent_ids"),
    )
