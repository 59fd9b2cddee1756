"""Ids in the path: any text, percent-encoded, slashes included.

A server decodes a path before it is routed, and then `a%2Fb` and `a/b` are the same. Here the path
is routed as the client wrote it, and each id is decoded once it has been cut out.
"""

from __future__ import annotations

import string
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import Path
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.types import ASGIApp, Receive, Scope, Send

AS_SENT = string.punctuation
"""Of a path as it came, only bytes that may not be in one are encoded."""


class EncodedPaths:
    """Middleware that routes on the path as the client encoded it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, with the encoded path as the path."""
        if scope["type"] == "http":
            raw = scope.get("raw_path")  # optional in ASGI
            path = scope["path"] if raw is None else raw
            scope = {**scope, "path": quote(path, safe="/" if raw is None else AS_SENT)}
        await self._app(scope, receive, send)


def _decoded(segment: str) -> str:
    try:
        return unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise PydanticCustomError("expected", "percent-encoded UTF-8") from None


PathId = Annotated[str, BeforeValidator(_decoded)]
"""An id out of the path, as the data spell it."""

UserId = Annotated[PathId, Path(description="Id of the user.", examples=["196"])]
ItemId = Annotated[PathId, Path(description="Id of the item.", examples=["172"])]
