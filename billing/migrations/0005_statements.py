"""Statements and their lines; once a statement is closed, PostgreSQL refuses to change it."""

import django.db.models.deletion
import teams.models.uuid7
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


GUARD = """
CREATE FUNCTION renum_statement_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed renum_statements%ROWTYPE;
    is_sum boolean;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'statement % cannot be deleted', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'statement_immutable';
    END IF;
    allowed := OLD;
    IF NEW.payer_id IS NULL THEN allowed.payer_id := NULL; END IF;
    IF OLD.closed_at IS NULL THEN
        allowed.closed_at := NEW.closed_at;
    END IF;
    IF NEW IS DISTINCT FROM allowed THEN
        RAISE EXCEPTION 'statement % cannot be changed', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'statement_immutable';
    END IF;
    IF OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL THEN
        SELECT (COALESCE(sum(responses), 0), COALESCE(sum(tokens_input), 0), COALESCE(sum(tokens_output), 0),
            COALESCE(sum(tokens_cached), 0), COALESCE(sum(tokens_reasoning), 0), COALESCE(sum(cost_usd), 0),
            COALESCE(sum(unpriced), 0), COALESCE(sum(unreported), 0))
            = (NEW.responses, NEW.tokens_input, NEW.tokens_output, NEW.tokens_cached, NEW.tokens_reasoning,
            NEW.cost_usd, NEW.unpriced, NEW.unreported)
            INTO is_sum FROM renum_statement_lines WHERE statement_id = NEW.id;
        IF NOT is_sum THEN
            RAISE EXCEPTION 'statement % is not the sum of its lines', OLD.id
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'statement_is_sum_of_lines';
        END IF;
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION renum_statement_line_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF EXISTS (SELECT 1 FROM renum_statements WHERE id = NEW.statement_id AND closed_at IS NULL) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the lines of a closed statement cannot be changed'
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'statement_line_immutable';
END
$$;

CREATE TRIGGER statement_immutable BEFORE UPDATE OR DELETE ON renum_statements
    FOR EACH ROW EXECUTE FUNCTION renum_statement_guard();
CREATE TRIGGER statement_line_immutable BEFORE INSERT OR UPDATE OR DELETE ON renum_statement_lines
    FOR EACH ROW EXECUTE FUNCTION renum_statement_line_guard();
"""
REMOVE_GUARD = """
DROP TRIGGER statement_line_immutable ON renum_statement_lines;
DROP TRIGGER statement_immutable ON renum_statements;
DROP FUNCTION renum_statement_line_guard();
DROP FUNCTION renum_statement_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("billing", "0003_key_last_used_by"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Statement",
            fields=[
                ("responses", models.BigIntegerField(default=0, verbose_name="answers")),
                ("tokens_input", models.BigIntegerField(default=0, verbose_name="input tokens")),
                ("tokens_output", models.BigIntegerField(default=0, verbose_name="output tokens")),
                ("tokens_cached", models.BigIntegerField(default=0, verbose_name="cached input tokens")),
                ("tokens_reasoning", models.BigIntegerField(default=0, verbose_name="reasoning tokens")),
                (
                    "cost_usd",
                    models.DecimalField(
                        decimal_places=10, default=Decimal("0"), max_digits=30, verbose_name="cost, USD"
                    ),
                ),
                ("unpriced", models.BigIntegerField(default=0, verbose_name="without a price")),
                ("unreported", models.BigIntegerField(default=0, verbose_name="without tokens")),
                (
                    "id",
                    models.UUIDField(
                        default=teams.models.uuid7.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("payer_name", models.CharField(max_length=150, verbose_name="payer's name then")),
                ("month", models.DateField(verbose_name="month")),
                ("closed_at", models.DateTimeField(null=True, verbose_name="closed at")),
                (
                    "payer",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="payer",
                    ),
                ),
            ],
            options={
                "verbose_name": "statement",
                "verbose_name_plural": "statements",
                "db_table": "renum_statements",
                "ordering": ["-month", "payer_name"],
            },
        ),
        migrations.CreateModel(
            name="StatementLine",
            fields=[
                ("responses", models.BigIntegerField(default=0, verbose_name="answers")),
                ("tokens_input", models.BigIntegerField(default=0, verbose_name="input tokens")),
                ("tokens_output", models.BigIntegerField(default=0, verbose_name="output tokens")),
                ("tokens_cached", models.BigIntegerField(default=0, verbose_name="cached input tokens")),
                ("tokens_reasoning", models.BigIntegerField(default=0, verbose_name="reasoning tokens")),
                (
                    "cost_usd",
                    models.DecimalField(
                        decimal_places=10, default=Decimal("0"), max_digits=30, verbose_name="cost, USD"
                    ),
                ),
                ("unpriced", models.BigIntegerField(default=0, verbose_name="without a price")),
                ("unreported", models.BigIntegerField(default=0, verbose_name="without tokens")),
                (
                    "id",
                    models.UUIDField(
                        default=teams.models.uuid7.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("month", models.DateField(verbose_name="month")),
                ("team_name", models.CharField(blank=True, max_length=100, verbose_name="team's name then")),
                ("agent_id", models.CharField(max_length=128, verbose_name="agent")),
                ("model_provider", models.CharField(blank=True, max_length=100, verbose_name="provider")),
                ("model_name", models.CharField(blank=True, max_length=200, verbose_name="model")),
                (
                    "api_key_type",
                    models.CharField(
                        choices=[
                            ("user_provided", "user's own key"),
                            ("suna_account", "Suna's account"),
                            ("unknown", "unknown"),
                        ],
                        max_length=20,
                        verbose_name="key",
                    ),
                ),
                (
                    "statement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="billing.statement",
                        verbose_name="statement",
                    ),
                ),
            ],
            options={
                "verbose_name": "line of a statement",
                "verbose_name_plural": "lines of statements",
                "db_table": "renum_statement_lines",
                "ordering": [
                    "-month",
                    "team_name",
                    "agent_id",
                    "model_provider",
                    "model_name",
                    "api_key_type",
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.UniqueConstraint(fields=("payer", "month"), name="statement_once_a_month"),
        ),
        migrations.AddConstraint(
            model_name="statement",
            constraint=models.CheckConstraint(
                condition=models.Q(("month__day", 1)), name="statement_of_a_month"
            ),
        ),
        migrations.AddConstraint(
            model_name="statementline",
            constraint=models.UniqueConstraint(
                fields=(
                    "statement",
                    "month",
                    "team_name",
                    "agent_id",
                    "model_provider",
                    "model_name",
                    "api_key_type",
                ),
                name="statement_line_once",
            ),
        ),
        migrations.RunSQL(sql=GUARD, reverse_sql=REMOVE_GUARD),
    ]
