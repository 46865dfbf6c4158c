"""Which of this machine's pg_dump and pg_restore fit a server: those on PATH, else those of the wheel."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from renum_site.embedded.errors import ServiceError
from renum_site.embedded.postgres import find_installation

NAMES = ("pg_dump", "pg_restore")
ANSWER_S = 20


def find_client_tools(*, at_least: int) -> tuple[Path, int]:
    """Return the folder of the first programs whose major version is at least that one, and their version.

    pg_dump refuses a server newer than itself. Raises ServiceError where there are none.
    """
    seen = []
    for folder in _folders():
        major = _major_of(folder)
        if major is not None and major >= at_least:
            return folder, major
        seen.append(f"{major or 'unusable'} in {folder}")
    msg = f"pg_dump and pg_restore {at_least} or newer are needed; found: {', '.join(seen) or 'none'}."
    raise ServiceError(msg)


def _folders() -> Iterator[Path]:
    on_path = shutil.which(NAMES[0])
    if on_path:
        yield Path(on_path).parent
    try:
        tree, _ = find_installation()
    except ServiceError:
        return
    yield tree / "bin"


def _major_of(folder: Path) -> int | None:
    """Return the version that both programs say; None where one is missing or cannot be run."""
    majors = set()
    for name in NAMES:
        try:
            said = subprocess.run(  # noqa: S603  a program's own version
                [str(folder / name), "--version"],
                capture_output=True,
                timeout=ANSWER_S,
                check=True,
                text=True,
            ).stdout
        except (OSError, subprocess.SubprocessError):
            return None
        match = re.search(r"\(PostgreSQL\) (\d+)", said)
        majors.add(int(match[1]) if match else None)
    return majors.pop() if len(majors) == 1 else None
