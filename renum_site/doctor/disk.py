"""The folder that this host writes to: signs of life, notes of drivers, and the embedded services' data."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from renum_site.doctor.finding import Finding, State

FULL_BYTES = 200_000_000
NEARLY_FULL_BYTES = 1_000_000_000
NEARLY_FULL_PART = 0.05


def look_at_disk() -> Iterator[Finding]:
    """Look whether the folder can be written to and how much room there is."""
    folder = Path(settings.RENUM_VAR_DIR)
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        yield _say(
            "writable",
            State.ERROR,
            _("%(folder)s cannot be written by this user.") % {"folder": folder},
            _("Give the folder to the user that Renum runs as, or set RENUM_VAR_DIR to another."),
        )
    usage = shutil.disk_usage(there)
    places = os.statvfs(there)
    seen = _("%(folder)s has %(free)s of %(total)s GB free.") % {
        "folder": folder,
        "free": f"{usage.free / 1e9:.1f}",
        "total": f"{usage.total / 1e9:.1f}",
    }
    if settings.EMBEDDED_SERVICES:
        lives = _("There lies the data of %(services)s.") % {
            "services": ", ".join(sorted(settings.EMBEDDED_SERVICES))
        }
        seen = f"{seen} {lives}"
    fix = _("Make room: delete what is not needed there, or run `python manage.py renum_prune`.")
    # A file system that has no such thing as inodes says that it has none at all.
    no_places = bool(places.f_files) and places.f_favail < 1000
    if usage.free < FULL_BYTES or no_places:
        yield _say("room", State.ERROR, seen, fix)
    elif usage.free < NEARLY_FULL_BYTES or usage.free < usage.total * NEARLY_FULL_PART:
        yield _say("room", State.WARNING, seen, fix)
    else:
        yield _say("room", State.OK, seen)


def _say(check: str, state: State, seen: str, fix: str = "") -> Finding:
    return Finding(area="disk", check=check, state=state, seen=seen, fix=fix)
