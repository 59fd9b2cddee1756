"""Logs that have the order of events instead of their times."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphrec.ingest.read import read_events
from graphrec.ingest.schema import event_columns
from graphrec.ingest.sources import File, open_source

from graphrec.data import Interactions
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.settings import IngestSettings

PLACE = "seq"
"""The column with the place of an event in its user's history, in a log without times."""


def read_history(
    path: Path,
    settings: IngestSettings,
    rejects: Path,
    policies: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    in_file_order: bool = False,
) -> Interactions:
    """The events of a log, as `read_events` gives them; places within histories count as times.

    Such times compare within a user only. `in_file_order` is as there. Raises what
    `read_events` raises.
    """
    source = File(path)
    with open_source(source, 1) as reading:
        timeless = event_columns(reading.name, reading.columns, {}).time is None
        mapping = {"time": PLACE} if timeless and PLACE in reading.columns else {}
    if mapping:  # places are small numbers, which are no times unless their unit is named
        settings = settings.model_copy(update={"time_unit": "ms"})
    return read_events(
        source, settings, rejects, mapping=mapping, policies=policies, in_file_order=in_file_order
    )
