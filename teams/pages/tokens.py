"""A person's tokens for the API: which there are, a new one shown once, and revoking."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from teams.actions.issue_token import MAX_TOKENS, TokenGone, TooManyTokens, issue_own_token
from teams.actions.revoke_token import revoke_token
from teams.actions.second_factor import has_second_factor
from teams.models import ApiToken, ApiTokenScope
from teams.pages.own_password import find_password_problem
from teams.pages.signed_in import SignedInRequest, signed_in

MAX_NAME_CHARS = 100
LIFETIMES_DAYS = (7, 30, 90, 365)
DEFAULT_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownToken:
    """A token without what opens anything. `made_with` is the name of the token that it was made with."""

    row: ApiToken
    starts_with: str
    scope_words: str
    is_over: bool
    made_with: str


@require_safe
@signed_in
def list_tokens(request: SignedInRequest) -> HttpResponse:
    """Show them, newest first, also those that have expired, and the form that makes one."""
    return _tokens_page(request)


@sensitive_variables()
@require_POST
@signed_in
def make_token(request: SignedInRequest) -> HttpResponse:
    """Make one for whoever knows the password. Only this answer ever shows it: no redirect could carry it."""
    name = request.POST.get("name", "").strip()
    scope, days = request.POST.get("scope", ""), request.POST.get("days", "")
    problem, field = _problem_of(name, scope, days)
    if not problem:
        problem, field = find_password_problem(request), "password"
    if problem:
        return _tokens_page(request, problem=problem, field=field, status=400)
    try:
        issued = issue_own_token(
            by=request.user,
            using=None,
            name=name,
            scope=ApiTokenScope(scope),
            lifetime=dt.timedelta(days=int(days)),
        )
    except (TooManyTokens, TokenGone):
        words = _("You have %(number)s tokens already. Revoke those that you do not need.")
        return _tokens_page(request, problem=words % {"number": MAX_TOKENS}, status=409)
    context = {
        "token": issued.token,
        "row": issued.row,
        "scope_words": _scope_words()[issued.row.scope],
        "origin": f"{request.scheme}://{request.get_host()}",
    }
    return render(request, "teams/token_made.html", context, status=201)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def end_token(request: SignedInRequest, token_id: uuid.UUID) -> HttpResponse:
    """Show which token it is; revoke it where that was confirmed."""
    token: ApiToken | None = request.user.auth_token_set.filter(public_id=token_id).first()
    if token is None:
        raise Http404
    if request.method == "POST":
        revoke_token(token=token)
        messages.success(request, _("The token is revoked. Its next use is refused."))
        return redirect("tokens")
    made = ApiToken.objects.filter(made_with=token).count()
    return render(request, "teams/token_revoke.html", {"token": _shown(token, {}), "made": made})


def _tokens_page(
    request: SignedInRequest, *, problem: str = "", field: str = "", status: int = 200
) -> HttpResponse:
    rows = list(request.user.auth_token_set.order_by("-created"))
    names = {row.pk: row.name or row.token_key[:8] for row in rows}
    context = {
        "tokens": [_shown(row, names) for row in rows],
        "scopes": list(_scope_words().items()),
        "lifetimes": LIFETIMES_DAYS,
        "name": request.POST.get("name", "")[:MAX_NAME_CHARS],
        "scope": request.POST.get("scope", ApiTokenScope.READ.value),
        "days": request.POST.get("days", str(DEFAULT_DAYS)),
        "problem": problem,
        "field": field,
        "asks_password": request.user.has_usable_password(),
        "asks_code": has_second_factor(request.user),
    }
    return render(request, "teams/tokens.html", context, status=status)


def _shown(row: ApiToken, names: dict[str, str]) -> ShownToken:
    return ShownToken(
        row=row,
        starts_with=row.token_key[:8],
        scope_words=_scope_words()[row.scope],
        is_over=row.expiry is not None and row.expiry <= timezone.now(),
        made_with=names.get(row.made_with_id, ""),
    )


def _problem_of(name: str, scope: str, days: str) -> tuple[str, str]:
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        return _("Give it a name of at most 100 characters, by which you know it again."), "name"
    if scope not in ApiTokenScope.values:
        return _("Choose what it may do."), "scope"
    if days not in {str(choice) for choice in LIFETIMES_DAYS}:
        return _("Choose how long it lives."), "days"
    return "", ""


def _scope_words() -> dict[str, str]:
    return {
        ApiTokenScope.READ.value: _("look at what you may see, change nothing"),
        ApiTokenScope.RUN.value: _("look, run teams and answer questions"),
        ApiTokenScope.ADMIN.value: _("everything that you may do"),
    }
