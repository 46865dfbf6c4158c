"""The audit trail is appended to: PostgreSQL refuses what no code of ours should try.

Allowed are emptying the column of a person who is deleted, and deleting rows where the transaction has said
`SET LOCAL renum.allow_prune = 'on'`, which only retention does.
"""

from django.db import migrations

GUARD = """
CREATE FUNCTION renum_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    allowed renum_audit_entries%ROWTYPE;
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF current_setting('renum.allow_prune', true) = 'on' THEN
            RETURN OLD;
        END IF;
    ELSE
        allowed := OLD;
        IF NEW.actor_id IS NULL THEN allowed.actor_id := NULL; END IF;
        IF NEW IS NOT DISTINCT FROM allowed THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the audit trail is append only: entry % stays', OLD.id
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_append_only';
END
$$;

CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON renum_audit_entries
    FOR EACH ROW EXECUTE FUNCTION renum_audit_guard();
"""

REMOVE = """
DROP TRIGGER audit_append_only ON renum_audit_entries;
DROP FUNCTION renum_audit_guard();
"""


class Migration(migrations.Migration):
    """Puts the guard before every change."""

    dependencies = [("teams", "0007_audit_trail")]

    operations = [migrations.RunSQL(sql=GUARD, reverse_sql=REMOVE)]
