"""Google Analytics 4: the export to BigQuery, whose events have lists of parameters and items."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.formats.declare import Events, Format, Nodes, Shape
from graphrec.ingest.formats.shapes import COUNTED, entries, part_of, recoded, without
from graphrec.ingest.sources import Made
from graphrec.ingest.values import missing, texts
from numpy.typing import NDArray

_KINDS = {
    "view_item": "view",
    "select_item": "click",
    "select_content": "click",
    "view_item_list": "impression",
    "view_search_results": "impression",
    "add_to_wishlist": "wishlist",
    "page_view": "view",
}
"""Kinds by the names of events; others, such as add_to_cart and purchase, are themselves."""
_ITEM_KEYS = ("item_id", "content_id")
"""Parameters that name an item, where an event has no list of items."""
_VALUES = ("string_value", "int_value", "double_value", "float_value")
_NO_ITEM = "an event without an item"
_NONE = ("(not set)", "(none)", "(other)")
"""What Analytics writes for nothing."""

_READS = ("event_name", "event_timestamp", "user_id", "user_pseudo_id", "event_params", "items")
_FACTS = {
    "title": "item_name",
    "brand": "item_brand",
    "category": "item_category",
    "price": "price",
}


def _events(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    for rows in batches:
        values, row = entries(rows.column("items"))
        named, alone = _named(rows, row)
        of = np.concatenate([row, alone])
        order = np.argsort(of, kind="stable")
        of, take = of[order], pa.array(order)
        item = pa.concat_arrays([_item(values), named]).take(take)
        quantity = pa.concat_arrays(
            [texts(part_of(values, "quantity")), pa.nulls(len(alone), pa.string())]
        ).take(take)
        kind = recoded(rows.column("event_name"), _KINDS).take(pa.array(of))
        counted = pc.is_in(kind, pa.array(COUNTED))
        users = pc.coalesce(texts(rows.column("user_id")), texts(rows.column("user_pseudo_id")))
        columns = {
            "user": users.take(pa.array(of)),
            "item": item,
            "weight": pc.if_else(counted, quantity, pa.scalar(None, pa.string())),
            "time": rows.column("event_timestamp").take(pa.array(of)),
            "kind": kind,
        }
        keep = ~missing(item)
        batch = pa.RecordBatch.from_pydict(columns).filter(pa.array(keep))
        yield Made(batch, of[keep], without(rows, of[keep], _NO_ITEM))


def _catalogue(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    for rows in batches:
        values, row = entries(rows.column("items"))
        facts = {name: _known(part_of(values, key)) for name, key in _FACTS.items()}
        item = _item(values)
        keep = ~missing(item)
        batch = pa.RecordBatch.from_pydict({"item": item, **facts})
        yield Made(batch.filter(pa.array(keep)), row[keep])


def _item(values: pa.Array) -> pa.Array:
    return _known(part_of(values, "item_id"))


def _known(column: pa.Array) -> pa.Array:
    text = texts(column)
    return pc.if_else(pc.is_in(text, pa.array(_NONE)), pa.scalar(None, pa.string()), text)


def _named(rows: pa.RecordBatch, listed: NDArray[np.int64]) -> tuple[pa.Array, NDArray[np.int64]]:
    """The items that parameters name, and their rows: of rows without a list of items."""
    values, row = entries(rows.column("event_params"))
    fits = pc.is_in(texts(part_of(values, "key")), pa.array(_ITEM_KEYS))
    keep = fits.fill_null(False).to_numpy(zero_copy_only=False) & ~np.isin(row, listed)
    of = values.filter(pa.array(keep))
    found = pc.coalesce(*(texts(part_of(of, f"value.{value}")) for value in _VALUES))
    own, first = np.unique(row[keep], return_index=True)
    return _known(found).take(pa.array(first)), own


GA4 = Format(
    "ga4",
    "Google Analytics 4 (export to BigQuery)",
    (
        Events(
            files=("events_*", "*.json", "*.jsonl", "*.parquet", "*"),
            shape=Shape(
                _READS,
                ("user", "item", "weight", "time", "kind"),
                _events,
                ("event_name", "event_timestamp", "user_pseudo_id"),
                several=4,
            ),
            weight="weight",
            time="time",
            kind="kind",
            times={"time_unit": "us"},
        ),
        Nodes(
            files=("events_*", "*.json", "*.jsonl", "*.parquet", "*"),
            shape=Shape(("items",), ("item", *_FACTS), _catalogue, several=4),
            distinct=True,
            in_pieces=True,
            skips={"title": "an item without a name"},
            node_type="item",
            id="item",
            attributes={
                "title": "text",
                "brand": "category",
                "category": "category",
                "price": "number",
            },
        ),
    ),
    says=(
        "users are user_id, and where there is none user_pseudo_id",
        "an event is one of each of its items, or of the item_id or content_id among its "
        "parameters; view_item is view, select_item click, view_item_list impression",
    ),
)
