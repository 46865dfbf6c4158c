"""What a token's scope allows. Roles in a team are another matter, checked by the actions."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from teams.api.authentication import token_of
from teams.models import ApiTokenScope

_RANK = {ApiTokenScope.READ: 1, ApiTokenScope.RUN: 2, ApiTokenScope.ADMIN: 3}


class ScopeAllows(BasePermission):
    """Lets reading through for every token and the rest for `admin`, unless the view's `scopes` says less.

    `scopes` maps a method to the least scope: {"POST": "run"}. A session has every scope.
    """

    message = "The scope of this token does not allow that."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the token's scope reaches."""
        token = token_of(request)
        if token is None:
            return True
        least = ApiTokenScope.READ if request.method in SAFE_METHODS else ApiTokenScope.ADMIN
        needed = getattr(view, "scopes", {}).get(request.method, least)
        return _RANK[ApiTokenScope(token.scope)] >= _RANK[ApiTokenScope(needed)]
