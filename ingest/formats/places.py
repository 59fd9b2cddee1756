"""Places."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from graphrec.ingest.formats.declare import Events, Format, Links, Nodes, Shape, Text
from graphrec.ingest.formats.shapes import unlisted
from graphrec.ingest.sources import Made
from graphrec.ingest.values import texts

_FRIENDS = unlisted("friends", {"target": ""}, {"source": "user_id"}, 50, ",")


def _friends(batches: Iterator[pa.RecordBatch]) -> Iterator[Made]:
    """Friends with commas between; "None" is none."""

    def named(rows: pa.RecordBatch) -> pa.RecordBatch:
        at = rows.schema.get_field_index("friends")
        friends = rows.column(at)
        if pa.types.is_string(friends.type):
            none = pa.scalar(None, pa.string())
            friends = pc.if_else(pc.equal(texts(friends), "None"), none, friends)
        return rows.set_column(at, "friends", friends)

    return _FRIENDS.derive(map(named, batches))


YELP = Format(
    "yelp",
    "Yelp",
    (
        Events(
            files=("yelp_academic_dataset_review.json", "*review.json"),
            user="user_id",
            item="business_id",
            weight="stars",
            time="date",
            each="rating",
        ),
        Nodes(
            files=("yelp_academic_dataset_business.json", "*business.json"),
            node_type="item",
            id="business_id",
            attributes={
                "title": "text",
                "city": "category",
                "state": "category",
                "categories": "tags",
                "stars": "number",
                "review_count": "number",
                "latitude": "number",
                "longitude": "number",
                "is_open": "category",
            },
            called={"title": "name"},
        ),
        Nodes(
            files=("yelp_academic_dataset_user.json", "*user.json"),
            node_type="user",
            id="user_id",
            attributes={"review_count": "number", "fans": "number", "average_stars": "number"},
        ),
        Links(
            files=("yelp_academic_dataset_user.json", "*user.json"),
            shape=Shape(_FRIENDS.reads, _FRIENDS.makes, _friends, _FRIENDS.needs, _FRIENDS.several),
            edge_type=("user", "friend", "user"),
            source="source",
            target="target",
        ),
    ),
    signs=("yelp_academic_dataset_review.json|review.json", "*business.json|*user.json"),
    says=("tips, check-ins and photos are not read",),
)

CHECKINS = Format(
    "gowalla",
    "Gowalla check-ins (SNAP)",
    (
        Events(
            files=("*_totalCheckins.txt",),
            text=Text("\t", ("user", "time", "latitude", "longitude", "item"), quotes=False),
            time="time",
            each="checkin",
        ),
        Nodes(
            files=("*_totalCheckins.txt",),
            text=Text("\t", ("user", "time", "latitude", "longitude", "item"), quotes=False),
            distinct=True,
            node_type="item",
            id="item",
            attributes={"latitude": "number", "longitude": "number"},
        ),
        Links(
            files=("*_edges.txt",),
            text=Text("\t", ("source", "target")),
            edge_type=("user", "friend", "user"),
            source="source",
            target="target",
        ),
    ),
    signs=("*_totalCheckins.txt",),
    editions={"brightkite": "Brightkite check-ins (SNAP)"},
    says=("places and their coordinates are those of the check-ins", "edges are friends"),
)

_TSMC = ("user", "venue", "category_id", "category", "latitude", "longitude", "offset", "time")

FOURSQUARE = Format(
    "foursquare",
    "Foursquare check-ins (TSMC 2014)",
    (
        Events(
            files=("dataset_TSMC2014_*.txt",),
            text=Text("\t", _TSMC, "latin-1", quotes=False),
            item="venue",
            time="time",
            each="checkin",
        ),
        Nodes(
            files=("dataset_TSMC2014_*.txt",),
            text=Text("\t", _TSMC, "latin-1", quotes=False),
            distinct=True,
            node_type="item",
            id="venue",
            attributes={"category": "category", "latitude": "number", "longitude": "number"},
        ),
    ),
    signs=("dataset_TSMC2014_*.txt",),
    says=("places, their categories and coordinates are those of the check-ins",),
)

FORMATS = (YELP, CHECKINS, FOURSQUARE)
