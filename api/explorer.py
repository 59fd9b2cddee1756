"""The explorer: a page to look around with, made of files that lie beside this module.

They are read once. A browser may keep them, and asks each time whether they are still the same.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from hashlib import sha256
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

FILES = Path(__file__).parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{what}-src 'self'" for what in ("script", "style", "img", "connect")),
        *(f"{what} 'none'" for what in ("base-uri", "form-action", "frame-ancestors")),
    )
)
"""Nothing from elsewhere, nothing inline, and in no other page."""


def _serving(file: Path) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    content = file.read_bytes()
    tag = f'"{sha256(content).hexdigest()[:16]}"'
    headers = {
        "Content-Type": TYPES[file.suffix],
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-cache",
        "ETag": tag,
    }

    async def serve(request: Request) -> Response:
        known = request.headers.get("If-None-Match", "")
        if tag in known:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers)

    return serve


router = APIRouter(include_in_schema=False)
for _path, _file in (
    ("/", FILES / "index.html"),
    *((f"/static/{file.name}", file) for file in sorted(FILES.iterdir()) if file.suffix in TYPES),
):
    router.add_api_route(_path, _serving(_file), methods=["GET", "HEAD"], response_model=None)
