"""Every error that a client can get, in one shape: `{"error": {"code", "message", "field"}}`.

`ERRORS` is the table: the status of each code, what it means, what raises it, and the example that
the document shows.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from graphrec.api.schemas.known_fields import fields_at
from graphrec.api.schemas.sentences import sentence, shown
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Route

from graphrec.errors import (
    DataError,
    Locked,
    NoRatings,
    RefreshRunning,
    SnapshotError,
    UnknownName,
    UnknownNode,
    UnknownPlacement,
)
from graphrec.locks import Holder

Code: TypeAlias = Literal[
    "unauthenticated",
    "forbidden",
    "too_many_requests",
    "too_large",
    "headers_too_large",
    "too_slow",
    "overloaded",
    "foreign_origin",
    "open_behind_proxy",
    "misdirected",
    "unknown_user",
    "unknown_report",
    "unknown_item",
    "unknown_placement",
    "no_embeddings",
    "no_ratings",
    "no_store",
    "unknown_route",
    "method_not_allowed",
    "malformed_json",
    "invalid_request",
    "unknown_name",
    "not_ready",
    "snapshot_refused",
    "refresh_running",
    "locked",
    "stale_cursor",
    "not_forgotten",
    "store_away",
    "http_error",
    "internal_error",
]

MAX_SENTENCES = 5
"""Errors of one request that a message names."""


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: Code = Field(description="For a program.")
    message: str = Field(description="For a person: subject, value, expectation, remedy.")
    field: str | None = Field(None, description="The part of the request at fault, if it is one.")


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class ServiceUnavailable(Exception):  # noqa: N818
    """Something that the request needs does not answer now; the message is the reason."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds."""


class NotReady(ServiceUnavailable):
    """No snapshot serves."""


class StoreAway(ServiceUnavailable):
    """The graph store does not answer."""


