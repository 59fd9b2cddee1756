"""The items as of now: those of a snapshot, and after them those that came since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from graphrec.data import AttributeValue, Rows, Vocabulary, as_title
from graphrec.retrieval.cold_items import NONE, ColdItems, NearestCold, embed_new_items
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Candidates, CandidateSource, Eligible
from graphrec.retrieval.vectors import NearestVectors, VectorsNow
from graphrec.rules.item_table import ItemTable
from graphrec.snapshot.search import Search
from graphrec.snapshot.snapshot import Snapshot, values_at
from graphrec.store.delta import Delta


@dataclass(frozen=True)
class CurrentItems:
    """The I items of a snapshot and N new ones, in rows after them, ascending by id.

    What is derived of them is computed when first asked for, once an edition of the delta.
    """

    snapshot: Snapshot
    delta: Delta
    before: ColdItems = NONE
    """Vectors of new items in the edition before: those that did not change are taken over."""

    @cached_property
    def new(self) -> tuple[str, ...]:
        """The ids of the new items."""
        known = self.snapshot.items.rows
        return tuple(sorted(item for item in self.delta.items if item not in known))

    @cached_property
    def ids(self) -> Vocabulary:
        """The ids of all rows [I + N]."""
        known = self.snapshot.items
        return Vocabulary((*known.ids, *self.new)) if self.new else known

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
        titles = (as_title(self.changed[item].get("title")) or item for item in ids)
        return Search.of(np.array(order, np.int32), zip(titles, ids, strict=True))

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
        items = {item: self.changed[item] for item in self.new}
        links = {item: self.delta.items[item].links for item in self.new}
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
        changed = {self.ids.rows[item]: each for item, each in self.changed.items()}
        return tuple(
            VectorsNow(each, {row: each.unit_of(values) for row, values in changed.items()})
            if changed and isinstance(each, NearestVectors)
            else each
            for each in self.snapshot.sources
        )

    def prepare(self, before: CurrentItems) -> None:
        """Compute what the first requests would wait for, as far as it was asked `before`."""
        self.titles, self.names, self.deleted, self.void  # noqa: B018
        self.nearest_cold, self.sources  # noqa: B018
        self.table.prepare(before.table)

    def nearest_new(
        self, profile: UserProfile, eligible: Eligible, count: int
    ) -> Candidates | None:
        """The new items that are nearest to a profile: by embedding, else by their vectors."""
        if self.nearest_cold is not None:
            return self.nearest_cold.retrieve(profile, eligible, count)
        vectors = (each for each in self.sources if isinstance(each, VectorsNow))
        found = (each.retrieve_new(profile, eligible, count) for each in vectors)
        return next((each for each in found if each is not None), None)

    def attributes(self, row: int) -> Mapping[str, AttributeValue]:
        """All attributes of an item row as they are now."""
        changed = self.changed.get(self.ids.ids[row])
        return values_at(self.snapshot.item_attributes, row) if changed is None else changed
