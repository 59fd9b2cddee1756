"""Small proxies for tests: one that has a service under a prefix, and one that cuts connections."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

from scripts.benchmark.load.process import free_port

HOP = {"connection", "transfer-encoding", "content-encoding", "content-length"}
"""Headers that are not passed on."""


@contextmanager
def proxied(service: str, prefix: str, *, strips: bool = True, says: bool = False) -> Iterator[str]:
    """The address of a proxy that has `service` under `prefix`, and nothing elsewhere.

    It takes the prefix off where it `strips`, and sends X-Forwarded-Prefix where it `says` so.
    """

    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            if self.path != prefix and not self.path.startswith((f"{prefix}/", f"{prefix}?")):
                self.send_error(404)
                return
            path = self.path[len(prefix) :] if strips else self.path
            path = path if path.startswith("/") else f"/{path}"
            headers = dict(self.headers.items())
            if says:
                headers["X-Forwarded-Prefix"] = prefix
            length = int(self.headers.get("content-length", 0))
            answer = httpx.request(
                self.command, f"{service}{path}", headers=headers, content=self.rfile.read(length)
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - as http.server calls them

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def cutting(port: int, cuts: Callable[[int], int | None]) -> Iterator[int]:
    """The port of a proxy of a port, whose connections break.

    `cuts` says of each connection, counted from 0, after how many bytes from the server it breaks;
    None: never.
    """
    with socket.create_server(("127.0.0.1", free_port())) as server:
        closing = False

        def accept() -> None:
            number = 0
            while not closing:
                with suppress(OSError):
                    client, _ = server.accept()
                    Thread(target=_relay, args=(client, port, cuts(number)), daemon=True).start()
                    number += 1

        thread = Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            closing = True
            server.close()


def _relay(client: socket.socket, port: int, most: int | None) -> None:
    with client, suppress(OSError), socket.create_connection(("127.0.0.1", port)) as upstream:
        Thread(target=_copy, args=(client, upstream, None), daemon=True).start()
        _copy(upstream, client, most)


def _copy(source: socket.socket, target: socket.socket, most: int | None) -> None:
    left = most
    with suppress(OSError):
        while content := source.recv(2**14):
            target.sendall(content if left is None else content[:left])
            if left is not None:
                left -= len(content)
                if left <= 0:
                    break
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
