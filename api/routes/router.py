"""The routers that the routes are declared on, and a route that reads plain requests by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeAlias

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

Answer: TypeAlias = Callable[[Request], Awaitable[Response | None]]


def new_router(tag: str, prefix: str = "/v1") -> APIRouter:
    """A router whose operations are documented by the names of their functions."""
    return APIRouter(
        prefix=prefix, tags=[tag], generate_unique_id_function=lambda route: route.name
    )


def reading_plainly(answer: Answer) -> type[APIRoute]:
    """A class of routes that `answer` answers; where it returns None, FastAPI does, as usual.

    For FastAPI to read and validate a request takes longer than to send a list that is kept, and
    half as long as to make one. So the two requests that are most frequent are read by `answer`
    where they are plain, with the same models; any other, such as one with an error in it, is left
    to FastAPI, whose answer is the same or says what is wrong.
    """

    class PlainRoute(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            general = super().get_route_handler()

            async def handle(request: Request) -> Response:
                return await answer(request) or await general(request)

            return handle

    return PlainRoute
