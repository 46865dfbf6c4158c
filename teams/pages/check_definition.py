"""Looking at a workflow's text while it is written: what is wrong with it, and at which line."""

from dataclasses import dataclass

from django.http import HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from teams.actions.catalogue_warnings import find_listed_agents
from teams.actions.save_version import check_definition
from teams.models import Team
from teams.pages.named_team import named_team
from teams.pages.sent_definition import sent_definition
from teams.pages.signed_in import SignedInRequest, signed_in
from teams.wording.problems import problem_words
from teams.workflow.json_places import Place, find_places, line_and_column, place_of
from teams.workflow.json_text import JsonTextError, parse_json_text
from teams.workflow.plan import Plan
from teams.workflow.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """One finding and where it stands in the text. Line and column count from 1, the place from 0."""

    code: str
    pointer: str
    message: str
    line: int
    column: int
    place: Place

    def as_json(self) -> dict[str, str | int]:
        """Return it as an editor takes it; `from` and `to` count UTF-16 units, as browsers do."""
        return {
            "code": self.code,
            "pointer": self.pointer,
            "message": self.message,
            "line": self.line,
            "column": self.column,
            "from": self.place[0],
            "to": self.place[1],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedText:
    """What there is to say about a text, and the plan where nothing keeps it from being one."""

    plan: Plan | None
    problems: tuple[Marked, ...]
    warnings: tuple[Marked, ...]


@require_POST
@signed_in
def check_text(request: SignedInRequest) -> HttpResponse:
    """Say what is wrong with `definition`, and save nothing. `team` names the team it is for, if any."""
    team = named_team(request)
    checked = check_source(sent_definition(request, team), team=team)
    return JsonResponse(
        {
            "problems": [one.as_json() for one in checked.problems],
            "warnings": [one.as_json() for one in checked.warnings],
            "agents": _agents_of(team),
        }
    )


def _agents_of(team: Team | None) -> list[dict[str, str]]:
    """Return what an editor may complete: the agents that the team's connection lists."""
    if team is None or team.connection is None:
        return []
    listed = find_listed_agents(team.connection) or ()
    return [{"id": one.agent_id, "name": one.name} for one in listed if one.missing_since is None]


def check_source(source: str, *, team: Team | None) -> CheckedText:
    """Judge a workflow's text in the light of the team's connection, where there is one."""
    try:
        definition = parse_json_text(source)
    except JsonTextError as error:
        problem = Problem("", error.code, error.message)
        position = error.position or 0
        end = min(position + 1, len(source))
        return CheckedText(plan=None, problems=(_marked(source, problem, (position, end)),), warnings=())
    checked = check_definition(definition, team=team)
    places = find_places(source) if checked.problems or checked.warnings else {}
    found = [
        tuple(_marked(source, one, place_of(one.pointer, places)) for one in some)
        for some in (checked.problems, checked.warnings)
    ]
    return CheckedText(plan=checked.plan, problems=found[0], warnings=found[1])


def _marked(source: str, problem: Problem, place: Place) -> Marked:
    line, column = line_and_column(source, place[0])
    return Marked(
        code=problem.code,
        pointer=problem.pointer,
        message=problem_words(problem),
        line=line,
        column=column,
        place=_in_utf16(source, place),
    )


def _in_utf16(source: str, place: Place) -> Place:
    if source.isascii():
        return place
    start, end = (len(source[:at].encode("utf-16-le", "surrogatepass")) // 2 for at in place)
    return start, end
