"""The transport table of reliability §3.2 against a real server, byte for byte."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from tests.fixtures.product_env import product_env
from tests.fixtures.web import RunningWeb, running_web

BODY_S = 2.0
START = b"/api/v1/teams/01890a5d-ac96-774b-bcce-b302099a8057/executions"
TOKENS = b"/api/v1/auth/token"
TRIES = json.dumps({"username": "nobody", "password": "wrong words"}).encode()
JSON = b"Content-Type: application/json\r\n"


@dataclass(frozen=True)
class Served:
    """A web server whose bodies must come within BODY_S, and the folder of its temporary files."""

    web: RunningWeb
    temporary: Path
    log: Path

    @property
    def port(self) -> int:
        return int(self.web.url.rpartition(":")[2])

    def rss_kb(self) -> int:
        status = Path(f"/proc/{self.web.popen.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        assert found
        return int(found[1])

    def disk_bytes(self) -> int:
        """What its open files that have no name any more hold: that is where the framework spools bodies."""
        held = 0
        for entry in Path(f"/proc/{self.web.popen.pid}/fd").iterdir():
            try:
                if str(self.temporary) in str(entry.readlink()):
                    held += entry.stat().st_size
            except OSError:
                continue
        return held


@pytest.fixture(scope="module")
def served(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve Renum over uvicorn for the tests of this module."""
    folder = tmp_path_factory.mktemp("transport")
    temporary = folder / "temporary"
    temporary.mkdir()
    env = {**product_env(), "RENUM_BODY_S": str(BODY_S), "TMPDIR": str(temporary)}
    with running_web(env, folder / "web.log") as web:
        yield Served(web, temporary, folder / "web.log")


