"""A migration of tomorrow: a column that may be empty."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("executions", "0001_initial")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE renum_team_executions ADD COLUMN tomorrow text",
            "ALTER TABLE renum_team_executions DROP COLUMN tomorrow",
        )
    ]
