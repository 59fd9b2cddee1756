"""The items as of now: those of a snapshot, and after them those that came since.

What is derived of them is made once an edition of the delta, and made of what the edition before
had: whatever many items came since the snapshot, a change takes time for what it changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import AttributeValue, Rows, Vocabulary, as_title
from graphrec.retrieval.cold_items import (
    NONE,
    ColdItems,
    NearestCold,
    embed_new_items,
    with_new_items,
)
from graphrec.retrieval.labels import NearestLabels
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Candidates, CandidateSource, Eligible
from graphrec.retrieval.vectors import NearestVectors, VectorsNow
from graphrec.rules.item_table import ItemTable
from graphrec.snapshot.search import Search, lines
from graphrec.snapshot.snapshot import Snapshot, values_at
from graphrec.store.delta import Delta, ItemDelta


@dataclass(frozen=True)
class CurrentItems:
    """The I items of a snapshot and N new ones, in rows after them, in the order of their coming.

    What is derived of them is computed when first asked for, or by `prepare`.
    """

    snapshot: Snapshot
    delta: Delta
    before: ColdItems = NONE
    """Vectors of new items in the edition before: those that did not change are taken over."""

    @cached_property
    def new(self) -> tuple[str, ...]:
        """The ids of the new items."""
        known = self.snapshot.items.rows
        return tuple(item for item in self.delta.items if item not in known)

    @cached_property
    def ids(self) -> Vocabulary:
        """The ids of all rows [I + N]."""
        return self.snapshot.items.extended(self.new)

    def rows_of(self, items: Iterable[str]) -> Rows:
        """The rows of those of some items that are known."""
        rows = self.ids.rows
        return np.fromiter((rows[item] for item in items if item in rows), np.int32)

    def has_new(self, items: Iterable[str]) -> bool:
        """Whether any of some items came since the snapshot."""
        known = self.snapshot.items.rows
        return bool(self.new) and any(item not in known for item in items)

    @cached_property
    def changed(self) -> Mapping[str, Mapping[str, AttributeValue]]:
        """All attributes of the items that came or changed, by id."""
        return {item: each.attributes for item, each in self.delta.items.items()}

    @cached_property
    def titles(self) -> tuple[str | None, ...]:
        """What all items are called now [I + N]."""
        if not self.changed:
            return self.snapshot.titles
        titles = [*self.snapshot.titles, *[None] * len(self.new)]
        rows = self.ids.rows
        for item, attributes in self.changed.items():
            titles[rows[item]] = as_title(attributes.get("title"))
        return tuple(titles)

    @cached_property
    def table(self) -> ItemTable:
        """Attributes and links of all items [I + N], for rules."""
        held = self.snapshot
        return ItemTable(self.ids, held.item_attributes, self.changed, held.links)

    @cached_property
    def names(self) -> Search:
        """Titles and ids of the items that came or changed, the most popular first."""
        rows, popularity = self.snapshot.items.rows, self.snapshot.popularity.popularity
        ids = tuple(self.changed)
        order = sorted(
            range(len(ids)),
            key=lambda at: -float(popularity[rows[ids[at]]]) if ids[at] in rows else 0.0,
        )
        return Search.of_lines(np.array(order, np.int32), [self._lines[item] for item in ids])

    @cached_property
    def _lines(self) -> Mapping[str, str]:
        """The names of those items as a search holds them."""
        return {item: _lines_of(item, values) for item, values in self.changed.items()}

    @cached_property
    def deleted(self) -> Rows:
        """The rows of the items that were deleted."""
        rows = self.snapshot.items.rows
        return np.array([rows[each] for each in self.delta.deleted if each in rows], np.int32)

    @cached_property
    def void(self) -> Rows:
        """The rows of the snapshot's items whose events went with them, also if they came back."""
        rows, gone = self.snapshot.items.rows, self.delta.deleted | self.delta.renewed
        return np.array(sorted(rows[each] for each in gone if each in rows), np.int32)

    @cached_property
    def cold(self) -> ColdItems:
        """The new items that have an embedding."""
        vectors = self.snapshot.embeddings
        if vectors is None or vectors.item_encoder is None or not self.new:
            return NONE
        return self._embedded(self.new)

    def _embedded(self, new: Iterable[str]) -> ColdItems:
        vectors = self.snapshot.embeddings
        assert vectors is not None  # noqa: S101 - see `cold`
        assert vectors.item_encoder is not None  # noqa: S101 - see `cold`
        items = {item: self.changed[item] for item in new}
        links = {item: self.delta.items[item].links for item in items}
        return embed_new_items(vectors.item_encoder, items, self.before, links, self.snapshot.items)

    @cached_property
    def nearest_cold(self) -> NearestCold | None:
        """New items as candidates by their embedding, where there is one."""
        nearest = self.snapshot.nearest
        if nearest is None or not self.cold.items:
            return None
        rows = np.array([self.ids.rows[item] for item in self.cold.items], np.int32)
        return NearestCold(nearest, self.cold, rows)

    @cached_property
    def sources(self) -> tuple[CandidateSource, ...]:
        """The sources of the snapshot, those of vectors with what came or changed."""
        return tuple(
            VectorsNow(each, self._vectors[each.name])
            if self.changed and isinstance(each, NearestVectors)
            else each
            for each in self.snapshot.sources
        )

    @cached_property
    def _vectors(self) -> Mapping[str, Mapping[int, NDArray[np.float32]]]:
        """Those of the items that came or changed, by row, by source."""
        return self._vectors_of(self.changed)

    def _vectors_of(self, items: Iterable[str]) -> dict[str, dict[int, NDArray[np.float32]]]:
        rows = {self.ids.rows[item]: self.changed[item] for item in items}
        return {
            each.name: {row: each.unit_of(values) for row, values in rows.items()}
            for each in self.snapshot.sources
            if isinstance(each, NearestVectors)
        }

    def prepare(self, before: CurrentItems) -> None:
        """Compute what the first requests would wait for, as far as it was asked `before`."""
        written = self._written_since(before)
        if written is not None:
            self._follow(before, written)
        self.titles, self.deleted, self.void, self.nearest_cold, self.sources  # noqa: B018
        self.table.prepare(before.table, written)
        if self.new and self.nearest_cold is None:
            self._nearest_labels  # noqa: B018

    def _written_since(self, before: CurrentItems) -> Mapping[str, ItemDelta] | None:
        """The items that were written after another edition; None where rows are not the same."""
        old, new = before.delta.items, self.delta.items
        written = {item: each for item, each in new.items() if old.get(item) is not each}
        if len(new) - len(old) != sum(item not in old for item in written):
            return None  # some are gone
        return written if self.new[: len(before.new)] == before.new else None

    def _follow(self, before: CurrentItems, written: Mapping[str, ItemDelta]) -> None:
        """Derive all of what was derived in an edition before, as far as it is the same."""
        made = vars(self)
        made["ids"] = ids = before.ids.extended(self.new[len(before.new) :])
        changed = {item: each.attributes for item, each in written.items()}
        made["changed"] = {**before.changed, **changed}
        titles = [*before.titles, *[None] * (len(ids) - len(before.ids))]
        for item, values in changed.items():
            titles[ids.rows[item]] = as_title(values.get("title"))
        made["titles"] = tuple(titles)
        vectors = self._vectors_of(changed)
        made["_vectors"] = {
            name: {**each, **vectors[name]} for name, each in before._vectors.items()
        }
        if "_lines" in vars(before):
            names = {item: _lines_of(item, values) for item, values in changed.items()}
            made["_lines"] = {**before._lines, **names}
        known = self.snapshot.items.rows
        new = [item for item in changed if item not in known]
        embeddings = self.snapshot.embeddings
        if embeddings is not None and embeddings.item_encoder is not None:
            made["cold"] = with_new_items(before.cold, self._embedded(new)) if new else before.cold

    def nearest_new(
        self, profile: UserProfile, eligible: Eligible, count: int, reach: float = 1.0
    ) -> Candidates | None:
        """The new items that are nearest to a profile: by embedding, else by their vectors, else by
        their categories and tags.

        With a `reach` below 1, only those that are nearer to it than to all but about this share of
        people.
        """
        if self.nearest_cold is not None:
            return self.nearest_cold.retrieve(profile, eligible, count, reach)
        vectors = (each for each in self.sources if isinstance(each, VectorsNow))
        found = (each.retrieve_new(profile, eligible, count, reach) for each in vectors)
        near = next((each for each in found if each is not None), None)
        return near or self._nearest_labels.retrieve(profile, eligible, count, reach)

    @cached_property
    def _nearest_labels(self) -> NearestLabels:
        space = self.snapshot.label_space
        new = space.embed([self.changed[item] for item in self.new])
        return NearestLabels(space, new, len(self.snapshot.items))

    @cached_property
    def label_names(self) -> tuple[str, ...]:
        """The attributes of items that are categories or tags."""
        held = self.snapshot.item_attributes.items()
        return tuple(name for name, each in held if each.kind in ("category", "tags"))

    @cached_property
    def label_vectors(self) -> sparse.csr_array:
        """[I + N, L]: of each item, its labels that the snapshot has: see `LabelSpace`."""
        space, known = self.snapshot.label_space, len(self.snapshot.items)
        if not self.changed:
            return space.vectors
        order = np.arange(len(self.ids))
        order[self.rows_of(self.changed)] = known + np.arange(len(self.changed))
        written = space.embed([*self.changed.values()])
        return sparse.csr_array(sparse.vstack([space.vectors, written], format="csr")[order])

    def attributes(self, row: int) -> Mapping[str, AttributeValue]:
        """All attributes of an item row as they are now."""
        changed = self.changed.get(self.ids.ids[row])
        return values_at(self.snapshot.item_attributes, row) if changed is None else changed


def _lines_of(item: str, attributes: Mapping[str, AttributeValue]) -> str:
    return lines((as_title(attributes.get("title")) or item, item))
