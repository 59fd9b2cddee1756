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

LINKS = ("static/", "openapi.json")
"""How relative links in the page begin; they are right at `/`, and below a prefix at `/rec/`."""

router = new_router("explorer", prefix="")
files = StaticFiles(directory=FILES)


@router.api_route("/", methods=["GET", "HEAD"], openapi_extra=PUBLIC, include_in_schema=False)
async def index(request: Request) -> Response:
    """The page, whose links begin with the prefix, where it is known."""
    root: str = request.scope.get("root_path", "")
    if not root:
        return await file("index.html", request)
    text = (FILES / "index.html").read_text("utf-8")
    for link in LINKS:
        text = text.replace(f'="{link}', f'="{root}/{link}')
    return _safe(Response(text), "index.html")


@router.api_route(
    "/static/{name}", methods=["GET", "HEAD"], openapi_extra=PUBLIC, include_in_schema=False
)
async def file(name: str, request: Request) -> Response:
    """A file of the page."""
    # By its name alone: the scope has the root of the request, which Starlette would take off.
    return _safe(await files.get_response(name, request.scope), name)


def _safe(response: Response, name: str) -> Response:
    response.headers["Content-Type"] = TYPES[Path(name).suffix]
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response
