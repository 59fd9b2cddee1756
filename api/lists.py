"""How lists are asked for, by users and by sessions, and how they are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import orjson
from fastapi import Request, Response
from graphrec.api.answers import Answer, given, key_of
from graphrec.api.engine import ready
from graphrec.api.options import (
    History,
    Introduction,
    Knowledge,
    ListedItem,
    Ordering,
    Rules,
    Selection,
)
from graphrec.api.validation import Strict, expecting
from pydantic import Field

from graphrec.recommend.results import Recommendation

MAX_SESSION_ITEMS = 1000


class Likes(Strict):
    """What someone likes of whom nothing is kept."""

    items: Annotated[
        list[ListedItem],
        Field(
            max_length=MAX_SESSION_ITEMS,
            description="Ids of the items that they like; these are not recommended.",
            examples=[["172", "183"]],
        ),
        expecting(f"a list of at most {MAX_SESSION_ITEMS} ids of items"),
    ]


class Length(Strict):
    """How long a list is: at most as long as the routes say."""

    k: int


class UserQuestion(History, Ordering, Selection, Length):
    """How the list of a user is asked for."""


class SessionQuestion(Rules, Ordering, Selection, Length, Introduction, Likes):
    """Someone who is known by what they like, and how their list is asked for."""


async def user_list(request: Request, user: str, asked: UserQuestion) -> Response:
    """The best items that the user has not met; kept where it would be the same again.

    Raises NotReady, NoStore and StoreAway.
    """
    recommender = await ready(request)
    known: Knowledge = request.app.state.knowledge
    version = recommender.snapshot.manifest.version
    options = known.options(asked)
    live = await known.live(user, options)
    found = recommender.recommend(user, asked.k, options, live, known.rng)
    answer = _answer(version, found, asked.explain, user=user)
    if options.repeatable and request.method == "GET":
        request.app.state.answers.keep(
            key_of(request, version, user, live.edition_of(user)), answer
        )
    return given(request, version, answer, user)


async def session_list(request: Request, asked: SessionQuestion) -> Response:
    """The best items for someone who likes these items; raises NotReady and UnknownNode."""
    recommender = await ready(request)
    known: Knowledge = request.app.state.knowledge
    version = recommender.snapshot.manifest.version
    options = known.options(asked)
    live = await known.live(None, options)
    found = recommender.recommend_for(asked.items, asked.k, options, live, known.rng, asked.about())
    return given(request, version, _answer(version, found, asked.explain))


def _answer(version: str, found: Sequence[Recommendation], explain: bool, **about: str) -> Answer:
    """A list as JSON, with what makes up the scores where that is asked for."""
    listed: Sequence[Any] = found
    if not explain:
        listed = [{**vars(each), "contributions": None} for each in found]
    body = orjson.dumps({"version": version, **about, "recommendations": listed})
    return Answer.of(body, found)
