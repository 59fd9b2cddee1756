"""The routers that the routes are declared on, and a route that reads plain requests by itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from graphrec.api.schemas.known_fields import known_query
from starlette.types import Message, Receive, Scope, Send

Answer: TypeAlias = Callable[[Request], Awaitable[Response | None]]


def new_router(tag: str, prefix: str = "/v1") -> APIRouter:
    """A router whose operations are documented by the names of their functions.

    Those of the API refuse what they do not know in a query; others, which probes and browsers
    call, do not.
    """
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        dependencies=[Depends(known_query)] if prefix.startswith("/v1") else [],
        generate_unique_id_function=lambda route: route.name,
    )


def reading_plainly(answer: Answer) -> type[APIRoute]:
    """A class of routes that `answer` answers; where it returns None, FastAPI does, as usual.

    For FastAPI to read and validate a request takes longer than to send a list that is kept, and
    half as long as to make one. So the two requests that are most frequent are read by `answer`
    where they are plain, with the same models; any other, such as one with an error in it, is left
    to FastAPI, whose answer is the same or says what is wrong.
    """

    class PlainRoute(APIRoute):
        async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
            read: list[Message] = []

            async def reading() -> Message:
                read.append(await receive())
                return read[-1]

            async def reading_again() -> Message:
                return read.pop(0) if read else await receive()

            if scope["method"] in (self.methods or ()):  # else a route of another method may be
                response = await answer(Request(scope, reading))
                if response is not None:
                    await response(scope, receive, send)
                    return
            await super().handle(scope, reading_again, send)

    return PlainRoute
