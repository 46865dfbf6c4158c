"""The words of a prompt, by which an execution is found."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from executions.models.execution import Execution


class PromptWords(models.Model):
    """The words that the first 20,000 characters of one execution's prompt hold, written by a trigger.

    A table of their own, because each change of an execution's row would write them into their index anew.
    """

    execution = models.OneToOneField(
        Execution, on_delete=models.CASCADE, primary_key=True, related_name="prompt_words"
    )
    words = SearchVectorField()

    class Meta:
        db_table = "renum_team_execution_words"
        indexes = [GinIndex(name="execution_words_held", fields=["words"])]

    def __str__(self) -> str:
        return str(self.execution_id)
