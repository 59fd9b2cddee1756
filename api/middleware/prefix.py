"""The path under which a proxy serves everything, such as `/rec`.

A proxy takes it off, or passes it on: both work. Links of the page, and the servers in the OpenAPI
document, begin with it.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from graphrec.settings import OWN_PATHS, PREFIX

FORWARDED = "x-forwarded-prefix"
"""The header in which a proxy says what it took off, such as Traefik."""


class Prefix:
    """Middleware that takes the prefix off a path, and keeps it as the root of the request.

    Without a setting, the header of the proxy says it. A client might send one, too: it changes
    nothing but the addresses in the answer to this one request.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, with the path below the prefix."""
        if scope["type"] == "http":
            root = self._root_path or _forwarded(Headers(scope=scope))
            if root:
                path = scope["path"]
                if path == root or path.startswith(f"{root}/"):
                    path = path[len(root) :] or "/"
                scope = {**scope, "path": path, "root_path": root}
        await self._app(scope, receive, send)


def _forwarded(headers: Headers) -> str:
    """What the proxy took off; empty where it says nothing, or nothing that is a prefix."""
    found = headers.get(FORWARDED, "").rstrip("/")
    own = found.split("/")[1:2] in [[path] for path in OWN_PATHS]
    return found if PREFIX.fullmatch(found) and not own else ""
