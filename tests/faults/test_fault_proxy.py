"""The proxy by which networks are broken does to a connection what each of its modes says."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.fixtures.fault_proxy import FaultProxy, fault_proxy

WAIT_S = 0.3


def echo(connection: socket.socket) -> None:
    with connection:
        try:
            while said := connection.recv(65_536):
                connection.sendall(said)
        except OSError:
            return


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=echo, args=(connection,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        with fault_proxy(port=server.getsockname()[1]) as made:
            yield made
        server.shutdown(socket.SHUT_RDWR)


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=5)


def ask(connection: socket.socket, text: bytes, *, wait_s: float = 5.0) -> bytes | None:
    """Return the answer, None where none comes; raises ConnectionError where the connection broke."""
    connection.settimeout(wait_s)
    connection.sendall(text)
    try:
        return connection.recv(65_536)
    except TimeoutError:
        return None


def is_broken(connection: socket.socket, said: bytes = b"x") -> bool:
    try:
        return ask(connection, said) == b""
    except ConnectionError:
        return True


def test_everything_passes_until_the_network_goes_wrong_and_after_it_healed(proxy):
    with connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.set("drop_down")
        assert ask(connection, b"lost", wait_s=WAIT_S) is None
        proxy.set("pass")
        assert ask(connection, b"two") == b"two"
        proxy.set("blackhole")
        assert ask(connection, b"swallowed", wait_s=WAIT_S) is None
        proxy.set("pass")
        assert ask(connection, b"three") == b"three"


@pytest.mark.parametrize("mode", ["refuse", "reset"])
def test_what_is_open_breaks_and_nothing_new_comes_about(proxy, mode):
    with connect(proxy) as connection:
        assert ask(connection, b"one") == b"one"
        proxy.set(mode)
        assert is_broken(connection)
    if mode == "refuse":
        with pytest.raises(ConnectionRefusedError):
            connect(proxy)
    else:
        # The reset may come while it is being made, or right after.
        with contextlib.suppress(ConnectionResetError), connect(proxy) as another:
            assert is_broken(another)
    proxy.set("pass")
    with connect(proxy) as connection:
        assert ask(connection, b"two") == b"two"


def test_a_connection_into_a_black_hole_is_taken_and_heard_by_nobody_until_it_heals(proxy):
    proxy.set("blackhole")
    with connect(proxy) as connection:
        assert ask(connection, b"hello", wait_s=WAIT_S) is None
        proxy.set("pass")
        connection.settimeout(5)
        assert connection.recv(100) == b"hello"


def test_a_connection_is_cut_after_so_many_bytes_of_the_answer(proxy):
    with connect(proxy) as connection:
        proxy.set("cut", n=3)
        assert ask(connection, b"abcdef") == b"abc"
        assert is_broken(connection)


def test_an_answer_drips(proxy):
    with connect(proxy) as connection:
        proxy.set("slow", bps=50)
        assert len(ask(connection, b"a long answer") or b"") < len(b"a long answer")


def test_a_question_takes_effect_and_only_its_answer_is_lost(proxy):
    with connect(proxy) as connection, connect(proxy) as other:
        proxy.lose_answer_to(b"COMMIT")
        assert ask(connection, b"first") == b"first"
        assert is_broken(connection, b"COMMIT")
        assert proxy.answers_lost == 1
        assert ask(other, b"COMMIT") == b"COMMIT"
