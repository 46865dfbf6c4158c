"""Every address of the admin, from the resolver, filled in with rows that are there."""

from collections.abc import Iterator

from django.contrib import admin
from django.urls import NoReverseMatch, URLPattern, reverse

from teams.models import Team


def model_routes() -> Iterator[tuple[type, str]]:
    """Yield each registered model with the names of its addresses (without "admin:")."""
    for model, model_admin in admin.site._registry.items():
        for route in model_admin.urls:
            if isinstance(route, URLPattern) and route.name:
                yield model, route.name


def addresses() -> Iterator[str]:
    """Yield every address that can be filled in: lists, forms, histories, deletions and verbs."""
    for name in ("admin:index", "admin:password_change", "admin:jsi18n"):
        yield reverse(name)
    for name in ("staff-unpriced", "staff-reprice", "staff-costs", "staff-cost-rows"):
        yield reverse(name)
    team = Team.objects.first()
    if team is not None:
        for name in ("staff-team-run", "staff-team-versions", "staff-team-export"):
            yield reverse(name, args=[team.pk])
    for model, name in model_routes():
        row = model._default_manager.first()  # type: ignore[attr-defined]
        try:
            yield reverse(f"admin:{name}")
        except NoReverseMatch:
            if row is not None:
                yield reverse(f"admin:{name}", args=[row.pk])
