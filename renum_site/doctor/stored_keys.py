"""Whether what is stored encrypted opens with the keys of this process, and whether an old key can go."""

from collections.abc import Iterator

from django.utils.translation import gettext as _

from executions.upkeep.secrets_readable import find_secrets
from renum_site.doctor.database import PATIENCE_MS, be_patient_for
from renum_site.doctor.finding import Finding, State
from teams.models.encrypted_text import key_ids


def look_at_keys() -> Iterator[Finding]:
    """Open every stored secret and drop it at once."""
    be_patient_for(PATIENCE_MS)
    names = key_ids()
    yield _say(
        "order",
        State.OK,
        _("%(first)s encrypts; %(count)s keys decrypt.") % {"first": names[0], "count": len(names)},
    )
    secrets = find_secrets()
    if secrets.unreadable:
        yield _say(
            "readable",
            State.ERROR,
            _("%(unreadable)s of %(stored)s stored secrets do not open, the first is %(first)s.")
            % {
                "unreadable": len(secrets.unreadable),
                "stored": secrets.stored,
                "first": secrets.unreadable[0],
            },
            _("Bring back the key they were made with, behind the new one in RENUM_ENCRYPTION_KEYS."),
        )
    else:
        seen = _("All of %(stored)s stored secrets open.") % {"stored": secrets.stored}
        yield _say("readable", State.OK, seen)


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="keys", check=check, state=state, seen=seen, fix=fix)
