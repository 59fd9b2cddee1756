"""Items and users, stored and deleted: in the store, and in the next answer."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

from fastapi import Body
from graphrec.api.errors import documented
from graphrec.api.middleware.access import WRITE
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.fields import ItemId, UserId, Value, value_of, written
from graphrec.api.schemas.nodes import (
    Deleted,
    ForgottenUser,
    IgnoredLink,
    Link,
    PutItem,
    PutUser,
    Stored,
)
from graphrec.api.service import Service, Serving

from graphrec.data import Attribute, AttributeKind, EdgeType, Vocabulary
from graphrec.data.coerce import kind_of_new
from graphrec.errors import DataError
from graphrec.store import GraphStore

router = new_router("items and users")

ERRORS = documented("no_store", "invalid_request", "malformed_json", "store_away")


@router.put("/items/{item_id}", openapi_extra=WRITE, responses=ERRORS)
async def put_item(item_id: ItemId, body: Annotated[PutItem, Body()], service: Serving) -> Stored:
    """Add an item, or set attributes of one and add links; the next answer has them."""
    return await _put(service, "item", item_id, body.attributes, body.links)


@router.put("/users/{user_id}", openapi_extra=WRITE, responses=ERRORS)
async def put_user(user_id: UserId, body: Annotated[PutUser, Body()], service: Serving) -> Stored:
    """Add a user, or set attributes of one; one who was forgotten may come back by it."""
    if service.settings.privacy.refuse_forgotten:
        known = written(service.settings.ids, user_id, "path", "user_id")
        graph = service.require_graph("a user is put")
        if await graph.store.run(lambda store: store.deleted("user", {known})):
            raise DataError(
                "the user was forgotten, and privacy.refuse_forgotten keeps them out: expected "
                "another id; set it to false if they may come back"
            )
    return await _put(service, "user", user_id, body.attributes)


@router.delete("/items/{item_id}", openapi_extra=WRITE, responses=ERRORS)
async def delete_item(item_id: ItemId, service: Serving) -> Deleted:
    """Delete an item with its events; from the next answer on it is not recommended."""
    graph = service.require_graph("an item is deleted")
    deleted = await graph.store.run(lambda store: store.delete_item(item_id))
    await graph.feed.catch_up_if_possible()
    return Deleted(item_id, deleted)


@router.delete(
    "/users/{user_id}",
    openapi_extra=WRITE,
    responses=documented(
        "no_store", "invalid_request", "malformed_json", "not_forgotten", "store_away"
    ),
)
async def delete_user(user_id: UserId, service: Serving) -> ForgottenUser:
    """Delete a user: once it is answered, no table and no file has anything of them.

    The next answer of this process knows nothing of them; other processes follow within seconds,
    by the time that the answer names. It waits for another deletion or a refresh, up to a limit.
    """
    graph = service.require_graph("a user is deleted")
    try:
        gone = await graph.forgetter.forget(user_id)
    finally:
        service.forget_lists(user_id)
    return ForgottenUser(user_id, gone.deleted, gone.others_by)


async def _put(
    service: Service,
    node_type: str,
    node_id: str,
    attributes: Mapping[str, Value],
    links: Sequence[Link] = (),
) -> Stored:
    rules = service.settings.ids
    node_id = written(rules, node_id, "path", f"{node_type}_id")
    links = [
        link.model_copy(update={"id": written(rules, link.id, "body", "links", place, "id")})
        for place, link in enumerate(links)
    ]
    graph = service.require_graph(f"{node_type} {node_id!r} is put")
    gone = await graph.store.run(
        partial(_write, node_type=node_type, node_id=node_id, values=attributes, links=links)
    )
    await graph.feed.catch_up_if_possible()
    return Stored(
        node_id,
        tuple(
            IgnoredLink(each.relation, each.type, each.id, f"the {each.type} was deleted")
            for each in links
            if (each.type, each.id) in gone
        ),
    )


def _write(
    store: GraphStore,
    node_type: str,
    node_id: str,
    values: Mapping[str, Value],
    links: Sequence[Link],
) -> frozenset[tuple[str, str]]:
    """Write a node and its links; returns the linked nodes that were deleted."""
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
    types = {link.type for link in links}
    return frozenset(
        (node_type, node_id)
        for node_type in types
        for node_id in store.deleted(node_type, {e.id for e in links if e.type == node_type})
    )


def _attribute(name: str, value: Value, kind: AttributeKind | None) -> Attribute | None:
    """A value as one of its kind; None where there was none and nothing is to be removed.

    Raises DataError where it cannot be read as the kind that the attribute has in the store.
    """
    if value is None:
        return None if kind is None else Attribute(kind, (None,))
    return Attribute(kind or kind_of_new(name, value), (value_of(name, value, kind),))
