"""Lists as they were written, kept for whoever asks again before anything has changed.

Nothing is ever out of date: what a list depends on is in its key. Once the snapshot is another one,
or the user did something, the key is another one too, and what is not asked for any more goes.
"""

from __future__ import annotations

import zlib
from collections import Counter, OrderedDict
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from fastapi import Request, Response

from graphrec.explain import Recommendation, Source

GZIP = 31
"""zlib's name for that format: most clients take it as it is."""


class Answer(NamedTuple):
    """A list, written, and what is in it, as far as it is counted."""

    body: bytes
    """JSON, in gzip's format where it is kept."""
    items: tuple[str, ...]
    propensities: tuple[float | None, ...] = ()
    """None of them where no item is there by chance."""
    sources: tuple[tuple[Source, int], ...] = ()
    """How many items each speaks for."""
    packed: bool = False

    @classmethod
    def of(cls, body: bytes, found: Sequence[Recommendation]) -> Answer:
        """That of a list."""
        chances = tuple(each.propensity for each in found)
        return cls(
            body,
            tuple(each.item for each in found),
            chances if any(chance is not None for chance in chances) else (),
            tuple(Counter(source for each in found for source in each.sources).items()),
        )


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
        return answer

    def keep(self, key: Hashable, answer: Answer) -> None:
        """Keep one; that which was not asked for the longest goes where there are too many."""
        if self._size:
            body = zlib.compress(answer.body, level=1, wbits=GZIP)
            self._kept[key] = answer._replace(body=body, packed=True)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)


def key_of(request: Request, version: str, known: Hashable) -> Hashable:
    """What is asked, of which snapshot, and all that is known since of the user."""
    return request.scope["path"], request.scope["query_string"], version, known


def given(request: Request, version: str, answer: Answer, user: str | None = None) -> Response:
    """An answer, as it goes out to a user or a session, once it is counted and logged."""
    state = request.app.state
    state.metrics.recommended("session" if user is None else "user", version, answer)
    if user is not None and state.exposures is not None:
        state.exposures.add(user, version, answer, request.state.request_id)
    if not answer.packed:
        return Response(answer.body, media_type="application/json")
    taken = request.headers.get("accept-encoding", "").split(",")
    if any(each.strip() == "gzip" for each in taken):
        encoded = {"Content-Encoding": "gzip"}
        return Response(answer.body, media_type="application/json", headers=encoded)
    return Response(zlib.decompress(answer.body, GZIP), media_type="application/json")
