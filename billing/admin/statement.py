"""Statements, read-only: a trigger refuses every change of what is closed."""

from django.contrib import admin

from billing.models import Statement, StatementLine
from teams.admin.read_only import ReadOnly
from teams.admin.theme import ModelAdmin
from teams.admin.theme_filters import Autocomplete


@admin.register(Statement)
class StatementAdmin(ReadOnly, ModelAdmin[Statement]):
    """One payer's month a row."""

    list_display = ("month", "payer_name", "responses", "cost_usd", "unpriced", "unreported", "closed_at")
    list_filter = (("payer", Autocomplete),)
    list_filter_submit = True
    list_select_related = ("payer",)
    date_hierarchy = "month"
    search_fields = ("payer_name",)


@admin.register(StatementLine)
class StatementLineAdmin(ReadOnly, ModelAdmin[StatementLine]):
    """What one team, agent, model and kind of key came to; a line of an earlier month is a correction."""

    list_display = (
        "statement",
        "month",
        "team_name",
        "agent_id",
        "model_name",
        "api_key_type",
        "responses",
        "cost_usd",
    )
    list_select_related = ("statement",)
    search_fields = ("statement__payer_name", "team_name", "agent_id", "model_name")
