"""How a list is asked for over HTTP, and what is known of the user at that time."""

# No `from __future__ import annotations`: see `graphrec.api.routes`.

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from fastapi import Depends, Request
from graphrec.api.attributes import MOST, Name, Value, value_of
from graphrec.api.errors import NoStore
from graphrec.api.feed import Feed
from graphrec.api.live import LiveStore
from graphrec.api.validation import WHOLE, expecting
from graphrec.snapshot.overlay import Overlay, valued
from pydantic import BaseModel, ConfigDict, Field

from graphrec.data.weighting import KindPolicy
from graphrec.ranking.exploration import Exploration
from graphrec.recommend.browse import NOTHING_SINCE
from graphrec.recommend.query import About, Live, Options
from graphrec.rules.rule import Rule

MAX_LISTED = 1000
"""Items that may be allowed or denied."""

MAX_RULES = 20

SAID = frozenset(
    {"diversity", "exploration", "exploration_by", "exclude_seen", "as_of", "segment", "explain"}
)
"""Fields of a question that are options of the recommender as they are."""

Id = Annotated[str, Field(min_length=1)]
ListedUser = Annotated[Id, expecting("the id of a user, in quotes")]
ListedItem = Annotated[Id, expecting("the id of an item, in quotes")]
ListedKind = Annotated[Id, expecting("a kind of event, in quotes")]
Share = Annotated[float, Field(ge=0, le=1), expecting("a number from 0 to 1")]


class Selection(BaseModel):
    """What may be in a list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude_seen: Annotated[
        bool,
        Field(description="Leave out what they have met.", examples=[False]),
        expecting("true or false"),
    ] = True
    allow: Annotated[
        list[ListedItem] | None,
        Field(max_length=MAX_LISTED, description="Nothing but these items.", examples=[["172"]]),
        expecting(f"a list of at most {MAX_LISTED} ids of items"),
    ] = None
    deny: Annotated[
        list[ListedItem],
        Field(max_length=MAX_LISTED, description="None of these items.", examples=[["172"]]),
        expecting(f"a list of at most {MAX_LISTED} ids of items"),
    ] = []


class Introduction(BaseModel):
    """What someone says of themselves beside the items that they like."""

    attributes: Annotated[
        dict[Name, Value],
        Field(
            max_length=MOST,
            description="Their own, by name: a number, a category or tags, as those of users are.",
            examples=[{"country": "DE"}],
        ),
        expecting(f"an object of at most {MOST} numbers, texts and lists of texts"),
    ] = {}
    friends: Annotated[
        list[ListedUser],
        Field(
            max_length=MAX_LISTED,
            description="Ids of users whom they follow, as far as training learned of friends.",
            examples=[[]],
        ),
        expecting(f"a list of at most {MAX_LISTED} ids of users"),
    ] = []

    def about(self) -> About:
        """The same for the recommender."""
        attributes = {name: value_of(value) for name, value in self.attributes.items()}
        return About(attributes, tuple(self.friends))


class Ordering(BaseModel):
    """What a list is like beside that."""

    diversity: Annotated[
        Share,
        Field(
            description="From 0, by score alone, to 1, as unlike each other as can be (maximal "
            "marginal relevance).",
            examples=[0.3],
        ),
    ] = 0.0
    exploration: Annotated[
        Share,
        Field(
            description="Share of places given to items drawn at random, each with how likely it "
            "was to be drawn (epsilon-greedy).",
            examples=[0.1],
        ),
    ] = 0.0
    exploration_by: Annotated[
        Exploration,
        Field(
            description="How they are drawn: each as likely (epsilon), or as likely as it may be "
            "the one that most of those who meet it like (Thompson sampling).",
            examples=["thompson"],
        ),
        expecting("epsilon or thompson"),
    ] = "epsilon"
    segment: Annotated[
        Id | None,
        Field(
            description="Whose popular items come first where nothing is known that they like, "
            "such as a country: a value of the attribute in the setting `retrieval.popular_by`; by "
            "default their own.",
            examples=["DE"],
        ),
        expecting("a value of an attribute, in quotes"),
    ] = None
    explain: Annotated[
        bool,
        Field(description="Say what each source adds to each score.", examples=[True]),
        expecting("true or false"),
    ] = False


class History(BaseModel):
    """Which events of a user count; the service must have a graph store to know them."""

    kinds: Annotated[
        list[ListedKind] | None,
        Field(
            max_length=20,
            description="Only events of these kinds are their history.",
            examples=[["rating"]],
        ),
        expecting("a list of at most 20 kinds of events"),
    ] = None
    as_of: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**53,
            description="Only events before this time are: milliseconds since 1970. The snapshot "
            "may have learnt from later ones of other people.",
            examples=[1_700_000_000_000],
        ),
        WHOLE,
        expecting("a whole number of milliseconds since 1970"),
    ] = None


class Rules(BaseModel):
    """Rules of one request."""

    rules: Annotated[
        list[Rule],
        Field(max_length=MAX_RULES, description="In addition to those in the settings."),
        expecting(f"a list of at most {MAX_RULES} rules"),
    ] = []


@dataclass(frozen=True)
class Knowledge:
    """What this process knows beside the snapshot."""

    rules: tuple[Rule, ...]
    """Of every list."""
    policy: Mapping[str, KindPolicy]
    """What events are worth."""
    rng: np.random.Generator
    """What exploration draws by."""
    feed: Feed | None
    store: LiveStore | None

    @property
    def overlay(self) -> Overlay:
        """What the store was told since the snapshot; nothing in a service without a store."""
        return NOTHING_SINCE if self.feed is None else self.feed.overlay

    def options(self, asked: Selection) -> Options:
        """What was asked for, together with the rules of every list."""
        said = {name: value for name, value in asked if name in SAID}
        kinds: list[str] | None = getattr(asked, "kinds", None)
        return Options(
            allow=None if asked.allow is None else frozenset(asked.allow),
            deny=frozenset(asked.deny),
            rules=(*self.rules, *getattr(asked, "rules", ())),
            kinds=None if kinds is None else frozenset(kinds),
            **said,
        )

    async def live(self, user: str | None, options: Options) -> Live:
        """What is known now; of a user all events, where the options need them.

        Raises NoStore and StoreAway.
        """
        overlay = None if self.feed is None else self.overlay
        now = time.time_ns() // 1_000_000
        if user is None or not options.needs_events:
            return Live(overlay, None, now)
        if self.store is None:
            raise NoStore("kinds, as_of or a rule of shared_by needs the events of a user")
        log = await self.store.ask(lambda store: store.user_events(user))
        return Live(overlay, tuple(event for _, event in valued(log, self.policy)), now)


async def _knowledge(request: Request) -> Knowledge:
    knowledge: Knowledge = request.app.state.knowledge
    return knowledge


Known = Annotated[Knowledge, Depends(_knowledge)]
"""What is known beside the snapshot."""
