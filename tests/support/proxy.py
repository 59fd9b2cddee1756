"""A small reverse proxy that has a service under a prefix, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

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
