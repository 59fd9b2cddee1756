"""Every error that a client can meet, in one shape: `{"error": {"code", "message", "field"}}`."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Literal, TypeAlias

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from graphrec.api.validation import sentence, shown
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from graphrec.errors import DataError, RefreshRunning, SnapshotError, UnknownNode

Code: TypeAlias = Literal[
    "unauthenticated",
    "forbidden",
    "too_many_requests",
    "too_large",
    "unknown_user",
    "unknown_item",
    "no_embeddings",
    "no_store",
    "unknown_route",
    "method_not_allowed",
    "malformed_json",
    "invalid_request",
    "not_ready",
    "snapshot_refused",
    "refresh_running",
    "stale_cursor",
    "not_forgotten",
    "store_away",
    "http_error",
    "internal_error",
]


MOST_SENTENCES = 5
"""How much of what is wrong with a request is said at once."""


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: Code = Field(description="For a program.")
    message: str = Field(description="For a person: subject, value, expectation, remedy.")
    field: str | None = Field(None, description="The part of the request at fault, if it is one.")


class ErrorAnswer(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class NotReady(Exception):  # noqa: N818 - reads as what the service is
    """There is no recommender to answer with; the message is the reason."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds."""


class SnapshotRefused(Exception):  # noqa: N818
    """A snapshot was to serve and cannot; the message is the reason."""


class StaleCursor(Exception):  # noqa: N818
    """A cursor is of another snapshot than the one that serves."""

    def __init__(self, cursor: str, version: str) -> None:
        super().__init__(
            f"cursor is {shown(cursor)}: expected one of snapshot {version!r}, which serves now; "
            f"ask for the first page again"
        )


class NotForgotten(Exception):  # noqa: N818
    """Something is left of someone who was to be forgotten; the message is the reason."""

    retry_after = 30
    """Seconds: a refresh takes minutes."""


class NoStore(Exception):  # noqa: N818
    """The graph store is asked for, and the service was started without one."""

    def __init__(self, why: str = "by is 'store'", field: str | None = None) -> None:
        super().__init__(
            f"{why}, and the service has no graph store: expected one that was started with "
            f"--store; start it so, or do without"
        )
        self.field = field


class StoreAway(Exception):  # noqa: N818
    """The graph store does not answer; the message is the reason."""

    def __init__(self, reason: str, retry_after: int) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        """Seconds."""


