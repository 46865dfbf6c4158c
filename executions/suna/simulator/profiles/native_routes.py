"""The routes that c1, c2 and d list in their OpenAPI documents, as recorded; most are not played here."""

_ROUTES = {
    "c1 c2 d": """
GET,POST /v1/agents/{agent_id}/versions
GET /v1/agents/{agent_id}/versions/{version_id}
PUT /v1/agents/{agent_id}/versions/{version_id}/activate
GET /v1/agents/{agent_id}/versions/{version1_id}/compare/{version2_id}
POST /v1/agents/{agent_id}/versions/{version_id}/rollback
PUT /v1/agents/{agent_id}/versions/{version_id}/details
POST /v1/agent/start
POST /v1/agent-run/{agent_run_id}/stop
GET /v1/agent-runs/active
GET /v1/thread/{thread_id}/agent-runs
GET /v1/agent-run/{agent_run_id}
GET /v1/agent-run/{agent_run_id}/stream
DELETE,GET,PUT /v1/agents/{agent_id}
GET,POST /v1/agents
POST /v1/agents/generate-icon
GET,POST,PUT /v1/agents/{agent_id}/custom-mcp-tools
GET /v1/agents/{agent_id}/tools
GET /v1/agents/{agent_id}/export
POST /v1/agents/json/analyze
POST /v1/agents/json/import
POST /v1/agents/setup-from-chat
GET,POST /v1/threads
GET /v1/projects/{project_id}
DELETE,GET,PATCH /v1/threads/{thread_id}
GET,POST /v1/threads/{thread_id}/messages
POST /v1/threads/{thread_id}/messages/add
DELETE /v1/threads/{thread_id}/messages/{message_id}
POST /v1/project/{project_id}/sandbox/ensure-active
POST /v1/project/{project_id}/files
GET /v1/billing/credit-usage-by-thread
GET /v1/admin/users/threads/by-email
POST /v1/admin/suna-agents/install-user/{account_id}
GET,POST /v1/knowledge-base/agents/{agent_id}/assignments
GET,POST /v1/triggers/agents/{agent_id}/triggers
GET /v1/triggers/agents/{agent_id}/upcoming-runs
GET /v1/presence/thread/{thread_id}/viewers
GET /v1/presence/account/threads
GET /v1/composio/health
GET /v1/health
GET /v1/health-docker
""",
    "c1": """
GET /v1/thread/{thread_id}/agent
""",
    "c2": """
POST /v1/thread/{thread_id}/start-agent
""",
    "c2 d": """
DELETE /v1/projects/{project_id}
GET,POST /v1/projects/{project_id}/threads
GET /v1/export/health
POST /v1/internal/categorize-stale-projects
GET /v1/project/{project_id}/sandbox
POST /v1/project/{project_id}/files/upload-started
POST /v1/project/{project_id}/files/upload-completed
GET /v1/project/{project_id}/files/upload-status
GET /v1/admin/analytics/threads/browse
GET /v1/admin/analytics/threads/message-distribution
GET /v1/admin/analytics/projects/category-distribution
GET,PUT /v1/memory/thread/{thread_id}/settings
GET /v1/canvas-ai/health
""",
    "d": """
GET /v1/agent-runs/{agent_run_id}/status
GET /v1/threads/search
GET /v1/project/{project_id}/sandbox/status
POST /v1/project/{project_id}/sandbox/start
POST /v1/project/{project_id}/sandbox/stop
GET /v1/admin/analytics/threads/export
GET /v1/admin/analytics/threads/tier-distribution
GET /v1/admin/sandbox-pool/health
GET /v1/admin/stateless/active-threads
GET /v1/admin/stateless/health
""",
}


def routes_of(version: str) -> list[tuple[str, str]]:
    """Return the (method, path) pairs of one version."""
    return [
        (method, path)
        for versions, text in _ROUTES.items()
        if version in versions.split()
        for line in text.splitlines()
        if line
        for methods, path in [line.split(" ")]
        for method in methods.split(",")
    ]
