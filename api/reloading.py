"""An application in whose place another one can be put while it answers.

So settings are read again without a restart: the application of the new ones opens beside the one
that serves, reads what was written since its snapshot, and takes over between two requests. The one
before finishes what it was asked, and is closed.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, suppress

from fastapi import FastAPI
from graphrec.api.errors import NotReady, StoreAway
from graphrec.api.service import Service
from starlette.types import Receive, Scope, Send

logger = logging.getLogger(__name__)

HOLD_SECONDS = 1.0
"""How long new requests wait for those that run, so that the next application knows all that they
write; those that take longer, such as deletions, go on beside it."""

FINISH_SECONDS = 30.0
"""How long the requests of the application before may take until it is closed."""


class _Opened:
    """An application that is open, and the requests that it answers."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._context: AbstractAsyncContextManager[object] = app.router.lifespan_context(app)
        self.requests = 0
        self.idle = asyncio.Event()
        self.idle.set()

    @property
    def service(self) -> Service:
        service: Service = self.app.state.service
        return service

    async def open(self) -> None:
        await self._context.__aenter__()

    async def close(self) -> None:
        await self._context.__aexit__(None, None, None)

    async def wait(self, seconds: float) -> None:
        """Wait until no request runs, at most so long."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.idle.wait(), seconds)

    async def catch_up(self) -> None:
        """Read all that was written into the store so far, where it answers."""
        if self.service.graph is not None:
            with suppress(NotReady, StoreAway):
                await self.service.graph.feed.catch_up()


class Reloadable:
    """The application that serves, and serves instead of it once it is replaced."""

    def __init__(self, app: FastAPI) -> None:
        self._first = app
        self._serving: _Opened | None = None
        self._one_at_a_time = asyncio.Lock()
        self._held: asyncio.Event | None = None
        """Set when requests may go on; None where none has to wait."""

    @property
    def service(self) -> Service | None:
        """That of the application that serves; None before it is open."""
        return None if self._serving is None else self._serving.service

    @property
    def services(self) -> tuple[Service, ...]:
        """The same, of which `graphrec.api.tenants` has several."""
        return () if self.service is None else (self.service,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the application that serves; open and close it."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self._held is not None:
            await self._held.wait()
        opened = self._serving
        assert opened is not None  # noqa: S101 - a server listens once this is open
        opened.requests += 1
        opened.idle.clear()
        try:
            await opened.app(scope, receive, send)
        finally:
            opened.requests -= 1
            if not opened.requests:
                opened.idle.set()

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await self.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def open(self) -> None:
        """Open the application, before its first request."""
        opened = _Opened(self._first)
        await opened.open()
        self._serving = opened

    async def close(self) -> None:
        """Close the application that serves."""
        assert self._serving is not None  # noqa: S101 - it was opened
        await self._serving.close()

    async def replace(self, app: FastAPI) -> None:
        """Serve with another application from now on.

        Raises NotReady where it has no snapshot that serves and the one before has, which then goes
        on serving; and what its opening raises.
        """
        async with self._one_at_a_time:
            before, after = self._serving, _Opened(app)
            assert before is not None  # noqa: S101
            await after.open()
            try:
                self._check(before.service, after.service)
                await after.catch_up()
                self._held = asyncio.Event()
                await before.wait(HOLD_SECONDS)
                await after.catch_up()
            except BaseException:
                self._let_go()
                await after.close()
                raise
            self._serving = after
            self._let_go()
            await before.wait(FINISH_SECONDS)
            await before.close()

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.set()

    @staticmethod
    def _check(before: Service, after: Service) -> None:
        if before.engine.version is not None and after.engine.version is None:
            raise NotReady(after.engine.reason or "no snapshot serves", 1)
