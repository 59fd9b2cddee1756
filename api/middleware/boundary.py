"""Around every request: its id, its API key, limits, security headers, metrics and the log."""

from __future__ import annotations

import logging
import math
import re
import secrets
import time
from collections.abc import Mapping

from graphrec.api.errors import error_answer, internal_error
from graphrec.api.middleware.access import Access, identify
from graphrec.api.middleware.keys import Scope as KeyScope
from graphrec.api.middleware.limits import TooLarge, read_body
from graphrec.api.service import Service
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from graphrec.stages import stage

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Ids that clients may choose; others are replaced, as they go into the log."""

UNLESS_SET = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"cache-control", b"no-store"),
)
"""On every answer whose route does not set them itself: a browser loads nothing from other hosts,
shows it in no frame of theirs, and keeps no answer, as they are personal and change."""


AT_ONCE = ("/health/", "/metrics", "/static/")
"""Paths that wait for no turn, as writes do not."""


class Boundary:
    """Middleware that a request passes before it is routed, and its answer on the way back."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it is allowed; count and log its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service: Service = scope["app"].state.service
        if service.tracing is None:
            await self._pass(service, scope, receive, send)
            return
        with service.tracing.request(scope, send) as send_traced:
            await self._pass(service, scope, receive, send_traced)

    async def _pass(self, service: Service, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        headers: dict[bytes, bytes] = dict(scope["headers"])
        sent = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        version = service.engine.version
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"]
                names = {name for name, _ in own}
                message["headers"] = [
                    *own,
                    (b"x-request-id", request_id.encode("ascii")),
                    *(each for each in UNLESS_SET if each[0] not in names),
                ]
            await send(message)

        turn = False
        try:
            needed = self._access.needed(scope["method"], scope["path"])
            refusal, client = self._refusal(service, scope, headers, needed)
            if refusal is None and needed is not None and service.rate is not None:
                wait = await service.seconds_until(client)
                refusal = _too_many(math.ceil(wait)) if wait else None
            if refusal is None and _is_too_large(service, headers):
                refusal = _too_large(service)
            waits = needed == "read" or (needed is None and not scope["path"].startswith(AT_ONCE))
            if refusal is None and (b"transfer-encoding" in headers or (waits and _body(headers))):
                # Before the turn: how long it takes is up to the client.
                try:
                    with stage("body"):
                        receive = await read_body(receive, service.settings.serve.max_body_bytes)
                except TooLarge:
                    refusal = _too_large(service)
            if refusal is None and waits:
                with stage("turn"):
                    turn = await service.admission.enter()
                refusal = None if turn else _overloaded()
            await (refusal or self._app)(scope, receive, send_safely)
        except Exception as error:
            logger.exception("request %s failed", request_id, exc_info=error)
            if status:  # too late for another answer: the server breaks this one off
                raise
            await internal_error()(scope, receive, send_safely)
        finally:
            if turn:
                service.admission.leave()
            seconds = time.perf_counter() - start
            route = getattr(scope.get("route"), "path", "unknown")
            service.metrics.answered(scope["method"], route, status, seconds)
            if service.log is not None:
                service.log(
                    "request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    ms=round(1000 * seconds, 3),
                    request_id=request_id,
                    version=state.get("version", version),
                    **({"trace_id": state["trace_id"]} if "trace_id" in state else {}),
                )

    def _refusal(
        self,
        service: Service,
        scope: Scope,
        headers: Mapping[bytes, bytes],
        needed: KeyScope | None,
    ) -> tuple[Response | None, str]:
        """The answer to a request that is not allowed, None where it is; and who asks."""
        keys, client = service.keyring.keys, (scope.get("client") or ("",))[0]
        foreign = service.site.refusal(headers, needed, keys is not None)
        if foreign is not None:
            return foreign, client
        if keys is not None and needed is not None:
            key = identify(keys, Headers(scope=scope))
            if key is None:
                return _unauthenticated(), client
            if not key.allows(needed):
                return _forbidden(key.scope, needed), client
            client = f"key {key.name}"
        return None, client


def _is_too_large(service: Service, headers: Mapping[bytes, bytes]) -> bool:
    length = headers.get(b"content-length", b"")
    return length.isdigit() and int(length) > service.settings.serve.max_body_bytes


def _unauthenticated() -> Response:
    return error_answer(
        "unauthenticated",
        "the request brings no valid key: expected `Authorization: Bearer KEY` or "
        "`X-API-Key: KEY`; make one with `graphrec keys create`",
        headers={"WWW-Authenticate": 'Bearer realm="graphrec"'},
    )


def _forbidden(scope: str, needed: str) -> Response:
    return error_answer(
        "forbidden",
        f"the key has scope {scope!r}: expected {needed!r}; use another key",
        headers={
            "WWW-Authenticate": f'Bearer realm="graphrec", error="insufficient_scope", '
            f'scope="{needed}"'
        },
    )


def _body(headers: Mapping[bytes, bytes]) -> bool:
    return headers.get(b"content-length", b"0") != b"0"


def _overloaded() -> Response:
    return error_answer(
        "overloaded",
        "more is asked than can be answered in time: expected fewer requests; ask again in 1 s",
        headers={"Retry-After": "1"},
    )


def _too_many(seconds: int) -> Response:
    return error_answer(
        "too_many_requests",
        f"there were too many requests: expected fewer; ask again in {seconds} s",
        headers={"Retry-After": str(seconds)},
    )


def _too_large(service: Service) -> Response:
    most = service.settings.serve.max_body_bytes
    return error_answer(
        "too_large",
        f"the body is too large: expected at most {most} bytes; send it in parts",
        headers={"Connection": "close"},  # so that the rest of it need not be read
    )
