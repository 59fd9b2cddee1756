"""The server process."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import sys
from functools import partial
from types import FrameType

import uvicorn
from graphrec.api.app import create_app
from graphrec.api.keys import read_keys
from graphrec.api.logs import configure

from graphrec.errors import SettingsError
from graphrec.settings import ServeSettings, Settings

FINISH_SECONDS = 30
"""How long requests in flight may take once the server stops."""


class _Server(uvicorn.Server):
    """A server that says it is not ready before it stops, so that nobody is sent to it in vain."""

    drain_seconds = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in a while; at once where it is told so again."""
        state = self.config.app.state  # type: ignore[union-attr]
        if state.stopping or not self.drain_seconds:
            super().handle_exit(sig, frame)
            return
        state.stopping = True
        loop = asyncio.get_running_loop()
        stop = partial(super().handle_exit, sig, frame)
        # A signal comes at any moment: only this may be asked of the loop then.
        loop.call_soon_threadsafe(loop.call_later, self.drain_seconds, stop)


def serve(settings: Settings, store: str | None = None) -> None:
    """Serve on `settings.serve.host` and `port` until the process is told to stop.

    `store` is the URL of a graph store, to be asked as it is now.

    Port 0 takes a free one; the log says which. Told to stop, it says that it is not ready for
    `serve.drain_seconds`, and finishes the requests it has. Ends the process where the port cannot
    be had; raises SettingsError where others could ask it and there are no keys.
    """
    _require_keys(settings.serve)
    log = configure(sys.stderr)
    # The driver of a graph store would say at each try what readiness, and the log once, say.
    logging.getLogger("neo4j").addHandler(logging.NullHandler())
    logging.getLogger("neo4j").propagate = False
    server = _Server(
        uvicorn.Config(
            create_app(settings, store=store, log=log),
            host=settings.serve.host,
            port=settings.serve.port,
            lifespan="on",
            server_header=False,
            proxy_headers=False,  # else a client could choose the address that it is limited by
            access_log=False,  # paths hold user ids
            log_config=None,
            timeout_graceful_shutdown=FINISH_SECONDS,
        )
    )
    server.drain_seconds = settings.serve.drain_seconds
    server.run()
    if not server.started:
        raise SystemExit(3)  # uvicorn's own status; its log says why


def _require_keys(settings: ServeSettings) -> None:
    """Raises SettingsError where other machines could ask, and nothing tells who may."""
    if _is_loopback(settings.host) or (settings.keys.exists() and read_keys(settings.keys)):
        return
    raise SettingsError(
        f"serve.host is {settings.host!r} and there are no keys in {str(settings.keys)!r}: "
        f"expected keys wherever other machines can ask; make one with `graphrec keys create "
        f"--scope read --name NAME`, or listen on 127.0.0.1"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
