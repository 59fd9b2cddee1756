"""Clients that are too slow, or too many."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress

from scripts.benchmark.load.attack import Call, attack

HEAD = b"GET /v1/users/u1/recommendations HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
PATIENCE = 0.5
"""Seconds between two bytes of a slow client."""


def dawdle(port: int, clients: int, seconds: float) -> int:
    """Hold so many connections, a third of them idle, a third in a head and a third in a body.

    Bytes come one at a time. Returns how many were still open at the end.
    """
    body = b"POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    begins = (b"", HEAD, body + b"Content-Length: 100000\r\n\r\n")
    opened: list[socket.socket] = []
    try:
        for n in range(clients):
            with suppress(OSError):
                each = socket.create_connection(("127.0.0.1", port), timeout=5)
                opened.append(each)
                each.sendall(begins[n % 3])
        until = time.monotonic() + seconds
        left = list(opened)
        while time.monotonic() < until:
            time.sleep(PATIENCE)
            left = [each for each in left if _takes(each)]
        return len(left)
    finally:
        for each in opened:
            each.close()


def _takes(connection: socket.socket) -> bool:
    """Send one byte; returns whether the other side still takes any."""
    try:
        connection.sendall(b"x")
    except OSError:
        return False
    return True


def flood(port: int, users: int, k: int, seconds: float, connections: int) -> Mapping[str, int]:
    """Ask for lists as fast as many connections can, from a process of their own.

    Returns the answers by status; 0 are those that never came.
    """
    calls = [Call(f"/v1/users/u{n}/recommendations?k={k + n % 20}") for n in range(users)]
    return attack(f"http://127.0.0.1:{port}", calls, seconds, connections, None).answers
