"""Ids in the path: any text, percent-encoded, slashes included.

A server decodes a path before it is routed, and then `a%2Fb` and `a/b` are the same. Here the path
is routed as the client encoded it, and each id is decoded after it has been cut out
(`graphrec.api.schemas.fields`).
"""

from __future__ import annotations

import string
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

KEPT = string.punctuation
"""Characters of a raw path that stay as they are: only bytes that may not be in one are encoded."""


class EncodedPaths:
    """Middleware that routes on the path as the client encoded it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, with the encoded path as the path."""
        if scope["type"] == "http":
            raw = scope.get("raw_path")  # optional in ASGI
            path = scope["path"] if raw is None else raw
            scope = {**scope, "path": quote(path, safe="/" if raw is None else KEPT)}
        await self._app(scope, receive, send)
