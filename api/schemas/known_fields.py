"""Which fields a route knows at a place of a request: for suggestions, and to refuse others."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, get_args

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel


def fields_at(route: object, place: Sequence[int | str]) -> Collection[str]:
    """The fields beside the one at a place, such as `("body", "rules", 0, "attribut")`."""
    if not isinstance(route, APIRoute) or not place:
        return ()
    where, *names = place
    if where == "query":
        return query_fields(route)
    found = _fields(route.body_field.field_info.annotation if route.body_field else None)
    for name in names[:-1]:
        if isinstance(name, str):
            if name not in found:
                return ()
            found = _fields(found[name])
    return found


def query_fields(route: APIRoute) -> frozenset[str]:
    """The parameters of a query that a route has."""
    declared = route.dependant.query_params
    models = {name for each in declared for name in _fields(each.field_info.annotation)}
    return frozenset(models or (each.name for each in declared))


async def known_query(request: Request) -> None:
    """Raises RequestValidationError for a parameter of the query that the route does not have."""
    if not request.scope["query_string"]:
        return
    known = query_fields(request.scope["route"])
    errors = [
        {"type": "extra_forbidden", "loc": ("query", name), "msg": "", "input": None}
        for name in request.query_params
        if name not in known
    ]
    if errors:
        raise RequestValidationError(errors)


def _fields(annotation: Any) -> Mapping[str, Any]:
    """The fields of all models that an annotation names, by name."""
    return {
        name: field.annotation
        for model in _models(annotation)
        for name, field in model.model_fields.items()
    }


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
