"""`GET /metrics`, for Prometheus."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from fastapi import Response
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.service import Serving
from prometheus_client import generate_latest
from starlette.concurrency import run_in_threadpool

router = new_router("metrics", prefix="")


@router.get("/metrics", openapi_extra=READ, include_in_schema=False)
async def metrics(service: Serving) -> Response:
    """All metrics, in Prometheus' text format; where there are several workers, those of all."""
    registry = service.metrics.registry
    if service.peers is None:
        body = await run_in_threadpool(generate_latest, registry)
    else:
        body = await service.peers.collect(registry)
    return Response(body, media_type="text/plain; version=0.0.4")
