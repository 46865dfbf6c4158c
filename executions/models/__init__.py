"""What running a team leaves in PostgreSQL: the truth that drivers, pages and the audit read."""

from executions.models.agent_run import AgentRun
from executions.models.context import ContextChange, ContextSnapshot
from executions.models.drain import Drain
from executions.models.driver import Driver
from executions.models.execution import Execution
from executions.models.execution_event import ExecutionEvent
from executions.models.execution_step import ExecutionStep
from executions.models.prompt_words import PromptWords
from executions.models.question import Question, QuestionState

__all__ = [
    "AgentRun",
    "ContextChange",
    "ContextSnapshot",
    "Drain",
    "Driver",
    "Execution",
    "ExecutionEvent",
    "ExecutionStep",
    "PromptWords",
    "Question",
    "QuestionState",
]
