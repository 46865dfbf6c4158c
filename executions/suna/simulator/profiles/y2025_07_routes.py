"""The routes that b0 lists in its OpenAPI document, as recorded; most are not played here."""

from executions.suna.simulator.profiles.y2025_08_routes import read_routes

LISTED_ROUTES = read_routes(
    """
GET,POST /api/agents/{agent_id}/versions
GET /api/agents/{agent_id}/versions/{version_id}
PUT /api/agents/{agent_id}/versions/{version_id}/activate
GET /api/agents/{agent_id}/versions/compare/{version1_id}/{version2_id}
POST /api/agents/{agent_id}/versions/{version_id}/rollback
PUT /api/agents/{agent_id}/versions/{version_id}/details
POST /api/thread/{thread_id}/agent/start
POST /api/agent-run/{agent_run_id}/stop
GET /api/thread/{thread_id}/agent-runs
GET /api/agent-run/{agent_run_id}
GET /api/thread/{thread_id}/agent
GET /api/agent-run/{agent_run_id}/stream
POST /api/agent/initiate
GET,POST /api/agents
DELETE,GET,PUT /api/agents/{agent_id}
GET /api/agents/{agent_id}/builder-chat-history
GET,PUT /api/agents/{agent_id}/pipedream-tools/{profile_id}
GET,POST /api/agents/{agent_id}/custom-mcp-tools
GET /api/agents/{agent_id}/tools
POST /api/project/{project_id}/sandbox/ensure-active
GET,POST /api/knowledge-base/threads/{thread_id}
GET,POST /api/knowledge-base/agents/{agent_id}
POST /api/knowledge-base/agents/{agent_id}/upload-file
GET /api/knowledge-base/agents/{agent_id}/processing-jobs
GET /api/knowledge-base/agents/{agent_id}/context
GET /api/knowledge-base/threads/{thread_id}/context
GET /api/knowledge-base/threads/{thread_id}/combined-context
GET,POST /api/triggers/agents/{agent_id}/triggers
GET /api/triggers/agents/{agent_id}/upcoming-runs
GET,POST /api/workflows/agents/{agent_id}/workflows
DELETE,PUT /api/workflows/agents/{agent_id}/workflows/{workflow_id}
POST /api/workflows/agents/{agent_id}/workflows/{workflow_id}/execute
GET /api/workflows/agents/{agent_id}/workflows/{workflow_id}/executions
POST /api/workflows/agents/{agent_id}/workflows/{workflow_id}/webhook
GET /api/workflows/agents/{agent_id}/workflows/{workflow_id}/webhook-url
GET /api/metrics/health
GET /api/health
GET /api/health-docker
GET /ws/health
"""
)
"""(method, path) pairs."""
