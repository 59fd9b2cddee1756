"""Logs that know the order of events and not their times."""

from __future__ import annotations

from pathlib import Path

from graphrec.ingest.read import read_events
from graphrec.ingest.schema import event_columns
from graphrec.ingest.sources import File, open_source

from graphrec.data import Interactions
from graphrec.settings import IngestSettings

PLACE = "seq"
"""The column of a log that has an event's place in its user's history, and no times."""


def read_history(path: Path, settings: IngestSettings, rejects: Path) -> Interactions:
    """The events of a log, as `read_events` gives them; places within histories count as times.

    Such times compare within a user only. Raises what `read_events` raises.
    """
    source = File(path)
    with open_source(source, 1) as reading:
        timeless = event_columns(reading.name, reading.columns, {}).time is None
        mapping = {"time": PLACE} if timeless and PLACE in reading.columns else {}
    return read_events(source, settings, rejects, mapping=mapping)
