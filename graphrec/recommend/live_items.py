"""Items as they are now: those of a snapshot, and those that came or changed since."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TypeAlias, TypeVar

from graphrec.data import AttributeValue, Vocabulary, as_title
from graphrec.errors import UnknownNode
from graphrec.recommend.query import Live, Options
from graphrec.retrieval.cold_items import NONE, Newcomers, arrived
from graphrec.rules.compiled import Ruling, rule_on
from graphrec.rules.item_table import Catalogue
from graphrec.rules.rule import Rule
from graphrec.snapshot.overlay import Overlay
from graphrec.snapshot.snapshot import Snapshot

Made = TypeVar("Made")

Edition: TypeAlias = tuple[Overlay | None, int]
"""Of what came since: another one whenever an item changes."""


@dataclass(frozen=True)
class LiveItems:
    """The items of a snapshot and of an overlay, made ready once until one of them changes."""

    snapshot: Snapshot

    def titles(self, live: Live) -> Sequence[str | None]:
        """What the items of the snapshot [I] are called now."""

        def made() -> Sequence[str | None]:
            rows, changed = self.snapshot.likes.items.rows, _changed(live)
            titles = list(self.snapshot.titles)
            for item in changed.keys() & rows.keys():
                titles[rows[item]] = as_title(changed[item].get("title"))
            return titles

        return _once(self._titles, live, made)

    def ruling(self, options: Options, live: Live) -> Ruling:
        """What may be recommended of the items of the snapshot, by row."""
        if not options.selective:
            return Ruling()
        return self._ruling(self._catalogue(live), options, live)

    def ruling_on_new(self, options: Options, live: Live) -> tuple[Ruling, Catalogue]:
        """The same of the items that came since, and which they are."""
        new = self._new(live)
        return self._ruling(new, options, live), new

    def allowed_new(self, options: Options, live: Live) -> Mapping[str, str | None]:
        """Titles of items that came since and may be recommended: they have no vector to rank."""
        ruling, new = self.ruling_on_new(options, live)
        return {
            item: as_title(attributes.get("title"))
            for row, (item, attributes) in enumerate(new.changed.items())
            if ruling.stopped_by(row) is None
        }

    def attributes_of_new(self, item: str, live: Live) -> Mapping[str, AttributeValue]:
        """Those of an item that came since; raises UnknownNode."""
        attributes = _changed(live).get(item)
        if attributes is None:
            raise UnknownNode("item", item)
        return attributes

    def newcomers(self, live: Live) -> Newcomers:
        """The new items that have an embedding."""
        overlay, embeddings = live.overlay, self.snapshot.embeddings
        if overlay is None or embeddings is None or embeddings.newcomers is None:
            return NONE
        encoder = embeddings.newcomers

        def made() -> Newcomers:
            items = self._new(live).changed
            before = next(iter(self._arrived.values()), NONE)
            links = {item: overlay.links_of(item) for item in items}
            return arrived(encoder, items, before, links, self.snapshot.likes.items)

        return _once(self._arrived, live, made)

    def _ruling(self, catalogue: Catalogue, options: Options, live: Live) -> Ruling:
        shared = partial(_shared, self._catalogue(live), options, live)
        return rule_on(catalogue, options.rules, shared, live.now, options.allow, options.deny)

    def _catalogue(self, live: Live) -> Catalogue:
        """Of the items of the snapshot, as they are now."""
        held = self.snapshot
        return _once(
            self._catalogues,
            live,
            lambda: Catalogue(held.likes.items, held.attributes, _changed(live), held.links),
        )

    def _new(self, live: Live) -> Catalogue:
        """Of the items that came since; all that is known of them has changed."""

        def made() -> Catalogue:
            known = self.snapshot.likes.items
            new = {item: each for item, each in _changed(live).items() if item not in known}
            return Catalogue(Vocabulary(tuple(new)), {}, new)

        return _once(self._came, live, made)

    # Each holds the last edition alone.

    @cached_property
    def _titles(self) -> dict[Edition, Sequence[str | None]]:
        return {}

    @cached_property
    def _catalogues(self) -> dict[Edition, Catalogue]:
        return {}

    @cached_property
    def _came(self) -> dict[Edition, Catalogue]:
        return {}

    @cached_property
    def _arrived(self) -> dict[Edition, Newcomers]:
        return {}


def _once(held: dict[Edition, Made], live: Live, make: Callable[[], Made]) -> Made:
    """What is held of the edition of now; made, and the one before let go, where it is another."""
    edition = live.overlay, 0 if live.overlay is None else live.overlay.edition
    if edition not in held:
        made = make()
        held.clear()
        held[edition] = made
    return held[edition]


def _changed(live: Live) -> Mapping[str, Mapping[str, AttributeValue]]:
    """The attributes of items that came or changed since."""
    return {} if live.overlay is None else live.overlay.items


def _shared(catalogue: Catalogue, options: Options, live: Live, rule: Rule) -> frozenset[str]:
    """What the items have that the user has events on, of the kind that a rule names."""
    events = (event for event in live.events or () if options.was(event))
    return catalogue.shared(rule, (e.item for e in events if e.kind == rule.shared_by))
