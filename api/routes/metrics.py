"""`GET /metrics`, for Prometheus."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from fastapi import Response
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.service import Serving
from prometheus_client import generate_latest

router = new_router("metrics", prefix="")


@router.get("/metrics", openapi_extra=READ, include_in_schema=False)
def metrics(service: Serving) -> Response:
    """All metrics, in Prometheus' text format."""
    body = generate_latest(service.metrics.registry)
    return Response(body, media_type="text/plain; version=0.0.4")
