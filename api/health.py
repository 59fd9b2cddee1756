"""Health: the process is alive, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter, Request
from graphrec.api.engine import Ready, Serving
from graphrec.api.errors import NOT_READY, NotReady
from graphrec.api.live import Store
from graphrec.api.models import Live, Part, Readiness

router = APIRouter(prefix="/health", tags=["health"])


# `async def`, here and in the routes, runs in the event loop: see `graphrec.api.routes`.
@router.get("/live")
async def live() -> Live:
    """Whether the process runs: 200 from the moment it listens, with or without a snapshot."""
    return Live()


@router.get("/ready", responses=NOT_READY)
async def ready(recommender: Ready, engine: Serving, store: Store, request: Request) -> Readiness:
    """Whether recommendations can be given; 503, with the reason, where they cannot.

    They need no graph store: one that is away makes the service degraded, not unready; and so does
    a new snapshot that cannot be loaded, since the one before it goes on serving.
    """
    if request.app.state.stopping:
        raise NotReady("the service is stopping: ask another process", 1)
    manifest = recommender.snapshot.manifest
    parts: dict[Part, str] = {"snapshot": engine.reason or "ready"}
    if store is not None:
        parts["store"] = store.reason or "ready"
    return Readiness(
        status="ready" if set(parts.values()) == {"ready"} else "degraded",
        version=manifest.version,
        created=manifest.created,
        counts=manifest.counts,
        parts=parts,
    )
