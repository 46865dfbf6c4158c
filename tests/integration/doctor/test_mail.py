"""What the doctor says of a mail server."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from renum_site.doctor.finding import State
from renum_site.doctor.mail import look_at_mail
from tests.integration.doctor.states import states

WELL = State.OK


class TestMail:
    """Against a mail server that a test writes line by line."""

    def test_nothing_is_asked_where_no_server_is_set(self) -> None:
        assert states(look_at_mail()) == {"server": WELL}

    @pytest.mark.parametrize(
        ("log_in", "check", "state"),
        [
            (b"235 ok", "server", WELL),
            (b"535 no: secret-pass", "log_in", State.ERROR),
            (b"", "server", State.ERROR),
        ],
    )
    def test_the_log_in_is_tried_and_nothing_is_sent(
        self, settings: Any, log_in: bytes, check: str, state: State
    ) -> None:
        heard: list[bytes] = []
        with mail_server(heard, log_in=log_in) as port:
            settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
            settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "renum", "secret-pass"
            settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
            settings.DEFAULT_FROM_EMAIL = "renum@mail.example.net"
            found = list(look_at_mail())
        assert states(found)[check] is state
        assert states(found)["sender"] is WELL
        assert all("secret-pass" not in one.seen + one.fix for one in found)
        assert not any(line.upper().startswith((b"MAIL", b"RCPT", b"DATA")) for line in heard)

    @pytest.mark.parametrize(("sender", "state"), [("", State.ERROR), ("renum@localhost", State.WARNING)])
    def test_a_sender_that_nobody_can_answer_is_told(self, settings: Any, sender: str, state: State) -> None:
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.DEFAULT_FROM_EMAIL = "127.0.0.1", 9, sender
        assert states(look_at_mail()) == {"server": State.ERROR, "sender": state}


@contextlib.contextmanager
def mail_server(heard: list[bytes], *, log_in: bytes) -> Iterator[int]:
    """Speak SMTP to one client; an empty `log_in` hangs up there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            with contextlib.suppress(OSError):
                client, _ = listener.accept()
                with client, client.makefile("rwb", buffering=0) as lines:
                    lines.write(b"220 mail\r\n")
                    for line in lines:
                        heard.append(line)
                        word = line.split()[0].upper()
                        if word == b"AUTH" and not log_in:
                            return
                        said = {b"EHLO": b"250-mail\r\n250 AUTH PLAIN", b"AUTH": log_in, b"QUIT": b"221 bye"}
                        lines.write(said.get(word, b"250 ok") + b"\r\n")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
    thread.join(5)
