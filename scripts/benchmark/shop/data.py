"""A shop's files, up to a cut and after it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from graphrec.ingest.shop.files import EVENTS, ITEMS, TRUTH, USERS
from graphrec.ingest.shop.proportions import DAY

Row = Mapping[str, str]


@dataclass(frozen=True)
class Event:
    """A row of the log."""

    user: str
    item: str
    kind: str
    time: int
    """In ms since 1970."""


@dataclass(frozen=True)
class Truth:
    """What is planted in the shop; see `graphrec.ingest.shop.truth`."""

    end: int
    segment_of_person: Mapping[str, str]
    segment_of_item: Mapping[str, str]
    partners: Mapping[str, str]
    out_of_stock: frozenset[str]


@dataclass(frozen=True)
class Cut:
    """A shop at a time: what a recommender may learn from, and what comes then."""

    truth: Truth
    before: Sequence[Event]
    after: Sequence[Event]
    arrivals: Sequence[Row]
    """Rows of the items that are published after the cut."""
    at: int
    """In ms since 1970."""


def cut_shop(folder: Path, days: float, into: Path) -> Cut:
    """Cut a shop so many days before its end, and write what was before into files of a folder."""
    truth = _truth(json.loads((folder / TRUTH).read_text("utf-8")))
    at = truth.end - round(days * DAY)
    events, items = list(_rows(folder / EVENTS)), list(_rows(folder / ITEMS))
    times = [time_of(row["timestamp"]) for row in events]
    published = [time_of(row["published_at"]) < at for row in items]
    into.mkdir(parents=True, exist_ok=True)
    _write(into / EVENTS, [row for row, time in zip(events, times, strict=True) if time < at])
    _write(into / ITEMS, [row for row, old in zip(items, published, strict=True) if old])
    (into / USERS).write_bytes((folder / USERS).read_bytes())
    log = [
        Event(row["customer_id"], row["sku"], row["event"], time)
        for row, time in zip(events, times, strict=True)
    ]
    return Cut(
        truth,
        [event for event in log if event.time < at],
        [event for event in log if event.time >= at],
        [row for row, old in zip(items, published, strict=True) if not old],
        at,
    )


def time_of(text: str) -> int:
    """ISO 8601 in UTC as ms since 1970."""
    return int(np.datetime64(text.removesuffix("Z"), "ms").astype(np.int64))


def _truth(found: Mapping[str, Any]) -> Truth:
    return Truth(
        end=found["end"],
        segment_of_person=found["segment_of_person"],
        segment_of_item=found["segment_of_item"],
        partners=dict(found["bundles"]),
        out_of_stock=frozenset(found["out_of_stock"]),
    )


def _rows(path: Path) -> Iterable[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _write(path: Path, rows: Sequence[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
