"""Segment: calls of `track`, with the products under `properties`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.formats.declare import Events, Format, Nodes, Shape
from graphrec.ingest.formats.shapes import COUNTED, entries, part_of, without
from graphrec.ingest.sources import Made
from graphrec.ingest.values import missing, texts
from numpy.typing import NDArray

_KINDS = {
    "product viewed": "view",
    "product clicked": "click",
    "product added": "add_to_cart",
    "product removed": "remove_from_cart",
    "product added to wishlist": "wishlist",
    "product removed from wishlist": "remove_from_wishlist",
    "wishlist product added to cart": "add_to_cart",
    "product list viewed": "impression",
    "product list filtered": "impression",
    "product shared": "share",
    "product reviewed": "rating",
    "order completed": "purchase",
    "order refunded": "refund",
    "order cancelled": "order_cancelled",
}
"""Kinds by the events of Segment's specification of e-commerce, in small letters."""
_IDS = ("product_id", "sku", "id")
_NO_ITEM = "an event without a product"

_READS = (
    *("event", "userId", "anonymousId", "timestamp", "originalTimestamp", "properties.products"),
    *(f"properties.{name}" for name in (*_IDS, "quantity", "rating")),
)
_FACTS = {"title": "name", "brand": "brand", "category": "category", "price": "price"}


def kind_of(event: str | None) -> str | None:
    """The kind of an event by its name; of one that is not known, the name with underscores."""
    if event is None:
        return None
    known = _KINDS.get(event.strip().lower())
    return known or re.sub(r"\W+", "_", event.strip().lower()).strip("_") or None


def _events(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    for rows in batches:
        product, of, left_out = _products(rows, (*_IDS, "quantity", "rating"))
        take = pa.array(of)
        encoded = texts(rows.column("event")).dictionary_encode()
        kinds = pa.array(map(kind_of, encoded.dictionary.to_pylist()), pa.string())
        kind = kinds.take(encoded.indices).take(take)
        counted = pc.is_in(kind, pa.array(COUNTED))
        amount = pc.if_else(counted, product["quantity"], pa.scalar(None, pa.string()))
        reviewed = pc.equal(kind, "rating")
        weight = pc.if_else(reviewed, product["rating"], amount)
        unrated = pc.and_(reviewed, product["rating"].is_null())
        kind = pc.if_else(unrated, "review", kind)
        columns = {
            "user": _first(rows, "userId", "anonymousId").take(take),
            "item": product["item"],
            "weight": weight,
            "time": _first(rows, "timestamp", "originalTimestamp").take(take),
            "kind": kind,
        }
        yield Made(pa.RecordBatch.from_pydict(columns), of, left_out)


def _catalogue(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    for rows in batches:
        product, of, left_out = _products(rows, (*_IDS, *_FACTS.values()))
        columns = {"item": product["item"]} | {n: product[key] for n, key in _FACTS.items()}
        yield Made(pa.RecordBatch.from_pydict(columns), of, left_out)


def _products(
    rows: pa.RecordBatch, names: tuple[str, ...]
) -> tuple[dict[str, pa.Array], NDArray[np.int64], Mapping[str, int]]:
    """What the products of all rows have, whether there is one or a list of them.

    Also the row of each, and how many rows have none.
    """
    listed, row = entries(rows.column("properties.products"))
    alone = np.setdiff1d(np.arange(rows.num_rows), row)
    of = np.concatenate([alone, row])
    order = np.argsort(of, kind="stable")
    found = {}
    for name in names:
        own = f"properties.{name}"
        single = texts(rows.column(own)) if own in rows.schema.names else pa.nulls(rows.num_rows)
        both = [single.cast(pa.string()).take(pa.array(alone)), texts(part_of(listed, name))]
        found[name] = pa.concat_arrays(both).take(pa.array(order))
    found["item"] = pc.coalesce(*(found[name] for name in _IDS))
    keep = ~missing(found["item"])
    of = of[order]
    kept = {name: values.filter(pa.array(keep)) for name, values in found.items()}
    return kept, of[keep], without(rows, of[keep], _NO_ITEM)


def _first(rows: pa.RecordBatch, *names: str) -> pa.Array:
    """The first of several columns that has a value."""
    return pc.coalesce(*(texts(rows.column(name)) for name in names))


_CATALOGUE = ("properties.products", *(f"properties.{name}" for name in (*_IDS, *_FACTS.values())))

SEGMENT = Format(
    "segment",
    "Segment track calls",
    (
        Events(
            files=("*.json", "*.jsonl", "*"),
            shape=Shape(_READS, ("user", "item", "weight", "time", "kind"), _events, several=2),
            weight="weight",
            time="time",
            kind="kind",
        ),
        Nodes(
            files=("*.json", "*.jsonl", "*"),
            shape=Shape(_CATALOGUE, ("item", *_FACTS), _catalogue, several=2),
            distinct=True,
            in_pieces=True,
            skips={"title": "a product without a name"},
            node_type="item",
            id="item",
            attributes={
                "title": "text",
                "brand": "category",
                "category": "category",
                "price": None,
            },
        ),
    ),
    says=(
        "users are userId, and where there is none anonymousId",
        "Product Viewed is view, Product Added add_to_cart, Order Completed purchase …; an event "
        "of another name is a kind of that name where it has a product, and left out where not",
    ),
)
