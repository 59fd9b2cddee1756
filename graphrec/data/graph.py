"""The graph as frozen columns.

E interactions, U users, I items, L links. A *row* is the internal number of a node; an *id* is the
string that the outside world knows it by. Times are integers: milliseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.clipping import Clipping
from graphrec.data.ids import as_ids
from graphrec.data.times import as_milliseconds
from graphrec.data.vector import Vector
from graphrec.errors import DataError, UnknownNode

Rows: TypeAlias = NDArray[np.int32]
EdgeType: TypeAlias = tuple[str, str, str]
"""(source node type, relation, target node type), as DGL's canonical edge types."""

AttributeKind: TypeAlias = Literal["number", "category", "tags", "text", "vector"]
PlainValue: TypeAlias = float | str | tuple[str, ...] | None
"""A float for `number`, a str for `category` and `text`, a tuple for `tags`, None where missing."""
AttributeValue: TypeAlias = PlainValue | Vector


def as_title(value: AttributeValue) -> str | None:
    """What a node is called, by its attribute `title`: None where that is missing or no text."""
    return value if isinstance(value, str) else None


def labels(value: AttributeValue) -> tuple[str, ...]:
    """The categories or tags of an item."""
    return value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()


@dataclass(frozen=True)
class Vocabulary:
    """External ids by row: `ids[row]` is the id of that row."""

    ids: tuple[str, ...] = ()

    @cached_property
    def rows(self) -> Mapping[str, int]:
        """Row by id."""
        return {node_id: row for row, node_id in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, node_id: object) -> bool:
        return node_id in self.rows

    def extended(self, ids: Sequence[str]) -> Vocabulary:
        """With further ids, which are not in it yet, after the others."""
        if not ids:
            return self
        found, before = Vocabulary((*self.ids, *ids)), len(self)
        # Else the next look-up would make it from the beginning.
        vars(found)["rows"] = {**self.rows, **{each: before + at for at, each in enumerate(ids)}}
        return found

    def row(self, node_id: str, node_type: str = "node") -> int:
        """The row of `node_id`; raises UnknownNode, naming `node_type`, where there is none."""
        try:
            return self.rows[node_id]
        except KeyError:
            raise UnknownNode(node_type, node_id) from None


def encode(ids: Sequence[str]) -> tuple[Vocabulary, Rows]:
    """The distinct `ids` in code-point order, and the row of each of them [len(ids)]."""
    vocabulary = Vocabulary(tuple(sorted(set(ids))))
    return vocabulary, np.fromiter(map(vocabulary.rows.__getitem__, ids), np.int32, len(ids))


MAX_KINDS = 255
"""Kinds of events that a log or a store may have: their codes are bytes."""


def elements_of(matrix: sparse.csr_array, user: Rows, item: Rows) -> NDArray[np.int64]:
    """The numbers of the stored elements of a canonical [U, I] matrix at E pairs, which it has."""
    columns = matrix.shape[1]
    place = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr)) * columns
    place += matrix.indices
    return np.searchsorted(place, user.astype(np.int64) * columns + item)


@dataclass(frozen=True)
class Interactions:
    """A log of events between users and items, one array element each.

    The pair (user, item) may repeat; (user, item, kind, time) is what identifies an event.
    """

    users: Vocabulary
    items: Vocabulary
    user: Rows  # [E] rows of `users`
    item: Rows  # [E] rows of `items`
    weight: NDArray[np.float32]  # [E] a rating, a count; as a weight, 0: seen, below 0: disliked
    time: NDArray[np.int64]  # [E] milliseconds since 1970
    kind: NDArray[np.uint8]  # [E] index into `kinds`
    kinds: tuple[str, ...] = ("interaction",)
    value: NDArray[np.float32] | None = None  # [E] as recorded, where `weight` was made of it
    clipping: Clipping | None = None  # what `weight` was clipped at, where it was made of values

    def __post_init__(self) -> None:
        lengths = {len(c) for c in (self.user, self.item, self.weight, self.time, self.kind)}
        if len(lengths) != 1:
            raise DataError(f"interaction columns have lengths {sorted(lengths)}: expected one")
        if len(self.kinds) > MAX_KINDS:
            raise DataError(
                f"interactions have {len(self.kinds)} kinds, such as {self.kinds[0]!r}: expected "
                f"at most {MAX_KINDS}; see that the column of kinds is the right one"
            )

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def of(
        cls,
        users: Sequence[str],
        items: Sequence[str],
        weight: Iterable[float] | None = None,
        time: Iterable[int] | None = None,
        kind: Sequence[str] | None = None,
    ) -> Interactions:
        """Interactions from columns of ids; the vocabularies hold just the ids that occur.

        Weight defaults to 1, time to 0 (the epoch: "unknown"), kind to "interaction". Raises
        DataError for more than MAX_KINDS kinds, and for ids or times that are none.

        Numpy's numbers and text, UUIDs and whole floats are ids by their plain text; datetimes are
        times.
        """
        user_vocabulary, user = encode(as_ids(users))
        item_vocabulary, item = encode(as_ids(items))
        kinds, kind_codes = encode(
            as_ids(kind) if kind is not None else ["interaction"] * len(user)
        )
        return cls(
            user_vocabulary,
            item_vocabulary,
            user,
            item,
            np.ones(len(user), np.float32) if weight is None else np.asarray(weight, np.float32),
            np.zeros(len(user), np.int64) if time is None else as_milliseconds(time),
            kind_codes.astype(np.uint8),
            kinds.ids or ("interaction",),
        )

    def take(self, index: NDArray) -> Interactions:
        """The events at `index` (positions or a mask), with the same vocabularies."""
        return replace(
            self,
            user=self.user[index],
            item=self.item[index],
            weight=self.weight[index],
            time=self.time[index],
            kind=self.kind[index],
            value=None if self.value is None else self.value[index],
        )

    def recode(self, users: Vocabulary, items: Vocabulary) -> Interactions:
        """The same events in rows of other vocabularies, which must hold every id that occurs."""
        user_rows = np.fromiter((users.row(u, "user") for u in self.users.ids), np.int32)
        item_rows = np.fromiter((items.row(i, "item") for i in self.items.ids), np.int32)
        return replace(
            self, users=users, items=items, user=user_rows[self.user], item=item_rows[self.item]
        )

    def sorted(self) -> Interactions:
        """By user, item, time and kind: the one order in which stores give a graph."""
        return self.take(np.lexsort((self.kind, self.time, self.item, self.user)))


