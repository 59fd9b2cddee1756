"""The ratings of a data set: one for each pair of a user and an item, the latest that counts.

R ratings, U users, I items.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Graph, Interactions, Rows, Vocabulary, last_of_equal
from graphrec.data.dataset import Dataset
from graphrec.data.in_force import meanings_of, rated_in_force
from graphrec.data.kinds import policy_of
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError


@dataclass(frozen=True)
class Ratings:
    """What users gave items, by user and item, each pair once."""

    graph: Graph
    """Nodes, attributes and links; its events are these ratings."""
    user: Rows  # [R]
    item: Rows  # [R]
    value: NDArray[np.float64]  # [R]

    @property
    def users(self) -> Vocabulary:
        """All users, with and without ratings."""
        return self.graph.users

    @property
    def items(self) -> Vocabulary:
        """All items, with and without ratings."""
        return self.graph.items

    @property
    def kind(self) -> str:
        """The kind of events that they are."""
        log = self.graph.interactions
        return log.kinds[int(log.kind[0])]

    @property
    def low(self) -> float:
        """The lowest rating that anyone gave."""
        return float(self.value.min())

    @property
    def high(self) -> float:
        """The highest rating that anyone gave."""
        return float(self.value.max())

    @cached_property
    def matrix(self) -> sparse.csr_array:
        """float64 [U, I]; a rating of 0 is a stored element too."""
        return self.matrix_of(self.value)

    def matrix_of(self, value: NDArray[np.float64]) -> sparse.csr_array:
        """Numbers [R] in the places of the ratings: float64 [U, I]."""
        shape = (len(self.users), len(self.items))
        ends = np.concatenate([[0], np.cumsum(np.bincount(self.user, minlength=shape[0]))])
        return sparse.csr_array((value, self.item, ends.astype(np.int32)), shape)

    def take(self, index: NDArray) -> Ratings:
        """The ratings at a mask [R] or at ascending places, of the same users and items."""
        graph = self.graph.with_interactions(self.graph.interactions.take(index))
        return replace(
            self, graph=graph, user=self.user[index], item=self.item[index], value=self.value[index]
        )

    def as_dataset(self) -> Dataset:
        """A data set of these ratings alone."""
        return Dataset(self.graph, dict.fromkeys(self.graph.interactions.kinds, RATING))

    def __len__(self) -> int:
        return len(self.value)


RATING = policy_of("rating", DEFAULT_POLICY)
"""What a rating means; the threshold says only that its values are ratings."""


def ratings_of(data: Dataset, kind: str | None = None) -> Ratings:
    """The ratings of a data set, of one `kind` of events where several have values to predict.

    These are events of kinds with a threshold (`KindPolicy.rates`) that are in force: the latest of
    a user on an item, unless something cancelled it. Raises DataError where there are none, or
    where several kinds have some and none is named.
    """
    log = data.recorded.interactions
    policies = _policies(data)
    if policies is None:
        raise DataError(
            "the data has weights and no ratings: expected values as recorded; make it of files, "
            "frames or a store, not of weights"
        )
    value = log.weight if log.value is None else log.value
    rated = rated_in_force(log, meanings_of(log.kinds, policies), value)
    found = {log.kinds[code] for code in np.unique(log.kind[rated]).tolist()}
    if kind is not None:
        rated &= log.kind == _code(kind, found, log)
    elif len(found) > 1:
        raise DataError(
            f"events of kinds {', '.join(sorted(found))} are all ratings: expected one kind to "
            f"predict; name it in the settings: [ratings] kind = {sorted(found)[0]!r}"
        )
    at = np.flatnonzero(rated)
    at = at[np.lexsort((log.time[at], log.item[at], log.user[at]))]
    if not len(at):
        raise DataError(_missing(log, policies))
    at = at[last_of_equal([log.user[at], log.item[at]])]
    mine = replace(log.take(at), weight=value[at], value=None, clipping=None)
    graph = replace(data.recorded, interactions=mine, reweigh=None)
    return Ratings(graph, mine.user, mine.item, value[at].astype(np.float64))


def rating_kinds(data: Dataset) -> tuple[str, ...]:
    """The kinds of events of a data set that are ratings in force."""
    log, policies = data.recorded.interactions, _policies(data)
    if policies is None:
        return ()
    value = log.weight if log.value is None else log.value
    rated = rated_in_force(log, meanings_of(log.kinds, policies), value)
    return tuple(sorted(log.kinds[code] for code in np.unique(log.kind[rated]).tolist()))


def _policies(data: Dataset) -> Mapping[str, KindPolicy] | None:
    """What its events mean; None where their values were made into weights and are gone."""
    recorded = data.recorded.interactions.value is not None
    return DEFAULT_POLICY if data.kinds is None and recorded else data.kinds


def _code(kind: str, found: set[str], log: Interactions) -> int:
    if kind not in found:
        raise DataError(
            f"[ratings] kind is {kind!r}: expected a kind of events with ratings, "
            f"{' or '.join(sorted(found)) or 'of which there is none'}; correct the name, or set "
            f"[kinds.{kind}] threshold"
        )
    return log.kinds.index(kind)


def _missing(log: Interactions, policies: Mapping[str, KindPolicy]) -> str:
    kinds = ", ".join(log.kinds[code] for code in np.unique(log.kind).tolist())
    if not kinds:
        return (
            "the data has no events: expected some with ratings; load them with `graphrec ingest`"
        )
    return (
        f"events of kind {kinds} have no ratings: expected a kind with a threshold, whose values "
        f"are what users gave; set [kinds.NAME] threshold for the kind that has them, such as "
        f"threshold = 3.5"
    )
