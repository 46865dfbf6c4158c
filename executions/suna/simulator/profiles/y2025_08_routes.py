"""The routes that b1 and b2 list in their OpenAPI documents, as recorded; most are not played here."""

_BOTH = """
GET,POST /api/agents/{agent_id}/versions
GET /api/agents/{agent_id}/versions/{version_id}
PUT /api/agents/{agent_id}/versions/{version_id}/activate
GET /api/agents/{agent_id}/versions/{version1_id}/compare/{version2_id}
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
GET /api/agents/{agent_id}/export
GET,POST /api/agents/{agent_id}/custom-mcp-tools
GET /api/agents/{agent_id}/tools
GET,POST /api/threads
GET /api/threads/{thread_id}
GET,POST /api/threads/{thread_id}/messages
POST /api/threads/{thread_id}/messages/add
DELETE /api/threads/{thread_id}/messages/{message_id}
POST /api/project/{project_id}/sandbox/ensure-active
GET,POST /api/triggers/agents/{agent_id}/triggers
GET /api/triggers/agents/{agent_id}/upcoming-runs
POST /api/admin/suna-agents/install-user/{account_id}
GET /api/health
GET /api/health-docker
"""
_ONLY_B1 = """
POST /api/agents/import
GET /api/agents/{agent_id}/builder-chat-history
GET,PUT /api/agents/{agent_id}/pipedream-tools/{profile_id}
GET /api/agent-runs/{agent_run_id}
GET,POST /api/knowledge-base/agents/{agent_id}
POST /api/knowledge-base/agents/{agent_id}/upload-file
GET /api/knowledge-base/agents/{agent_id}/processing-jobs
GET /api/knowledge-base/agents/{agent_id}/context
GET,POST /api/triggers/workflows/agents/{agent_id}/workflows
DELETE,PUT /api/triggers/workflows/agents/{agent_id}/workflows/{workflow_id}
POST /api/triggers/workflows/agents/{agent_id}/workflows/{workflow_id}/execute
"""
_ONLY_B2 = """
GET /api/agent-runs/active
POST /api/agents/generate-icon
PUT /api/agents/{agent_id}/custom-mcp-tools
POST /api/agents/json/analyze
POST /api/agents/json/import
PATCH /api/threads/{thread_id}
GET /api/billing/project-limits
GET /api/admin/users/threads/by-email
GET,POST /api/knowledge-base/agents/{agent_id}/assignments
GET /api/composio/health
"""


def routes_of(variant: str) -> list[tuple[str, str]]:
    """Return the (method, path) pairs of one variant."""
    return read_routes(_BOTH + (_ONLY_B1 if variant == "b1" else _ONLY_B2))


def read_routes(text: str) -> list[tuple[str, str]]:
    """Return the (method, path) pairs of lines such as `GET,POST /api/agents`."""
    return [
        (method, path)
        for line in text.splitlines()
        if line
        for methods, path in [line.split(" ")]
        for method in methods.split(",")
    ]
