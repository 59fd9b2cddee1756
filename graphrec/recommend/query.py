"""How a list is asked for, and what is known of the user beside the snapshot."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from graphrec.data import AttributeValue
from graphrec.ranking.exploration import Exploration
from graphrec.rules.rule import Rule
from graphrec.snapshot.overlay import Event, Overlay


@dataclass(frozen=True)
class Options:
    """What the list of one request should be like; by default, as it is ranked."""

    exclude_seen: bool = True
    """Leave out what the user has met."""
    allow: frozenset[str] | None = None
    """Nothing but these items."""
    deny: frozenset[str] = frozenset()
    """None of these items."""
    rules: tuple[Rule, ...] = ()
    diversity: float = 0.0
    """From 0, the order of the scores, to 1, as unlike each other as can be."""
    segment: str | None = None
    """Whose popular items come first where nothing is known that the user likes: a value of the
    attribute in `retrieval.popular_by`; None: the user's own."""
    exploration: float = 0.0
    """Share of places given to items drawn at random."""
    exploration_by: Exploration = "epsilon"
    explain: bool = True
    """Say what each source adds to each score."""
    kinds: frozenset[str] | None = None
    """Only events of these kinds are the user's history."""
    as_of: int | None = None
    """Only events before this time are; milliseconds since 1970."""

    @property
    def needs_events(self) -> bool:
        """Whether the user's events must be known, which a snapshot does not keep one by one."""
        kinds_matter = any(rule.shared_by is not None for rule in self.rules)
        return kinds_matter or self.kinds is not None or self.as_of is not None

    @property
    def repeatable(self) -> bool:
        """Whether the list is the same each time, as long as nothing new is known."""
        by_time = any(rule.by_time for rule in self.rules)
        return not (self.exploration or self.needs_events or by_time)

    @property
    def selective(self) -> bool:
        """Whether anything is said of which items are wanted."""
        return self.allow is not None or bool(self.deny) or bool(self.rules)

    def was(self, event: Event) -> bool:
        """Whether an event had happened at the time that the list is of."""
        return self.as_of is None or event.time < self.as_of

    def counts(self, event: Event) -> bool:
        """Whether an event is in the user's history."""
        return self.was(event) and (self.kinds is None or event.kind in self.kinds)


AS_RANKED = Options()


@dataclass(frozen=True)
class About:
    """What someone of whom nothing is kept says of themselves, beside the items that they like."""

    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)
    friends: tuple[str, ...] = ()
    """Ids of users whom they hear."""


@dataclass(frozen=True)
class Live:
    """What is known at the time of the request."""

    overlay: Overlay | None = None
    events: tuple[Event, ...] | None = None
    """All events of the user, as a store has them; given where the options need them."""
    now: int = 0
    """Milliseconds since 1970: what rules of availability go by."""

    def edition_of(self, user: str) -> Hashable:
        """Another one whenever something came to be known that may change a user's list."""
        return None if self.overlay is None else self.overlay.edition_of(user)
