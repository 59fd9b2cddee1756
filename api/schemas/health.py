"""Health: the responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from graphrec.api.schemas.examples import VERSION
from graphrec.api.schemas.versioned import Versioned, example
from pydantic import Field

Part: TypeAlias = Literal["snapshot", "store", "settings", "stream", "online"]


@dataclass(frozen=True)
class Live:
    """The process runs."""

    __pydantic_config__ = example({"status": "live"})

    status: Literal["live"] = "live"


@dataclass(frozen=True)
class Readiness(Versioned):
    """Recommendations can be given."""

    __pydantic_config__ = example(
        {
            "status": "ready",
            "version": VERSION,
            "created": "2026-11-22T10:15:00+00:00",
            "counts": {"users": 943, "items": 1682, "events": 100_000},
            "parts": {"snapshot": "ready", "settings": "ready", "store": "ready"},
            "warnings": [],
        }
    )

    status: Annotated[
        Literal["ready", "degraded"],
        Field(
            description="Degraded where a part does not answer, or the settings name what is not "
            "there; recommendations are still given."
        ),
    ]
    created: Annotated[str, Field(description="When the snapshot was published: ISO 8601, UTC.")]
    counts: Annotated[Mapping[str, int], Field(description="Users, items and events in it.")]
    parts: Annotated[
        Mapping[Part, str],
        Field(
            description='"ready", or the reason why not; a store, a stream and `online`, which is '
            "Redis, only where there is one."
        ),
    ]
    warnings: Annotated[
        tuple[str, ...],
        Field(description="What is doubtful in the settings, such as values that no item has."),
    ] = ()
