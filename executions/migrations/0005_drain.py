import teams.models.uuid7
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0004_pause_and_crashes")]

    operations = [
        migrations.CreateModel(
            name="Drain",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=teams.models.uuid7.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("holds_all", models.BooleanField(default=False)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("begun_by", models.CharField(max_length=150)),
                ("begun_at", models.DateTimeField()),
                ("ended_by", models.CharField(blank=True, max_length=150)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("holds_all",),
                        name="drain_one_open",
                    )
                ],
            },
        ),
    ]
