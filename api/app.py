"""The application: routes, errors, and the snapshot that they answer from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api import health
from api.engine import Engine
from api.errors import HANDLERS
from api.paths import EncodedPaths
from api.routes import create_router
from graphrec.config import Settings
from graphrec.recommend import Recommender
from graphrec.snapshot import load


def create_app(settings: Settings, retry_seconds: float = 5) -> FastAPI:
    """The service of the current snapshot in `settings.snapshots`.

    It starts with or without one. Until one can be loaded, which it tries every `retry_seconds`, it
    is alive and not ready, and says why.
    """
    engine = Engine(
        lambda: Recommender(load(settings.snapshots), settings.recall), retry_seconds=retry_seconds
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Once before the first request, so that a server that listens is ready if it can be.
        waiting = None if await engine.load() else asyncio.create_task(engine.keep_loading())
        yield
        if waiting is not None:
            waiting.cancel()

    app = FastAPI(
        title="graphrec",
        version=version("graphrec"),
        description="Recommendations from a graph of users and items, each with its reasons.",
        lifespan=lifespan,
        exception_handlers=dict(HANDLERS),
        generate_unique_id_function=lambda route: route.name,
        # FastAPI's pages on /openapi.json bring scripts from other hosts with them.
        docs_url=None,
        redoc_url=None,
        # A path with a slash too many is unknown, as any other: it gets the one shape of errors.
        redirect_slashes=False,
    )
    app.state.engine = engine
    app.add_middleware(EncodedPaths)
    app.include_router(health.router)
    app.include_router(create_router(settings.serve.max_k))
    return app
