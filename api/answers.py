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

from graphrec.ranking.fusion import Source
from graphrec.recommend.results import Recommendation

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


class Key(NamedTuple):
    """What a list of a user depends on."""

    user: str
    path: str
    query: bytes
    version: str
    known: Hashable


class Answers:
    """The answers that were asked for last, `size` of them; 4 KB of JSON are 1 KB here."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Key, Answer] = OrderedDict()

    def get(self, key: Key) -> Answer | None:
        """That of a key, where it is kept."""
        answer = self._kept.get(key)
        if answer is None:
            return None
        self._kept.move_to_end(key)
        return answer

    def keep(self, key: Key, answer: Answer) -> None:
        """Keep one; that which was not asked for the longest goes where there are too many."""
        if self._size:
            body = zlib.compress(answer.body, level=1, wbits=GZIP)
            self._kept[key] = answer._replace(body=body, packed=True)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def forget(self, user: str) -> None:
        """Keep nothing of a user."""
        for key in [key for key in self._kept if key.user == user]:
            del self._kept[key]


def key_of(request: Request, version: str, user: str, known: Hashable) -> Key:
    """That of a request: `known` is another one whenever something comes to be known of a user."""
    return Key(user, request.scope["path"], request.scope["query_string"], version, known)


def given(request: Request, version: str, answer: Answer, user: str | None = None) -> Response:
    """An answer, as it goes out to a user or a session, once it is counted and logged."""
    state = request.app.state
    state.metrics.recommended("session" if user is None else "user", version, answer)
    if user is not None and state.exposures is not None:
        state.exposures.add(user, version, answer, request.state.request_id)
    if not answer.packed:
        return Response(answer.body, media_type="application/json")
    body, headers = answer.body, {"Vary": "Accept-Encoding"}
    taken = request.headers.get("accept-encoding", "").split(",")
    if any(each.strip() == "gzip" for each in taken):
        headers["Content-Encoding"] = "gzip"
    else:
        body = zlib.decompress(body, GZIP)
    return Response(body, media_type="application/json", headers=headers)
