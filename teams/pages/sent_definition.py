"""The workflow that a form brings, as text."""

from django.http import HttpRequest

from teams.models import Team
from teams.pages.agent_choices import find_agent_choices
from teams.pages.builder_draft import JSON, as_text, blank, read_draft


def sent_definition(request: HttpRequest, team: Team | None) -> str:
    """Return the field `definition`, or what the builder's own form says, with its steps or its text.

    The agents that its steps name are those of the team's connection. Line ends are as the author
    sees them: browsers send CRLF.
    """
    sent = request.POST
    if "definition" in sent or "view" not in sent:
        return sent.get("definition", "").replace("\r\n", "\n")
    draft = read_draft(sent, otherwise=blank(), agents=find_agent_choices(team))
    return draft.text if draft.view == JSON else as_text(draft.document)
