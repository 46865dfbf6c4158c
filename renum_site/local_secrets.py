"""Secrets for a development machine: made once, kept in var/secrets.json, readable by their owner only.

They are no worse than others, but a file beside the code is no place for a production secret; checks.py and
settings.py refuse them when DEBUG is off.
"""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from renum_site.env import EnvError
from renum_site.private_file import give_to_folder_owner, write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSecrets:
    """What a fresh machine needs before anybody has chosen anything."""

    secret_key: str
    encryption_key: str


def read_or_make_secrets(var: Path) -> LocalSecrets:
    """Return the machine's own secrets. Two first starts at once agree on one file."""
    path = var / "secrets.json"
    try:
        if not path.exists():
            _make(path)
        return LocalSecrets(**json.loads(path.read_text(encoding="utf-8")))
    except PermissionError:
        msg = f"{path} cannot be read or made: set RENUM_VAR_DIR to a folder of your own."
        raise EnvError(msg) from None
    except OSError as error:
        msg = f"{path} cannot be made: {error.strerror}."
        raise EnvError(msg) from None
    except (ValueError, TypeError):
        # Making new ones would make every stored key unreadable: the owner must decide.
        msg = f"{path} is damaged: restore it, or remove it and enter all stored keys again."
        raise EnvError(msg) from None


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = LocalSecrets(secret_key=secrets.token_urlsafe(64), encryption_key=secrets.token_urlsafe(48))
    fresh = path.with_suffix(f".{os.getpid()}.new")
    write_private(fresh, json.dumps(asdict(made)))
    give_to_folder_owner(fresh)
    try:
        # A link fails where the file exists by now; a rename would replace another process's secrets.
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
