"""Reports: responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.examples import VERSION
from graphrec.api.schemas.versioned import example
from pydantic import Field

from graphrec.snapshot.reports import Refreshed


@dataclass(frozen=True)
class Refreshes:
    """The latest refreshes."""

    __pydantic_config__ = example(
        {
            "refreshes": [
                {
                    "name": VERSION,
                    "time": "2026-11-22T10:15:00+00:00",
                    "verdict": "published",
                    "counts": {"users": 943, "items": 1682, "events": 100_000},
                    "model": "fusion",
                    "ndcg": 0.31,
                    "coverage": 0.42,
                }
            ]
        }
    )

    refreshes: Annotated[tuple[Refreshed, ...], Field(description="The latest first.")]
