from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0008_questions")]

    operations = [
        migrations.AddField(
            model_name="agentrun",
            name="start_decision",
            field=models.CharField(blank=True, db_default="", default="", max_length=10),
        ),
        migrations.AddConstraint(
            model_name="agentrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("start_decision__in", ["", "again", "give_up"])),
                name="agent_run_start_decision_known",
            ),
        ),
        migrations.AddIndex(
            model_name="agentrun",
            index=models.Index(
                condition=models.Q(("status", "starting"), models.Q(("start_decision", ""), _negated=True)),
                fields=["execution"],
                name="agent_run_decided",
            ),
        ),
    ]
