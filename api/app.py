"""The application: routes, middleware, errors, and the service in its one slot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from graphrec.api.errors import HANDLERS
from graphrec.api.middleware.access import Access, with_scopes
from graphrec.api.middleware.boundary import Boundary
from graphrec.api.middleware.encoded_paths import EncodedPaths
from graphrec.api.middleware.keys import Keyring
from graphrec.api.middleware.prefix import Prefix
from graphrec.api.peers import Peers
from graphrec.api.routes import (
    admin,
    browse,
    events,
    experiments,
    explanations,
    explorer,
    graph,
    health,
    metrics,
    nodes,
    placements,
    policies,
    ratings,
    recommendations,
    reports,
)
from graphrec.api.schemas.validation import with_limits
from graphrec.api.service import RequestLog, open_service
from starlette.middleware import Middleware
from starlette.responses import JSONResponse

from graphrec.settings import Settings

ROUTERS: tuple[APIRouter, ...] = (
    recommendations.router,  # first, so that the most frequent requests are matched at once
    health.router,
    explanations.router,
    ratings.router,
    placements.router,
    policies.router,
    experiments.router,
    browse.router,
    graph.router,
    explorer.router,
    reports.router,
    events.router,
    nodes.router,
    admin.router,
    metrics.router,
)

ROUTES = tuple(route for router in ROUTERS for route in router.routes)


def create_app(
    settings: Settings,
    retry_seconds: float = 5,
    store: str | None = None,
    log: RequestLog | None = None,
    peers: Peers | None = None,
) -> FastAPI:
    """The application of the service that `open_service` opens with the same arguments.

    It is open while the application runs, in `app.state.service`. `log` is called for every
    request: see `graphrec.api.middleware.boundary`. Raises SettingsError where the file of keys
    cannot be read.
    """
    keyring = Keyring(settings.serve.keys)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(
            settings, store, keyring=keyring, retry_seconds=retry_seconds, log=log, peers=peers
        ) as service:
            app.state.service = service
            yield

    app = FastAPI(
        title="graphrec",
        version=version("graphrec"),
        description="Recommendations from a graph of users and items, each with its reasons.",
        lifespan=lifespan,
        routes=list(ROUTES),
        middleware=_middleware(settings),
        exception_handlers=dict(HANDLERS),
        # FastAPI makes its document on the event loop, and its pages load scripts of other hosts.
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A path with a slash too many is unknown, as any other, with the one shape of errors.
        redirect_slashes=False,
        # Newer FastAPIs send traces by themselves where variables of OpenTelemetry are set, with
        # paths, which name users. Older ones ignore this.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    document = app.openapi

    def openapi() -> dict[str, Any]:
        """The document of the routes, with the limits and scopes of this application."""
        with_bounds: dict[str, Any] = with_limits(document(), settings.serve)
        return with_scopes(with_bounds, keyring)

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_route("/openapi.json", _document, include_in_schema=False)
    return app


def _document(request: Request) -> JSONResponse:
    """The document, under the path of a proxy where there is one; no coroutine: in a thread."""
    found = request.app.openapi()
    prefix = request.scope.get("root_path", "").rstrip("/")
    return JSONResponse({**found, "servers": [{"url": prefix}]} if prefix else found)


def _middleware(settings: Settings) -> list[Middleware]:
    """The middleware, the outermost first."""
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.serve.cors_origins,
        allow_methods=("GET", "POST", "PUT", "DELETE"),
        allow_headers=("Authorization", "Content-Type", "X-API-Key", "X-Request-ID"),
        expose_headers=("Retry-After", "X-Request-ID"),
    )
    return [
        *([cors] if settings.serve.cors_origins else []),
        Middleware(EncodedPaths),
        Middleware(Prefix, root_path=settings.serve.root_path or ""),
        Middleware(Boundary, access=Access.of(ROUTES)),
    ]
