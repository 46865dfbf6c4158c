"""Addresses of the API of executions, below /api/v1/."""

from django.urls import path, register_converter

from executions.api.agent_endpoints import AgentTeamServer
from executions.api.connection_endpoints import (
    ConnectionDetail,
    ConnectionList,
    ConnectionSync,
    ConnectionTest,
)
from executions.api.context_endpoints import (
    ExecutionContext,
    ExecutionContextHistory,
    ExecutionContextValue,
)
from executions.api.event_log_endpoint import ExecutionEventLog
from executions.api.events_endpoint import ExecutionEvents
from executions.api.execution_endpoints import (
    ExecutionDetail,
    ExecutionList,
    ExecutionStepDetail,
    TeamExecutions,
)
from executions.api.health_endpoint import Health
from executions.api.live_endpoint import ExecutionLive
from executions.api.member_endpoints import TeamHandOver, TeamMember, TeamMembers
from executions.api.message_endpoints import ExecutionMessages
from executions.api.plan_endpoints import TeamPlan, WorkflowPlan
from executions.api.question_endpoints import QuestionAnswer, QuestionDetail, QuestionList
from executions.api.record_endpoints import ExecutionUsage
from executions.api.result_endpoint import ExecutionResult
from executions.api.run_endpoints import ExecutionRuns, ExecutionStepRuns, ExecutionSteps
from executions.api.usage_summary_endpoint import UsageSummary
from executions.api.verb_endpoints import (
    ExecutionCancellation,
    ExecutionPause,
    ExecutionRelease,
    ExecutionResumption,
    ExecutionRetry,
    ExecutionRunAgain,
    StepStartAgain,
    StepStartGivenUp,
)
from teams.api.converters import StepId

register_converter(StepId, "step")

_ONE = "executions/<uuid:execution_id>"
_STEP = f"{_ONE}/steps/<step:step_id>"

urlpatterns = [
    path("connections", ConnectionList.as_view(), name="connections"),
    path("connections/<uuid:connection_id>", ConnectionDetail.as_view(), name="connection"),
    path("connections/<uuid:connection_id>/test", ConnectionTest.as_view(), name="connection-test"),
    path("connections/<uuid:connection_id>/sync", ConnectionSync.as_view(), name="connection-sync"),
    path("agents/<uuid:agent_id>/team-server", AgentTeamServer.as_view(), name="agent-team-server"),
    path("usage/summary", UsageSummary.as_view(), name="usage-summary"),
    path("health", Health.as_view(), name="health"),
    path("teams/<uuid:team_id>/members", TeamMembers.as_view(), name="team-members"),
    path("teams/<uuid:team_id>/members/<uuid:user_id>", TeamMember.as_view(), name="team-member"),
    path("teams/<uuid:team_id>/hand-over", TeamHandOver.as_view(), name="team-hand-over"),
    path("teams/<uuid:team_id>/plan", TeamPlan.as_view(), name="team-plan"),
    path("workflows/plan", WorkflowPlan.as_view(), name="workflow-plan"),
    path("teams/<uuid:team_id>/executions", TeamExecutions.as_view(), name="team-executions"),
    path("executions", ExecutionList.as_view(), name="executions"),
    path(_ONE, ExecutionDetail.as_view(), name="execution"),
    path(f"{_ONE}/events", ExecutionEvents.as_view(), name="execution-events"),
    path(f"{_ONE}/event-log", ExecutionEventLog.as_view(), name="execution-event-log"),
    path(f"{_ONE}/steps", ExecutionSteps.as_view(), name="execution-steps"),
    path(f"{_ONE}/runs", ExecutionRuns.as_view(), name="execution-runs"),
    path(f"{_ONE}/context", ExecutionContext.as_view(), name="execution-context"),
    path(
        f"{_ONE}/context/history",
        ExecutionContextHistory.as_view(),
        name="execution-context-history",
    ),
    path(
        f"{_ONE}/context/values/<path:key>",
        ExecutionContextValue.as_view(),
        name="execution-context-value",
    ),
    path(f"{_ONE}/result", ExecutionResult.as_view(), name="execution-result"),
    path(f"{_ONE}/live", ExecutionLive.as_view(), name="execution-live"),
    path(f"{_ONE}/usage", ExecutionUsage.as_view(), name="execution-usage"),
    path(f"{_ONE}/cancel", ExecutionCancellation.as_view(), name="execution-cancellation"),
    path(f"{_ONE}/pause", ExecutionPause.as_view(), name="execution-pause"),
    path(f"{_ONE}/resume", ExecutionResumption.as_view(), name="execution-resume"),
    path(f"{_ONE}/release", ExecutionRelease.as_view(), name="execution-release"),
    path(f"{_ONE}/retry", ExecutionRetry.as_view(), name="execution-retry"),
    path(f"{_ONE}/run-again", ExecutionRunAgain.as_view(), name="execution-run-again"),
    path(f"{_ONE}/messages", ExecutionMessages.as_view(), name="execution-messages"),
    path(_STEP, ExecutionStepDetail.as_view(), name="execution-step"),
    path(f"{_STEP}/runs", ExecutionStepRuns.as_view(), name="execution-step-runs"),
    path(f"{_STEP}/start-again", StepStartAgain.as_view(), name="execution-step-start-again"),
    path(f"{_STEP}/give-up-start", StepStartGivenUp.as_view(), name="execution-step-give-up-start"),
    path("questions", QuestionList.as_view(), name="questions"),
    path("questions/<uuid:question_id>", QuestionDetail.as_view(), name="question"),
    path("questions/<uuid:question_id>/answer", QuestionAnswer.as_view(), name="question-answer"),
]
