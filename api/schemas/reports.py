"""Reports: responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.examples import VERSION
from graphrec.api.schemas.versioned import example
from pydantic import Field

from graphrec.experiments.click_rates import ClickRate
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


@dataclass(frozen=True)
class ClickRates:
    """How often what was listed was followed by an event, by snapshot."""

    __pydantic_config__ = example(
        {
            "days": 7,
            "whole": True,
            "rates": [
                {
                    "version": VERSION,
                    "first": 1795342500123,
                    "last": 1795428900123,
                    "users": 310,
                    "shown": 3100,
                    "clicked": 96,
                }
            ],
        }
    )

    days: Annotated[int, Field(description="Within which an event counts.")]
    whole: Annotated[
        bool,
        Field(description="Whether the whole log was read; else its end, of what is not packed."),
    ]
    missing: Annotated[
        str | None, Field(description="What it needs, where there is nothing to count; else null.")
    ]
    rates: Annotated[tuple[ClickRate, ...], Field(description="The latest snapshot first.")]
