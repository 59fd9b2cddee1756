"""Health: whether the process is alive, and whether it can answer.

Probes of load balancers ask with HEAD as well: the status says it all.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from graphrec.api.errors import NotReady, documented
from graphrec.api.middleware.access import PUBLIC
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.health import Live, Part, Readiness
from graphrec.api.service import Ready, Serving
from starlette.concurrency import run_in_threadpool

router = new_router("health", prefix="/health")


@router.head("/live", openapi_extra=PUBLIC, include_in_schema=False)
@router.get("/live", openapi_extra=PUBLIC)
async def live() -> Live:
    """Whether the process runs: 200 from the moment it listens, with or without a snapshot."""
    return Live()


@router.head("/ready", openapi_extra=PUBLIC, include_in_schema=False)
@router.get("/ready", openapi_extra=PUBLIC, responses=documented("not_ready"))
async def ready(recommender: Ready, service: Serving) -> Readiness:
    """Whether recommendations can be given; 503, with the reason, where they cannot.

    They need no graph store: while it does not answer, the service is degraded, but ready; and so
    it is while a new snapshot cannot be loaded, since the one before goes on serving, and where
    the settings name an attribute, relation, kind or source that there is not.
    """
    if service.stopping.is_set():
        raise NotReady("the service is stopping: ask another process", 1)
    manifest = recommender.snapshot.manifest
    problems = await run_in_threadpool(service.names.problems, recommender)
    unknown = "; ".join(f"{each.key}: {each.said}" for each in problems if each.unknown)
    parts: dict[Part, str] = {
        "snapshot": service.engine.reason or "ready",
        "settings": unknown or "ready",
    }
    if service.graph is not None:
        graph = service.graph
        parts["store"] = graph.store.reason or graph.feed.reason or "ready"
        if graph.stream is not None:
            parts["stream"] = graph.stream.reason or "ready"
    if service.online is not None:
        parts["online"] = service.online.reason or "ready"
    return Readiness(
        version=manifest.version,
        status="ready" if set(parts.values()) == {"ready"} else "degraded",
        created=manifest.created,
        counts=manifest.counts,
        parts=parts,
        warnings=tuple(f"{each.key}: {each.said}" for each in problems if not each.unknown),
    )
