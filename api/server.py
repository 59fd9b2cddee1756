"""The server process."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from types import FrameType

import uvicorn
from fastapi import FastAPI
from graphrec.api.accepting import accept_all
from graphrec.api.app import create_app
from graphrec.api.connections import Limits, limited, sweep
from graphrec.api.live.store import LOGIN
from graphrec.api.logs import configure
from graphrec.api.middleware.keys import read_keys
from graphrec.api.reloading import Reloadable
from graphrec.api.rereading import Read, Rereading, Source, hung_up, in_foreground
from graphrec.api.service import RequestLog
from graphrec.api.tenants import Tenants
from graphrec.api.workers import Work, supervise

from graphrec.errors import GraphrecError, SettingsError
from graphrec.settings import ServeSettings, Settings

logger = logging.getLogger(__name__)

FINISH_SECONDS = 30
"""How long requests in flight may take after the server has been asked to stop."""

SWITCH_SECONDS = 0.001
"""How long a thread that computes goes on once another one waits, of which one is the event loop:
at Python's 5 ms it answers 5 ms later each time that it looks at its sockets."""

COLLECTED = (20_000, 20, 100)
"""How rarely Python looks for garbage, which stops all threads: a long list makes 100,000 objects,
and at Python's own 700 each of them is looked at several times."""


ALONE = ""
"""In place of the name of a tenant, where there are none."""


