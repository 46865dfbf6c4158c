"""A token remembers the token that it was made with, and goes with it.

The database deletes it, not Django: of two who revoke and make tokens at once neither sees the other's rows,
and old tokens are pruned by plain SQL.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

FORWARD = """
ALTER TABLE teams_apitoken ADD CONSTRAINT api_token_goes_with_its_maker
    FOREIGN KEY (made_with_id) REFERENCES teams_apitoken (digest) ON DELETE CASCADE;
"""
BACKWARD = "ALTER TABLE teams_apitoken DROP CONSTRAINT api_token_goes_with_its_maker;"


class Migration(migrations.Migration):
    dependencies = [("teams", "0005_members_and_tokens")]
    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="made_with",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.KNOX_TOKEN_MODEL,
            ),
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
