"""Placements: named questions, asked by name."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

import orjson
from fastapi import Body, Path, Query, Request, Response
from graphrec.api.errors import documented
from graphrec.api.list_cache import Key, WrittenList
from graphrec.api.live.experiments import Chosen
from graphrec.api.middleware.access import READ
from graphrec.api.routes.recommendations import respond
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.fields import value_of
from graphrec.api.schemas.placements import (
    NamedPlacement,
    Placed,
    PlacementBody,
    PlacementName,
    PlacementQuery,
    Placements,
)
from graphrec.api.schemas.validation import Strict, bounded
from graphrec.api.service import Ready, Service, chosen_list
from starlette.concurrency import run_in_threadpool

from graphrec.placement.definition import OF_ITEMS, OF_USERS, Placement, changed
from graphrec.recommend.placements.lists import PlacementList, placement_of, query_of_all
from graphrec.recommend.placements.live import counted_in_store
from graphrec.recommend.placements.question import PlacementQuestion
from graphrec.recommend.recommender import Recommender

router = new_router("placements")

MINUTE = 60
"""Seconds for which a list that goes by time is kept."""

NAME = Annotated[PlacementName, Path()]
LIST = documented(
    "unknown_placement",
    "no_store",
    "unknown_name",
    "invalid_request",
    "malformed_json",
    "not_ready",
    "store_away",
)


@router.get("/placements", openapi_extra=READ, responses=documented("invalid_request", "not_ready"))
async def placements(_: Annotated[Strict, Query()], recommender: Ready) -> Placements:
    """The placements that can be asked, by name."""
    return Placements(
        tuple(
            NamedPlacement(name, each.type, _needs(each), _settings(each))
            for name, each in sorted(recommender.placements.items())
        )
    )


@router.get("/placements/{name}", openapi_extra=READ, response_model=Placed, responses=LIST)
async def placement(
    name: NAME, query: Annotated[PlacementQuery, Query()], request: Request
) -> Response:
    """The list of a placement, for a user, beside items, or both."""
    service: Service = request.app.state.service
    chosen = chosen_list(request, service, query.user, name)
    recommender = chosen.recommender
    found = recommender.placements.get(name)
    key = None if found is None else _key(request, service, chosen, query.user)
    kept = None if key is None or query.by == "store" else service.lists.get(key)
    if kept is not None and found is not None:
        return respond(request, service, chosen, kept, query.user, found.label or name)
    where: dict[str, list[str]] = {}
    for each in query.where:
        attribute, _, value = each.partition(":")
        where.setdefault(attribute, []).append(value)
    given = [] if query.item is None else [query.item]
    question = PlacementQuestion(
        query.user,
        tuple(given + _split(recommender, service, query.items)),
        bounded(query, "k", service.settings.serve.max_k) if query.k is not None else None,
        where,
        query.segment,
        fields=_names(query.fields),
        language=query.language,
        explain=query.explain,
    )
    if query.by == "store":
        question, key = await _counted(service, recommender, name, question), None
    return await _respond(request, service, chosen, name, question, key)


@router.post("/placements/{name}", openapi_extra=READ, response_model=Placed, responses=LIST)
async def placement_by_rules(
    name: NAME, body: Annotated[PlacementBody, Body()], request: Request
) -> Response:
    """The same, with rules of this request and attributes of a visitor; nothing is stored."""
    service: Service = request.app.state.service
    normal = service.settings.ids.normal
    chosen = chosen_list(request, service, body.user, name)
    question = PlacementQuestion(
        body.user,
        tuple(map(normal, body.items)),
        bounded(body, "k", service.settings.serve.max_k) if body.k is not None else None,
        body.where,
        body.segment,
        tuple(body.rules),
        {name: value_of(name, value) for name, value in body.attributes.items()},
        body.fields,
        body.language,
        body.explain,
        changes=body.changes,
    )
    if body.by == "store":
        question = await _counted(service, chosen.recommender, name, question)
    return await _respond(request, service, chosen, name, question, None)


async def _counted(
    service: Service, recommender: Recommender, name: str, question: PlacementQuestion
) -> PlacementQuestion:
    """The question with what the store counts beside its items; raises NoStore and StoreAway."""
    placement = changed(placement_of(recommender, name), question.changes)
    graph = service.require_graph("by is 'store'", "by")
    return await graph.store.run(
        partial(counted_in_store, name=name, placement=placement, question=question)
    )


async def _respond(
    request: Request,
    service: Service,
    chosen: Chosen,
    name: str,
    question: PlacementQuestion,
    key: Key | None,
) -> Response:
    """The list, made in a thread; kept under the key where it would stay the same."""
    recommender = chosen.recommender
    query = query_of_all(recommender, name, question)
    context = await service.context(query)
    found = await run_in_threadpool(recommender.placed, name, question, context)
    written = _written(found, question.explain, query.exploration)
    if key is not None and query.repeatable and chosen.stays:
        service.keep(key, written, recommender.view)
    return respond(request, service, chosen, written, question.user, found.label)


def _key(request: Request, service: Service, chosen: Chosen, user: str | None) -> Key:
    """All that the list depends on: windows of time begin and end with a minute."""
    scope, view = request.scope, chosen.recommender.view
    edition = view.delta.edition if user is None else service.edition_of(user, view)
    now = (edition, int(time.time()) // MINUTE)
    path, query = scope["path"], scope["query_string"]
    return Key(user or "", path, query, chosen.version, now, chosen.parts)


def _names(given: str | None) -> list[str] | None:
    """The names of attributes that commas are between."""
    return None if given is None else [n.strip() for n in given.split(",") if n.strip()]


def _split(recommender: Recommender, service: Service, items: Sequence[str]) -> list[str]:
    """Ids of items; what is no item and has commas is several."""
    known, normal = recommender.view.items.ids, service.settings.ids.normal
    found: list[str] = []
    for each in map(normal, items):
        parts = [part for part in each.split(",") if part.strip()]
        found += [each] if each in known or len(parts) < 2 else [normal(p.strip()) for p in parts]
    return found


def _written(found: PlacementList, explain: bool, exploration: float) -> WrittenList:
    """The list as JSON, with contributions where the question sets `explain`."""
    listed: Sequence[Any] = found.recommendations
    if not explain:
        listed = [{**vars(each), "contributions": None} for each in listed]
    answer = {
        "version": found.version,
        "placement": found.placement,
        "user": found.user,
        "recommendations": listed,
        "fallbacks": found.fallbacks,
        "unknown_items": found.unknown_items,
        "warnings": found.warnings,
    }
    return WrittenList.of(orjson.dumps(answer), found, exploration)


def _needs(placement: Placement) -> Any:
    if placement.type in OF_ITEMS:
        return "items"
    return "user" if placement.type in OF_USERS else "nothing"


def _settings(placement: Placement) -> dict[str, Any]:
    return placement.model_dump(mode="json", exclude_defaults=True, exclude={"type"})
