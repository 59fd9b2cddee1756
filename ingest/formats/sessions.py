"""Shops whose users are sessions."""

from __future__ import annotations

from graphrec.ingest.formats.declare import Events, Format, Nodes, Text
from graphrec.ingest.formats.shapes import unlisted

YOOCHOOSE = Format(
    "yoochoose",
    "YooChoose (RecSys 2015)",
    (
        Events(
            files=("yoochoose-clicks*.dat",),
            text=Text(",", ("session", "time", "item", "category")),
            user="session",
            time="time",
            each="click",
        ),
        Events(
            files=("yoochoose-buys*.dat",),
            text=Text(",", ("session", "time", "item", "price", "quantity")),
            user="session",
            time="time",
            each="purchase",
            optional=True,
        ),
    ),
    signs=("yoochoose-clicks*.dat",),
    says=(
        "users are sessions",
        "price and quantity of purchases, which half of them have not, and the category of clicks, "
        "which changes with offers, are left out",
    ),
)

OTTO = Format(
    "otto",
    "OTTO",
    (
        Events(
            files=("otto-recsys-train.jsonl", "otto-recsys-*.jsonl", "train.jsonl"),
            shape=unlisted(
                "events", {"item": "aid", "time": "ts", "kind": "type"}, {"user": "session"}, 20
            ),
            time="time",
            kind="kind",
            codes={"clicks": "click", "carts": "cart", "orders": "purchase"},
            times={"time_unit": "ms"},
        ),
    ),
    signs=("otto-recsys-*.jsonl",),
    says=("users are sessions; clicks are click, carts cart, orders purchase",),
)

DIGINETICA = Format(
    "diginetica",
    "Diginetica (CIKM Cup 2016)",
    (
        Events(
            files=("train-item-views.csv",),
            text=Text(";"),
            user="sessionId",
            item="itemId",
            time="eventdate",
            each="view",
        ),
        Events(
            files=("train-purchases.csv",),
            text=Text(";"),
            user="sessionId",
            item="itemId",
            time="eventdate",
            each="purchase",
            optional=True,
        ),
        Nodes(
            files=("product-categories.csv",),
            text=Text(";"),
            node_type="item",
            id="itemId",
            attributes={"category": "category"},
            called={"category": "categoryId"},
        ),
    ),
    signs=("train-item-views.csv",),
    says=("users are sessions, and times days",),
)

FORMATS = (YOOCHOOSE, OTTO, DIGINETICA)
