"""The ledger is appended to, never edited: PostgreSQL refuses what no code of ours should try.

Allowed are: emptying the columns of a team or a person who is deleted; giving an unpriced row its price;
deleting rows where the transaction has said `SET LOCAL renum.allow_prune = 'on'`, which only retention does.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION renum_usage_log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed renum_ai_usage_logs%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('renum.allow_prune', true) = 'on' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'usage logs are append only: row % cannot be deleted', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'usage_log_append_only';
    END IF;
    allowed := OLD;
    IF NEW.team_id IS NULL THEN allowed.team_id := NULL; END IF;
    IF NEW.payer_id IS NULL THEN allowed.payer_id := NULL; END IF;
    IF NEW.started_by_id IS NULL THEN allowed.started_by_id := NULL; END IF;
    IF NEW.key_owner_id IS NULL THEN allowed.key_owner_id := NULL; END IF;
    IF OLD.pricing = 'unpriced' AND NEW.pricing = 'priced' THEN
        allowed.pricing := NEW.pricing;
        allowed.cost_usd := NEW.cost_usd;
        allowed.price_source := NEW.price_source;
        allowed.unit_prices := NEW.unit_prices;
    END IF;
    IF NEW IS DISTINCT FROM allowed THEN
        RAISE EXCEPTION 'usage logs are append only: row % cannot be changed', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'usage_log_append_only';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER usage_log_append_only BEFORE UPDATE OR DELETE ON renum_ai_usage_logs
    FOR EACH ROW EXECUTE FUNCTION renum_usage_log_guard();
"""

REMOVE_GUARD = """
DROP TRIGGER usage_log_append_only ON renum_ai_usage_logs;
DROP FUNCTION renum_usage_log_guard();
"""


class Migration(migrations.Migration):
    """Puts the guard before every change of the ledger."""

    dependencies = [("billing", "0001_initial")]

    operations = [migrations.RunSQL(sql=GUARD, reverse_sql=REMOVE_GUARD)]
