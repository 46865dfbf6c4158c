"""The demo's people. Their passwords are made once and kept in var/demo.json, readable by its owner only."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import transaction

from renum_site.private_file import give_to_folder_owner, write_private
from teams.models import User

FILE_NAME = "demo.json"
DEMO, ADMIN, TERMINAL = "demo", "admin", "terminal-demo"


class DemoFileError(Exception):
    """var/demo.json cannot be used; the message is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A person who can sign in. `password` is None where somebody else chose it: Renum does not know it."""

    user: User
    password: str | None = field(repr=False)


def ensure_account(*, var: Path, username: str, is_staff: bool = False) -> Account:
    """Return the person, made with a new password where there is none of that name.

    A password that was changed since is never put back, and a stranger of the same name is left as he is.
    """
    with _only_one(var):
        password = read_passwords(var).get(username) or secrets.token_urlsafe(12)
        with transaction.atomic():
            user, made = User.objects.get_or_create(
                username=username, defaults={"is_staff": is_staff, "is_superuser": is_staff}
            )
            if made:
                user.set_password(password)
                user.save(update_fields=["password"])
                _keep(var, username, password)
    return Account(user=user, password=password if made or user.check_password(password) else None)


def ensure_own_account(*, var: Path, username: str) -> Account:
    """Return a person whom only a command of Renum's uses; the password in the file is made to fit."""
    account = ensure_account(var=var, username=username)
    if account.password is not None:
        return account
    with _only_one(var):
        password = read_passwords(var).get(username) or secrets.token_urlsafe(12)
        account.user.set_password(password)
        account.user.save(update_fields=["password"])
        _keep(var, username, password)
    return Account(user=account.user, password=password)


def read_passwords(var: Path) -> dict[str, str]:
    """Return the passwords by username; none before the first start. Raises DemoFileError."""
    path = var / FILE_NAME
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise DemoFileError(msg) from None
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(password, str) for password in kept.values()):
        msg = f"{path} is damaged: remove it, and set new passwords with `manage.py changepassword`."
        raise DemoFileError(msg)
    return kept


def _keep(var: Path, username: str, password: str) -> None:
    fresh = var / f"{FILE_NAME}.{os.getpid()}.new"
    write_private(fresh, json.dumps({**read_passwords(var), username: password}, indent=1))
    give_to_folder_owner(fresh)
    fresh.replace(var / FILE_NAME)


@contextmanager
def _only_one(var: Path) -> Iterator[None]:
    """Let one process at a time read and change the file."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / f"{FILE_NAME}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
