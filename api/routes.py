"""The routes of version 1.

The handlers are coroutines although they compute: a request is a few milliseconds of work, most of
it under the interpreter's lock, and as measured with 8 clients threads answer no more of them. More
cores are used by more processes. Answers are pydantic models, which FastAPI writes as JSON; only
lists, which are asked for most, are written by orjson as they are found, in the shape of the models
that document them. The graph store alone, which may take long or be away, is asked in threads.
"""

# No `from __future__ import annotations`: models below depend on settings, so they are local, and
# FastAPI finds only the names of a module by their text.

from dataclasses import asdict
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from graphrec.api.engine import Ready
from graphrec.api.errors import (
    INVALID,
    NO_STORE,
    NOT_READY,
    NOT_READY_OR_STORE_AWAY,
    UNKNOWN_ITEM_OR_NO_STORE,
    UNKNOWN_ITEM_OR_NONE_OF_THESE,
    UNKNOWN_LISTED_USER_OR_ITEM,
    UNKNOWN_USER_OR_ITEM,
    NoStore,
)
from graphrec.api.lists import (
    Length,
    Likes,
    SessionQuestion,
    UserQuestion,
    session_list,
    user_list,
)
from graphrec.api.live import Store
from graphrec.api.models import (
    By,
    Explanation,
    Related,
    RelatedItems,
    SessionExplanation,
    SessionRecommendations,
    SessionWhyNot,
    UserExplanation,
    UserRecommendations,
    UserWhyNot,
)
from graphrec.api.options import History, Introduction, Known, ListedItem, Rules, Selection
from graphrec.api.paths import ItemId, UserId
from graphrec.api.quick import Questions
from graphrec.api.related import related_in_store
from graphrec.api.validation import Strict, Whole, expecting
from pydantic import ConfigDict, Field

from graphrec.recommend.query import AS_RANKED

Question = Annotated[ListedItem, Field(description="Id of the item in question.", examples=["183"])]


