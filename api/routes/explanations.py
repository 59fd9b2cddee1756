"""Why an item is, or is not, recommended.

All items are ranked for it, which takes longer than a list: it is done in threads.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from typing import Annotated

from fastapi import Body, Query
from graphrec.api.errors import documented
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.explanations import (
    ExplainedSession,
    PathsQuery,
    SessionExplanation,
    SessionWhyNot,
    UserExplanation,
    UserWhyNot,
    WhyNotQuery,
    WhyNotSession,
)
from graphrec.api.schemas.fields import ItemId, UserId
from graphrec.api.schemas.queries import query_of
from graphrec.api.service import ReadyList, Serving
from starlette.concurrency import run_in_threadpool

from graphrec.recommend.query import Query as RecommendQuery

router = new_router("recommendations")

SESSION = documented(
    "unknown_user", "unknown_item", "unknown_name", "invalid_request", "malformed_json", "not_ready"
)


@router.get(
    "/users/{user_id}/recommendations/{item_id}/explanation",
    openapi_extra=READ,
    responses=documented(
        "unknown_user",
        "unknown_item",
        "invalid_request",
        "malformed_json",
        "not_ready",
        "store_away",
    ),
)
async def user_explanation(
    user_id: UserId,
    item_id: ItemId,
    request: Annotated[PathsQuery, Query()],
    recommender: ReadyList,
    service: Serving,
) -> UserExplanation:
    """Why the item is, or is not, recommended to the user: sources, and paths with counts."""
    paths = request.paths(service.settings.serve)
    query = recommender.with_rules(RecommendQuery(user=user_id))
    context = await service.context(query)
    found = await run_in_threadpool(recommender.explain, query, item_id, paths, context)
    return UserExplanation(recommender.snapshot.manifest.version, user_id, found)


@router.get(
    "/users/{user_id}/why-not/{item_id}",
    openapi_extra=READ,
    responses=documented(
        "unknown_item",
        "no_store",
        "unknown_name",
        "invalid_request",
        "malformed_json",
        "not_ready",
        "store_away",
    ),
)
async def user_why_not(
    user_id: UserId,
    item_id: ItemId,
    request: Annotated[WhyNotQuery, Query()],
    recommender: ReadyList,
    service: Serving,
) -> UserWhyNot:
    """What became of the item in the user's list: its place and score, or why it has none."""
    query = recommender.with_rules(query_of(request, service.settings, user_id))
    context = await service.context(query)
    found = await run_in_threadpool(recommender.why_not, query, item_id, context)
    version = recommender.snapshot.manifest.version
    return UserWhyNot(version=version, user=user_id, **vars(found))


@router.post("/explanations", openapi_extra=READ, responses=SESSION)
async def session_explanation(
    session: Annotated[ExplainedSession, Body()], recommender: ReadyList, service: Serving
) -> SessionExplanation:
    """Why an item is, or is not, recommended to a visitor who likes these items."""
    paths = session.paths(service.settings.serve)
    query = recommender.with_rules(query_of(session, service.settings))
    context = await service.context(query)
    item = service.settings.ids.normal(session.item)
    found = await run_in_threadpool(recommender.explain, query, item, paths, context)
    return SessionExplanation(recommender.snapshot.manifest.version, found)


@router.post("/why-not", openapi_extra=READ, responses=SESSION)
async def session_why_not(
    session: Annotated[WhyNotSession, Body()], recommender: ReadyList, service: Serving
) -> SessionWhyNot:
    """What became of an item in the list for a visitor who likes these items."""
    query = recommender.with_rules(query_of(session, service.settings))
    item, context = service.settings.ids.normal(session.item), await service.context(query)
    found = await run_in_threadpool(recommender.why_not, query, item, context)
    return SessionWhyNot(version=recommender.snapshot.manifest.version, **vars(found))
