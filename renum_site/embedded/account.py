"""As whom the services run, and where that account can reach its data and the binaries.

PostgreSQL refuses to run as root. As root the services run as the owner of their data, `nobody` at first;
as anybody else they run as that user. The rights of existing folders are never changed: where the account
cannot enter one, the data and a copy of the binaries go to a folder under /var/tmp that it can.
"""

import functools
import hashlib
import os
import pwd
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from renum_site.embedded.errors import ServiceError

FALLBACK_ROOT = Path("/var/tmp")  # noqa: S108  kept between boots, and its folders below are checked for their owner


class RunAs(TypedDict, total=False):
    """The arguments by which `subprocess` changes to an account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Account:
    """One operating-system account."""

    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        """Whether this process runs as that account already."""
        return self.uid == os.geteuid()

    def run_as(self) -> RunAs:
        """Return the arguments for subprocess; empty where nothing has to change."""
        return {} if self.is_me else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Return whether the account may pass through `folder` and everything above it."""
        return all(self._may_pass(place) for place in (folder, *folder.parents) if place.exists())

    def _may_pass(self, folder: Path) -> bool:
        about = folder.stat()
        if about.st_uid == self.uid:
            return bool(about.st_mode & stat.S_IXUSR)
        if about.st_gid == self.gid:
            return bool(about.st_mode & stat.S_IXGRP)
        return bool(about.st_mode & stat.S_IXOTH)

    def make_folder(self, folder: Path) -> None:
        """Make a folder that only this account reads, or check that it is one."""
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
        if about.st_uid != self.uid:
            if about.st_uid != os.geteuid() or any(folder.iterdir()):
                msg = f"{folder} belongs to another user: remove it, or set RENUM_VAR_DIR to another folder."
                raise ServiceError(msg)
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)


def choose_account(data: Path) -> Account:
    """Return who shall run the service that owns `data`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    if data.exists() and data.stat().st_uid != 0:
        about = data.stat()
        return Account(about.st_uid, about.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        msg = "PostgreSQL does not run as root and there is no user 'nobody': set DATABASE_URL and REDIS_URL."
        raise ServiceError(msg) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def choose_home(services: Path) -> Path:
    """Return the folder for the data: `services`, or one under /var/tmp where root's account cannot go."""
    if os.geteuid() != 0:
        return services
    outside = _outside(services)
    if outside.exists() or not choose_account(services / "postgres").can_enter(services):
        return make_open_folder(outside)
    return services


def _outside(services: Path) -> Path:
    return FALLBACK_ROOT / f"renum-{hashlib.sha256(os.fsencode(services)).hexdigest()[:12]}"


def make_open_folder(folder: Path) -> Path:
    """Make a folder that all may enter and only we may write, or refuse one that somebody else put there."""
    folder.mkdir(mode=0o755, exist_ok=True)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o022:
        msg = f"{folder} was not made by this user: remove it and try again."
        raise ServiceError(msg)
    folder.chmod(0o755)
    return folder


@functools.cache
def reachable_copy(tree: Path, account: Account) -> Path:
    """Return `tree` (a folder with binaries), or a copy of it that the account can reach.

    A copy is named after its source and the source's time, so a new wheel makes a new copy.
    """
    if account.can_enter(tree):
        return tree
    mark = hashlib.sha256(f"{tree}:{tree.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copies = make_open_folder(FALLBACK_ROOT / "renum-binaries")
    target = copies / f"{tree.name}-{mark}"
    if not target.exists():
        fresh = copies / f"{target.name}.{os.getpid()}.new"
        try:
            shutil.copytree(tree, fresh, symlinks=True, ignore=shutil.ignore_patterns("include"))
            fresh.rename(target)
        except FileExistsError:
            shutil.rmtree(fresh)
        except (OSError, shutil.Error) as error:
            shutil.rmtree(fresh, ignore_errors=True)
            msg = f"The services' binaries cannot be copied to {copies}: {error}."
            raise ServiceError(msg) from None
    return target