def create_router(max_k: int) -> tuple[APIRouter, Questions]:
    """The routes, whose lists are at most `max_k` long, and what those that give lists take."""
    router = APIRouter(prefix="/v1", tags=["recommendations"])
    length = Whole(1, max_k)

    class ListQuery(Length):
        k: Annotated[int, Field(description="Length of the list.", examples=[5]), length] = min(
            10, max_k
        )

    class UserQuery(ListQuery, UserQuestion):
        """How the list of a user is asked for."""

    class Session(ListQuery, SessionQuestion):
        """Someone who is known by what they like, and how their list is asked for."""

        model_config = ConfigDict(
            strict=True, json_schema_extra={"example": {"items": ["172", "183"], "k": 5}}
        )

    class UserBody(Rules, UserQuery):
        """How the list of a user is asked for, with rules of its own."""

        model_config = ConfigDict(
            strict=True,
            json_schema_extra={
                "example": {
                    "k": 5,
                    "rules": [
                        {"name": "no horror", "action": "exclude", "attribute": "genres",
                         "any_of": ["Horror"]}
                    ],
                }
            },
        )  # fmt: skip

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

    class PathsQuery(Strict):
        k: Annotated[
            int,
            Field(description="How many paths to give, and things in common.", examples=[5]),
            length,
        ] = min(5, max_k)

    class WhyNotQuery(History, Selection):
        """Which list of a user is meant."""

    class WhyNotSession(Rules, Selection, Introduction, Likes):
        """Someone who is known by what they like, and an item."""

        model_config = ConfigDict(
            strict=True, json_schema_extra={"example": {"items": ["172"], "item": "183"}}
        )

        item: Question

    class ExplainedSession(PathsQuery, Introduction, Likes):
        """Someone who is known by what they like, and an item."""

        model_config = ConfigDict(
            strict=True, json_schema_extra={"example": {"items": ["172"], "item": "183"}}
        )

        item: Question

    @router.get(
        "/users/{user_id}/recommendations",
        response_model=UserRecommendations,
        responses=NO_STORE | INVALID | NOT_READY_OR_STORE_AWAY,
    )
    async def user_recommendations(
        user_id: UserId, query: Annotated[UserQuery, Query()], request: Request
    ) -> Response:
        """The best items that the user has not met; popular ones where the user is unknown."""
        return await user_list(request, user_id, query)

    @router.post(
        "/users/{user_id}/recommendations",
        response_model=UserRecommendations,
        responses=NO_STORE | INVALID | NOT_READY_OR_STORE_AWAY,
    )
    async def user_recommendations_by_rules(
        user_id: UserId, body: Annotated[UserBody, Body()], request: Request
    ) -> Response:
        """The same, by rules of this request as well; nothing is stored."""
        return await user_list(request, user_id, body)

    @router.get(
        "/users/{user_id}/recommendations/{item_id}/explanation",
        responses=UNKNOWN_USER_OR_ITEM | INVALID | NOT_READY_OR_STORE_AWAY,
    )
    async def user_explanation(
        user_id: UserId,
        item_id: ItemId,
        query: Annotated[PathsQuery, Query()],
        recommender: Ready,
        known: Known,
    ) -> UserExplanation:
        """Why the item is, or is not, recommended to the user: sources, and paths with counts."""
        options = known.options(Selection())
        live = await known.live(user_id, options)
        found = recommender.explain(user_id, item_id, query.k, options, live)
        return UserExplanation(
            version=recommender.snapshot.manifest.version,
            user=user_id,
            explanation=Explanation.model_validate(found),
        )

    @router.get(
        "/users/{user_id}/why-not/{item_id}",
        responses=UNKNOWN_ITEM_OR_NO_STORE | INVALID | NOT_READY_OR_STORE_AWAY,
    )
    async def user_why_not(
        user_id: UserId,
        item_id: ItemId,
        query: Annotated[WhyNotQuery, Query()],
        recommender: Ready,
        known: Known,
    ) -> UserWhyNot:
        """What became of the item in the user's list: its place and score, or why it has none."""
        options = known.options(query)
        live = await known.live(user_id, options)
        found = recommender.why_not(user_id, item_id, options, live)
        return UserWhyNot(
            version=recommender.snapshot.manifest.version, user=user_id, **asdict(found)
        )

    @router.get(
        "/items/{item_id}/related",
        responses=UNKNOWN_ITEM_OR_NONE_OF_THESE | INVALID | NOT_READY_OR_STORE_AWAY,
    )
    async def related_items(
        item_id: ItemId,
        query: Annotated[RelatedQuery, Query()],
        recommender: Ready,
        known: Known,
        store: Store,
    ) -> RelatedItems:
        """The items most like an item."""
        answer = partial(
            RelatedItems,
            version=recommender.snapshot.manifest.version,
            item=item_id,
            by=query.by,
        )
        if query.by != "store":
            live = await known.live(None, AS_RANKED)
            found = recommender.related(item_id, query.k, query.by, live=live)
            return answer(related=tuple(map(Related.model_validate, found)))
        if store is None:
            raise NoStore(field="by")
        near, related = await store.ask(partial(related_in_store, item=item_id, k=query.k))
        # A list of no rows does not know how many like the item.
        degree, counted = (near.degree, near.counted) if near else (None, None)
        return answer(related=related, degree=degree, counted=counted)

    @router.post(
        "/recommendations",
        response_model=SessionRecommendations,
        responses=UNKNOWN_LISTED_USER_OR_ITEM | INVALID | NOT_READY,
    )
    async def session_recommendations(
        session: Annotated[Session, Body()], request: Request
    ) -> Response:
        """The best items for someone who likes these items; popular ones where nothing is known."""
        return await session_list(request, session)

    @router.post("/explanations", responses=UNKNOWN_LISTED_USER_OR_ITEM | INVALID | NOT_READY)
    async def session_explanation(
        session: Annotated[ExplainedSession, Body()], recommender: Ready, known: Known
    ) -> SessionExplanation:
        """Why an item is, or is not, recommended to someone who likes these items."""
        options = known.options(Selection())
        live = await known.live(None, options)
        found = recommender.explain_session(
            session.items, session.item, session.k, options, live, session.about()
        )
        return SessionExplanation(
            version=recommender.snapshot.manifest.version,
            explanation=Explanation.model_validate(found),
        )

    @router.post("/why-not", responses=UNKNOWN_LISTED_USER_OR_ITEM | INVALID | NOT_READY)
    async def session_why_not(
        session: Annotated[WhyNotSession, Body()], recommender: Ready, known: Known
    ) -> SessionWhyNot:
        """What became of an item in the list for someone who likes these items."""
        options = known.options(session)
        live = await known.live(None, options)
        found = recommender.why_not_session(
            session.items, session.item, options, live, session.about()
        )
        return SessionWhyNot(version=recommender.snapshot.manifest.version, **asdict(found))

    return router, Questions(UserQuery, Session)
