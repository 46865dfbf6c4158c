"""Who gives a command at a terminal: what the audit says when nobody has logged in."""

import getpass
import os
import socket


def operator_name() -> str:
    """Return "<account>@<host>"; the account's number where it has no name."""
    try:
        account = getpass.getuser()
    except (OSError, KeyError):
        account = f"uid {os.getuid()}"
    return f"{account}@{socket.gethostname()}"
