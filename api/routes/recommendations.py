"""Lists for users and sessions, and related items.

The handlers are coroutines although they compute: a request is a few milliseconds of work, most of
it under the interpreter's lock, so that threads answer no more of them, as measured with 8 clients;
more processes do. Lists are written by orjson in the shape of the models that document them. In
threads runs what others would wait for: the graph store, and lists that take much longer than most
(`graphrec.recommend.effort`).
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import Body, Query, Request, Response
from graphrec.api.errors import documented
from graphrec.api.list_cache import Key, WrittenList
from graphrec.api.live.experiments import Chosen
from graphrec.api.middleware.access import READ
from graphrec.api.routes.plain import list_parameters, plain_body, plain_query
from graphrec.api.routes.router import new_router, reading_plainly
from graphrec.api.schemas.fields import ItemId, UserId, id_in_path
from graphrec.api.schemas.queries import query_of
from graphrec.api.schemas.recommendations import (
    RelatedItems,
    RelatedQuery,
    Session,
    SessionRecommendations,
    UserBody,
    UserQuery,
    UserRecommendations,
)
from graphrec.api.schemas.validation import unexpected
from graphrec.api.service import Ready, Service, Serving, chosen_list
from starlette.concurrency import run_in_threadpool

from graphrec.experiment.definition import RECOMMENDATIONS
from graphrec.recommend.query import Query as ListQuery
from graphrec.recommend.related_in_store import related_in_store
from graphrec.recommend.results import RecommendationList

router = new_router("recommendations")

LISTS = list_parameters(UserQuery)

USER_LIST = documented(
    "no_store", "unknown_name", "invalid_request", "malformed_json", "not_ready", "store_away"
)
SESSION_LIST = documented(
    "unknown_user", "unknown_item", "unknown_name", "invalid_request", "malformed_json", "not_ready"
)


async def plain_user_list(request: Request) -> Response | None:
    """The list of a user: one that is kept, or a new one; None where the request is not plain."""
    service: Service = request.app.state.service
    user = id_in_path(request.path_params["user_id"], service.settings.ids)
    if user is None:
        return None
    chosen = chosen_list(request, service, user, RECOMMENDATIONS)
    kept = await service.kept(_key(request, service, chosen, user), chosen.recommender.view)
    if kept is not None:
        return respond(request, service, chosen, kept, user)
    query = plain_query(request, UserQuery, LISTS)
    return None if query is None else await user_list(request, user, query)


async def plain_session_list(request: Request) -> Response | None:
    """The list of a visitor; None where the request is not plain."""
    if request.scope["query_string"]:
        return None
    session = await plain_body(request, Session)
    return None if session is None else await session_list(request, session)


async def user_recommendations(
    user_id: UserId, query: Annotated[UserQuery, Query()], request: Request
) -> Response:
    """The best items that the user has not seen; popular ones where the user is unknown."""
    return await user_list(request, user_id, query)


async def session_recommendations(
    session: Annotated[Session, Body()], request: Request
) -> Response:
    """The best items for a visitor who likes these items; popular ones without any."""
    return await session_list(request, session)


router.add_api_route(
    "/users/{user_id}/recommendations",
    user_recommendations,
    methods=["GET"],
    openapi_extra=READ,
    response_model=UserRecommendations,
    responses=USER_LIST,
    route_class_override=reading_plainly(plain_user_list),
)
router.add_api_route(
    "/recommendations",
    session_recommendations,
    methods=["POST"],
    openapi_extra=READ,
    response_model=SessionRecommendations,
    responses=SESSION_LIST,
    route_class_override=reading_plainly(plain_session_list),
)


@router.post(
    "/users/{user_id}/recommendations",
    openapi_extra=READ,
    response_model=UserRecommendations,
    responses=USER_LIST,
)
async def user_recommendations_by_rules(
    user_id: UserId, body: Annotated[UserBody, Body()], request: Request
) -> Response:
    """The same, with rules of this request; nothing is stored."""
    return await user_list(request, user_id, body)


@router.get(
    "/items/{item_id}/related",
    openapi_extra=READ,
    responses=documented(
        "unknown_item",
        "no_embeddings",
        "no_store",
        "invalid_request",
        "unknown_name",
        "malformed_json",
        "not_ready",
        "store_away",
    ),
)
async def related_items(
    item_id: ItemId, query: Annotated[RelatedQuery, Query()], recommender: Ready, service: Serving
) -> RelatedItems:
    """The items most like an item."""
    settings = service.settings
    k, version = query.length(settings.serve), recommender.snapshot.manifest.version
    if query.by != "store":
        for name in ("kinds", "after"):
            if getattr(query, name):
                raise unexpected(("by",), query.by, f"store where {name} is given")
        related_to = partial(recommender.related, similarity=query.similarity)
        found = await run_in_threadpool(related_to, item_id, k, query.by)
        return RelatedItems(version, item_id, query.by, found)
    graph = service.require_graph("by is 'store'", "by")
    kinds = None if query.kinds is None else [*map(settings.ids.normal, query.kinds)]
    asked = partial(
        related_in_store,
        item=item_id,
        k=k,
        recommender=recommender,
        similarity=query.similarity,
        kinds=kinds,
        after=query.after,
        settings=settings,
    )
    near, related = await graph.store.run(asked)
    # A list of no rows does not know how many like the item.
    degree, counted = (near.degree, near.counted) if near else (None, None)
    return RelatedItems(version, item_id, query.by, related, degree, counted)


async def user_list(request: Request, user: str, requested: UserQuery) -> Response:
    """The best items that the user has not seen; kept where it would stay the same.

    Raises NotReady, NoStore and StoreAway.
    """
    service: Service = request.app.state.service
    chosen = chosen_list(request, service, user, RECOMMENDATIONS)
    recommender = chosen.recommender
    key = _key(request, service, chosen, user)  # of what is known now, not once the list is made
    query = _query(requested, service, chosen, user)
    context = await service.context(query)

    def made() -> WrittenList:
        return _written(recommender.recommend(query, context), query, user=user)

    written = await service.compute(recommender.view, query, context, made)
    if query.repeatable and chosen.stays and request.method == "GET":
        service.keep(key, written, recommender.view)
    return respond(request, service, chosen, written, user)


async def session_list(request: Request, requested: Session) -> Response:
    """The best items for a visitor; raises NotReady and UnknownNode."""
    service: Service = request.app.state.service
    chosen = chosen_list(request, service, None, RECOMMENDATIONS)
    recommender = chosen.recommender
    query = _query(requested, service, chosen)
    context = await service.context(query)

    def made() -> WrittenList:
        return _written(recommender.recommend(query, context), query)

    written = await service.compute(recommender.view, query, context, made)
    return respond(request, service, chosen, written)


def _query(
    requested: UserQuery | Session, service: Service, chosen: Chosen, user: str | None = None
) -> ListQuery:
    """The query of a request, with what a variant says where the request says nothing."""
    query = query_of(requested, service.settings, user)
    said = {
        name: getattr(chosen, name)
        for name in ("diversity", "exploration")
        if getattr(chosen, name) is not None and name not in requested.model_fields_set
    }
    return chosen.recommender.with_rules(replace(query, **said) if said else query)


def _key(request: Request, service: Service, chosen: Chosen, user: str) -> Key:
    """All that the list of a user depends on."""
    scope, edition = request.scope, service.edition_of(user, chosen.recommender.view)
    return Key(user, scope["path"], scope["query_string"], chosen.version, edition, chosen.parts)


def _written(found: RecommendationList, query: ListQuery, **whose: str) -> WrittenList:
    """A list as JSON, with contributions where the query sets `explain`."""
    listed: Sequence[Any] = found.recommendations
    if not query.explain:
        listed = [{**vars(each), "contributions": None} for each in listed]
    answer = {"version": found.version, **whose, "recommendations": listed}
    if not whose:  # a user is known by events, a visitor by what the request names
        answer |= {"unknown_items": found.unknown_items, "unknown_friends": found.unknown_friends}
    answer["warnings"] = found.warnings
    return WrittenList.of(orjson.dumps(answer), found, query.exploration)


def respond(
    request: Request,
    service: Service,
    chosen: Chosen,
    written: WrittenList,
    user: str | None = None,
    placement: str | None = None,
) -> Response:
    """The response with a list for a user or a visitor; it is counted and logged.

    `placement` is the label of the one that the list is of.
    """
    service.metrics.recommended("session" if user is None else "user", chosen.version, written)
    if service.new_items.limited:
        known = chosen.recommender.view.items.snapshot.items.rows
        service.new_items.add(each for each in written.items if each not in known)
    if user is not None and service.exposures is not None:
        service.exposures.add(
            user,
            chosen.version,
            written,
            request.state.request_id,
            placement,
            chosen.variants,
            chosen.decision,
        )
    if not written.packed:
        return Response(written.body, media_type="application/json")
    body, headers = written.body, {"Vary": "Accept-Encoding"}
    accepted = request.headers.get("accept-encoding", "").split(",")
    if any(each.strip() == "gzip" for each in accepted):
        headers["Content-Encoding"] = "gzip"
    else:
        body = written.unpacked()
    return Response(body, media_type="application/json", headers=headers)
