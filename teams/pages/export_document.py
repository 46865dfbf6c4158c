"""A team as a file, to be kept or carried elsewhere."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from teams.actions.document_forms import FORMS, as_json
from teams.actions.export_team import NoWorkflow, export_team
from teams.models import Team
from teams.pages.refusal_words import refusal_words
from teams.pages.refused import refused_page
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in


@require_safe
@signed_in
def export_document(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Send the team's document as a file: as JSON, or as YAML with `?format=yaml`."""
    team = find_team(request, team_id)
    schema_url = request.build_absolute_uri(reverse("api:workflow-schema"))
    try:
        document = export_team(team=team, by=request.user, schema_url=schema_url)
    except NoWorkflow as refusal:
        back = reverse("team", args=[team_id])
        return refused_page(request, sentence=refusal_words(refusal), status=refusal.status, back=back)
    return document_answer(request, team, document)


def document_answer(request: HttpRequest, team: Team, document: Mapping[str, Any]) -> HttpResponse:
    """Return the document as a file in the form that the address asks for; JSON for one that there is not."""
    written = FORMS.get(request.GET.get("format", ""), as_json)(document)
    headers = {"Content-Disposition": f'attachment; filename="{team.slug}.{written.suffix}"'}
    return HttpResponse(written.text, content_type=f"{written.media_type}; charset=utf-8", headers=headers)
