"""What the declaration of a format says: its files, what their columns are, and what is in them.

Names of files are patterns (`log_*.csv`), without what packs them, and case does not matter. Names
of columns are compared without case and punctuation; `a|b` is a column a or b.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pyarrow as pa
from graphrec.ingest.long import LongTable
from graphrec.ingest.schema import LinkType
from graphrec.ingest.sources import Made, Source

from graphrec.data import AttributeKind
from graphrec.data.kinds import KindPolicy


@dataclass(frozen=True)
class Text:
    """What is known of delimited text; what is not said is inferred from it."""

    delimiter: str | None = None
    columns: tuple[str, ...] | None = None
    """Of a file without a header."""
    encoding: str | None = None
    quotes: bool = True


@dataclass(frozen=True)
class Shape:
    """How the rows of a table are made from those of its files."""

    reads: tuple[str, ...]
    """Columns of the files; of JSON, keys with dots."""
    makes: tuple[str, ...]
    derive: Callable[[Iterator[pa.RecordBatch]], Iterator[Made]]
    """From batches with the columns that are read to one each of those that are made."""
    needs: tuple[str, ...] = ()
    """Columns without which the files are not of the format."""
    several: int = 1
    """About how many rows are made from one."""


Joined: TypeAlias = Callable[[Sequence[Source]], Shape]
"""The shape of a table that is joined with others, which are kept in memory: one for each of
`Table.beside`."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Files of one table. Without `attributes` and columns, all of a file's count."""

    files: tuple[str, ...]
    """Patterns; the first that files are found for. Their rows are those of one table."""
    but: tuple[str, ...] = ()
    """Patterns of files that it does not mean."""
    text: Text = Text()
    shape: Shape | Joined | None = None
    """None: a row of the file is a row of the table."""
    beside: tuple[str, ...] = ()
    """Files that the shape is joined with: a pattern each."""
    having: tuple[str, ...] = ()
    """Columns that the files must have; without them the next table of the same files is meant."""
    distinct: bool = False
    """Rows that say what an earlier one said are left out."""
    skips: Mapping[str, str] = field(default_factory=dict)
    """Columns without which a row is none of the table, and no bad row: why."""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Events(Table):
    """A table of events; columns are those of its shape where it has one."""

    user: str = "user"
    item: str = "item"
    weight: str | None = None
    time: str | None = None
    kind: str | None = None
    """The column of kinds."""
    each: str | None = None
    """The kind of all events, where no column says it."""
    codes: Mapping[str, str] = field(default_factory=dict)
    """Kinds by what is written for them; what is not among them is a kind as it stands."""
    times: Mapping[str, object] = field(default_factory=dict)
    """Settings of `graphrec.settings.IngestSettings` on times, which those that are given
    override."""


@dataclass(frozen=True, kw_only=True)
class Nodes(Table):
    """A table of nodes and their attributes."""

    node_type: str
    id: str = ""
    """The column of ids; empty: found by its name."""
    attributes: Mapping[str, AttributeKind | None] = field(default_factory=dict)
    """By name, the kind; None: as the values show."""
    called: Mapping[str, str] = field(default_factory=dict)
    """The columns of attributes that have another name."""
    in_pieces: bool = False
    """Whether several rows tell of a node, each a part: then what a row lacks is as in those before
    it, for which the nodes are kept in memory."""
    long: LongTable | None = None
    """Where a row has one property of a node: which columns say which."""
    links: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Attributes whose values are nodes: the relation, and the type of those."""
    optional: bool = True


@dataclass(frozen=True, kw_only=True)
class Links(Table):
    """A table of links."""

    edge_type: LinkType
    source: str = ""
    target: str = ""
    """The columns; empty: found by their names."""
    optional: bool = True


@dataclass(frozen=True)
class Format:
    """A format: its names, and the tables that its files hold."""

    name: str
    title: str
    tables: tuple[Table, ...]
    signs: tuple[str, ...] = ()
    """Files that give the format away: each of these patterns has one (`a|b`: a or b). Empty: it is
    read by its name only."""
    unless: tuple[str, ...] = ()
    """Files that speak against it."""
    editions: Mapping[str, str] = field(default_factory=dict)
    """Further names, such as of its editions, and their titles."""
    kinds: Mapping[str, KindPolicy] = field(default_factory=dict)
    """What its kinds of events mean beyond what their names say."""
    says: tuple[str, ...] = ()
    """What is taken for what, and what is left out, where the columns alone do not tell it."""

    @property
    def names(self) -> tuple[str, ...]:
        """All names."""
        return (self.name, *self.editions)
