"""A terminal status is never left, and the timeline and the context are only ever appended to."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION renum_refuse_leaving_terminal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IS DISTINCT FROM OLD.status AND OLD.status = ANY (TG_ARGV) THEN
        RAISE EXCEPTION 'status % is final', OLD.status
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER execution_status_final BEFORE UPDATE ON renum_team_executions FOR EACH ROW
    EXECUTE FUNCTION renum_refuse_leaving_terminal('completed', 'partial', 'failed', 'cancelled');
CREATE TRIGGER execution_step_status_final BEFORE UPDATE ON executions_executionstep FOR EACH ROW
    EXECUTE FUNCTION renum_refuse_leaving_terminal('completed', 'failed', 'skipped', 'cancelled');
CREATE TRIGGER agent_run_status_final BEFORE UPDATE ON renum_team_agent_executions FOR EACH ROW
    EXECUTE FUNCTION renum_refuse_leaving_terminal('completed', 'failed', 'stopped', 'abandoned');

CREATE FUNCTION renum_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_NAME;
END $$;
CREATE TRIGGER execution_event_append_only BEFORE UPDATE ON executions_executionevent FOR EACH ROW
    EXECUTE FUNCTION renum_refuse_change();
CREATE TRIGGER context_change_append_only BEFORE UPDATE ON executions_contextchange FOR EACH ROW
    EXECUTE FUNCTION renum_refuse_change();
CREATE TRIGGER context_snapshot_append_only BEFORE UPDATE ON executions_contextsnapshot FOR EACH ROW
    EXECUTE FUNCTION renum_refuse_change();
"""
BACKWARD = """
DROP TRIGGER context_snapshot_append_only ON executions_contextsnapshot;
DROP TRIGGER context_change_append_only ON executions_contextchange;
DROP TRIGGER execution_event_append_only ON executions_executionevent;
DROP FUNCTION renum_refuse_change();
DROP TRIGGER agent_run_status_final ON renum_team_agent_executions;
DROP TRIGGER execution_step_status_final ON executions_executionstep;
DROP TRIGGER execution_status_final ON renum_team_executions;
DROP FUNCTION renum_refuse_leaving_terminal();
"""


class Migration(migrations.Migration):
    dependencies = [("executions", "0002_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
