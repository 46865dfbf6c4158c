import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

# What stands between words would make one token of an address, a path or a hyphenated word, which is then not
# found by its parts. A tsvector may have a megabyte at most: 20,000 characters always fit.
FORWARD = """
CREATE FUNCTION renum_prompt_words(prompt text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('simple'::regconfig, translate(
        left(prompt, 20000), '-_./\\:@+&=?#%~<>;''"', repeat(' ', 19)))
$$;
CREATE FUNCTION renum_write_prompt_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO renum_team_execution_words (execution_id, words)
        VALUES (NEW.id, renum_prompt_words(NEW.initial_prompt))
        ON CONFLICT (execution_id) DO UPDATE SET words = EXCLUDED.words;
    RETURN NULL;
END $$;
SET LOCAL statement_timeout = 0;
INSERT INTO renum_team_execution_words (execution_id, words)
    SELECT id, renum_prompt_words(initial_prompt) FROM renum_team_executions;
CREATE TRIGGER execution_prompt_words AFTER INSERT OR UPDATE OF initial_prompt ON renum_team_executions
    FOR EACH ROW EXECUTE FUNCTION renum_write_prompt_words();
"""
BACKWARD = """
DROP TRIGGER execution_prompt_words ON renum_team_executions;
DROP FUNCTION renum_write_prompt_words();
DROP FUNCTION renum_prompt_words(text);
"""


class Migration(migrations.Migration):
    dependencies = [("executions", "0011_labels")]

    operations = [
        migrations.CreateModel(
            name="PromptWords",
            fields=[
                (
                    "execution",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="prompt_words",
                        serialize=False,
                        to="executions.execution",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={"db_table": "renum_team_execution_words"},
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
        migrations.AddIndex(
            model_name="promptwords",
            index=django.contrib.postgres.indexes.GinIndex(fields=["words"], name="execution_words_held"),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(fields=["status", "-id"], name="execution_of_status"),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(fields=["created_at"], name="execution_created"),
        ),
        migrations.AddIndex(
            model_name="execution",
            index=models.Index(
                condition=models.Q(
                    ("status__in", ["queued", "running", "paused", "cancelling", "quarantined"])
                ),
                fields=["team", "-id"],
                name="execution_under_way",
            ),
        ),
    ]
