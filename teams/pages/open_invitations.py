"""How many invitations wait for the reader: the number in the navigation of every page."""

from django.http import HttpRequest

from teams.models import TeamInvitation, User


def open_invitations(request: HttpRequest) -> dict[str, int]:
    """Return the number for templates; nothing for strangers, for the admin and for parts of pages."""
    user = getattr(request, "user", None)
    is_part = request.headers.get("HX-Request") == "true"
    if not isinstance(user, User) or is_part or request.path.startswith("/admin/"):
        return {}
    return {"open_invitation_count": TeamInvitation.objects.addressed_to(user).count()}
