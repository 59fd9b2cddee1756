"""The application: routes, errors, and the snapshot that they answer from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version

import numpy as np
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from graphrec.api import admin, browse, events, explorer, health, nodes
from graphrec.api.access import documented
from graphrec.api.answers import Answers
from graphrec.api.boundary import Boundary, RequestLog
from graphrec.api.engine import Engine
from graphrec.api.errors import HANDLERS
from graphrec.api.events import Writer
from graphrec.api.exposures import ExposureLog
from graphrec.api.feed import Feed
from graphrec.api.forgetting import Forgetter
from graphrec.api.keys import Keyring
from graphrec.api.limits import RateLimit
from graphrec.api.live import RETRY_SECONDS, LiveStore
from graphrec.api.metrics import Metrics
from graphrec.api.metrics import router as metrics_router
from graphrec.api.options import Knowledge
from graphrec.api.paths import EncodedPaths
from graphrec.api.quick import Quick
from graphrec.api.routes import create_router
from graphrec.snapshot.overlay import Overlay

from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.registry import load
from graphrec.store import open_store


def create_app(
    settings: Settings,
    retry_seconds: float = 5,
    store: str | None = None,
    log: RequestLog | None = None,
) -> FastAPI:
    """The service of the current snapshot in `settings.snapshots`.

    It starts with or without one. Until one can be loaded, which it tries every `retry_seconds`, it
    is alive and not ready, and says why. Whenever another one becomes current, it serves that.

    `store` is the URL of a graph store, to be asked as it is now. Where it is away, at the start or
    later, all else is answered as ever, and readiness says so; it is tried every `retry_seconds`.

    `log` is told of every request: see `graphrec.api.boundary`. Raises SettingsError where the file
    of keys cannot be read.
    """
    live = None if store is None else _live(settings, store, retry_seconds)
    metrics = Metrics(lambda: engine.serving, lambda: None if live is None else live.reason is None)
    engine = Engine(
        settings.snapshots,
        lambda version: Recommender(load(settings.snapshots, version), settings.retrieval),
        retry_seconds,
        metrics.loaded,
    )
    folder = settings.serve.exposures
    exposures = None if folder is None else ExposureLog(folder, metrics)
    keyring = Keyring(settings.serve.keys)
    feed = None if live is None else Feed(live, engine, Overlay(settings.kinds))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Once before the first request, so that a server that listens is ready if it can be.
        await engine.update()
        tasks = [asyncio.create_task(engine.watch()), asyncio.create_task(keyring.watch())]
        if live is not None:
            tasks.append(asyncio.create_task(live.watch()))
        if feed is not None:
            await feed.begin()
            tasks.append(asyncio.create_task(feed.follow()))
        writing = None if exposures is None else asyncio.create_task(exposures.follow())
        yield
        for task in tasks:
            task.cancel()
        if exposures is not None and writing is not None:
            exposures.stop()
            await writing
        if live is not None:
            await live.close()

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
    app.state.store = live
    app.state.metrics = metrics
    app.state.exposures = exposures
    app.state.stopping = False
    router, questions = create_router(settings.serve.max_k)
    app.add_middleware(Quick, questions=questions)
    app.add_middleware(
        Boundary,
        keyring=keyring,
        rate=RateLimit.of(settings.serve.rate, settings.serve.burst),
        max_body=settings.serve.max_body_bytes,
        metrics=metrics,
        version=lambda: engine.version,
        log=log,
    )
    app.state.feed = feed
    app.state.knowledge = Knowledge(
        settings.rules, settings.kinds, np.random.default_rng(), feed, live
    )
    app.state.answers = Answers(settings.serve.cached_lists)
    app.state.writer = None if live is None or feed is None else Writer(live, feed)
    app.state.forgetter = (
        None if live is None or feed is None else Forgetter(live, feed, engine, exposures)
    )
    app.add_middleware(EncodedPaths)
    if settings.serve.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.serve.cors_origins,
            allow_methods=("GET", "POST", "PUT", "DELETE"),
            allow_headers=("Authorization", "Content-Type", "X-API-Key", "X-Request-ID"),
            expose_headers=("Retry-After", "X-Request-ID"),
        )
    app.include_router(health.router)
    app.include_router(router)
    app.include_router(browse.create_router(settings.serve.max_k))
    app.include_router(explorer.router)
    app.include_router(events.create_router(settings.serve.max_events))
    app.include_router(nodes.router)
    app.include_router(admin.router)
    app.include_router(metrics_router)
    openapi = app.openapi
    app.openapi = lambda: documented(openapi(), keyring)  # type: ignore[method-assign]
    return app


def _live(settings: Settings, url: str, retry_seconds: float) -> LiveStore:
    open_ = partial(
        open_store,
        url,
        settings.kinds,
        settings.neo4j,
        create=False,
        retry_seconds=RETRY_SECONDS,
    )
    return LiveStore(open_, url, retry_seconds)
