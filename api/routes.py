"""The routes of version 1.

The handlers are coroutines although they compute: a request is a few milliseconds of work, most of
it under the interpreter's lock, and as measured with 8 clients threads answer no more of them. More
cores are used by more processes. Answers are pydantic models, which FastAPI writes as JSON in one
step of compiled code. Only the graph store, which may take long or be away, is asked in threads.
"""

# No `from __future__ import annotations`: models below depend on settings, so they are local, and
# FastAPI finds only the names of a module by their text.

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from api.engine import Ready
from api.errors import (
    INVALID,
    NOT_READY,
    NOT_READY_OR_STORE_AWAY,
    UNKNOWN_ITEM_OR_NONE_OF_THESE,
    UNKNOWN_LISTED_ITEM,
    UNKNOWN_USER_OR_ITEM,
    NoStore,
)
from api.live import Store
from api.metrics import Observer
from api.models import (
    By,
    Explanation,
    Recommendation,
    Related,
    RelatedItems,
    SessionRecommendations,
    UserExplanation,
    UserRecommendations,
)
from api.paths import PathId
from api.related import related_in_store
from api.validation import WHOLE, expecting

MAX_SESSION_ITEMS = 1000

UserId = Annotated[PathId, Path(description="Id of the user.", examples=["196"])]
ItemId = Annotated[PathId, Path(description="Id of the item.", examples=["172"])]
ListedItem = Annotated[str, Field(min_length=1), expecting("the id of an item, in quotes")]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def create_router(max_k: int) -> APIRouter:
    """The routes, whose lists are at most `max_k` long."""
    router = APIRouter(prefix="/v1", tags=["recommendations"])
    length = expecting(f"a whole number from 1 to {max_k}")

    class ListQuery(_Request):
        k: Annotated[
            int,
            Field(ge=1, le=max_k, description="Length of the list.", examples=[5]),
            WHOLE,
            length,
        ] = min(10, max_k)

    class RelatedQuery(ListQuery):
        by: Annotated[
            By,
            Field(
                description="Liked by the same people (graph), of the nearest embeddings, or liked "
                "by the same people as the graph store has them now (store).",
                examples=["graph"],
            ),
            expecting("graph, embedding or store"),
        ] = "graph"

    class PathsQuery(_Request):
        k: Annotated[
            int,
            Field(ge=1, le=max_k, description="How many paths to give.", examples=[5]),
            length,
        ] = min(5, max_k)

    class Session(ListQuery):
        """Someone who is known by what they like."""

        model_config = ConfigDict(
            strict=True, json_schema_extra={"example": {"items": ["172", "183"], "k": 5}}
        )

        items: Annotated[
            list[ListedItem],
            Field(
                max_length=MAX_SESSION_ITEMS,
                description="Ids of the items that they like; these are not recommended.",
                examples=[["172", "183"]],
            ),
            expecting(f"a list of at most {MAX_SESSION_ITEMS} ids of items"),
        ]

    @router.get("/users/{user_id}/recommendations", responses=INVALID | NOT_READY)
    async def user_recommendations(
        user_id: UserId,
        query: Annotated[ListQuery, Query()],
        recommender: Ready,
        observer: Observer,
    ) -> UserRecommendations:
        """The best items that the user has not met; popular ones where the user is unknown."""
        found = recommender.recommend(user_id, query.k)
        observer.recommended("user", found)
        return UserRecommendations(
            version=recommender.snapshot.manifest.version,
            user=user_id,
            recommendations=tuple(map(Recommendation.model_validate, found)),
        )

    @router.get(
        "/users/{user_id}/recommendations/{item_id}/explanation",
        responses=UNKNOWN_USER_OR_ITEM | INVALID | NOT_READY,
    )
    async def user_explanation(
        user_id: UserId, item_id: ItemId, query: Annotated[PathsQuery, Query()], recommender: Ready
    ) -> UserExplanation:
        """Why the item is, or is not, recommended to the user: sources, and paths with counts."""
        return UserExplanation(
            version=recommender.snapshot.manifest.version,
            user=user_id,
            explanation=Explanation.model_validate(recommender.explain(user_id, item_id, query.k)),
        )

    @router.get(
        "/items/{item_id}/related",
        responses=UNKNOWN_ITEM_OR_NONE_OF_THESE | INVALID | NOT_READY_OR_STORE_AWAY,
    )
    async def related_items(
        item_id: ItemId, query: Annotated[RelatedQuery, Query()], recommender: Ready, store: Store
    ) -> RelatedItems:
        """The items most like an item."""
        answer = partial(
            RelatedItems,
            version=recommender.snapshot.manifest.version,
            item=item_id,
            by=query.by,
        )
        if query.by != "store":
            found = recommender.related(item_id, query.k, query.by)
            return answer(related=tuple(map(Related.model_validate, found)))
        if store is None:
            raise NoStore
        near, related = await store.ask(partial(related_in_store, item=item_id, k=query.k))
        # A list of no rows does not know how many like the item.
        degree, counted = (near.degree, near.counted) if near else (None, None)
        return answer(related=related, degree=degree, counted=counted)

    @router.post("/recommendations", responses=UNKNOWN_LISTED_ITEM | INVALID | NOT_READY)
    async def session_recommendations(
        session: Annotated[Session, Body()], recommender: Ready, observer: Observer
    ) -> SessionRecommendations:
        """The best items for someone who likes these items; popular ones where there are none."""
        found = recommender.recommend_for(session.items, session.k)
        observer.recommended("session", found)
        return SessionRecommendations(
            version=recommender.snapshot.manifest.version,
            recommendations=tuple(map(Recommendation.model_validate, found)),
        )

    return router
