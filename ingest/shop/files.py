"""A made-up shop as files: three tables, and beside them the truth."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import numpy as np
from graphrec.ingest.shop.log import KINDS, Log
from graphrec.ingest.shop.made import Shop, shop_of
from graphrec.ingest.shop.proportions import Proportions
from graphrec.ingest.shop.truth import truth_of
from numpy.typing import NDArray

EVENTS, ITEMS, USERS, TRUTH = "events.csv", "items.csv", "users.csv", "truth.json"
SETTINGS = "graphrec.toml"

RULES = """\
[[rules]]
name = "in stock"
action = "require"
attribute = "stock"
least = 1
"""
"""What holds of every list of a shop."""

EVENT_COLUMNS = ("customer_id", "sku", "event", "timestamp", "quantity")
ITEM_COLUMNS = (
    *("sku", "title", "category", "subcategory", "brand", "price", "stock", "image_url"),
    *("published_at", "description"),
)
USER_COLUMNS = ("customer_id", "country", "language", "birth_year", "joined_at", "newsletter")


def write_shop(shop: Shop, folder: Path) -> None:
    """Write events.csv, items.csv, users.csv, truth.json and graphrec.toml into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / EVENTS, EVENT_COLUMNS, event_rows(shop, shop.log))
    _write(folder / ITEMS, ITEM_COLUMNS, item_rows(shop))
    _write(folder / USERS, USER_COLUMNS, user_rows(shop))
    (folder / SETTINGS).write_text(RULES, "utf-8")
    (folder / TRUTH).write_text(json.dumps(truth_of(shop), indent=1) + "\n", "utf-8")


def made_shop(
    folder: Path,
    seed: int,
    sizes: Proportions = Proportions(),  # noqa: B008 - it is frozen
) -> Path:
    """A folder with a shop of a seed whose log ends today; one that is there already stays.

    Its settings have the rule of every shop: what is sold is in stock.
    """
    if not _is_of(folder / TRUTH, seed, sizes):
        write_shop(shop_of(seed, time.time_ns() // 1_000_000, sizes), folder)
    return folder


def event_rows(shop: Shop, log: Log) -> Iterable[Sequence[object]]:
    """The rows of events.csv; a view has no quantity."""
    customer, sku = shop.people.customer, shop.catalogue.sku
    quantities = [str(each or "") for each in log.quantity.tolist()]
    times = _text(log.time, "s", "Z")
    columns = (log.person.tolist(), log.item.tolist(), log.kind.tolist(), times, quantities)
    for who, what, kind, at, quantity in zip(*columns, strict=True):
        yield customer[who], sku[what], KINDS[kind], at, quantity


def item_rows(shop: Shop) -> Iterable[Sequence[object]]:
    """The rows of items.csv."""
    own = shop.catalogue
    return zip(
        own.sku,
        own.title,
        (own.segments[at] for at in own.segment.tolist()),
        (own.shelves[at].name for at in own.shelf.tolist()),
        own.brand,
        (f"{each:.2f}" for each in own.price.tolist()),
        own.stock.tolist(),
        (f"https://example.com/images/{sku}.jpg" for sku in own.sku),
        _text(own.published, "D"),
        own.description,
        strict=True,
    )


def user_rows(shop: Shop) -> Iterable[Sequence[object]]:
    """The rows of users.csv."""
    own = shop.people
    return zip(
        own.customer,
        own.country,
        own.language,
        own.birth_year.tolist(),
        _text(own.joined, "D"),
        ("yes" if each else "no" for each in own.newsletter.tolist()),
        strict=True,
    )


def _write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def _text(times: NDArray[np.int64], unit: Literal["s", "D"], zone: str = "") -> list[str]:
    """Times as ISO 8601."""
    moments = times.astype("datetime64[ms]")
    return [f"{each}{zone}" for each in np.datetime_as_string(moments, unit=unit).tolist()]


def _is_of(truth: Path, seed: int, sizes: Proportions) -> bool:
    """Whether a file is the truth of a shop of a seed and sizes."""
    try:
        found = json.loads(truth.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return bool(found["seed"] == seed and found["proportions"] == asdict(sizes))
