"""A row's price changes in the name of a re-pricing alone, and what it was is kept by the same trigger.

The transaction says `SET LOCAL renum.repricing = '<id>'`. The guard of 0002 let an unpriced row get a price
without that; nothing did so.
"""

from importlib import import_module

from django.db import migrations

_BEFORE = import_module("billing.migrations.0002_append_only_ledger").GUARD.partition("CREATE TRIGGER")[0]
GUARD = """
CREATE OR REPLACE FUNCTION renum_usage_log_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed renum_ai_usage_logs%ROWTYPE;
    act text := COALESCE(current_setting('renum.repricing', true), '');
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('renum.allow_prune', true) = 'on' THEN
            DELETE FROM renum_price_changes WHERE usage_log_id = OLD.id;
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
    IF act <> '' AND NEW.pricing = 'priced' THEN
        allowed.pricing := NEW.pricing;
        allowed.cost_usd := NEW.cost_usd;
        allowed.price_source := NEW.price_source;
        allowed.unit_prices := NEW.unit_prices;
    END IF;
    IF NEW IS DISTINCT FROM allowed THEN
        RAISE EXCEPTION 'usage logs are append only: row % cannot be changed', OLD.id
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'usage_log_append_only';
    END IF;
    IF (NEW.pricing, NEW.cost_usd, NEW.price_source, NEW.unit_prices)
        IS DISTINCT FROM (OLD.pricing, OLD.cost_usd, OLD.price_source, OLD.unit_prices) THEN
        INSERT INTO renum_price_changes (id, repricing_id, usage_log_id, changed_at, old_pricing, old_cost_usd,
            old_price_source, old_unit_prices, new_cost_usd, new_price_source)
        VALUES (gen_random_uuid(), act::uuid, OLD.id, clock_timestamp(), OLD.pricing, OLD.cost_usd,
            OLD.price_source, OLD.unit_prices, NEW.cost_usd, NEW.price_source);
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION renum_price_change_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('renum.allow_prune', true) = 'on' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'price changes are append only: row % stays', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'price_change_append_only';
END
$$;

CREATE TRIGGER price_change_append_only BEFORE UPDATE OR DELETE ON renum_price_changes
    FOR EACH ROW EXECUTE FUNCTION renum_price_change_guard();
"""

REMOVE = f"""
DROP TRIGGER price_change_append_only ON renum_price_changes;
DROP FUNCTION renum_price_change_guard();
{_BEFORE.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")}
"""


class Migration(migrations.Migration):
    """Replaces the guard of the ledger, and guards what it writes."""

    dependencies = [("billing", "0007_repricings")]

    operations = [migrations.RunSQL(sql=GUARD, reverse_sql=REMOVE)]
