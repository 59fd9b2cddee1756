"""The reports of refreshes that are kept in a folder of snapshots: their main figures.

What makes and draws them, in `graphrec.report`, is not needed to read these.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import Field

REPORTS = "reports"
"""The folder of them."""

LISTED = 30
"""Refreshes that a service lists."""


@dataclass(frozen=True)
class Refreshed:
    """The main figures of a refresh, as its report has them."""

    name: Annotated[str, Field(description="The version, or the time of a refused run.")]
    time: Annotated[str, Field(description="When it began or was published: ISO 8601, UTC.")]
    verdict: Annotated[
        str | None, Field(description="Such as published or refused; null: not by a refresh.")
    ]
    counts: Annotated[Mapping[str, int], Field(description="Users, items and events.")]
    model: Annotated[
        str | None, Field(description="Whose metrics these are; null: none was measured.")
    ]
    ndcg: Annotated[float | None, Field(description="On the test; null: not measured.")]
    coverage: Annotated[
        float | None, Field(description="Share of items in any list of the test; null: unknown.")
    ]


def latest(folder: Path, most: int) -> tuple[Refreshed, ...]:
    """The latest refreshes of which the folder of snapshots has a report, the latest first.

    What cannot be read is left out: `graphrec.report.archive.kept` says what is wrong with one.
    """
    names = sorted((folder / REPORTS).glob("*.json"), reverse=True)[:most]
    found = []
    for path in names:
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            found.append(_refreshed(path.stem, orjson.loads(path.read_bytes())))
    return tuple(found)


def _refreshed(name: str, said: Mapping[str, Any]) -> Refreshed:
    now, job = said["now"], said["job"]
    rows = {row["model"]: row["metrics"] for row in now["metrics"].get("models", ())}
    key = f"ndcg@{now['metrics'].get('k')}"
    model = max(
        rows, key=lambda each: (each == "fusion", _value(rows[each], key) or 0), default=None
    )
    measured = {} if model is None else rows[model]
    return Refreshed(
        name,
        now["created"] or job["started"],
        None if job is None else job["verdict"],
        now["counts"],
        model,
        _value(measured, key),
        _value(measured, key.replace("ndcg", "coverage")),
    )


def _value(metrics: Mapping[str, Any], key: str) -> float | None:
    return metrics[key]["value"] if key in metrics else None
