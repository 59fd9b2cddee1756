"""What is asked: of whom, and what the list should be like."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from graphrec.data import AttributeValue
from graphrec.data.ids import as_id, as_ids
from graphrec.data.times import Time, moment
from graphrec.placement.definition import Pin
from graphrec.ranking.exploration import Exploration
from graphrec.ranking.q_network.shown import NOT_SHOWN, ShownTo
from graphrec.ranking.tried import Tried
from graphrec.recommend.reasons import DEFAULT_LANGUAGE
from graphrec.rules.rule import Rule
from graphrec.store.delta import Event


@dataclass(frozen=True)
class Query:
    """A question: a user, or someone known by what is said here, and what is wanted.

    `recommend`, `explain` and `why_not` take the same question.
    """

    user: str | None = None
    """The id of a user, known or not; None: someone of whom only the next three are known."""
    items: Sequence[str] = ()
    """Ids of items that someone without an id likes; these are not recommended."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    """Of someone without an id, by name."""
    friends: Sequence[str] = ()
    """Ids of users whom someone without an id follows."""
    about: Sequence[str] = ()
    """Ids of the items that the list stands beside, such as those of a cart: rules may go by them,
    and they are not recommended."""
    k: int = 10
    """The length of the list."""
    exclude_seen: bool = True
    """Leave out items that the user has an event on."""
    allow: Collection[str] | None = None
    """Nothing but these items."""
    deny: Collection[str] = frozenset()
    """None of these items."""
    rules: Sequence[Rule] = ()
    """A name in them that is unknown is an error."""
    standing: tuple[Rule, ...] = ()
    """Rules that hold of every list, such as those of the settings: a name in them that is unknown
    is no fault of the question."""
    diversity: float = 0.0
    """From 0, the order of the scores, to 1, as unlike each other as can be."""
    segment: str | None = None
    """Whose popular items come first where nothing is known that the user likes: a value of the
    attribute in the setting `retrieval.popular_by`; None: the user's own."""
    exploration: float = 0.0
    """Share of places given to items drawn at random."""
    exploration_by: Exploration = "epsilon"
    explain: bool = True
    """Give what each source adds to each score."""
    reasons: bool = True
    """Give the reason of each item, and the paths to it: much of the work of a list."""
    kinds: Collection[str] | None = None
    """Only events of these kinds are the user's history; None: those of all kinds."""
    caps: Mapping[str, int] = field(default_factory=dict)
    """Most items that share a value of an attribute, or a node of a relation, by its name."""
    pins: Sequence[Pin] = ()
    """Places that go to certain items."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Of sources, in place of those that serve."""
    new_items: float | None = None
    """Largest share of new items; None: as the settings say."""
    language: str = DEFAULT_LANGUAGE
    """Of the sentences of reasons."""
    templates: Mapping[str, str] = field(default_factory=dict)
    """Of reasons by code, in place of those of the language."""
    as_of: Time | None = None
    """Only events before this time are: a number of any unit, ISO 8601 text, or a datetime."""

    @cached_property
    def until(self) -> int | None:
        """`as_of` in milliseconds since 1970; raises DataError where it cannot be read."""
        return None if self.as_of is None else moment(self.as_of)

    @property
    def all_rules(self) -> tuple[Rule, ...]:
        """The standing ones first."""
        return (*self.standing, *self.rules)

    def __post_init__(self) -> None:
        """Ids of other types, such as numpy's, become text; raises DataError for what is no id."""
        if self.user is not None:
            object.__setattr__(self, "user", as_id(self.user))
        for name in ("items", "about", "friends", "allow", "deny", "kinds"):
            given = getattr(self, name)
            if given is not None and not all(type(each) is str for each in given):
                ordered = name in ("items", "about", "friends")
                object.__setattr__(self, name, (tuple if ordered else frozenset)(as_ids(given)))
        # Read once, and kept as it was given: milliseconds of 1972 read again would be seconds.
        self.__dict__["until"] = None if self.as_of is None else moment(self.as_of)

    @property
    def replaces_history(self) -> bool:
        """Whether the history is made of some of the user's events."""
        return self.user is not None and (self.kinds is not None or self.as_of is not None)

    @property
    def needs_events(self) -> bool:
        """Whether the user's events must be given, which a snapshot does not keep one by one."""
        by_kind = any(rule.shared_by is not None for rule in self.all_rules)
        return self.user is not None and (by_kind or self.replaces_history)

    @property
    def repeatable(self) -> bool:
        """Whether the list is the same each time, as long as nothing new is written."""
        by_time = any(rule.by_time for rule in self.all_rules)
        return not (self.exploration or self.needs_events or by_time)

    @property
    def filters_items(self) -> bool:
        """Whether there are rules or lists of items."""
        return self.allow is not None or any((self.deny, self.about, self.all_rules))

    def includes(self, event: Event) -> bool:
        """Whether an event is in the user's history."""
        return self.happened(event) and (self.kinds is None or event.kind in self.kinds)

    def happened(self, event: Event) -> bool:
        """Whether an event had happened at the time that the list is of."""
        return self.until is None or event.time < self.until


@dataclass(frozen=True)
class Context:
    """What holds at the time of a question, beside the view."""

    now: int = 0
    """Milliseconds since 1970: what rules of availability go by."""
    events: tuple[Event, ...] | None = None
    """All events of the user; needed where `Query.needs_events`."""
    crowded: frozenset[str] = frozenset()
    """New items that were in enough lists lately."""
    rng: np.random.Generator | None = None
    """What places for exploration are drawn by; None: there is no exploration."""
    tried: Tried | None = None
    """What came of new items when they were shown; None: nothing is known of it."""
    shown: ShownTo = NOT_SHOWN
    """The lists that the user was shown lately: what the Q-network of a policy goes by."""


NO_CONTEXT = Context()


def as_query(asked: Query | str, k: int | None = None) -> Query:
    """A query, or that of a user by id, with the length `k` where it is given."""
    query = asked if isinstance(asked, Query) else Query(user=asked)
    return query if k is None else replace(query, k=k)
