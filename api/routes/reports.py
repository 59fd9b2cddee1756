"""The reports that refreshes kept: their main figures, and their pages."""

# No `from __future__ import annotations`: FastAPI reads the annotations of handlers at run time.

from dataclasses import replace
from typing import Annotated

from fastapi import Path, Query, Response
from graphrec.api.errors import documented, error_answer
from graphrec.api.middleware.access import READ
from graphrec.api.routes.router import new_router
from graphrec.api.schemas.reports import ClickRates, Refreshes
from graphrec.api.schemas.validation import Strict
from graphrec.api.service import Ready, Serving

from graphrec.data import Vocabulary
from graphrec.experiments.click_rates import DAYS, click_rates, latest_exposures
from graphrec.experiments.exposure_log import KEY, read_key
from graphrec.experiments.exposures import pseudonym
from graphrec.recommend.view_events import events_since
from graphrec.snapshot.reports import LISTED, REPORTS, latest

router = new_router("reports")

NOT_RECORDED = (
    "no list is recorded: set serve.exposures to a folder, and what is listed from then on is "
    "counted"
)
NOTHING_YET = "the exposure log has no lists yet: they are counted once users ask for some"

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
"""A report is one file with its style in it, and runs nothing."""

NAME = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$", description="Its name, as refreshes list it.")
]


@router.get("/refreshes", openapi_extra=READ, responses=documented("invalid_request", "overloaded"))
def refreshes(_: Annotated[Strict, Query()], service: Serving) -> Refreshes:
    """The latest refreshes of which a report was kept, and what was measured."""
    return Refreshes(latest(service.engine.folder, LISTED))


@router.get(
    "/click-rates",
    openapi_extra=READ,
    responses=documented("invalid_request", "overloaded", "not_ready"),
    name="click_rates",
)
def clicked(_: Annotated[Strict, Query()], recommender: Ready, service: Serving) -> ClickRates:
    """How often what was listed was followed by an event, by snapshot: the latest lists.

    The exposure log is read for it, which takes a second where it is long.
    """
    folder = service.settings.serve.exposures
    if folder is None:
        return ClickRates(DAYS, True, NOT_RECORDED, ())
    try:
        found, key = latest_exposures(folder), read_key(folder / KEY)
    except OSError:
        return ClickRates(DAYS, True, NOTHING_YET, ())
    if not len(found.shown):
        return ClickRates(DAYS, found.whole, NOTHING_YET, ())
    events = events_since(recommender.view, int(found.shown.time.min()))
    names = tuple(pseudonym(user, key) for user in events.users.ids)
    rates = click_rates(found.shown, replace(events, users=Vocabulary(names)))
    return ClickRates(DAYS, found.whole, None, rates)


@router.get(
    "/reports/{name}",
    openapi_extra=READ,
    response_class=Response,
    include_in_schema=False,  # a page, as those of the explorer
)
def report(name: NAME, _: Annotated[Strict, Query()], service: Serving) -> Response:
    """The page of a report."""
    try:
        page = (service.engine.folder / REPORTS / f"{name}.html").read_bytes()
    except OSError:
        return error_answer(
            "unknown_report", f"there is no report {name!r}: expected one of /v1/refreshes", "name"
        )
    headers = {"Content-Security-Policy": POLICY}
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)
