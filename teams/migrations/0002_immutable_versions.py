"""A workflow version is never changed: the database refuses it, whoever asks."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION renum_refuse_version_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.team_id, NEW.number, NEW.source, NEW.note, NEW.created_at)
        IS DISTINCT FROM (OLD.id, OLD.team_id, OLD.number, OLD.source, OLD.note, OLD.created_at) THEN
        RAISE EXCEPTION 'a workflow version cannot be changed: save a new one'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'workflow_version_immutable';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER workflow_version_immutable BEFORE UPDATE ON teams_workflowversion
    FOR EACH ROW EXECUTE FUNCTION renum_refuse_version_change();
"""
BACKWARD = """
DROP TRIGGER workflow_version_immutable ON teams_workflowversion;
DROP FUNCTION renum_refuse_version_change();
"""


class Migration(migrations.Migration):
    dependencies = [("teams", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
