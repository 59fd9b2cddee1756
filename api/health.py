"""Health: the process is alive, and whether it can answer."""

from __future__ import annotations

from fastapi import APIRouter

from api.engine import Ready
from api.errors import NOT_READY
from api.models import Live, Readiness

router = APIRouter(prefix="/health", tags=["health"])


# `async def`, here and in the routes, runs in the event loop: see `api.routes`.
@router.get("/live")
async def live() -> Live:
    """Whether the process runs: 200 from the moment it listens, with or without a snapshot."""
    return Live()


@router.get("/ready", responses=NOT_READY)
async def ready(recommender: Ready) -> Readiness:
    """Whether recommendations can be given; 503, with the reason, where they cannot."""
    manifest = recommender.snapshot.manifest
    return Readiness(version=manifest.version, created=manifest.created, counts=manifest.counts)
