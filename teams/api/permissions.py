"""What a token's scope allows. Roles in a team are another matter, checked by the actions."""

from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from teams.api.authentication import token_of
from teams.api.problems import ApiError
from teams.models import ApiTokenScope
from teams.workflow.problems import Problem

_RANK = {ApiTokenScope.READ: 1, ApiTokenScope.RUN: 2, ApiTokenScope.ADMIN: 3}


class ScopeAllows(BasePermission):
    """Lets reading through for every token and the rest for `admin`, unless the view's `scopes` says less.

    `scopes` maps a method to the least scope: {"POST": "run"}. A session has every scope.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the token's scope reaches. Raises ApiError, with both scopes, where it does not."""
        token = token_of(request)
        if token is None:
            return True
        needed = least_scope(view, request.method or "")
        held = ApiTokenScope(token.scope)
        if _RANK[held] < _RANK[needed]:
            raise _too_small(needed=needed.value, has=held.value)
        return True


def least_scope(view: Any, method: str) -> ApiTokenScope:
    """Return the least scope that a token needs for a method of a view."""
    least = ApiTokenScope.READ if method in SAFE_METHODS else ApiTokenScope.ADMIN
    return ApiTokenScope(getattr(view, "scopes", {}).get(method, least))


def _too_small(*, needed: str, has: str) -> ApiError:
    message = f"This needs a token of the scope {needed}; the scope of this one is {has}."
    problem = Problem("", "scope_too_small", message, {"needed": needed, "has": has})
    return ApiError(403, "scope_too_small", message, errors=[problem])