def send(served: Served, data: bytes, *, patience_s: float = 20) -> tuple[bytes, bool]:
    """Send bytes; return all that comes back until the server closes, and whether it closed."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=patience_s) as client:
        client.sendall(data)
        return receive(client)


def receive(client: socket.socket) -> tuple[bytes, bool]:
    got = b""
    try:
        while chunk := client.recv(65_536):
            got += chunk
    except TimeoutError:
        return got, False
    except ConnectionError:
        return got, True
    return got, True


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def code_of(answer: bytes) -> str | None:
    """Return the code of a problem, having checked that it is whole; None where the server itself refused."""
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"application/problem+json" not in head:
        return None
    problem = json.loads(body[: int(re.search(rb"content-length: (\d+)", head.lower())[1])])
    assert set(problem) == {"type", "title", "status", "code", "detail", "errors", "request_id"}
    assert problem["request_id"].encode() in head
    return str(problem["code"])


def request(line: bytes, *headers: bytes, body: bytes = b"", host: bytes = b"127.0.0.1") -> bytes:
    fields = [b"Host: " + host, b"Connection: close", *headers]
    return line + b"\r\n" + b"".join(field.rstrip(b"\r\n") + b"\r\n" for field in fields) + b"\r\n" + body


def post(*headers: bytes, body: bytes = TRIES, path: bytes = TOKENS, length: bool = True) -> bytes:
    counted = (b"Content-Length: %d" % len(body),) if length else ()
    return request(b"POST " + path + b" HTTP/1.1", JSON, *counted, *headers, body=body)


def typed(kind: bytes) -> bytes:
    headers = (b"Content-Type: " + kind, b"Content-Length: %d" % len(TRIES))
    return request(b"POST " + TOKENS + b" HTTP/1.1", *headers, body=TRIES)


CHUNKED, ONE_CHUNK = b"Transfer-Encoding: chunked", b"2\r\n{}\r\n0\r\n\r\n"
MANY = [b"X-%d: a" % n for n in range(1000)]
CASES: dict[str, tuple[bytes, int, str | None]] = {
    # Lengths
    "10 MB announced": (post(b"Content-Length: 10000000", length=False), 413, "body_too_large"),
    "10 MB announced on a page": (
        request(b"POST /accounts/login/ HTTP/1.1", b"Content-Length: 10000000"), 413, None,
    ),
    "chunked": (post(CHUNKED, body=ONE_CHUNK, length=False), 411, "length_required"),
    "a length and chunks": (post(b"Content-Length: 2", CHUNKED, body=ONE_CHUNK, length=False), 400, None),
    "a length too large": (post(b"Content-Length: 500", length=False), 408, "body_too_slow"),
    "a length too small": (post(b"Content-Length: 5", length=False), 400, "malformed_json"),
    "a negative length": (post(b"Content-Length: -5", length=False), 400, None),
    "a length with a sign": (post(b"Content-Length: +5", length=False), 400, None),
    "a length that is no number": (post(b"Content-Length: abc", length=False), 400, None),
    "two lengths": (post(b"Content-Length: 3"), 400, None),
    "a length of 40 digits": (post(b"Content-Length: " + b"9" * 40, length=False), 400, None),
    # Types
    "multipart without a boundary": (typed(b"multipart/form-data"), 415, "unsupported_media_type"),
    "an odd boundary": (typed(b"multipart/form-data; boundary=\xc3\xa9"), 415, "unsupported_media_type"),
    "a form": (typed(b"application/x-www-form-urlencoded"), 415, "unsupported_media_type"),
    "a charset": (typed(b"application/json; charset=utf-16"), 415, "unsupported_media_type"),
    "a byte order mark": (post(body=b"\xef\xbb\xbf" + TRIES), 400, "malformed_json"),
    "invalid UTF-8": (post(body=b'{"username": "\xff"}'), 400, "malformed_json"),
    # Headers
    "1000 headers": (post(*MANY), 431, "headers_too_large"),
    "a header of 100 kB": (post(b"X-Long: " + b"a" * 100_000), 431, "headers_too_large"),
    "two types": (post(b"Content-Type: text/plain"), 415, "unsupported_media_type"),
    "another host": (
        request(b"GET /api/v1/workflows/schema HTTP/1.1", host=b"evil.example"), 400, "bad_request",
    ),
    "two hosts": (
        request(b"GET /api/v1/workflows/schema HTTP/1.1", b"Host: evil.example"), 400, "bad_request",
    ),
    "a forwarded host": (
        request(b"GET /api/v1/nothing HTTP/1.1", b"X-Forwarded-Host: evil.example"), 404, "not_found",
    ),
    "no host": (b"GET /api/v1/workflows/schema HTTP/1.1\r\nConnection: close\r\n\r\n", 400, "bad_request"),
    "XML wanted": (
        request(b"GET /api/v1/workflows/schema HTTP/1.1", b"Accept: application/xml"), 406, "not_acceptable",
    ),
    "two keys": (
        post(b"Idempotency-Key: one", b"Idempotency-Key: two", path=START), 400, "bad_request",
    ),
    "the same key twice": (
        post(b"Idempotency-Key: one", b"idempotency-key: one", path=START), 400, "bad_request",
    ),
    "two last events": (
        request(b"GET /api/v1/nothing HTTP/1.1", b"Last-Event-ID: 1", b"Last-Event-ID: 2"),
        400, "bad_request",
    ),
    # A list may stand in several lines (RFC 9110 §5.3).
    "tags in two lines": (
        request(b"GET /api/v1/nothing HTTP/1.1", b'If-Match: "a"', b'If-Match: "b"'), 404, "not_found",
    ),
    # Methods
    "TRACE": (request(b"TRACE /api/v1/workflows/schema HTTP/1.1"), 405, "method_not_allowed"),
    "CONNECT": (request(b"CONNECT evil.example:443 HTTP/1.1"), 400, None),
    "an unknown method": (request(b"BREW /api/v1/workflows/schema HTTP/1.1"), 400, None),
    "a method override": (
        post(b"X-HTTP-Method-Override: GET", path=b"/api/v1/workflows/schema"), 405, "method_not_allowed",
    ),
    # Addresses
    "dots": (request(b"GET /api/v1/..%2f..%2fadmin HTTP/1.1"), 404, "not_found"),
    "plain dots": (request(b"GET /api/v1/../v1/workflows/schema HTTP/1.1"), 404, "not_found"),
    "NUL": (request(b"GET /api/v1/teams%00 HTTP/1.1"), 404, "not_found"),
    "two slashes": (request(b"GET /api//v1/workflows/schema HTTP/1.1"), 404, "not_found"),
    "two slashes before": (request(b"GET //api/v1/workflows/schema HTTP/1.1"), 404, None),
    "no UTF-8": (request(b"GET /api/v1/%ff%fe HTTP/1.1"), 404, "not_found"),
    "an address of 64 kB": (request(b"GET /api/v1/" + b"a" * 65_000 + b" HTTP/1.1"), 404, "not_found"),
    # The host of an absolute form is not believed, the header is (RFC 9112 §3.2.2 has servers take the form).
    "an absolute form": (
        request(b"GET http://evil.example/api/v1/nothing HTTP/1.1"), 404, "not_found",
    ),
    "an absolute form and another host": (
        request(b"GET http://127.0.0.1/api/v1/nothing HTTP/1.1", host=b"evil.example"), 400, "bad_request",
    ),
    "HTTP/1.0": (b"GET /api/v1/nothing HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 404, "not_found"),
    "no HTTP": (b"hello\r\n\r\n", 400, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_bad_request_is_refused_and_its_connection_closed(name: str, served: Served) -> None:
    data, status, code = CASES[name]

    answer, is_closed = send(served, data)

    assert (status_of(answer), code_of(answer)) == (status, code), answer[:600]
    assert is_closed
    assert b" 500 " not in answer


def test_a_body_without_an_end_from_nobody_costs_neither_disk_nor_memory(served: Served, figure) -> None:
    send(served, request(b"GET /api/v1/workflows/schema HTTP/1.1"))
    before_kb, most_disk = served.rss_kb(), 0
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent = 0
    for path in (START, b"/accounts/login/"):
        with socket.create_connection(("127.0.0.1", served.port), timeout=20) as client:
            client.sendall(request(b"POST " + path + b" HTTP/1.1", JSON, b"Transfer-Encoding: chunked"))
            try:
                for n in range(300 * 16):
                    client.sendall(chunk)
                    sent += len(chunk)
                    if n % 100 == 0:
                        most_disk = max(most_disk, served.disk_bytes())
            except ConnectionError:
                pass
            else:
                pytest.fail("300 MB were taken")

    grown_kb = served.rss_kb() - before_kb
    figure("transport.chunked_rss_growth_kb", grown_kb)
    figure("transport.chunked_disk_bytes", most_disk)
    assert grown_kb < 50_000
    assert most_disk == 0
    assert list(served.temporary.iterdir()) == []


def test_a_client_that_reads_is_told_413_while_it_still_sends(served: Served) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as client:
        client.sendall(post(b"Content-Length: 5000000", length=False, body=b"x" * 200_000))
        answer, _ = receive(client)

    assert (status_of(answer), code_of(answer)) == (413, "body_too_large")


def test_a_body_that_drips_is_cut_off_at_its_time_and_others_are_served_meanwhile(served: Served) -> None:
    over = threading.Event()
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as client:

        def drip() -> None:
            try:
                client.sendall(post(b"Content-Length: 500", length=False, body=b"{"))
                while not over.wait(0.2):
                    client.sendall(b" ")
            except OSError:
                return

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            other, _ = send(served, request(b"GET /api/v1/workflows/schema HTTP/1.1"))
            answer, _ = receive(client)
        finally:
            over.set()
            dripping.join()

    assert status_of(other) == 200
    assert (status_of(answer), code_of(answer)) == (408, "body_too_slow")
    assert BODY_S <= time.monotonic() - began < BODY_S + 10


@pytest.mark.django_db
def test_a_whole_body_in_pieces_is_taken(served: Served) -> None:
    data = post()
    with socket.create_connection(("127.0.0.1", served.port), timeout=20) as client:
        for n in range(0, len(data), 40):
            client.sendall(data[n : n + 40])
            time.sleep(0.01)
        answer, _ = receive(client)

    assert (status_of(answer), code_of(answer)) == (401, "wrong_credentials")


@pytest.mark.django_db
def test_nobody_of_all_these_left_a_connection_to_postgresql_or_an_error_in_the_log(served: Served) -> None:
    with psycopg.connect(settings.TEST_DATABASE_URL) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND application_name = 'renum' AND state <> 'idle'"
        ).fetchone()
    assert row == (0,)
    log = served.log.read_text()
    assert "Exception in ASGI application" not in log
    assert "failed unexpectedly" not in log
    assert "Internal Server Error" not in log
