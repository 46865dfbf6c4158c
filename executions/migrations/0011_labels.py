import django.contrib.postgres.fields
import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("executions", "0009_start_decisions")]

    operations = [
        migrations.AddField(
            model_name="execution",
            name="labels",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40),
                blank=True,
                db_default=[],
                default=list,
                size=None,
                verbose_name="labels",
            ),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=django.contrib.postgres.indexes.GinIndex(fields=["labels"], name="execution_labelled"),
        ),
        migrations.AddConstraint(
            model_name="execution",
            constraint=models.CheckConstraint(
                condition=models.Q(("labels__len__lte", 10)), name="execution_labels_ten"
            ),
        ),
    ]
