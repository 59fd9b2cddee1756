"""The explorer: a page to look around with, whose files are in `api/static`.

A browser may keep them, and asks each time whether they are still the same.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from pathlib import Path

from fastapi import Request, Response
from graphrec.api.middleware.access import PUBLIC
from graphrec.api.routes.router import new_router
from starlette.staticfiles import StaticFiles

FILES = Path(__file__).parent.parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""Not left to the operating system, which may know other ones."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{what}-src 'self'" for what in ("script", "style", "img", "connect")),
        *(f"{what} 'none'" for what in ("base-uri", "form-action", "frame-ancestors")),
    )
)
"""Nothing from elsewhere, nothing inline, and in no other page."""

router = new_router("explorer", prefix="")
files = StaticFiles(directory=FILES)


@router.api_route("/", methods=["GET", "HEAD"], openapi_extra=PUBLIC, include_in_schema=False)
async def index(request: Request) -> Response:
    """The page."""
    return await file("index.html", request)


@router.api_route(
    "/static/{name}", methods=["GET", "HEAD"], openapi_extra=PUBLIC, include_in_schema=False
)
async def file(name: str, request: Request) -> Response:
    """A file of the page."""
    response = await files.get_response(name, request.scope)
    response.headers["Content-Type"] = TYPES[Path(name).suffix]
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response
