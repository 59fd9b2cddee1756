"""Amazon reviews, in three editions of two forms each."""

from __future__ import annotations

from graphrec.ingest.formats.declare import Events, Format, Nodes, Text

from graphrec.data import AttributeKind

_LISTED: dict[str, AttributeKind | None] = {"title": "text", "brand": "category"}


def _ratings(year: str, columns: tuple[str, ...], signs: tuple[str, ...] = ()) -> Format:
    return Format(
        f"amazon-{year}-ratings",
        f"Amazon ratings {year}, without reviews",
        (
            Events(
                files=("ratings_*.csv",) if year == "2014" else ("*.csv",),
                text=Text(",", columns),
                weight="rating",
                time="time",
                each="rating",
                times={"time_unit": "s"},
            ),
        ),
        signs=signs,
        says=(f"columns without a header: {', '.join(columns)}",),
    )


def _reviews(files: tuple[str, ...], but: tuple[str, ...] = ()) -> Events:
    """Reviews as they were published until 2018."""
    return Events(
        files=files,
        but=but,
        user="reviewerID",
        item="asin",
        weight="overall",
        time="unixReviewTime",
        each="rating",
        times={"time_unit": "s"},
    )


AMAZON_2014 = Format(
    "amazon-2014-reviews",
    "Amazon reviews 2014",
    (
        _reviews(("reviews_*.json",)),
        Nodes(
            files=("meta_*.json",),
            node_type="item",
            id="asin",
            attributes={**_LISTED, "price": "number", "categories": "tags"},
        ),
    ),
    signs=("reviews_*.json",),
    says=("items bought or viewed together are not read",),
)

AMAZON_2018 = Format(
    "amazon-2018-reviews",
    "Amazon reviews 2018",
    (
        _reviews(("*_5.json", "*.json"), but=("meta_*",)),
        Nodes(
            files=("meta_*.json",),
            node_type="item",
            id="asin",
            attributes={**_LISTED, "price": None, "category": "tags", "main_cat": "category"},
        ),
    ),
    signs=("meta_*.json",),
    unless=("reviews_*.json",),
    says=("of NAME_5.json and NAME.json, the former is read", "items bought together are not read"),
)

AMAZON_2023 = Format(
    "amazon-2023-reviews",
    "Amazon reviews 2023",
    (
        Events(
            files=("*.jsonl",),
            but=("meta_*",),
            user="user_id",
            item="parent_asin",
            weight="rating",
            time="timestamp",
            each="rating",
            times={"time_unit": "ms"},
        ),
        Nodes(
            files=("meta_*.jsonl",),
            node_type="item",
            id="parent_asin",
            attributes={
                "title": "text",
                "main_category": "category",
                "store": "category",
                "categories": "tags",
                "price": None,
                "average_rating": "number",
                "rating_number": "number",
            },
        ),
    ),
    signs=("meta_*.jsonl",),
    says=("items are parent_asin, as in the metadata: asin is one of their variants",),
)

RATINGS_2023 = Format(
    "amazon-2023-ratings",
    "Amazon ratings 2023, without reviews",
    (
        Events(
            files=("*.csv",),
            user="user_id",
            item="parent_asin",
            weight="rating",
            time="timestamp",
            each="rating",
            times={"time_unit": "ms"},
        ),
    ),
    says=("the history in each row of the splits is not read: its events are rows themselves",),
)

FORMATS = (
    AMAZON_2014,
    _ratings("2014", ("user", "item", "rating", "time"), ("ratings_*.csv", "meta_*.json")),
    AMAZON_2018,
    _ratings("2018", ("item", "user", "rating", "time")),
    AMAZON_2023,
    RATINGS_2023,
)
