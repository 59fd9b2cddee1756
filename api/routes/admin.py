"""Which snapshot serves: for those who run the service."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import Body
from graphrec.api.errors import SnapshotRefused, documented
from graphrec.api.live.engine import Engine
from graphrec.api.middleware.access import ADMIN
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.admin import RollbackRequest, SnapshotChange, SnapshotList
from graphrec.api.service import Serving
from starlette.concurrency import run_in_threadpool

from graphrec.errors import SnapshotError
from graphrec.settings import Settings
from graphrec.snapshot.canary import end_canary, promote
from graphrec.snapshot.place import changing
from graphrec.snapshot.registry import rollback, versions
from graphrec.snapshot.remote.mirror import Needs, everything, serving

router = new_router("admin", prefix="/v1/admin")

WAIT_SECONDS = 20.0
"""How long a request waits for another one, or for a command, that changes the same folder."""


@router.get("/snapshots", openapi_extra=ADMIN)
async def snapshots(service: Serving) -> SnapshotList:
    """The published snapshots, and which one serves."""
    engine = service.engine
    return SnapshotList(
        version=engine.version,
        canary=None if engine.canary is None else engine.canary.version,
        refused=engine.reason,
        versions=await run_in_threadpool(versions, engine.folder),
    )


@router.post("/reload", openapi_extra=ADMIN, responses=documented("snapshot_refused"))
async def reload(service: Serving) -> SnapshotChange:
    """Serve the current snapshot now, also one that was refused before.

    The service checks for a new one about once a second by itself.
    """
    return await _changed(service.engine, service.engine.version)


@router.post(
    "/promote",
    openapi_extra=ADMIN,
    responses=documented("snapshot_refused", "refresh_running", "locked"),
    name="promote",
)
async def promote_canary(service: Serving) -> SnapshotChange:
    """Let the canary serve everyone, in this and every process on the same folder."""
    engine, previous = service.engine, service.engine.version
    await run_in_threadpool(_change, service.settings, "promote", promote, serving)
    return await _changed(engine, previous)


@router.post(
    "/rollback",
    openapi_extra=ADMIN,
    responses=documented(
        "snapshot_refused", "refresh_running", "locked", "invalid_request", "malformed_json"
    ),
    name="rollback",
)
async def roll_back(
    request: Annotated[RollbackRequest, Body()], service: Serving
) -> SnapshotChange:
    """Make an earlier snapshot the current one, in this and every process on the same folder.

    Where there is a canary, and no version is named, it ends the canary: the current snapshot
    serves everyone.
    """
    engine, previous = service.engine, service.engine.version

    def go_back(folder: Path) -> None:
        ended = end_canary(folder)
        if not ended or request.to is not None:
            rollback(folder, request.to)

    await run_in_threadpool(_change, service.settings, "rollback", go_back, everything)
    return await _changed(engine, previous)


def _change(settings: Settings, name: str, work: Callable[[Path], object], needs: Needs) -> None:
    """Change what serves, under the lock; raises SnapshotRefused, RefreshRunning and Locked."""
    try:
        with changing(
            settings.snapshots,
            settings.cache,
            f"POST /v1/admin/{name}",
            short=WAIT_SECONDS,
            needs=needs,
        ) as folder:
            work(folder)
    except SnapshotError as error:
        raise SnapshotRefused(str(error)) from error
    except OSError as error:
        raise SnapshotRefused(
            f"the folder of snapshots cannot be written ({error.strerror}): make it writable for "
            f"the service, or run `graphrec promote` or `graphrec rollback` where it is"
        ) from error


async def _changed(engine: Engine, previous: str | None) -> SnapshotChange:
    engine.tell()
    await engine.update(retry=True)
    if engine.reason is not None or engine.version is None:
        raise SnapshotRefused(engine.reason or "no snapshot serves")
    return SnapshotChange(engine.version, previous)
