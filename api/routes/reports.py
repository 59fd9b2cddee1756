"""The reports that refreshes kept: their main figures, and their pages."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from typing import Annotated

from fastapi import Path, Query, Response
from graphrec.api.errors import documented, error_answer
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.reports import Refreshes
from graphrec.api.schemas.validation import Strict
from graphrec.api.service import Serving

from graphrec.snapshot.reports import REPORTS, latest

router = new_router("reports")

KEPT = 30
"""Refreshes that are listed."""

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""A report is one file with its style in it, and runs nothing."""

NAME = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$", description="Its name, as refreshes list it.")
]


@router.get("/refreshes", openapi_extra=READ, responses=documented("invalid_request", "overloaded"))
def refreshes(_: Annotated[Strict, Query()], service: Serving) -> Refreshes:
    """The latest refreshes of which a report was kept, and what was measured."""
    return Refreshes(latest(service.settings.snapshots, KEPT))


@router.get(
    "/reports/{name}",
    openapi_extra=READ,
    response_class=Response,
    include_in_schema=False,  # a page, as those of the explorer
)
def report(name: NAME, _: Annotated[Strict, Query()], service: Serving) -> Response:
    """The page of a report."""
    try:
        page = (service.settings.snapshots / REPORTS / f"{name}.html").read_bytes()
    except OSError:
        return error_answer(
            "unknown_report", f"there is no report {name!r}: expected one of /v1/refreshes", "name"
        )
    headers = {"Content-Security-Policy": POLICY}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)
