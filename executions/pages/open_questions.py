"""How many questions wait for the reader: the number in the navigation of every page."""

from django.http import HttpRequest

from executions.models import Question
from teams.models import User


def open_questions(request: HttpRequest) -> dict[str, int]:
    """Return the number for templates; nothing for strangers, for the admin and for parts of pages."""
    user = getattr(request, "user", None)
    is_part = request.headers.get("HX-Request") == "true"
    if not isinstance(user, User) or is_part or request.path.startswith("/admin/"):
        return {}
    return {"open_question_count": Question.objects.for_operator(user).open().count()}
