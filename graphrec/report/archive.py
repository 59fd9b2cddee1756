"""Where reports are kept: the figures of each as JSON, and the page made from them.

They are in the folder `reports` of the snapshots, named after the version or time of the run.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from graphrec.errors import SnapshotError
from graphrec.files import replace_file
from graphrec.report.figures import Report
from graphrec.report.page import page
from graphrec.snapshot.deletion import delete_drafts
from graphrec.snapshot.reports import REPORTS


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
