"""Around every request: its id, who makes it, its limits, what is counted and logged of it."""

from __future__ import annotations

import logging
import math
import re
import secrets
import time
from collections.abc import Callable
from typing import Any

from graphrec.api.access import identify, needed
from graphrec.api.errors import error_answer, internal_error
from graphrec.api.keys import Keyring
from graphrec.api.limits import RateLimit, TooLarge, read_body
from graphrec.api.metrics import Metrics
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

logger = logging.getLogger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""What is taken from a client; anything else is replaced, as it goes into the log."""

SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
)
"""On every answer: a browser runs and shows nothing of other hosts, and in no frame of theirs."""

NO_STORE = (b"cache-control", b"no-store")
"""Where a route does not say otherwise: answers are personal, and change with every snapshot."""

RequestLog = Callable[..., Any]


class Boundary:
    """Middleware that a request passes before it is routed, and its answer on the way back."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keyring: Keyring,
        rate: RateLimit | None,
        max_body: int,
        metrics: Metrics,
        version: Callable[[], str | None],
        log: RequestLog | None,
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._rate = rate
        self._max_body = max_body
        self._metrics = metrics
        self._version = version
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on if it may be made; say of it what may be said."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        version = self._version()
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = message["headers"]
                cached = any(name == NO_STORE[0] for name, _ in own)
                message["headers"] = [
                    *own,
                    (b"x-request-id", request_id.encode("ascii")),
                    *SAFE,
                    *(() if cached else (NO_STORE,)),
                ]
            await send(message)

        try:
            refusal = self._refusal(scope, headers)
            if refusal is None and "transfer-encoding" in headers:
                try:
                    receive = await read_body(receive, self._max_body)
                except TooLarge:
                    refusal = self._too_large()
            await (refusal or self._app)(scope, receive, send_safely)
        except Exception as error:
            logger.exception("request %s failed", request_id, exc_info=error)
            if status:  # too late for another answer: the server breaks this one off
                raise
            await internal_error()(scope, receive, send_safely)
        finally:
            seconds = time.perf_counter() - start
            route = getattr(scope.get("route"), "path", "unknown")
            self._metrics.answered(scope["method"], route, status, seconds)
            if self._log is not None:
                self._log(
                    "request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    ms=round(1000 * seconds, 3),
                    request_id=request_id,
                    version=scope.get("state", {}).get("version", version),
                )

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        """Why the request may not be made, as an answer; None where it may."""
        keys, client = self._keyring.keys, (scope.get("client") or ("",))[0]
        scoped = needed(scope["method"], scope["path"])
        if keys is not None and scoped is not None:
            key = identify(keys, headers)
            if key is None:
                return error_answer(
                    401,
                    "unauthenticated",
                    "the request brings no valid key: expected `Authorization: Bearer KEY` or "
                    "`X-API-Key: KEY`; make one with `graphrec keys create`",
                    headers={"WWW-Authenticate": 'Bearer realm="graphrec"'},
                )
            if not key.allows(scoped):
                return error_answer(
                    403,
                    "forbidden",
                    f"the key has scope {key.scope!r}: expected {scoped!r}; use another key",
                    headers={
                        "WWW-Authenticate": f'Bearer realm="graphrec", error="insufficient_scope", '
                        f'scope="{scoped}"'
                    },
                )
            client = f"key {key.name}"
        if scoped is not None and self._rate is not None:
            wait = self._rate.wait(client, time.monotonic())
            if wait:
                seconds = math.ceil(wait)
                return error_answer(
                    429,
                    "too_many_requests",
                    f"there were too many requests: expected fewer; ask again in {seconds} s",
                    headers={"Retry-After": str(seconds)},
                )
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._max_body:
            return self._too_large()
        return None

    def _too_large(self) -> Response:
        return error_answer(
            413,
            "too_large",
            f"the body is too large: expected at most {self._max_body} bytes; send it in parts",
            headers={"Connection": "close"},  # the rest of it is not worth reading
        )
