"""The explorer: a page to look around with, whose files are in `api/static`.

A browser may keep them, and asks each time whether they are still the same.
"""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from collections.abc import Sequence
from pathlib import Path

from fastapi import Request, Response
from graphrec.api.middleware.access import PUBLIC
from graphrec.api.routes.router import new_router
from graphrec.api.service import Service
from starlette.staticfiles import StaticFiles

FILES = Path(__file__).parent.parent / "static"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Not left to the operating system, which may know other ones."""


def policy(images: Sequence[str] = ()) -> str:
    """The content security policy: nothing from elsewhere but pictures of some hosts, nothing
    inline, and in no other page.
    """
    return "; ".join(
        (
            "default-src 'none'",
            *(f"{what}-src 'self'" for what in ("script", "style", "connect")),
            " ".join(("img-src 'self'", *images)),
            *(f"{what} 'none'" for what in ("base-uri", "form-action", "frame-ancestors")),
        )
    )


NO_IMAGES = '<meta name="image-hosts" content="">'
"""Where the page reads of which hosts there may be pictures."""

LINKS = ("static/", "openapi.json")
"""How relative links in the page begin; they are right at `/`, and below a prefix at `/rec/`."""

router = new_router("explorer", prefix="")
files = StaticFiles(directory=FILES)


@router.api_route("/", methods=["GET", "HEAD"], openapi_extra=PUBLIC, include_in_schema=False)
async def index(request: Request) -> Response:
    """The page, whose links begin with the prefix, where it is known."""
    root: str = request.scope.get("root_path", "")
    service: Service = request.app.state.service
    images = service.settings.serve.image_hosts
    if not root and not images:
        return await file("index.html", request)
    text = (FILES / "index.html").read_text("utf-8")
    text = text.replace(NO_IMAGES, NO_IMAGES.replace('""', f'"{" ".join(images)}"'))
    for link in LINKS if root else ():
        text = text.replace(f'="{link}', f'="{root}/{link}')
    return _safe(Response(text), "index.html", images)


@router.api_route(
    "/static/{name}", methods=["GET", "HEAD"], openapi_extra=PUBLIC, include_in_schema=False
)
async def file(name: str, request: Request) -> Response:
    """A file of the page."""
    # By its name alone: the scope has the root of the request, which Starlette would take off.
    return _safe(await files.get_response(name, request.scope), name)


def _safe(response: Response, name: str, images: Sequence[str] = ()) -> Response:
    response.headers["Content-Type"] = TYPES[Path(name).suffix]
    response.headers["Content-Security-Policy"] = policy(images)
    response.headers["Cache-Control"] = "no-cache"
    return response
