"""Instacart: the products of orders, joined with the orders, which say whose they are and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import pyarrow as pa
from graphrec.ingest.formats.declare import Events, Format, Nodes, Shape
from graphrec.ingest.sources import Made, Source, open_source
from graphrec.ingest.values import numbers
from numpy.typing import NDArray

from graphrec.errors import DataError

_COLUMNS = ("order_id", "user_id", "order_number", "order_hour_of_day", "days_since_prior_order")
_FIRST = 946_684_800
"""1 January 2000 in seconds: the day of everybody's first order."""
_ROWS = 100_000


def _orders(source: Source) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The ids of orders, ascending, whose they are, and their times in seconds; in memory."""
    with open_source(source, _ROWS) as reading:
        lacking = [column for column in _COLUMNS if column not in reading.columns]
        if lacking:
            raise DataError(
                f"{reading.name} has no column {lacking[0]!r}: found "
                f"{', '.join(map(repr, reading.columns))}; expected the orders of Instacart"
            )
        parts = [
            np.stack([numbers(chunk.rows.column(column)) for column in _COLUMNS])
            for chunk in reading.chunks(_COLUMNS)
        ]
    order, user, number, hour, days = np.nan_to_num(np.concatenate(parts, axis=1))
    in_turn = np.lexsort((number, user))
    days = np.cumsum(days[in_turn])
    _, first, of = np.unique(user[in_turn], return_index=True, return_inverse=True)
    time = np.empty(len(order), np.int64)
    time[in_turn] = _FIRST + (days - days[first][of]).astype(np.int64) * 86_400
    time += (hour * 3600).astype(np.int64)
    ascending = np.argsort(order, kind="stable")
    found = (each[ascending].astype(np.int64) for each in (order, user))
    return (*found, time[ascending])


def _joined(orders: Source, batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    order, user, time = _orders(orders)
    for rows in batches:
        wanted = numbers(rows.column("order_id"))
        at = np.minimum(np.searchsorted(order, wanted), max(len(order) - 1, 0))
        unknown = order[at] != wanted if len(order) else np.ones(len(wanted), bool)
        columns = {
            "user": pa.array(user[at], mask=unknown),
            "item": rows.column("product_id"),
            "time": pa.array(time[at], mask=unknown),
        }
        yield Made(pa.RecordBatch.from_pydict(columns))


def _of_orders(beside: Sequence[Source]) -> Shape:
    reads = ("order_id", "product_id")
    return Shape(reads, ("user", "item", "time"), partial(_joined, beside[0]), reads)


INSTACART = Format(
    "instacart",
    "Instacart",
    (
        Events(
            files=("order_products__*.csv",),
            shape=_of_orders,
            beside=("orders.csv",),
            time="time",
            each="purchase",
            times={"time_unit": "s"},
        ),
        Nodes(
            files=("products.csv",),
            node_type="item",
            id="product_id",
            attributes={
                "title": "text",
                "aisle_id": "category",
                "department_id": "category",
            },
            called={"title": "product_name"},
            links={"aisle_id": ("in", "aisle"), "department_id": ("in", "department")},
        ),
        Nodes(
            files=("aisles.csv",),
            node_type="aisle",
            id="aisle_id",
            attributes={"title": "text"},
            called={"title": "aisle"},
        ),
        Nodes(
            files=("departments.csv",),
            node_type="department",
            id="department_id",
            attributes={"title": "text"},
            called={"title": "department"},
        ),
    ),
    signs=("orders.csv", "order_products__*.csv"),
    says=(
        "times are relative: the day of everybody's first order counts as 1 January 2000, and "
        "later ones are so many days after it (30 are 30 or more)",
        "orders.csv is kept in memory, about 150 MB of 3.4 million",
    ),
)
