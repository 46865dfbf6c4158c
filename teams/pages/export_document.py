"""A team as a file, to be kept or carried elsewhere."""

import json
import uuid

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from teams.actions.export_team import NoWorkflow, export_team
from teams.pages.refusal_words import refusal_words
from teams.pages.refused import refused_page
from teams.pages.show_team import find_team
from teams.pages.signed_in import SignedInRequest, signed_in


@require_safe
@signed_in
def export_document(request: SignedInRequest, team_id: uuid.UUID) -> HttpResponse:
    """Send the team's document as a file."""
    team = find_team(request, team_id)
    schema_url = request.build_absolute_uri(reverse("api:workflow-schema"))
    try:
        document = export_team(team=team, by=request.user, schema_url=schema_url)
    except NoWorkflow as refusal:
        back = reverse("team", args=[team_id])
        return refused_page(request, sentence=refusal_words(refusal), status=refusal.status, back=back)
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="{team.slug}.json"'}
    return HttpResponse(text, content_type="application/json; charset=utf-8", headers=headers)