class NotForgotten(ServiceUnavailable):
    """Something is left of a user who was to be deleted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, 30)  # a refresh takes minutes


class SnapshotRefused(Exception):  # noqa: N818
    """A snapshot cannot serve; the message is the reason."""


class StaleCursor(Exception):  # noqa: N818
    """A cursor is of another snapshot than the one that serves."""

    def __init__(self, cursor: str, version: str) -> None:
        super().__init__(
            f"cursor is {shown(cursor)}: expected one of snapshot {version!r}, which serves now; "
            f"ask for the first page again"
        )


class NoStore(Exception):  # noqa: N818
    """A request needs the graph store, and the service was started without one."""

    def __init__(self, why: str = "by is 'store'", field: str | None = None) -> None:
        super().__init__(
            f"{why}, and the service has no graph store: expected one that was started with "
            f"--store; start it so, or do without"
        )
        self.field = field


@dataclass(frozen=True)
class Error:
    """A row of the table."""

    status: int
    meaning: str
    """In the document."""
    example: str = ""
    """Message of the example in the document; none where routes do not document the error."""
    field: str | None = None
    """The part of the request at fault, where it is always the same."""
    raised: type[Exception] | None = None
    """The exception that it answers; None: `error_answer` is called where it is found."""


_HOLDER = Holder("graphrec refresh", 4711, "db1", "2026-11-22T03:00:04+00:00")

ERRORS: Mapping[Code, Error] = {
    "unauthenticated": Error(401, "The request has no valid key."),
    "forbidden": Error(403, "The key has a lesser scope."),
    "foreign_origin": Error(403, "A page of another site, or a form, asks to write."),
    "open_behind_proxy": Error(403, "A proxy passes the request on, and there are no keys."),
    "too_slow": Error(408, "The request did not come in time."),
    "misdirected": Error(421, "The Host is none of the names of the service."),
    "headers_too_large": Error(431, "The headers have too many bytes, or there are too many."),
    "overloaded": Error(
        503,
        "More is asked than can be answered; ask again in a second.",
        "more is asked than can be answered in time: expected fewer requests; ask again in 1 s",
    ),
    "unknown_user": Error(
        404, "The user is not known.", str(UnknownNode("user", "nobody")), "user_id"
    ),
    "unknown_item": Error(
        404, "The item is not known.", str(UnknownNode("item", "Alein")), "item_id"
    ),
    "unknown_placement": Error(
        404,
        "The settings have no such placement.",
        "there is no placement 'also-bougth': did you mean 'also-bought'?",
        "name",
        UnknownPlacement,
    ),
    "no_embeddings": Error(
        404,
        "The snapshot has no embeddings.",
        "snapshot '20261122T101500Z-3fa9c1' has no embeddings: expected those of a model that "
        "learns them; train one, or ask for items related in the graph",
        "by",
        SnapshotError,  # whatever else a snapshot can lack is found when it is loaded
    ),
    "no_ratings": Error(
        404,
        "The snapshot has no model of ratings.",
        str(NoRatings("20261122T101500Z-3fa9c1")),
        raised=NoRatings,
    ),
    "no_store": Error(
        404,
        "A graph store is needed and the service was started without one.",
        str(NoStore("events are sent")),
        raised=NoStore,
    ),
    "unknown_route": Error(404, "There is no such path."),
    "method_not_allowed": Error(405, "The path has no such method."),
    "snapshot_refused": Error(
        409,
        "The snapshot cannot serve; the one that served goes on serving.",
        "snapshot '20261122T101500Z-3fa9c1' has no readable file 'items.json': expected the 71250 "
        "bytes that were published; roll back, or publish again with `graphrec train`",
        raised=SnapshotRefused,
    ),
    "refresh_running": Error(
        409,
        "A refresh runs.",
        str(RefreshRunning("snapshots", _HOLDER)),
        raised=RefreshRunning,
    ),
    "locked": Error(
        409,
        "A deletion or a command changes the folder of snapshots.",
        str(Locked("snapshots/refresh.lock", replace(_HOLDER, work="graphrec forget"), 20)),
        raised=Locked,
    ),
    "stale_cursor": Error(
        409,
        "The cursor is of another snapshot.",
        str(StaleCursor("20261121T101500Z-9c1d42.20", "20261122T101500Z-3fa9c1")),
        "cursor",
        StaleCursor,
    ),
    "unknown_report": Error(404, "There is no report of this name."),
    "too_large": Error(413, "The body has too many bytes."),
    "invalid_request": Error(
        422,
        "The request is not as documented.",
        "k is 0: expected a whole number from 1 to 100",
        raised=DataError,
    ),
    "unknown_name": Error(
        422,
        "There is no such attribute, relation or kind of events.",
        "no item has an attribute 'stok': did you mean 'stock'?",
        "rules[0].attribute",
        UnknownName,
    ),
    "malformed_json": Error(
        422,
        "The body is not JSON.",
        "the body is not JSON: Expecting value at character 0; expected an object",
    ),
    "too_many_requests": Error(429, "The client sends too many requests."),
    "internal_error": Error(500, "The service is at fault."),
    "not_ready": Error(
        503,
        "There is no snapshot to answer from.",
        "snapshot folder 'snapshots' has no readable 'current' file: expected one that names the "
        "version to serve; run `graphrec train`",
        raised=NotReady,
    ),
    "store_away": Error(
        503,
        "The graph store does not answer.",
        "store neo4j://localhost:7687 is away: Couldn't connect to localhost:7687; start the "
        "server, or check the address",
        raised=StoreAway,
    ),
    "not_forgotten": Error(
        503,
        "A refresh runs for longer than a request waits, or something cannot be deleted.",
        f"the user is not deleted: {_HOLDER} changes the snapshots, and might publish again what "
        "it has read; expected it to be done within 20 s; try again once it is",
        raised=NotForgotten,
    ),
}


def error_answer(
    code: Code,
    message: str,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
) -> Response:
    """An answer in the one shape of errors; its status is that of the table."""
    body = ErrorAnswer(error=ErrorDetail(code=code, message=message, field=field))
    status = ERRORS[code].status if status is None else status
    return Response(body.model_dump_json(), status, headers, "application/json")


def internal_error() -> Response:
    """The answer where the service is at fault, which says nothing else."""
    message = "the service failed at this request: its log says why; please report it"
    return error_answer("internal_error", message)


Handler: TypeAlias = Callable[[Request, Any], Coroutine[Any, Any, Response]]


def _handler(code: Code, row: Error) -> Handler:
    """The answer to the exception of a row."""

    async def handle(_: Request, error: Exception) -> Response:
        wait: int | None = getattr(error, "retry_after", None)
        headers = None if wait is None else {"Retry-After": str(wait)}
        return error_answer(code, str(error), getattr(error, "field", row.field), headers)

    return handle


async def _unknown_node(request: Request, error: UnknownNode) -> Response:
    if error.node_type == "user":
        field = "user_id" if "user_id" in request.path_params else "friends"
        return error_answer("unknown_user", str(error), field)
    field = "item_id" if "item_id" in request.path_params else "items"
    return error_answer("unknown_item", str(error), field)


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    found, limits = error.errors(), request.app.state.service.settings.serve
    code: Code = "malformed_json" if found[0]["type"] == "json_invalid" else "invalid_request"
    route = request.scope.get("route")
    sentences = [sentence(e, limits, fields_at(route, e["loc"])) for e in found[:MAX_SENTENCES]]
    more = len(found) - MAX_SENTENCES
    message = "; ".join(text for _, text in sentences) + (f"; and {more} more" if more > 0 else "")
    return error_answer(code, message, sentences[0][0])


async def _http(request: Request, error: HTTPException) -> Response:
    path = request.url.path
    if error.status_code == 404:
        message = f"path {path!r} is unknown: expected one of those in /openapi.json"
        return error_answer("unknown_route", message)
    if error.status_code == 405:
        allowed = ", ".join(sorted(_allowed(request, error)))
        message = f"method {request.method} is not for path {path!r}: expected {allowed}"
        return error_answer("method_not_allowed", message, headers={"Allow": allowed})
    if error.status_code == 400:  # FastAPI's status for a body that is not even text
        return error_answer("malformed_json", "the body is not JSON: expected an object, in UTF-8")
    return error_answer("http_error", error.detail, headers=error.headers, status=error.status_code)


def _allowed(request: Request, error: HTTPException) -> set[str]:
    """The methods of a path: Starlette gives those of the first route with this path alone."""
    found = set((error.headers or {}).get("Allow", "").split(", ")) - {""}
    for route in request.app.routes:
        if isinstance(route, Route) and route.path_regex.match(request.scope["path"]):
            found.update(route.methods or ())
    return found


HANDLERS: Mapping[int | type[Exception], Handler] = {
    **{row.raised: _handler(code, row) for code, row in ERRORS.items() if row.raised is not None},
    UnknownNode: _unknown_node,
    RequestValidationError: _invalid,
    HTTPException: _http,
}
"""How each exception is answered."""

Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""The errors in the documentation of a route, by status."""

_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which the request may succeed.",
        "schema": {"type": "integer"},
    }
}


def documented(*codes: Code) -> Responses:
    """The errors of a route, for its documentation: their statuses, meanings and examples."""
    found: Responses = {}
    for status in sorted({ERRORS[code].status for code in codes}):
        rows = {code: ERRORS[code] for code in codes if ERRORS[code].status == status}
        examples = {
            code: ErrorAnswer(error=ErrorDetail(code=code, message=row.example, field=row.field))
            for code, row in rows.items()
        }
        values = {code: {"value": each.model_dump()} for code, each in examples.items()}
        found[status] = {
            "model": ErrorAnswer,
            "description": " ".join(dict.fromkeys(row.meaning for row in rows.values())),
            "content": {"application/json": {"examples": values}},
            **({"headers": _RETRY_AFTER} if status == 503 else {}),
        }
    return found