def error_answer(
    status: int,
    code: Code,
    message: str,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer in the one shape of errors."""
    body = ErrorAnswer(error=ErrorDetail(code=code, message=message, field=field))
    return Response(body.model_dump_json(), status, headers, "application/json")


async def _unknown_node(request: Request, error: UnknownNode) -> Response:
    if error.node_type == "user":
        field = "user_id" if "user_id" in request.path_params else "friends"
        return error_answer(404, "unknown_user", str(error), field)
    field = "item_id" if "item_id" in request.path_params else "items"
    return error_answer(404, "unknown_item", str(error), field)


async def _no_embeddings(_: Request, error: SnapshotError) -> Response:
    # All else that a snapshot can lack is found when it is loaded: see `graphrec.api.engine`.
    return error_answer(404, "no_embeddings", str(error), "by")


async def _invalid(_: Request, error: RequestValidationError) -> Response:
    problems = error.errors()
    code: Code = "malformed_json" if problems[0]["type"] == "json_invalid" else "invalid_request"
    fields, sentences = zip(*map(sentence, problems[:MOST_SENTENCES]), strict=True)
    more = len(problems) - MOST_SENTENCES
    message = "; ".join(sentences) + (f"; and {more} more" if more > 0 else "")
    return error_answer(422, code, message, fields[0])


async def _not_ready(_: Request, error: NotReady) -> Response:
    return error_answer(
        503, "not_ready", str(error), headers={"Retry-After": str(error.retry_after)}
    )


async def _snapshot_refused(_: Request, error: SnapshotRefused) -> Response:
    return error_answer(409, "snapshot_refused", str(error))


async def _refresh_running(_: Request, error: RefreshRunning) -> Response:
    return error_answer(409, "refresh_running", str(error))


async def _stale_cursor(_: Request, error: StaleCursor) -> Response:
    return error_answer(409, "stale_cursor", str(error), "cursor")


async def _not_forgotten(_: Request, error: NotForgotten) -> Response:
    return error_answer(
        503, "not_forgotten", str(error), headers={"Retry-After": str(error.retry_after)}
    )


async def _no_store(_: Request, error: NoStore) -> Response:
    return error_answer(404, "no_store", str(error), error.field)


async def _refused(_: Request, error: DataError) -> Response:
    return error_answer(422, "invalid_request", str(error))


async def _store_away(_: Request, error: StoreAway) -> Response:
    return error_answer(
        503, "store_away", str(error), headers={"Retry-After": str(error.retry_after)}
    )


async def _http(request: Request, error: HTTPException) -> Response:
    path = request.url.path
    if error.status_code == 404:
        message = f"path {path!r} is unknown: expected one of those in /openapi.json"
        return error_answer(404, "unknown_route", message)
    if error.status_code == 405:
        allowed = ", ".join(sorted(_allowed(request, error)))
        message = f"method {request.method} is not for path {path!r}: expected {allowed}"
        return error_answer(405, "method_not_allowed", message, headers={"Allow": allowed})
    if error.status_code == 400:  # FastAPI's word for a body that is not even text
        return error_answer(
            422, "malformed_json", "the body is not JSON: expected an object, in UTF-8"
        )
    return error_answer(error.status_code, "http_error", error.detail, headers=error.headers)


def _allowed(request: Request, error: HTTPException) -> set[str]:
    """The methods of a path: Starlette names those of the first route of it alone."""
    found = set((error.headers or {}).get("Allow", "").split(", ")) - {""}
    for template, methods in request.app.openapi()["paths"].items():
        if compile_path(template)[0].match(request.scope["path"]):
            found.update(map(str.upper, methods))
    return found


def internal_error() -> Response:
    """What a client is told where the service is at fault: nothing but that."""
    message = "the service failed at this request: its log says why; please report it"
    return error_answer(500, "internal_error", message)


HANDLERS: Mapping[
    int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]
] = {
    UnknownNode: _unknown_node,
    SnapshotError: _no_embeddings,
    RequestValidationError: _invalid,
    NotReady: _not_ready,
    SnapshotRefused: _snapshot_refused,
    RefreshRunning: _refresh_running,
    StaleCursor: _stale_cursor,
    NotForgotten: _not_forgotten,
    NoStore: _no_store,
    DataError: _refused,
    StoreAway: _store_away,
    HTTPException: _http,
}
"""Who answers for which exception."""

Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""What a route's documentation says of its errors, by status."""


_RETRY_AFTER = {
    "Retry-After": {
        "description": "In how many seconds the service will have tried again.",
        "schema": {"type": "integer"},
    }
}


def _documented(status: int, description: str, *details: ErrorDetail) -> Responses:
    examples = {
        detail.code: {"value": ErrorAnswer(error=detail).model_dump()} for detail in details
    }
    return {
        status: {
            "model": ErrorAnswer,
            "description": description,
            "content": {"application/json": {"examples": examples}},
            **({"headers": _RETRY_AFTER} if status == 503 else {}),
        }
    }


_ITEM = ErrorDetail(code="unknown_item", message=str(UnknownNode("item", "Alein")), field="item_id")
_USER = ErrorDetail(
    code="unknown_user", message=str(UnknownNode("user", "nobody")), field="user_id"
)
_EMBEDDINGS = ErrorDetail(
    code="no_embeddings",
    message="snapshot '20261122T101500Z-3fa9c1' has no embeddings: expected those of a model that "
    "learns them; train one, or ask for items related in the graph",
    field="by",
)

UNKNOWN_ITEM = _documented(404, "The snapshot does not know the item.", _ITEM)
UNKNOWN_USER = _documented(404, "The snapshot does not know the user.", _USER)
UNKNOWN_LISTED_USER_OR_ITEM = _documented(
    404,
    "One of the items or friends is not known.",
    _ITEM.model_copy(update={"field": "items"}),
    _USER.model_copy(update={"field": "friends"}),
)
UNKNOWN_USER_OR_ITEM = _documented(
    404, "The snapshot does not know the user or the item.", _USER, _ITEM
)
UNKNOWN_ITEM_OR_NONE_OF_THESE = _documented(
    404,
    "The item is not known, or the service has no embeddings, or no graph store.",
    _ITEM,
    _EMBEDDINGS,
    ErrorDetail(code="no_store", message=str(NoStore()), field="by"),
)
UNKNOWN_ITEM_OR_NO_STORE = _documented(
    404,
    "The item is not known, or a graph store is needed and there is none.",
    _ITEM,
    ErrorDetail(code="no_store", message=str(NoStore("as_of needs the events of a user"))),
)
NO_STORE = _documented(
    404,
    "The service was started without a graph store.",
    ErrorDetail(code="no_store", message=str(NoStore("events are sent"))),
)
INVALID = _documented(
    422,
    "The request is not as documented.",
    ErrorDetail(
        code="invalid_request", message="k is 0: expected a whole number from 1 to 100", field="k"
    ),
    ErrorDetail(
        code="malformed_json",
        message="the body is not JSON: Expecting value at character 0; expected an object",
    ),
)
_NOT_READY = ErrorDetail(
    code="not_ready",
    message="snapshot folder 'snapshots' has no readable 'current' file: expected one that "
    "names the version to serve; run `graphrec train`",
)
NOT_READY = _documented(503, "There is no snapshot to answer from.", _NOT_READY)
_STORE_AWAY = ErrorDetail(
    code="store_away",
    message="store neo4j://localhost:7687 is away: Couldn't connect to localhost:7687; start the "
    "server, or check the address",
)
STORE_AWAY = _documented(503, "The graph store does not answer.", _STORE_AWAY)
NOT_READY_OR_STORE_AWAY = _documented(
    503,
    "There is no snapshot to answer from, or the graph store does not answer.",
    _NOT_READY,
    _STORE_AWAY,
)
_REFUSED = ErrorDetail(
    code="snapshot_refused",
    message="snapshot '20261122T101500Z-3fa9c1' has no readable file 'items.json': expected "
    "the 71250 bytes that were published; roll back, or publish again with `graphrec train`",
)
REFUSED = _documented(
    409, "The snapshot cannot serve; the one that served goes on serving.", _REFUSED
)
REFUSED_OR_RUNNING = _documented(
    409,
    "The snapshot cannot serve, or a refresh runs; the one that served goes on serving.",
    _REFUSED,
    ErrorDetail(
        code="refresh_running",
        message=str(
            RefreshRunning("snapshots", "process 4711 on db1 since 2026-11-22T03:00:04+00:00")
        ),
    ),
)
STALE_CURSOR = _documented(
    409,
    "The cursor is of another snapshot.",
    ErrorDetail(
        code="stale_cursor",
        message=str(StaleCursor("20261121T101500Z-9c1d42.20", "20261122T101500Z-3fa9c1")),
        field="cursor",
    ),
)
NOT_FORGOTTEN_OR_STORE_AWAY = _documented(
    503,
    "A refresh runs, or the folder of snapshots cannot be written; or the graph store does not "
    "answer.",
    ErrorDetail(
        code="not_forgotten",
        message="the user is not deleted: a refresh runs, and would publish again what it has "
        "read; expected none; try again once it is done",
    ),
    _STORE_AWAY,
)
