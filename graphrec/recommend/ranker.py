"""The ranking of all items for someone: the one way in which lists are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.ranking.diversity import diversified
from graphrec.ranking.fusion import Fused, Opinion, Source, fuse
from graphrec.recommend.live_items import LiveItems
from graphrec.recommend.profile import Taste
from graphrec.recommend.query import Live, Options
from graphrec.recommend.results import Contribution
from graphrec.recommend.sources import Sources
from graphrec.rules.compiled import Ruling
from graphrec.settings import RecallSettings
from graphrec.snapshot.snapshot import Snapshot

DIVERSE_AMONG = 5
"""A diverse list is chosen from the best so many times its length."""


@dataclass(frozen=True)
class Asked:
    """What there is to rank for someone."""

    ruling: Ruling
    eligible: NDArray[np.bool_]  # [I]
    opinions: tuple[Opinion, ...]
    weights: Mapping[str, float]
    """Of the sources, for who asks."""
    segment: str | None
    """Whose popular items are meant; None: everyone's."""


@dataclass(frozen=True)
class Ranking:
    """The best items for someone, in rows."""

    items: Rows  # [N] best first
    scores: NDArray[np.float64]  # [N]
    recalled: int
    """How many items any source recalled; those from this place on are the fallback."""
    weights: Mapping[Source, float]
    """Of the sources that have something to say."""
    strengths: NDArray[np.float64]  # [S, N] by source, in their order; of the fallback none
    boosted: NDArray[np.float64]  # [N] what rules added to the scores

    def speaking(self) -> list[tuple[Source, ...]]:
        """The sources that speak for each item."""
        speak = (self.strengths > 0).T.tolist()
        found: list[tuple[Source, ...]] = [tuple(compress(self.weights, each)) for each in speak]
        for place in np.flatnonzero(self.boosted).tolist():
            found[place] += ("boost",)
        fallback: tuple[Source, ...] = ("fallback",)
        return found + [fallback] * (len(self.items) - len(found))

    def contributions(self, place: int) -> tuple[Contribution, ...]:
        """What makes up the score of the item at a place."""
        if place >= self.recalled:
            return (Contribution("fallback", 0.0, 0.0, 0.0),)
        strengths = zip(self.weights.items(), self.strengths[:, place].tolist(), strict=True)
        found = [
            Contribution(source, strength, weight, weight * strength)
            for (source, weight), strength in strengths
            if strength > 0
        ]
        if added := float(self.boosted[place]):
            found.append(Contribution("boost", added, 1.0, added))
        return tuple(found)


@dataclass(frozen=True)
class Ranker:
    """Ranks the items of a snapshot; ties go by row."""

    snapshot: Snapshot
    settings: RecallSettings
    live_items: LiveItems

    @cached_property
    def sources(self) -> Sources:
        """Of candidates."""
        return Sources(self.snapshot, self.settings)

    def asked(self, taste: Taste, options: Options, live: Live) -> Asked:
        """What there is to rank for someone."""
        ruling = self.live_items.ruling(options, live)
        eligible = self._eligible(taste, ruling, options, live)
        segment = self.sources.segment_of(taste, options.segment)
        weights = self.sources.weights_for(taste)
        opinions = self.sources.opinions(taste, weights, eligible, segment)
        return Asked(ruling, eligible, opinions, weights, segment)

    def best(self, asked: Asked, k: int) -> Ranking:
        """The `k` best items."""
        fused, boosted = _boosted(fuse(asked.opinions, asked.weights), asked.ruling)
        items, scores, recalled = fused.items, fused.scores, len(fused.items)
        if recalled < k:
            left = asked.eligible.copy()
            left[items] = False
            popular = self.snapshot.by_popularity
            items = np.concatenate([items, popular[left[popular]]])
            filling = np.zeros(len(items) - recalled)
            scores, boosted = (np.concatenate([each, filling]) for each in (scores, boosted))
        weights = {each.source: asked.weights[each.source] for each in asked.opinions}
        return Ranking(
            items[:k], scores[:k], recalled, weights, fused.strengths[:, :k], boosted[:k]
        )

    def all(self, asked: Asked) -> Ranking:
        """Every item that may be recommended."""
        return self.best(asked, len(self.snapshot.popularity))

    def diverse(self, asked: Asked, diversity: float, k: int) -> Ranking:
        """The `k` that are best and unlike each other; those recalled come first."""
        among = self.best(asked, DIVERSE_AMONG * k)
        recalled = min(among.recalled, len(among.items))
        chosen = diversified(
            among.scores[:recalled], self._likeness(among.items[:recalled]), diversity, k
        )
        order = np.concatenate([chosen, np.arange(recalled, len(among.items))])[:k]
        return replace(
            among,
            items=among.items[order],
            scores=among.scores[order],
            strengths=among.strengths[:, chosen],
            boosted=among.boosted[order],
            recalled=len(chosen),
        )

    def _eligible(
        self, taste: Taste, ruling: Ruling, options: Options, live: Live
    ) -> NDArray[np.bool_]:
        """Which items [I] may be recommended."""
        eligible = np.ones(len(self.snapshot.popularity), bool)
        for _, passes in ruling.filters:
            eligible &= passes
        if options.exclude_seen:
            eligible[taste.seen] = False
        if live.overlay is not None:
            rows = self.snapshot.likes.items.rows
            eligible[[rows[item] for item in live.overlay.deleted if item in rows]] = False
        return eligible

    def _likeness(self, items: Rows) -> NDArray[np.floating]:
        """How alike N items are [N, N]: cosine of embeddings, or of who likes them."""
        embeddings = self.snapshot.embeddings
        if embeddings is not None:
            vectors = embeddings.item_without_bias[items] / embeddings.item_lengths[items, None]
            return np.maximum(vectors @ vectors.T, 0)
        likers = self.snapshot.likes.by_item[items].astype(np.float64)
        degree = np.maximum(np.diff(likers.indptr), 1)
        return (likers @ likers.T).toarray() / np.sqrt(np.outer(degree, degree))


def _boosted(fused: Fused, ruling: Ruling) -> tuple[Fused, NDArray[np.float64]]:
    """A ranking by the scores after all boosts, and what these added [N]; ties by row."""
    if not ruling.boosts:
        return fused, np.zeros(len(fused.items))
    after = ruling.boosted(fused.items, fused.scores)
    order = np.lexsort((fused.items, -after))
    ranked = Fused(fused.items[order], after[order], fused.strengths[:, order])
    return ranked, (after - fused.scores)[order]
