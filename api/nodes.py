"""Items and users, put and deleted: in the store, and in the next answer."""

# No `from __future__ import annotations`: see `graphrec.api.routes`.

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Request
from graphrec.api.attributes import MOST, Name, Value, value_of
from graphrec.api.errors import (
    INVALID,
    NO_STORE,
    NOT_FORGOTTEN_OR_STORE_AWAY,
    STORE_AWAY,
    NoStore,
    NotReady,
    StoreAway,
)
from graphrec.api.feed import Feed, News
from graphrec.api.forgetting import Forgetting
from graphrec.api.live import LiveStore, Store
from graphrec.api.models import Deleted, Stored
from graphrec.api.paths import ItemId, UserId
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data import Attribute, AttributeKind, EdgeType, Vocabulary
from graphrec.errors import DataError
from graphrec.store import GraphStore


class Link(BaseModel):
    """What an item is tied to."""

    model_config = ConfigDict(extra="forbid", strict=True)

    relation: Annotated[Name, Field(description="Such as `made_by`.", examples=["made_by"])]
    type: Annotated[
        Name,
        Field(description="Of the node: `item`, or one of your own.", examples=["brand"]),
    ]
    id: Annotated[Name, Field(description="Of the node.", examples=["acme"])]


class Attributes(BaseModel):
    """What is known of an item or a user."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {"attributes": {"title": "Alien (1979)", "genres": ["Horror"], "year": 1979}}
        },
    )

    attributes: Annotated[
        dict[Name, Value],
        Field(
            max_length=MOST,
            description="By name: a number, a text or category, tags, or null to take it away. An "
            "attribute keeps the kind that it has. Those that are not named stay as they are.",
        ),
    ] = {}


class Item(Attributes):
    """What is known of an item, and what it is tied to."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "attributes": {"title": "Alien (1979)", "genres": ["Horror"], "year": 1979},
                "links": [{"relation": "also_viewed", "type": "item", "id": "176"}],
            }
        }
    )

    links: Annotated[
        list[Link],
        Field(
            max_length=1000,
            description="Added to those that it has. The nodes that they name are added as well.",
        ),
    ] = []


RESPONSES = NO_STORE | INVALID | STORE_AWAY

router = APIRouter(prefix="/v1", tags=["items and users"])


@router.put("/items/{item_id}", responses=RESPONSES)
async def put_item(
    item_id: ItemId, body: Annotated[Item, Body()], store: Store, news: News
) -> Stored:
    """Add an item, or set attributes of one and add links; the next answer goes by them."""
    return await _put(store, news, "item", item_id, body.attributes, body.links)


@router.put("/users/{user_id}", responses=RESPONSES)
async def put_user(
    user_id: UserId, body: Annotated[Attributes, Body()], store: Store, news: News
) -> Stored:
    """Add a user, or set attributes of one."""
    return await _put(store, news, "user", user_id, body.attributes)


@router.delete("/items/{item_id}", responses=RESPONSES)
async def delete_item(item_id: ItemId, store: Store, news: News) -> Deleted:
    """Delete an item with its events; it is not recommended from the next answer on."""
    store, news = _there(store, news, "an item is deleted")
    deleted = await store.ask(lambda held: held.delete_item(item_id))
    await _caught_up(news)
    return Deleted(id=item_id, deleted=deleted)


@router.delete("/users/{user_id}", responses=NO_STORE | INVALID | NOT_FORGOTTEN_OR_STORE_AWAY)
async def delete_user(user_id: UserId, forgetter: Forgetting, request: Request) -> Deleted:
    """Forget a user: when it is answered, the store and all snapshots have no trace of them.

    The next answer of this process knows nothing of them; other processes follow within seconds.
    """
    if forgetter is None:
        raise NoStore("a user is deleted")
    deleted = await forgetter.forget(user_id)
    request.app.state.answers.forget(user_id)
    return Deleted(id=user_id, deleted=deleted)


async def _put(
    store: LiveStore | None,
    news: Feed | None,
    node_type: str,
    node_id: str,
    attributes: Mapping[str, Value],
    links: Sequence[Link] = (),
) -> Stored:
    store, news = _there(store, news, f"{node_type} {node_id!r} is put")
    await store.ask(
        partial(_write, node_type=node_type, node_id=node_id, values=attributes, links=links)
    )
    await _caught_up(news)
    return Stored(id=node_id)


def _write(
    store: GraphStore,
    node_type: str,
    node_id: str,
    values: Mapping[str, Value],
    links: Sequence[Link],
) -> None:
    kinds = store.attribute_kinds(node_type)
    attributes = {name: _attribute(name, each, kinds.get(name)) for name, each in values.items()}
    store.write_nodes(
        node_type,
        Vocabulary((node_id,)),
        {name: attribute for name, attribute in attributes.items() if attribute is not None},
    )
    by_type: dict[EdgeType, list[tuple[str, str, float]]] = {}
    for link in links:
        edge_type = (node_type, link.relation, link.type)
        by_type.setdefault(edge_type, []).append((node_id, link.id, 1.0))
    for edge_type, added in by_type.items():
        store.write_links(edge_type, added)


def _attribute(name: str, value: Value, kind: AttributeKind | None) -> Attribute | None:
    """A value as one of its kind; None where there was none and nothing is to be taken away.

    A text that no one has is a category, but for a title. Raises DataError.
    """
    if value is None:
        return None if kind is None else Attribute(kind, (None,))
    given: AttributeKind = "category" if name != "title" else "text"
    if not isinstance(value, str):
        given = "tags" if isinstance(value, list) else "number"
    fits = {given, "text"} if isinstance(value, str) else {given}
    if kind is not None and kind not in fits:
        raise DataError(
            f"attribute {name!r} is given as {given}: expected {kind}, as it is in the store; "
            f"change the value, or the name"
        )
    return Attribute(kind or given, (value_of(value),))


def _there(store: LiveStore | None, news: Feed | None, why: str) -> tuple[LiveStore, Feed]:
    if store is None or news is None:
        raise NoStore(why)
    return store, news


async def _caught_up(news: Feed) -> None:
    with suppress(StoreAway, NotReady):  # what is stored is stored, and is read once both are back
        await news.catch_up()
