"""The graph to walk in, and the map of items: requests and responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass
from typing import Annotated

from graphrec.api.schemas.examples import VERSION
from graphrec.api.schemas.fields import ListedKind, Moment, Name
from graphrec.api.schemas.validation import Strict, UpToMaxK, bounded, expecting
from graphrec.api.schemas.versioned import Versioned, example
from pydantic import Field

from graphrec.recommend.graph_walk import Hop, Window
from graphrec.recommend.item_map import ItemMap
from graphrec.settings import ServeSettings
from graphrec.snapshot.layout import MOST_PLACED

MOST_KINDS = 20


class HopQuery(Strict):
    """Which edges are followed, and how many."""

    k: Annotated[
        int, Field(description="How many nodes of each type to give.", examples=[12]), UpToMaxK()
    ] = 12
    kinds: Annotated[
        tuple[ListedKind, ...],
        Field(
            max_length=MOST_KINDS,
            description="Only events of these kinds count; none: all.",
            examples=[["rating"]],
        ),
        expecting(f"at most {MOST_KINDS} kinds of events"),
    ] = ()
    since: Annotated[
        Moment,
        Field(description="Only events from this time on count.", examples=[893286638000]),
    ] = None
    until: Annotated[
        Moment,
        Field(description="Only events before this time count.", examples=[893286638000]),
    ] = None

    def nodes(self, limits: ServeSettings) -> int:
        """How many of each type; raises RequestValidationError where the settings allow fewer."""
        return bounded(self, "k", limits.max_k)

    @property
    def window(self) -> Window:
        """The events that count."""
        return Window(self.kinds, self.since, self.until)


@dataclass(frozen=True)
class GraphHop(Hop, Versioned):
    """What a node of the graph has edges to."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "total": 20,
            "people": 244,
            "reached": [
                {"type": "people", "id": "rating", "count": 244},
                {"type": "value", "id": "Horror", "name": "genres", "count": 92},
                {"type": "item", "id": "172", "name": "The Empire Strikes Back (1980)", "count": 9},
            ],
        }
    )


class MapQuery(Strict):
    """Which items are on the map, and in which colours."""

    attribute: Annotated[
        Name | None,
        Field(
            description="An attribute of items, whose values are given; left out: none.",
            examples=["genres"],
        ),
        expecting("the name of an attribute"),
    ] = None
    limit: Annotated[
        int,
        Field(
            ge=1, le=MOST_PLACED, description="How many items, the most popular.", examples=[5000]
        ),
        expecting(f"a whole number from 1 to {MOST_PLACED}"),
    ] = 5000


@dataclass(frozen=True)
class MapOfItems(ItemMap, Versioned):
    """Items as points, near each other where their embeddings are alike."""

    __pydantic_config__ = example(
        {
            "version": VERSION,
            "items": ["172"],
            "titles": ["The Empire Strikes Back (1980)"],
            "likes": [345],
            "x": [0.25],
            "y": [-0.5],
            "all_items": 1682,
            "not_mapped": 0,
            "attributes": ["genres", "year"],
            "values": ["Sci-Fi"],
            "ordered": False,
            "value": [0],
        }
    )
