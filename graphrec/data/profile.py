"""What a source of data was taken for: facts, as they were gathered while it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from graphrec.data.graph import AttributeKind
from graphrec.data.kinds import KindPolicy
from graphrec.data.odd_ids import Spellings

DAY = 86_400_000
"""Milliseconds."""
LONG_AGO = 631_152_000_000
"""1990-01-01, in milliseconds: no log is older."""


@dataclass(frozen=True)
class ValueCounts:
    """The values of the events of a kind, such as ratings, and how often each occurs."""

    counts: Mapping[float, int]
    """By value, ascending."""
    rounded: bool = False
    """Whether there were so many that they are kept to two significant digits."""

    @property
    def events(self) -> int:
        """How many events there are."""
        return sum(self.counts.values())

    def share_from(self, least: float) -> float:
        """The share of events whose value is at least this; 0 where there are none."""
        return sum(n for value, n in self.counts.items() if value >= least) / max(self.events, 1)

    def share_above(self, value: float) -> float:
        """The share of events whose value is larger; 0 where there are none."""
        return sum(n for each, n in self.counts.items() if each > value) / max(self.events, 1)


@dataclass(frozen=True)
class TimeProfile:
    """The times of events, in milliseconds since 1970."""

    first: int | None
    """Of those that are known; None where there are none."""
    last: int | None
    unknown: int
    """Events at 0, which stands for a time that is not known."""
    units: Mapping[str, float] = field(default_factory=dict)
    """How times were written, such as "seconds since 1970", and the share of each in a sample."""
    whole_days: bool = False
    """Whether all of them are midnights, as those of days are."""
    long_ago: int = 0
    """Events before 1990, which is before any log."""
    ahead: int = 0
    """Events more than a day after the time at which they were counted."""


@dataclass(frozen=True)
class AttributeProfile:
    """What a column of nodes is as an attribute."""

    column: str
    kind: AttributeKind
    nodes: int
    missing: int
    """Nodes without a value."""
    examples: tuple[str, ...]
    why: str = ""
    """What the kind was recognised by."""

    @property
    def missing_share(self) -> float:
        """The share of nodes without a value."""
        return self.missing / max(self.nodes, 1)


@dataclass(frozen=True)
class IdProfile:
    """The ids of one type of node in a source."""

    distinct: int
    """About, where `sampled` is below 1."""
    sampled: float
    """The share of ids that `ids` holds; those of several sources are sampled alike."""
    ids: Mapping[str, int] = field(repr=False)
    """Ids, and the number by which they were drawn: all below `sampled` of 2^64."""
    nothing: Mapping[str, int] = field(default_factory=dict)
    """Rows by what they have for an id that looks like none, such as NULL or "(empty)"."""
    taken: Mapping[str, int] = field(default_factory=dict)
    """Those of them that were not set aside: such an id is a node like others."""
    placeholders: Mapping[str, int] = field(default_factory=dict)
    """Rows by ids that may stand for everybody without one, such as 0 or guest."""
    busiest: tuple[str, int] | None = None
    """The id of most rows in any part of the source, and how many rows it has at least."""
    spellings: tuple[Spellings, ...] = ()


@dataclass(frozen=True)
class SourceProfile:
    """All that is known of a source that was read to its end."""

    source: str
    rows: int
    rejected: int
    reasons: Mapping[str, int] = field(default_factory=dict)
    """Rejected rows by reason."""
    rejects: tuple[str, ...] = ()
    """The first of them, in words."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Values that were left out of rows that count, by reason."""
    read: Mapping[str, str] = field(default_factory=dict)
    """How it was read, such as the format and the delimiter."""
    odd_word: str = ""
    """A word by which its encoding was recognised, where it may be another one."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """By column, what it means."""
    ignored: tuple[str, ...] = ()
    """Columns that were not read."""
    rated: bool = False
    """Whether the values of events are ratings, by the name of their column."""
    kinds: Mapping[str, ValueCounts] = field(default_factory=dict)
    """Of events."""
    times: TimeProfile | None = None
    relations: Mapping[str, int] = field(default_factory=dict)
    """Links by relation."""
    attributes: Mapping[str, AttributeProfile] = field(default_factory=dict)
    """By name."""
    ids: Mapping[str, IdProfile] = field(default_factory=dict)
    """By type of node."""
    bare: int | None = None
    """Nodes without a value of any attribute, where they were counted."""
    repeated: int = 0
    """Rows that repeat the identity of another: of an event user, item, kind and time, of a node
    its id, of a link its relation and ends."""
    added: int = 0
    """Events added to another with the same identity, as `same_time` of their kind says."""
    repeated_exact: bool = True
    """Whether `repeated` was counted, and not estimated from a sample."""
    returned: int = 0
    """Users who were forgotten, and come back by it."""
    readings: tuple[Doubt, ...] = ()
    """How what may be read in two ways was read."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Ignored columns that look like something that was not found, by what that is."""


@dataclass(frozen=True)
class Match:
    """How many ids of one source another one has."""

    node_type: str
    source: str
    against: str
    """The other source, or "the store"."""
    ids: int
    """Of `source`; about, where they were sampled."""
    known: float
    """The share of them that the other has."""
    known_back: float
    """The share of the other's ids that `source` has."""
    differ_by: str = ""
    """What sets apart ids that would match otherwise, and …"""
    would_match: float = 0.0
    """… the share of ids that it concerns."""
    examples: tuple[tuple[str, str], ...] = ()
    """Such pairs of ids, or ids that match nothing beside ids of the other."""
    better: tuple[str, str, float] | None = None
    """A source and another column of it which would match this share of ids."""


@dataclass(frozen=True)
class TakenFor:
    """The format that files were taken for."""

    name: str
    title: str
    by: tuple[str, ...]
    """The files that are read."""
    absent: tuple[str, ...] = ()
    """Files of the format that are not there, and are not needed."""
    unread: tuple[str, ...] = ()
    """Files that are there, and are not read."""
    says: tuple[str, ...] = ()
    """What is taken for what, beyond what the columns tell."""
    kinds: Mapping[str, KindPolicy] = field(default_factory=dict)
    """What its kinds of events mean, beyond what their names say."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of that, a sentence each without its full stop."""
        said = [
            f"taken for: {self.title} ({self.name}), by {_some(self.by)}; --format none reads "
            f"them as any files"
        ]
        if self.absent:
            said.append(f"not there, and not needed: {_some(self.absent)}")
        if self.unread:
            said.append(f"not read: {_some(self.unread)}")
        return (*said, *(f"{self.name}: {each}" for each in self.says))


def _some(names: tuple[str, ...], most: int = 8) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


@dataclass(frozen=True)
class Doubt:
    """Something that may have been taken for what it is not."""

    code: str
    """A stable name."""
    subject: str
    """The source."""
    message: str
    settle: str
    """The option or the setting that settles it."""

    def __str__(self) -> str:
        return f"{self.subject}: {self.message}; {self.settle}"
