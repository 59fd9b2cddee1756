"""The graph to walk in: what one node has edges to, and the map of items.

People are given as numbers, but for one user by their id. It is read in threads: a hop looks
through many events.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from typing import Annotated

from fastapi import Path, Query
from graphrec.api.errors import documented
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.fields import ItemId, PathId, UserId
from graphrec.api.schemas.graph import GraphHop, HopQuery, MapOfItems, MapQuery
from graphrec.api.service import Ready, Serving

from graphrec.recommend.graph_walk import (
    Hop,
    from_item,
    from_linked,
    from_people,
    from_user,
    from_value,
)
from graphrec.recommend.item_map import item_map
from graphrec.recommend.recommender import Recommender
from graphrec.store.protocol import ItemLink

router = new_router("graph")

ERRORS = documented("unknown_name", "invalid_request", "malformed_json", "not_ready")
ITEM = ERRORS | documented("unknown_item")
USER = ERRORS | documented("unknown_user")


def _named(what: str, example: str) -> object:
    return Path(description=what, examples=[example])


@router.get("/graph/items/{item_id}", openapi_extra=READ, responses=ITEM)
def graph_item(
    item_id: ItemId, query: Annotated[HopQuery, Query()], recommender: Ready, service: Serving
) -> GraphHop:
    """What an item has edges to: people by what they did, values of its attributes, and links."""
    k = query.nodes(service.settings.serve)
    return _hop(recommender, from_item(recommender.view, item_id, query.window, k))


@router.get("/graph/items/{item_id}/people", openapi_extra=READ, responses=ITEM)
def graph_people(
    item_id: ItemId, query: Annotated[HopQuery, Query()], recommender: Ready, service: Serving
) -> GraphHop:
    """The items with which most of the people of an item did the same, by what they did."""
    k = query.nodes(service.settings.serve)
    return _hop(recommender, from_people(recommender.view, item_id, query.window, k))


@router.get("/graph/users/{user_id}", openapi_extra=READ, responses=USER)
def graph_user(
    user_id: UserId, query: Annotated[HopQuery, Query()], recommender: Ready, service: Serving
) -> GraphHop:
    """The items that a user did most with."""
    k = query.nodes(service.settings.serve)
    return _hop(recommender, from_user(recommender.view, user_id, query.window, k))


@router.get("/graph/values/{attribute}/{value}", openapi_extra=READ, responses=ERRORS)
def graph_value(
    attribute: Annotated[PathId, _named("An attribute of items.", "genres")],
    value: Annotated[PathId, _named("A category, tag or number.", "Horror")],
    query: Annotated[HopQuery, Query()],
    recommender: Ready,
    service: Serving,
) -> GraphHop:
    """The items with a value of an attribute, those first that most people did something with."""
    k = query.nodes(service.settings.serve)
    return _hop(recommender, from_value(recommender.view, attribute, value, query.window, k))


@router.get("/graph/linked/{relation}/{node_type}/{node}", openapi_extra=READ, responses=ERRORS)
def graph_linked(
    relation: Annotated[PathId, _named("A relation of items.", "by")],
    node_type: Annotated[PathId, _named("The type of the node.", "brand")],
    node: Annotated[PathId, _named("Id of the node.", "acme")],
    query: Annotated[HopQuery, Query()],
    recommender: Ready,
    service: Serving,
) -> GraphHop:
    """The items linked to a node, those first that most people did something with."""
    k = query.nodes(service.settings.serve)
    link = ItemLink(relation, node_type, node)
    return _hop(recommender, from_linked(recommender.view, link, query.window, k))


@router.get(
    "/map",
    openapi_extra=READ,
    responses=ERRORS | documented("no_embeddings"),
    name="item_map",
)
def points(query: Annotated[MapQuery, Query()], recommender: Ready) -> MapOfItems:
    """The most popular items as points, near each other where their embeddings are alike.

    It is laid out when it is first asked for, which takes seconds where there are thousands.
    """
    found = item_map(recommender.view, query.attribute, query.limit)
    return MapOfItems(version=recommender.snapshot.manifest.version, **vars(found))


def _hop(recommender: Recommender, found: Hop) -> GraphHop:
    return GraphHop(version=recommender.snapshot.manifest.version, **vars(found))
