"""The routes to look around: items, users, what is popular, and the snapshot itself."""

# No `from __future__ import annotations`: see `graphrec.api.routes`.

from datetime import datetime, timezone
from typing import Annotated

from fastapi import APIRouter, Query
from graphrec.api.browse_models import (
    ItemDetails,
    ItemPage,
    ItemSummary,
    Met,
    PopularItems,
    SimilarUser,
    SimilarUsers,
    SnapshotFacts,
    UserDetails,
    UserPage,
    UserSummary,
    Weights,
)
from graphrec.api.engine import Ready
from graphrec.api.errors import INVALID, NOT_READY, STALE_CURSOR, UNKNOWN_ITEM, UNKNOWN_USER
from graphrec.api.options import Known
from graphrec.api.paging import Cursor, page
from graphrec.api.paths import ItemId, UserId
from graphrec.api.validation import Strict, Whole, expecting
from pydantic import Field

from graphrec.recommend.recommender import MIN_SUPPORT
from graphrec.retrieval.neighbours import similar_users

LONGEST_QUERY = 100
"""Characters."""


def create_router(max_k: int) -> APIRouter:
    """The routes, whose lists and pages are at most `max_k` long."""
    router = APIRouter(prefix="/v1", tags=["browse"])
    length = Whole(1, max_k)

    class ListQuery(Strict):
        k: Annotated[int, Field(description="Length of the list.", examples=[5]), length] = min(
            10, max_k
        )

    class PageQuery(Strict):
        limit: Annotated[int, Field(description="Length of the page.", examples=[20]), length] = (
            min(20, max_k)
        )
        cursor: Cursor = None

    class SearchQuery(PageQuery):
        query: Annotated[
            str,
            Field(
                max_length=LONGEST_QUERY,
                description="What to look for; case, accents and signs do not matter. First "
                "comes what has exactly this name, then names that begin with it, names in which "
                "a word does, names with all its words, names that hold it anywhere. Empty: all.",
                examples=["alien"],
            ),
            expecting(f"at most {LONGEST_QUERY} characters"),
        ] = ""

    # The two searches are no coroutines, so they run in a thread: the first one of a snapshot
    # makes the names ready, which takes a second where there are very many.
    @router.get("/items", responses=STALE_CURSOR | INVALID | NOT_READY)
    def items(query: Annotated[SearchQuery, Query()], recommender: Ready, known: Known) -> ItemPage:
        """Items by title or id; of those that fit equally well, the most popular first."""
        version = recommender.snapshot.manifest.version
        found = recommender.directory.items(query.query, known.overlay)
        rows, following = page(found, version, query.cursor, query.limit)
        return ItemPage(
            version=version, next=following, items=tuple(map(ItemSummary.model_validate, rows))
        )

    @router.get("/users", responses=STALE_CURSOR | INVALID | NOT_READY)
    def users(query: Annotated[SearchQuery, Query()], recommender: Ready, known: Known) -> UserPage:
        """Users by id; of those that fit equally well, those who like most first."""
        version = recommender.snapshot.manifest.version
        found = recommender.directory.users(query.query, known.overlay)
        rows, following = page(found, version, query.cursor, query.limit)
        return UserPage(
            version=version, next=following, users=tuple(map(UserSummary.model_validate, rows))
        )

    @router.get("/items/{item_id}", responses=UNKNOWN_ITEM | INVALID | NOT_READY)
    async def item(
        item_id: ItemId, _: Annotated[Strict, Query()], recommender: Ready, known: Known
    ) -> ItemDetails:
        """What is known of an item, as it is now; how many like it, as the snapshot knows."""
        found = recommender.directory.item(item_id, known.overlay)
        return ItemDetails(version=recommender.snapshot.manifest.version, **vars(found))

    @router.get("/users/{user_id}", responses=STALE_CURSOR | UNKNOWN_USER | INVALID | NOT_READY)
    async def user(
        user_id: UserId, query: Annotated[PageQuery, Query()], recommender: Ready, known: Known
    ) -> UserDetails:
        """A user and what they have met."""
        version = recommender.snapshot.manifest.version
        history = recommender.directory.history(user_id, known.overlay)
        rows, following = page(history, version, query.cursor, query.limit)
        return UserDetails(
            version=version,
            next=following,
            user=user_id,
            likes=sum(met.liked for met in history),
            seen=len(history),
            history=tuple(map(Met.model_validate, rows)),
        )

    @router.get("/users/{user_id}/similar", responses=UNKNOWN_USER | INVALID | NOT_READY)
    async def user_similar(
        user_id: UserId, query: Annotated[ListQuery, Query()], recommender: Ready, known: Known
    ) -> SimilarUsers:
        """The users who like the same items, at least two of them, as the snapshot knows."""
        likes = recommender.snapshot.likes
        is_new = user_id not in likes.users and known.overlay.events_of(user_id)
        near = [] if is_new else similar_users(likes, user_id, query.k, min_support=MIN_SUPPORT)
        return SimilarUsers(
            version=recommender.snapshot.manifest.version,
            user=user_id,
            similar=tuple(
                SimilarUser(user=each.id, score=each.score, items=each.support) for each in near
            ),
        )

    @router.get("/popular", responses=INVALID | NOT_READY)
    async def popular(
        query: Annotated[ListQuery, Query()], recommender: Ready, known: Known
    ) -> PopularItems:
        """The most popular items: what someone is recommended of whom nothing is known."""
        found = recommender.directory.popular(query.k, known.overlay)
        return PopularItems(
            version=recommender.snapshot.manifest.version,
            items=tuple(map(ItemSummary.model_validate, found)),
        )

    @router.get("/snapshot", responses=INVALID | NOT_READY)
    async def snapshot(_: Annotated[Strict, Query()], recommender: Ready) -> SnapshotFacts:
        """What the service answers from: what it holds, of which models, and how good they were."""
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
            weights=tuple(map(Weights.model_validate, manifest.weights)),
            metrics=manifest.metrics,
        )

    return router
