"""Items and users, put and deleted: in the store, and in the next answer."""

# No `from __future__ import annotations`: see `api.routes`.

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field

from api.errors import (
    INVALID,
    NO_STORE,
    NOT_FORGOTTEN_OR_STORE_AWAY,
    STORE_AWAY,
    NoStore,
    NotReady,
    StoreAway,
)
from api.feed import Feed, News
from api.forgetting import Forgetting
from api.live import LiveStore, Store
from api.models import Deleted, Stored
from api.paths import ItemId, UserId
from graphrec.data import Attribute, AttributeKind, AttributeValue, Vocabulary
from graphrec.errors import DataError
from graphrec.store import GraphStore

Text = Annotated[str, Field(max_length=10_000)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Value: TypeAlias = Number | Text | list[Text] | None


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
        dict[Annotated[str, Field(min_length=1, max_length=200)], Value],
        Field(
            max_length=100,
            description="By name: a number, a text or category, tags, or null to take it away. An "
            "attribute keeps the kind that it has. Those that are not named stay as they are.",
        ),
    ] = {}


RESPONSES = NO_STORE | INVALID | STORE_AWAY

router = APIRouter(prefix="/v1", tags=["items and users"])


@router.put("/items/{item_id}", responses=RESPONSES)
async def put_item(
    item_id: ItemId, body: Annotated[Attributes, Body()], store: Store, news: News
) -> Stored:
    """Add an item, or set attributes of one; rules go by them from the next answer on."""
    return await _put(store, news, "item", item_id, body.attributes)


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
async def delete_user(user_id: UserId, forgetter: Forgetting) -> Deleted:
    """Forget a user: when it is answered, the store and all snapshots have no trace of them.

    The next answer of this process knows nothing of them; other processes follow within seconds.
    """
    if forgetter is None:
        raise NoStore("a user is deleted")
    return Deleted(id=user_id, deleted=await forgetter.forget(user_id))


async def _put(
    store: LiveStore | None,
    news: Feed | None,
    node_type: str,
    node_id: str,
    attributes: Mapping[str, Value],
) -> Stored:
    store, news = _there(store, news, f"{node_type} {node_id!r} is put")
    await store.ask(partial(_write, node_type=node_type, node_id=node_id, values=attributes))
    await _caught_up(news)
    return Stored(id=node_id)


def _write(store: GraphStore, node_type: str, node_id: str, values: Mapping[str, Value]) -> None:
    kinds = store.attribute_kinds(node_type)
    attributes = {name: _attribute(name, each, kinds.get(name)) for name, each in values.items()}
    store.write_nodes(
        node_type,
        Vocabulary((node_id,)),
        {name: attribute for name, attribute in attributes.items() if attribute is not None},
    )


def _attribute(name: str, value: Value, kind: AttributeKind | None) -> Attribute | None:
    """A value as one of its kind; None where there was none and nothing is to be taken away.

    A text that no one has is a category, but for a title. Raises DataError.
    """
    if value is None:
        return None if kind is None else Attribute(kind, (None,))
    given: AttributeKind = "category" if name != "title" else "text"
    stored: AttributeValue
    if isinstance(value, list):
        given, stored = "tags", tuple(value)
    elif isinstance(value, str):
        stored = value
    else:
        given, stored = "number", float(value)
    fits = {given, "text"} if isinstance(value, str) else {given}
    if kind is not None and kind not in fits:
        raise DataError(
            f"attribute {name!r} is given as {given}: expected {kind}, as it is in the store; "
            f"change the value, or the name"
        )
    return Attribute(kind or given, (stored,))


def _there(store: LiveStore | None, news: Feed | None, why: str) -> tuple[LiveStore, Feed]:
    if store is None or news is None:
        raise NoStore(why)
    return store, news


async def _caught_up(news: Feed) -> None:
    with suppress(StoreAway, NotReady):  # what is stored is stored, and is read once both are back
        await news.catch_up()
