"""What changes which snapshot serves: for the people who run the service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Body
from graphrec.api.engine import Engine, Serving
from graphrec.api.errors import INVALID, REFUSED, REFUSED_OR_RUNNING, SnapshotRefused
from graphrec.api.models import VERSION
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from graphrec.errors import SnapshotError
from graphrec.snapshot.canary import end_canary, promote
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import rollback, versions

router = APIRouter(prefix="/v1/admin", tags=["admin"])

EARLIER = "20261121T101500Z-9c1d42"


class RollbackRequest(BaseModel):
    """Which version to go back to."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, json_schema_extra={"example": {"to": EARLIER}}
    )

    to: str | None = Field(None, description="Not given: the newest one before the current.")


class SnapshotChange(BaseModel):
    """Which snapshot serves now, and which one did."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"version": EARLIER, "previous": VERSION}}
    )

    version: str = Field(description="The snapshot that serves from now on.")
    previous: str | None = Field(description="The one that did; null where there was none.")


class SnapshotList(BaseModel):
    """What there is to serve."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "version": VERSION,
                "canary": None,
                "refused": None,
                "versions": [EARLIER, VERSION],
            }
        }
    )

    version: str | None = Field(description="The snapshot that serves; null where none does.")
    canary: str | None = Field(
        None, description="The one that serves a share of users beside it; null where none does."
    )
    refused: str | None = Field(
        description="Why the current snapshot is not the one that serves; null where it is."
    )
    versions: tuple[str, ...] = Field(description="All that are published, the oldest first.")


@router.get("/snapshots")
async def snapshots(engine: Serving) -> SnapshotList:
    """The published snapshots, and which one serves."""
    return SnapshotList(
        version=engine.version,
        canary=None if engine.canary is None else engine.canary.version,
        refused=engine.reason,
        versions=await run_in_threadpool(versions, engine.folder),
    )


@router.post("/reload", responses=REFUSED)
async def reload(engine: Serving) -> SnapshotChange:
    """Serve the current snapshot now, also one that was refused before.

    The service looks for itself about once a second; this is for who would not wait.
    """
    return await _changed(engine, engine.version)


@router.post("/promote", responses=REFUSED_OR_RUNNING, name="promote")
async def promote_canary(engine: Serving) -> SnapshotChange:
    """Let the canary serve everyone, for this and every process on the same folder."""
    previous = engine.version
    await run_in_threadpool(_change, engine.folder, lambda: promote(engine.folder))
    return await _changed(engine, previous)


@router.post("/rollback", responses=REFUSED_OR_RUNNING | INVALID, name="rollback")
async def roll_back(engine: Serving, request: Annotated[RollbackRequest, Body()]) -> SnapshotChange:
    """Make an earlier snapshot the current one, for this and every process on the same folder.

    Where a canary is tried, and no version is named, it ends that: the current one serves everyone.
    """
    previous = engine.version

    def go_back() -> None:
        ended = end_canary(engine.folder)
        if not ended or request.to is not None:
            rollback(engine.folder, request.to)

    await run_in_threadpool(_change, engine.folder, go_back)
    return await _changed(engine, previous)


def _change(folder: Path, work: Callable[[], object]) -> None:
    """Change what serves, as the only one; raises SnapshotRefused, and RefreshRunning."""
    try:
        with refresh_lock(folder):
            work()
    except SnapshotError as error:
        raise SnapshotRefused(str(error)) from error
    except OSError as error:
        raise SnapshotRefused(
            f"the folder of snapshots cannot be written ({error.strerror}): make it writable for "
            f"the service, or run `graphrec promote` or `graphrec rollback` where it is"
        ) from error


async def _changed(engine: Engine, previous: str | None) -> SnapshotChange:
    await engine.update(again=True)
    if engine.reason is not None or engine.version is None:
        raise SnapshotRefused(engine.reason or "no snapshot serves")
    return SnapshotChange(version=engine.version, previous=previous)
