"""Shops: clicks, carts and purchases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.formats.declare import Events, Format, Links, Nodes, Shape, Text
from graphrec.ingest.formats.instacart import INSTACART
from graphrec.ingest.formats.shapes import picked, row_by_row
from graphrec.ingest.long import LongTable
from graphrec.ingest.sources import Made
from graphrec.ingest.values import texts

from graphrec.data.kinds import KindPolicy

_PROPERTIES = ("categoryid", "available")
_HASHED = "a property whose name is a hash"


def _readable(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    """The properties that have a name."""
    for rows in batches:
        named = pc.is_in(texts(rows.column("property")), pa.array(_PROPERTIES))
        keep = named.to_numpy(zero_copy_only=False)
        yield picked(Made(rows), keep, {_HASHED: int(np.count_nonzero(~keep))})


_LONG = ("itemid", "property", "value", "timestamp")

RETAILROCKET = Format(
    "retailrocket",
    "Retailrocket",
    (
        Events(
            files=("events.csv",),
            user="visitorid",
            item="itemid",
            time="timestamp",
            kind="event",
            times={"time_unit": "ms"},
        ),
        Nodes(
            files=("item_properties*.csv",),
            shape=Shape(_LONG, _LONG, _readable, _LONG),
            node_type="item",
            id="itemid",
            attributes={"categoryid": "category", "available": "category"},
            long=LongTable("value", "property", "timestamp"),
            links={"categoryid": ("in", "category")},
        ),
        Links(
            files=("category_tree.csv",),
            edge_type=("category", "in", "category"),
            source="categoryid",
            target="parentid",
            skips={"parentid": "a category without a parent"},
        ),
    ),
    signs=("events.csv", "item_properties*.csv|category_tree.csv"),
    says=(
        "of the properties, whose names are hashes but for two, categoryid and available are read: "
        "the latest value of each",
    ),
)


def _dated(rows: pa.RecordBatch) -> Mapping[str, pa.Array]:
    """The year in front of MMDD, whose first zero may be missing."""
    day = pc.utf8_lpad(texts(rows.column("time_stamp")), 4, "0")
    own = {name: rows.column(name) for name in ("user_id", "item_id", "action_type")}
    return {**own, "time": pc.binary_join_element_wise("2014", day, "")}


TMALL = Format(
    "tmall",
    "Tmall (IJCAI 2015)",
    (
        Events(
            files=("user_log_format1.csv",),
            shape=row_by_row(
                ("user_id", "item_id", "time_stamp", "action_type"),
                ("user_id", "item_id", "time", "action_type"),
                _dated,
            ),
            user="user_id",
            item="item_id",
            time="time",
            kind="action_type",
            codes={"0": "click", "1": "cart", "2": "purchase", "3": "favourite"},
            times={"time_format": "%Y%m%d"},
        ),
        Nodes(
            files=("user_log_format1.csv",),
            distinct=True,
            node_type="item",
            id="item_id",
            attributes={"cat_id": "category", "seller_id": "category", "brand_id": "category"},
        ),
        Nodes(
            files=("user_info_format1.csv",),
            node_type="user",
            id="user_id",
            attributes={"age_range": "category", "gender": "category"},
        ),
    ),
    signs=("user_log_format1.csv",),
    says=(
        "times are days of 2014; action_type 0 is click, 1 cart, 2 purchase, 3 favourite",
        "train_format1.csv and test_format1.csv, which are about sellers, are not read",
    ),
)

_TAOBAO = Text(",", ("user", "item", "category", "behavior", "time"))

USER_BEHAVIOR = Format(
    "user-behavior",
    "UserBehavior (Taobao)",
    (
        Events(
            files=("UserBehavior*.csv",),
            text=_TAOBAO,
            time="time",
            kind="behavior",
            codes={"pv": "view", "fav": "favourite"},
            times={"time_unit": "s"},
        ),
        Nodes(
            files=("UserBehavior*.csv",),
            text=_TAOBAO,
            distinct=True,
            node_type="item",
            id="item",
            attributes={"category": "category"},
        ),
    ),
    signs=("UserBehavior*.csv",),
    editions={"taobao": "UserBehavior (Taobao)"},
    says=("pv is view, fav favourite; cart and buy are themselves",),
)

HM = Format(
    "hm",
    "H&M",
    (
        Events(
            files=("transactions_train.csv", "transactions*.csv"),
            user="customer_id",
            item="article_id",
            time="t_dat",
            each="purchase",
        ),
        Nodes(
            files=("articles.csv",),
            node_type="item",
            id="article_id",
            attributes={
                "title": "text",
                "product_type_name": "category",
                "product_group_name": "category",
                "colour_group_name": "category",
                "department_name": "category",
                "index_name": "category",
                "section_name": "category",
                "garment_group_name": "category",
                "detail_desc": "text",
            },
            called={"title": "prod_name"},
        ),
        Nodes(
            files=("customers.csv",),
            node_type="user",
            id="customer_id",
            attributes={
                "club_member_status": "category",
                "fashion_news_frequency": "category",
                "age": "number",
            },
        ),
    ),
    signs=("transactions_train.csv", "articles.csv"),
    editions={"h&m": "H&M"},
    kinds={"purchase": KindPolicy(same_time="add")},
    says=("a row is one piece; those of a customer and article on a day are added up",),
)

_NO_CUSTOMER = "no customer"


def _bought(rows: pa.RecordBatch) -> Mapping[str, pa.Array]:
    """A quantity below 0 is a return of as many pieces."""
    quantity = texts(rows.column("Quantity"))
    below = pc.starts_with(quantity, "-").fill_null(False)
    return {
        "user": texts(rows.column("Customer ID")),
        "item": rows.column("StockCode"),
        "weight": pc.utf8_ltrim(quantity, "-"),
        "time": rows.column("InvoiceDate"),
        "kind": pc.if_else(below, "return", "purchase"),
    }


_RETAIL_FILES = ("online*retail*.csv", "online*retail*.xlsx")

ONLINE_RETAIL = Format(
    "online-retail",
    "UCI Online Retail, I or II",
    (
        Events(
            files=_RETAIL_FILES,
            shape=row_by_row(
                ("Customer ID", "StockCode", "Quantity", "InvoiceDate"),
                ("user", "item", "weight", "time", "kind"),
                _bought,
            ),
            weight="weight",
            time="time",
            kind="kind",
            skips={"user": _NO_CUSTOMER},
            times={"day_first": False},
        ),
        Nodes(
            files=_RETAIL_FILES,
            distinct=True,
            node_type="item",
            id="StockCode",
            attributes={"title": "text"},
            called={"title": "Description"},
            skips={"title": "no description"},
        ),
    ),
    signs=("online*retail*.csv|online*retail*.xlsx",),
    kinds={
        "purchase": KindPolicy(same_time="add"),
        "return": KindPolicy(same_time="add"),
    },
    says=(
        "an event weighs its quantity; one below 0 is a return of as many",
        "rows without a customer, a quarter of the first edition, are left out",
    ),
)

_MONTHS = (
    *("2019-oct.csv", "2019-nov.csv", "2019-dec.csv", "2020-jan.csv", "2020-feb.csv"),
    *("2020-mar.csv", "2020-apr.csv"),
)

REES46 = Format(
    "rees46",
    "REES46 (Kaggle: 2019-Oct.csv and others)",
    (
        Events(
            files=("20??-???.csv", "*.csv"),
            user="user_id",
            item="product_id",
            time="event_time",
            kind="event_type",
        ),
        Nodes(
            files=("20??-???.csv", "*.csv"),
            distinct=True,
            in_pieces=True,
            node_type="item",
            id="product_id",
            attributes={
                "category_id": "category",
                "category_code": "category",
                "brand": "category",
            },
        ),
    ),
    signs=("|".join(_MONTHS),),
    says=("brands and categories are those of the events; prices, which change, are left out",),
)

FORMATS = (
    RETAILROCKET,
    TMALL,
    USER_BEHAVIOR,
    HM,
    INSTACART,
    ONLINE_RETAIL,
    REES46,
)
