"""What a connection's row says of the Suna that was found: its version, what it can do, if it gets keys."""

from dataclasses import asdict
from typing import Any

from executions.suna.detect import Detection
from executions.suna.wire import PROFILES, Capabilities
from executions.suna.wire.learned import read_learned
from teams.models import SunaConnection


def learned_capabilities(found: Detection) -> Capabilities:
    """Return what the profile promises, and what detection learned of this very build beside it."""
    return read_learned(PROFILES[found.profile or ""], found.learned)


def profile_columns(
    connection: SunaConnection, *, profile: str, capabilities: Capabilities
) -> dict[str, Any]:
    """Return the columns to store. The connection is as it was before."""
    return {
        "wire_profile": profile,
        "capabilities": asdict(capabilities),
        "sends_user_keys": keys_after(connection, profile=profile, capabilities=capabilities),
    }


def keys_after(connection: SunaConnection, *, profile: str, capabilities: Capabilities) -> bool:
    """Return whether users' keys may be sent to what was found.

    A connection that is new sends them where they are read (design §6). One that got another address, or a
    Suna that became another one, asks for a new consent, also where it reads them now: it may be another
    party's.
    """
    if profile == connection.wire_profile or not connection.wire_profile:
        is_new = not connection.wire_profile and connection.moved_at is None
        return connection.sends_user_keys or (is_new and capabilities.honours_user_keys)
    return False
