"""Who works, and how the work is written down."""

from teams.models.agent import Agent
from teams.models.api_token import ApiToken, ApiTokenScope
from teams.models.audit_entry import AuditEntry
from teams.models.suna_connection import SunaConnection
from teams.models.team import Team
from teams.models.team_invitation import AddressKind, TeamInvitation
from teams.models.team_membership import TeamMembership, TeamRole
from teams.models.user import User
from teams.models.workflow_version import WorkflowVersion

__all__ = [
    "AddressKind",
    "Agent",
    "ApiToken",
    "ApiTokenScope",
    "AuditEntry",
    "SunaConnection",
    "Team",
    "TeamInvitation",
    "TeamMembership",
    "TeamRole",
    "User",
    "WorkflowVersion",
]
