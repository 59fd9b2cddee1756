"""Several tenants in one process: an application for each, at /t/NAME, and what is of all.

Each has its own settings, store, snapshots, keys, limits and figures, and nothing of another. At
the top there are whether the process lives and is ready, and the figures of all with the tenant as
a label.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from graphrec.api.errors import error_answer
from graphrec.api.middleware.access import identify
from graphrec.api.middleware.keys import Keyring
from graphrec.api.middleware.site import Site
from graphrec.api.peers import merged
from graphrec.api.reloading import Reloadable
from graphrec.api.service import Service
from prometheus_client import generate_latest
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from graphrec.settings import ServeSettings

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Tenants:
    """The application of all tenants."""

    def __init__(self, tenants: Mapping[str, Reloadable], settings: ServeSettings) -> None:
        """`settings` are those of the process, with the keys for the figures of all.

        Raises SettingsError where the file of keys cannot be read.
        """
        self._tenants = dict(tenants)
        self._root = settings.root_path or ""
        self._keyring, self._site = Keyring(settings.keys), Site.of(settings)

    @property
    def services(self) -> tuple[Service, ...]:
        """Those of all tenants that are open."""
        return tuple(found for each in self._tenants.values() for found in each.services)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, of a tenant or of the top; open and close all."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        path: str = scope["path"]
        if self._root and path.startswith(f"{self._root}/"):
            path = path[len(self._root) :]
        parts = path.split("/", 3)
        tenant = self._tenants.get(parts[2]) if parts[1:2] == ["t"] and len(parts) > 3 else None
        if tenant is not None:
            if not scope["path"].startswith(f"{self._root}/"):  # a proxy took the root off
                scope = {**scope, "path": f"{self._root}{path}"}
                if self._root and scope.get("raw_path"):
                    scope["raw_path"] = self._root.encode() + scope["raw_path"]
            await tenant(scope, receive, send)
            return
        answer = await self._top(scope, path)
        answer.headers.update(SAFE)
        await answer(scope, receive, send)

    async def _top(self, scope: Scope, path: str) -> Response:
        if path not in ("/health/live", "/health/ready", "/metrics"):
            return error_answer(
                "unknown_route",
                "the path is of no tenant: expected /t/TENANT/v1/…, /health/live, /health/ready or "
                "/metrics; correct it",
            )
        if scope["method"] not in ("GET", "HEAD"):
            return error_answer(
                "method_not_allowed",
                f"{scope['method']} is not allowed here: expected GET; correct it",
                headers={"Allow": "GET, HEAD"},
            )
        if path == "/metrics":
            return self._refusal(scope) or Response(
                await self._figures(), media_type="text/plain; version=0.0.4"
            )
        if path == "/health/live":
            return JSONResponse({"status": "live"})
        return self._ready()

    def _ready(self) -> Response:
        """Whether any tenant can answer; how each is, it says itself: names are not for anybody."""
        services = self.services
        ready = [each for each in services if each.engine.version is not None]
        stopping = any(each.stopping.is_set() for each in services)
        if stopping or not ready:
            why = "the service is stopping" if stopping else "no tenant has a snapshot that serves"
            return error_answer(
                "not_ready", f"{why}: ask another process", headers={"Retry-After": "1"}
            )
        status = "ready" if len(ready) == len(self._tenants) else "degraded"
        return JSONResponse({"status": status, "tenants": len(self._tenants), "ready": len(ready)})

    def _refusal(self, scope: Scope) -> Response | None:
        """The answer to who may not have the figures of all."""
        self._keyring.refresh()
        keys = self._keyring.keys
        foreign = self._site.refusal(dict(scope["headers"]), "read", keys is not None)
        if foreign is not None or keys is None:
            return foreign
        key = identify(keys, Headers(scope=scope))
        if key is not None and key.allows("read"):
            return None
        return error_answer(
            "unauthenticated",
            "the request brings no valid key of the process: expected `Authorization: Bearer KEY`; "
            "make one with `graphrec keys create` where `graphrec serve` runs",
            headers={"WWW-Authenticate": 'Bearer realm="graphrec"'},
        )

    async def _figures(self) -> bytes:
        found: dict[str, str] = {}
        for name, each in self._tenants.items():
            for service in each.services:
                found[name] = (await _figures_of(service)).decode()
        return await asyncio.to_thread(merged, found, "tenant")

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        async with AsyncExitStack() as stack:
            for each in self._tenants.values():
                await each.open()
                stack.push_async_callback(each.close)
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def _figures_of(service: Service) -> bytes:
    registry: Any = service.metrics.registry
    if service.peers is not None:
        return await service.peers.collect(registry)
    return await asyncio.to_thread(generate_latest, registry)
