"""Where reports are kept: the figures of each as JSON, and the page made from them.

They are in the folder `reports` of the snapshots, named after the version or time of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import Field, TypeAdapter, ValidationError

from graphrec.errors import SnapshotError
from graphrec.files import replace_file
from graphrec.report.figures import Report
from graphrec.report.page import page
from graphrec.snapshot.deletion import delete_drafts

REPORTS = "reports"


def keep(report: Report, folder: Path, name: str) -> Path:
    """Write figures and page of a run into the folder of snapshots; returns the page.

    `name` is the version, or the time of a refused run.
    """
    reports = folder / REPORTS
    reports.mkdir(parents=True, exist_ok=True)
    replace_file(reports / f"{name}.json", orjson.dumps(report))
    path = reports / f"{name}.html"
    replace_file(path, page(report).encode())
    return path


def kept(folder: Path, name: str) -> Report:
    """The figures of a run; raises SnapshotError if they cannot be read."""
    path = folder / REPORTS / f"{name}.json"
    try:
        return TypeAdapter(Report).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise SnapshotError(
            f"report {str(path)!r} cannot be read ({type(error).__name__}): expected the figures "
            f"of a run; write it again with `graphrec report`"
        ) from error


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

    What cannot be read is left out: `kept` says what is wrong with one.
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


def drop_people(folder: Path) -> int:
    """Remove the lists of users from all reports; returns how many reports had some.

    For forgetting: reports do not record whose lists they show. Unreadable ones are deleted.
    """
    reports, dropped = folder / REPORTS, 0
    delete_drafts(reports)
    for path in sorted(reports.glob("*.json")):
        try:
            report = kept(folder, path.stem)
        except SnapshotError:
            path.unlink()
            path.with_suffix(".html").unlink(missing_ok=True)
            continue
        if report.people:
            keep(replace(report, people=()), folder, path.stem)
            dropped += 1
    return dropped
