"""Snapshots, and which of them serves: requests and responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.examples import EARLIER, VERSION
from graphrec.api.schemas.versioned import example
from pydantic import BaseModel, ConfigDict, Field


class RollbackRequest(BaseModel):
    """Which version to go back to."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, json_schema_extra={"example": {"to": EARLIER}}
    )

    to: str | None = Field(None, description="By default the newest one before the current.")


@dataclass(frozen=True)
class SnapshotChange:
    """Which snapshot serves now, and which one did."""

    __pydantic_config__ = example({"version": EARLIER, "previous": VERSION})

    version: Annotated[str, Field(description="The snapshot that serves from now on.")]
    previous: Annotated[
        str | None, Field(description="The one that served before; null where none did.")
    ]


@dataclass(frozen=True)
class SnapshotList:
    """The published snapshots."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "canary": None,
            "refused": None,
            "versions": [EARLIER, VERSION],
        }
    )

    version: Annotated[
        str | None, Field(description="The snapshot that serves; null where none does.")
    ]
    canary: Annotated[
        str | None,
        Field(description="The canary, which serves a share of users; null where there is none."),
    ]
    refused: Annotated[
        str | None,
        Field(description="Why the current snapshot does not serve; null where it does."),
    ]
    versions: Annotated[
        tuple[str, ...], Field(description="All that are published, the oldest first.")
    ]
