"""The routes to look around: items, users, popular items, and the snapshot itself."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Annotated, TypeVar

from fastapi import Query
from graphrec.api.errors import StoreAway, documented
from graphrec.api.middleware.access import READ
from graphrec.api.routes.paging import page
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.browse import (
    ActivityCounts,
    ActivityQuery,
    ItemDetails,
    ItemPage,
    ListMetric,
    PageQuery,
    PopularItems,
    SearchQuery,
    SimilarUsers,
    SnapshotFacts,
    UserDetails,
    UserEventPage,
    UserPage,
    Weights,
)
from graphrec.api.schemas.fields import ItemId, UserId
from graphrec.api.schemas.queries import Length
from graphrec.api.schemas.validation import Strict
from graphrec.api.service import Ready, Service, Serving
from starlette.concurrency import run_in_threadpool

from graphrec.data import AttributeValue
from graphrec.errors import UnknownNode
from graphrec.ranking.list_columns import COLUMNS
from graphrec.recommend.activity import activity
from graphrec.recommend.browse import plain
from graphrec.recommend.similar import similar_to
from graphrec.store.delta import Event, events_by_user
from graphrec.store.protocol import GraphStore

router = new_router("browse")

Held = TypeVar("Held")

LIST = documented("invalid_request", "malformed_json", "not_ready")
PAGE = documented("stale_cursor", "invalid_request", "malformed_json", "not_ready")
ITEM = documented("unknown_item", "invalid_request", "malformed_json", "not_ready")
USER = documented("unknown_user", "invalid_request", "malformed_json", "not_ready")


# Those that are no coroutines run in threads: what they look through may be long, and the first
# search of a snapshot builds its index of names, which takes a second where there are very many.
@router.get("/items", openapi_extra=READ, responses=PAGE)
def items(query: Annotated[SearchQuery, Query()], recommender: Ready, service: Serving) -> ItemPage:
    """Items by title or id; of equally good matches, the most popular first."""
    version = recommender.snapshot.manifest.version
    length = query.length(service.settings.serve)
    found = recommender.directory.items(query.query)
    rows, following = page(found, version, query.cursor, length)
    return ItemPage(version, following, rows)


@router.get("/users", openapi_extra=READ, responses=PAGE)
def users(query: Annotated[SearchQuery, Query()], recommender: Ready, service: Serving) -> UserPage:
    """Users by id; of equally good matches, those who like most items first."""
    version = recommender.snapshot.manifest.version
    length = query.length(service.settings.serve)
    found = recommender.directory.users(query.query)
    rows, following = page(found, version, query.cursor, length)
    return UserPage(version, following, rows)


@router.get("/items/{item_id}", openapi_extra=READ, responses=ITEM)
async def item(
    item_id: ItemId, _: Annotated[Strict, Query()], recommender: Ready, service: Serving
) -> ItemDetails:
    """The attributes of an item as they are now; its likes are those in the snapshot."""
    found = recommender.directory.item(item_id)
    return ItemDetails(version=recommender.snapshot.manifest.version, **vars(found))


@router.get("/users/{user_id}", openapi_extra=READ, responses=PAGE | USER)
async def user(
    user_id: UserId,
    query: Annotated[PageQuery, Query()],
    recommender: Ready,
    service: Serving,
) -> UserDetails:
    """A user, their attributes, and the items that they have seen."""
    length = query.length(service.settings.serve)
    none: Mapping[str, AttributeValue] = {}
    held = await _held(service, lambda store: store.read_node("user", user_id), none)

    def details() -> UserDetails:
        version, directory = recommender.snapshot.manifest.version, recommender.directory
        history = directory.history(user_id)
        rows, following = page(history, version, query.cursor, length)
        return UserDetails(
            version=version,
            next=following,
            user=user_id,
            likes=sum(each.liked for each in history),
            seen=len(history),
            history=rows,
            attributes=plain({**directory.attributes(user_id), **held}),
        )

    return await run_in_threadpool(details)


@router.get("/users/{user_id}/events", openapi_extra=READ, responses=PAGE | USER)
async def user_events(
    user_id: UserId,
    query: Annotated[PageQuery, Query()],
    recommender: Ready,
    service: Serving,
) -> UserEventPage:
    """What a user did, the latest first: kinds and times, and values where there is a store."""
    version = recommender.snapshot.manifest.version
    length = query.length(service.settings.serve)
    none: tuple[Event, ...] = ()
    recorded = await _held(
        service, lambda store: events_by_user(store.user_events(user_id)).get(user_id, none), none
    )

    def events() -> UserEventPage:
        found = recommender.directory.events(user_id, recorded)
        rows, following = page(found, version, query.cursor, length)
        return UserEventPage(version, following, user_id, rows)

    return await run_in_threadpool(events)


async def _held(service: Service, read: Callable[[GraphStore], Held], otherwise: Held) -> Held:
    """What the graph store holds; something else where there is none, or it is away."""
    if service.graph is None:
        return otherwise
    try:
        return await service.graph.store.run(read)
    except (StoreAway, UnknownNode):
        return otherwise


@router.get(
    "/activity", openapi_extra=READ, responses=LIST | documented("unknown_item"), name="activity"
)
def activity_counts(
    query: Annotated[ActivityQuery, Query()], recommender: Ready, service: Serving
) -> ActivityCounts:
    """Events, users and items over time: of the whole log as of now, or of one item."""
    item = None if query.item is None else service.settings.ids.normal(query.item)
    found = activity(recommender.view, item, query.days)
    return ActivityCounts(version=recommender.snapshot.manifest.version, **vars(found))


@router.get("/users/{user_id}/similar", openapi_extra=READ, responses=USER)
def user_similar(
    user_id: UserId, query: Annotated[Length, Query()], recommender: Ready, service: Serving
) -> SimilarUsers:
    """The users who like the same items, at least two of them, by the snapshot: what they share."""
    k = query.length(service.settings.serve)
    found = similar_to(recommender.view, user_id, k)
    return SimilarUsers(recommender.snapshot.manifest.version, user_id, found)


@router.get("/popular", openapi_extra=READ, responses=LIST)
async def popular(
    query: Annotated[Length, Query()], recommender: Ready, service: Serving
) -> PopularItems:
    """The most popular items: the list of a visitor we know nothing about."""
    k = query.length(service.settings.serve)
    found = recommender.directory.popular(k, recommender.allowed())
    return PopularItems(recommender.snapshot.manifest.version, found)


@router.get("/snapshot", openapi_extra=READ, responses=LIST)
async def snapshot(_: Annotated[Strict, Query()], recommender: Ready) -> SnapshotFacts:
    """The snapshot that serves: its data, its models, and their metrics."""
    manifest = recommender.snapshot.manifest
    age = datetime.now(timezone.utc) - datetime.fromisoformat(manifest.created)
    return SnapshotFacts(
        version=manifest.version,
        created=manifest.created,
        age_seconds=age.total_seconds(),
        newest_event=manifest.newest_event,
        graphrec=manifest.graphrec,
        seed=manifest.seed,
        counts=manifest.counts,
        models=manifest.models,
        weights=tuple(Weights(each.least, each.weights, each.people) for each in manifest.weights),
        ranker=None if manifest.ranker is None else str(manifest.ranker),
        metrics=manifest.metrics,
        list_metrics=tuple(
            ListMetric(metric, each.name, each.meaning, each.is_share)
            for metric, each in COLUMNS.items()
        ),
    )
