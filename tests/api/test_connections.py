"""Connections that take too much: endless heads, half requests, clients that do not read."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from graphrec.api.connections import FILES, RESERVE, Limits

from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from tests.support.server import Server, running
from tests.support.service import tiny_snapshot

pytestmark = pytest.mark.slow

HEAD = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n"


@contextmanager
def limited(tmp_path: Path, **serve: object) -> Iterator[Server]:
    publish(tiny_snapshot(), tmp_path)
    settings = Settings(snapshots=tmp_path, serve=ServeSettings(**serve))  # type: ignore[arg-type]
    with running(settings) as server:
        yield server


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the usual limits."""
    with limited(tmp_path_factory.mktemp("usual")) as server:
        yield server


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that waits for heads, bodies and clients for a second."""
    with limited(tmp_path_factory.mktemp("hasty"), header_seconds=1, body_seconds=1) as server:
        yield server


def connect(server: Server) -> socket.socket:
    at = httpx.URL(server.url)
    return socket.create_connection((at.host, at.port or 80), timeout=20)


def answer(connection: socket.socket) -> bytes:
    """All that comes until the server hangs up; empty where it hangs up at once."""
    found = b""
    try:
        while part := connection.recv(65_536):
            found += part
    except ConnectionError:
        pass
    return found


def send(connection: socket.socket, data: bytes) -> None:
    """Send as much as the server takes."""
    with suppress(ConnectionError):
        connection.sendall(data)


def memory(server: Server) -> int:
    """Resident memory of the server, in MiB."""
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("this system does not say how much memory a process has")
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


def is_alive(server: Server) -> bool:
    began = time.monotonic()
    with httpx.Client() as client:
        status = client.get(f"{server.url}/health/live", timeout=5).status_code
    return status == 200 and time.monotonic() - began < 1


@pytest.mark.parametrize(
    "endless",
    [
        HEAD + b"a: b\r\n" * 101,
        HEAD + b"".join(b"h%d: %s\r\n" % (n, b"x" * 500) for n in range(90)),
        HEAD + b"a: " + b"x" * 40_000,
        HEAD + b"x" * 40_000,
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n",
        b"GET /v1/items?query=" + b"x" * 40_000,
        b"PUT /v1/items/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"a: b\r\n" * 101,
    ],
    ids=["many", "large", "one long", "a long name", "a long path", "a long query", "a trailer"],
)
def test_heads_over_the_limits_are_refused(usual: Server, endless: bytes) -> None:
    with connect(usual) as connection:
        send(connection, endless)
        found = answer(connection)
        assert not found or b" 431 " in found.splitlines()[0] or b" 4" in found.splitlines()[0]
        if b"chunked" not in endless:
            assert found.startswith(b"HTTP/1.1 431 ")
            assert b'"headers_too_large"' in found
        assert is_alive(usual)


@pytest.mark.parametrize("piece", [b"a: " + b"b" * 20 + b"\r\n", b"x" * 4096], ids=["many", "one"])
def test_endless_headers_take_no_memory_and_no_time(usual: Server, piece: bytes) -> None:
    before = memory(usual)
    with connect(usual) as connection:
        send(connection, HEAD + b"z: ")
        block = piece * (2**20 // len(piece))
        for _ in range(50):
            send(connection, block)
        assert is_alive(usual)
    assert memory(usual) - before < 40


def test_lists_of_many_items_still_fit_into_a_query(usual: Server) -> None:
    path = "/v1/users/ann/recommendations?" + "&".join(f"deny=i{n}" for n in range(100))
    assert usual.client.get(path).status_code == 200


def test_half_requests_keep_nobody_out(tmp_path: Path) -> None:
    with limited(tmp_path, max_connections=64) as server, ExitStack() as open_:
        for n in range(200):
            connection = open_.enter_context(connect(server))
            send(connection, HEAD if n % 2 else b"")
        assert is_alive(server)
        assert server.client.get("/v1/users/ann/recommendations").status_code == 200


def test_a_head_that_does_not_come_is_not_waited_for(hasty: Server) -> None:
    with connect(hasty) as silent, connect(hasty) as half, connect(hasty) as slow:
        send(half, HEAD)
        began = time.monotonic()
        for _ in range(8):
            send(slow, b"a")
            time.sleep(0.4)
        assert answer(silent) == b""
        assert answer(half).startswith(b"HTTP/1.1 408 ")
        answer(slow)
        assert time.monotonic() - began < 6
    assert is_alive(hasty)


def test_a_body_that_does_not_come_is_not_waited_for(hasty: Server) -> None:
    with connect(hasty) as connection:
        send(
            connection,
            b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 30\r\n\r\n{",
        )
        began = time.monotonic()
        answer(connection)
        assert time.monotonic() - began < 6
        assert is_alive(hasty)


def test_slow_bodies_take_no_turns(tmp_path: Path) -> None:
    """Turns are for requests that are whole."""
    with limited(tmp_path, concurrent_lists=1) as server, ExitStack() as open_:
        for _ in range(5):
            send(
                open_.enter_context(connect(server)),
                b"POST /v1/recommendations HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Type: application/json\r\nContent-Length: 30\r\n\r\n{",
            )
        time.sleep(0.2)
        assert server.client.get("/v1/users/ann/recommendations").status_code == 200


def test_a_client_that_does_not_read_is_not_waited_for(hasty: Server) -> None:
    with connect(hasty) as connection:
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        connection.settimeout(0.5)
        with pytest.raises(TimeoutError):  # neither side reads any more
            connection.sendall(request * 200_000)
        time.sleep(4)
        assert is_alive(hasty)
        with pytest.raises(ConnectionError):
            connection.sendall(request * 200_000)


def test_pipelined_requests_are_each_answered(usual: Server) -> None:
    with connect(usual) as connection:
        last = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        send(connection, (HEAD + b"\r\n") * 20 + last)
        assert answer(connection).count(b"HTTP/1.1 200") == 21


def test_there_are_as_many_connections_as_files_allow() -> None:
    settings = ServeSettings()
    assert Limits.of(settings).connections == settings.max_connections
    assert Limits.of(settings, 1024).connections == 1024 - FILES - RESERVE
    assert Limits.of(settings, 100).connections == 16
