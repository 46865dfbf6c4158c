"""The wire profiles: one module per version of Suna's HTTP contract. Pure: nothing here does I/O."""

from collections.abc import Mapping
from types import MappingProxyType

from executions.suna.wire.profile import Capabilities, WireProfile
from executions.suna.wire.seed import Seed
from executions.suna.wire.suna_2025_07 import Suna202507
from executions.suna.wire.suna_2025_08 import Suna202508
from executions.suna.wire.suna_2025_10 import Suna202510
from executions.suna.wire.suna_2025_12 import Suna202512
from executions.suna.wire.suna_2026_01 import Suna202601

__all__ = ["PROFILES", "Capabilities", "WireProfile"]

_SPOKEN: tuple[WireProfile, ...] = (
    Seed(),
    Suna202507(),
    Suna202508(),
    Suna202510(),
    Suna202512(),
    Suna202601(),
)

PROFILES: Mapping[str, WireProfile] = MappingProxyType({profile.name: profile for profile in _SPOKEN})
"""The profiles that are spoken, by name."""
