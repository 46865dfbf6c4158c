"""Runs one simulator under uvicorn until SIGTERM or SIGINT."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from executions.suna.simulator.announcement import describe
from executions.suna.simulator.app import build_app
from executions.suna.simulator.connection import AbortableProtocol
from executions.suna.simulator.settings import SimulatorSettings

GRACE_S = 0.2
"""How long open requests may go on after a signal; a stream or a hanging answer would wait for ever."""


class SimulatorServer(uvicorn.Server):
    """uvicorn, which tells when it accepts, and which ends quietly on a signal instead of dying by it."""

    def __init__(self, config: uvicorn.Config, *, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets=sockets)
        self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop at the first signal and leave the exit status alone."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def open_socket(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 lets the system choose."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError:
        listener.close()
        raise
    return listener


def build_config(settings: SimulatorSettings) -> uvicorn.Config:
    """Return uvicorn's settings for a simulator. Its log is off: faults raise on purpose."""
    return uvicorn.Config(
        build_app(settings),
        http=AbortableProtocol,
        lifespan="on",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # As Suna does; by it the client knows its clock.
        date_header=True,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=GRACE_S,  # type: ignore[arg-type, unused-ignore]
        ws="none",
    )


def serve(
    settings: SimulatorSettings,
    *,
    host: str,
    port: int,
    port_file: Path | None,
    announce: Callable[[str], None],
) -> None:
    """Serve until a signal. `announce` gets what is played when requests are accepted.

    OSError where the address cannot be had, ValueError where the settings name no known profile.
    """
    with contextlib.closing(open_socket(host, port)) as listener:
        bound_port = listener.getsockname()[1]
        shown_host = f"[{host}]" if ":" in host else host
        described = describe(settings, url=f"http://{shown_host}:{bound_port}")

        def on_ready() -> None:
            if port_file:
                # Whoever waits for the file must never read half a number.
                unfinished = port_file.with_name(f".{port_file.name}.{os.getpid()}")
                unfinished.write_text(f"{bound_port}\n")
                unfinished.replace(port_file)
            announce(described)

        SimulatorServer(build_config(settings), on_ready=on_ready).run(sockets=[listener])
