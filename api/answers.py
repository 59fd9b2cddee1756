"""Lists as they were written, kept for whoever asks again before anything has changed.

Nothing is ever out of date: what a list depends on is in its key. Once the snapshot is another one,
or the user did something, the key is another one too, and what is not asked for any more goes.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, NamedTuple
from urllib.parse import unquote

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.engine import ready
from graphrec.explain import Source
from graphrec.options import Live


class Shown(NamedTuple):
    """An item of a list, as far as it is counted."""

    item: str
    sources: tuple[Source, ...]
    propensity: float | None


class Answer(NamedTuple):
    """A list, written, and what is in it."""

    body: bytes
    shown: tuple[Shown, ...]


class Answers:
    """The answers that were asked for last, `size` of them; 4 KB of JSON are 1 KB here."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Answer] = OrderedDict()

    def get(self, key: Hashable) -> Answer | None:
        """That of a key, where it is kept."""
        answer = self._kept.get(key)
        if answer is None:
            return None
        self._kept.move_to_end(key)
        return answer._replace(body=zlib.decompress(answer.body))

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep one; that which was not asked for the longest goes where there are too many."""
        if self._size:
            self._kept[key] = answer._replace(body=zlib.compress(answer.body, level=1))
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)


class KeptRoute(APIRoute):
    """A route with the list of a user, which is not made anew where it is kept.

    To read and check the question takes FastAPI longer than all else, so that comes after.
    """

    def get_route_handler(self) -> Callable[[Request], Awaitable[Any]]:  # type: ignore[override]
        """What answers a request."""
        make = super().get_route_handler()

        async def handle(request: Request) -> Any:
            state = request.app.state
            user = unquote(request.path_params["user_id"])
            version = (await ready(request)).snapshot.manifest.version
            live = Live(None if state.feed is None else state.feed.overlay)
            answer = state.answers.get(key_of(request, version, live.edition_of(user)))
            return await make(request) if answer is None else given(request, version, answer, user)

        return handle


def key_of(request: Request, version: str, known: Hashable) -> Hashable:
    """What is asked, of which snapshot, and all that is known since of the user."""
    return request.scope["path"], request.scope["query_string"], version, known


def given(request: Request, version: str, answer: Answer, user: str | None = None) -> Response:
    """An answer, as it goes out to a user or a session, once it is counted and logged."""
    state = request.app.state
    state.metrics.recommended("session" if user is None else "user", version, answer.shown)
    if user is not None and state.exposures is not None:
        state.exposures.add(user, version, answer.shown, request.state.request_id)
    return Response(answer.body, media_type="application/json")