class _Server(uvicorn.Server):
    """A server that is not ready for a while before it stops, so that no request is sent to it, and
    that reads its settings again at SIGHUP.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        app: Reloadable | Tenants,
        drain_seconds: float,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """`ready` is called once it listens."""
        super().__init__(config)
        self.drain_seconds = drain_seconds
        self.reread: Callable[[], None] | None = None
        """Called at SIGHUP, on the event loop; None: it ends the process, as usual."""
        self._app = app
        self._ready = ready
        self._end_accepting: Callable[[], None] | None = None
        self._parent = multiprocessing.parent_process()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and take all connections that wait at once."""
        if self.reread is not None and hasattr(signal, "SIGHUP"):
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._hang_up, in_foreground())
        await super().startup(sockets)
        listening = [each for server in self.servers for each in server.sockets]
        self._end_accepting = accept_all(listening, self._protocol)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections, and finish what was requested."""
        if self._end_accepting is not None:
            self._end_accepting()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        protocol: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: what uvicorn does, and once a second an end to slow connections."""
        if counter % 10 == 0:
            sweep(self.server_state.connections, asyncio.get_running_loop().time())
            if self._parent is not None and not self._parent.is_alive():
                return True  # nobody would stop a worker whose supervisor was killed
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop after `drain_seconds`; at once at the second signal, or before it has started."""
        services = self._app.services
        stopping = any(each.stopping.is_set() for each in services)
        if not services or stopping or not self.drain_seconds:
            super().handle_exit(sig, frame)
            return
        for each in services:
            each.stopping.set()
        loop = asyncio.get_running_loop()
        stop = partial(super().handle_exit, sig, frame)
        # A signal comes at any moment: nothing else of the loop may be called then.
        loop.call_soon_threadsafe(loop.call_later, self.drain_seconds, stop)

    def _hang_up(self, foreground: bool) -> None:
        if hung_up(foreground):
            self.handle_exit(signal.SIGTERM, None)
        elif self.reread is not None:
            if self.started:
                self.reread()
            else:  # its settings may have been read before they were changed
                asyncio.get_running_loop().call_later(0.1, self._hang_up, False)


def serve(settings: Settings, store: str | None = None, read: Read | None = None) -> None:
    """Serve on `settings.serve.host` and `port` until the process gets a signal to stop.

    `store` is the URL of a graph store. Port 0 takes a free one, which is logged. At the signal it
    is not ready for `serve.drain_seconds`, and then finishes the requests that it has. `read` reads
    the settings again, at SIGHUP; None: it ends the process. With `serve.workers` several processes
    serve, under one that starts those again that end. Ends the process where the port is in use or
    a worker cannot start; raises SettingsError where other machines can reach it and there are no
    keys, and where there can be no workers.
    """
    serve_source(Source(settings, store), read)


def serve_source(source: Source, read: Read | None = None) -> None:
    """As `serve`, of settings that may have tenants; they are served at /t/NAME, and alone."""
    at = source.settings.serve
    _require_keys(at)
    for each in source.tenants.values():
        _require_keys(each.settings.serve.model_copy(update={"host": at.host}))
    if at.workers == 1:
        _run(source, read)
        return
    configure(sys.stderr)
    supervise(at.host, at.port, at.workers, partial(_work, source, read))


def _work(source: Source, read: Read | None, work: Work) -> None:
    """What a worker does: signals of the terminal come to its supervisor alone, who passes on."""
    os.setpgrp()
    if read is not None:  # they may have changed since the first of the workers started
        with suppress(GraphrecError):  # the others hold what was there before, too
            source = read()
    _run(source, read, work)


def _run(source: Source, read: Read | None, work: Work | None = None) -> None:
    log = configure(sys.stderr)
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECTED)
    # The driver of a graph store would log at each try what readiness and our log report once.
    logging.getLogger("neo4j").addHandler(logging.NullHandler())
    logging.getLogger("neo4j").propagate = False
    settings, files = source.settings.serve, _most_files()
    sources = source.tenants or {ALONE: source}
    apps = {name: Reloadable(_application(each, name, log, work)) for name, each in sources.items()}
    app = Tenants(apps, settings) if source.tenants else apps[ALONE]
    protocol = limited(Limits.of(settings, files))
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        lifespan="on",
        server_header=False,
        proxy_headers=False,  # else a client could choose the address that it is limited by
        access_log=False,  # paths hold user ids
        http=protocol,
        timeout_keep_alive=settings.idle_seconds,
        log_config=None,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    ready = (lambda: None) if work is None else work.ready.set
    server = _Server(config, app, settings.drain_seconds, ready)

    def taking(name: str) -> Callable[[Source], Awaitable[None]]:
        async def take(new: Source) -> None:
            serve = new.settings.serve
            # The address stays.
            _require_keys(settings.model_copy(update={"keys": serve.keys}))
            await apps[name].replace(_application(new, name, log, work))
            if name == ALONE:
                protocol.limits = Limits.of(serve, files)
                config.timeout_keep_alive = serve.idle_seconds
                server.drain_seconds = serve.drain_seconds

        return take

    if read is not None:
        rereading = [
            Rereading(before, partial(_of_tenant, read, name), taking(name))
            for name, before in sources.items()
        ]

        def ask() -> None:
            for each in rereading:
                each.ask()

        server.reread = ask
    server.run(None if work is None else [work.socket])
    if not server.started:
        raise SystemExit(3)  # uvicorn's own status; its log says why


def _application(source: Source, name: str, log: RequestLog, work: Work | None) -> FastAPI:
    """The application of a source; of a tenant, which its lines in the log name."""
    said = "" if name == ALONE else f"tenant {name}: "
    if source.store is None:
        logger.info("%sthere is no graph store: events and changes cannot be sent", said)
    else:
        logger.info("%sthe graph store is %s", said, LOGIN.sub("//", source.store))
    peers = None if work is None else work.peers
    if name != ALONE:
        log = partial(log, tenant=name)
        peers = None if peers is None else replace(peers, name=name)
    return create_app(source.settings, store=source.store, log=log, peers=peers)


def _of_tenant(read: Read, name: str) -> Source:
    """The settings of a tenant, read again; raises SettingsError where it is gone."""
    found = read()
    if name == ALONE:
        return found
    if name not in found.tenants:
        raise SettingsError(f"tenant {name!r} is gone: expected its folder; restart to end it")
    return found.tenants[name]


def _most_files() -> int | None:
    """How many files the process may have open, which is raised as far as the system allows."""
    try:
        resource = import_module("resource")
    except ModuleNotFoundError:  # Windows
        return None
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    limit: int = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def _require_keys(settings: ServeSettings) -> None:
    """Raises SettingsError where other machines can reach the service and there are no keys."""
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