@dataclass(frozen=True)
class Attribute:
    """One attribute of all nodes of a type."""

    kind: AttributeKind
    values: tuple[AttributeValue, ...]  # one a row


@dataclass(frozen=True)
class Links:
    """Edges of one type between nodes of any types."""

    source: Rows  # [L]
    target: Rows  # [L]
    weight: NDArray[np.float32]  # [L]

    def __len__(self) -> int:
        return len(self.source)


@dataclass(frozen=True)
class Graph:
    """Users, items, their interactions, and what else is known: attributes, nodes, links."""

    interactions: Interactions
    attributes: Mapping[str, Mapping[str, Attribute]] = field(default_factory=dict)
    """By node type, then by attribute name."""
    others: Mapping[str, Vocabulary] = field(default_factory=dict)
    """Node types beside user and item, such as genre."""
    links: Mapping[EdgeType, Links] = field(default_factory=dict)
    reweigh: Callable[[Interactions], Interactions] | None = None
    """Of a weighted graph: weighs some of its events anew, as if there were no others."""

    @property
    def users(self) -> Vocabulary:
        """The users, with and without interactions."""
        return self.interactions.users

    @property
    def items(self) -> Vocabulary:
        """The items, with and without interactions."""
        return self.interactions.items

    def vocabulary(self, node_type: str) -> Vocabulary:
        """The nodes of a type."""
        if node_type in ("user", "item"):
            return self.users if node_type == "user" else self.items
        return self.others[node_type]

    def with_interactions(self, interactions: Interactions) -> Graph:
        """The same nodes, attributes and links around other interactions of the same rows."""
        return replace(self, interactions=interactions)

    def before(self, time: int) -> Graph:
        """The graph as it was just before `time`: later events are cut off, nodes stay."""
        return self.only(self.interactions.time < time)

    def only(self, index: NDArray) -> Graph:
        """The graph with just the events at `index`, as if it never had others.

        What a weighted graph says of them is as of then: an event counts that another one cancelled
        later.
        """
        log = self.interactions.take(index)
        return self.with_interactions(log if self.reweigh is None else self.reweigh(log))

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """Likes: float32 [U, I], the weights of positive events summed by pair."""
        log = self.interactions.take(self.interactions.weight > 0)
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_array((log.weight, (log.user, log.item)), shape=shape)
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def disliked(self) -> sparse.csr_array:
        """Dislikes: float32 [U, I], how much by pair, of the weights below 0."""
        log = self.interactions.take(self.interactions.weight < 0)
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_array((-log.weight, (log.user, log.item)), shape=shape)
        matrix.sum_duplicates()
        return matrix

    @cached_property
    def disliked_at(self) -> sparse.csr_array:
        """When, in milliseconds since 1970: int64 [U, I], the latest of the same pairs."""
        return _latest(self.disliked, self.interactions.take(self.interactions.weight < 0))

    @cached_property
    def liked_at(self) -> sparse.csr_array:
        """The same of what users like, in the places of `matrix`: int64 [U, I]."""
        return _latest(self.matrix, self.interactions.take(self.interactions.weight > 0))

    @cached_property
    def seen(self) -> sparse.csr_array:
        """The pairs with an event, liked or not: bool [U, I]."""
        log = self.interactions
        shape = (len(self.users), len(self.items))
        matrix = sparse.csr_array((np.ones(len(log), bool), (log.user, log.item)), shape=shape)
        matrix.sum_duplicates()
        return matrix


def _latest(pairs: sparse.csr_array, log: Interactions) -> sparse.csr_array:
    """The time of the latest event of each of some pairs: int64 [U, I], in their places."""
    time = np.full(pairs.nnz, np.iinfo(np.int64).min)
    np.maximum.at(time, elements_of(pairs, log.user, log.item), log.time)
    return sparse.csr_array((time, pairs.indices, pairs.indptr), pairs.shape)
