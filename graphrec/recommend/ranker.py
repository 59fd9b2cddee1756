"""The ranking of all items for someone: the one way in which lists are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Rows
from graphrec.data.weighting import DAY
from graphrec.ranking.diversity import diversified
from graphrec.ranking.fusion import BOOST, FALLBACK, Fused, Source, Weights, fuse, weights_for
from graphrec.recommend.query import Context, Query
from graphrec.recommend.results import Contribution
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Candidates
from graphrec.rules.compiled import CompiledRules, compile_rules
from graphrec.rules.item_table import Asker
from graphrec.rules.rule import Rule
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.view import View

NO_WEIGHTS: Mapping[str, float] = {}

DIVERSE_AMONG = 5
"""A diverse list is chosen from the best so many times its length."""


@dataclass(frozen=True)
class Request:
    """What there is to rank for someone."""

    rules: CompiledRules
    eligible: NDArray[np.bool_]
    """[I + N]: which items may be recommended, new ones last."""
    found: tuple[Candidates, ...]
    """Of each source that has a weight and something to go by, among the items of the snapshot."""
    weights: Mapping[str, float]
    """Of the sources, for this profile."""
    segment: str | None
    """Whose popular items are meant; None: everyone's."""


@dataclass(frozen=True)
class Ranking:
    """The best items for someone, in rows."""

    items: Rows  # [N] best first
    scores: NDArray[np.float64]  # [N]
    retrieved: int
    """How many items any source retrieved; those from this place on are the fallback."""
    weights: Mapping[Source, float]
    """Of the sources that found anything."""
    z_scores: NDArray[np.float64]  # [S, N] by source, in their order; of the fallback none
    boosted: NDArray[np.float64]  # [N] what rules added to the scores

    def at(self, places: Sequence[int]) -> Ranking:
        """The items at some places, in their order."""
        missing = len(self.items) - self.z_scores.shape[1]
        z_scores = np.pad(self.z_scores, ((0, 0), (0, missing)))
        rows = np.array(places, np.intp)
        return replace(
            self,
            items=self.items[rows],
            scores=self.scores[rows],
            z_scores=z_scores[:, rows],
            boosted=self.boosted[rows],
            retrieved=int((rows < self.retrieved).sum()),
        )

    def contributing(self) -> list[tuple[Source, ...]]:
        """The sources that contribute to the score of each item."""
        positive = (self.z_scores > 0).T.tolist()
        found: list[tuple[Source, ...]] = [tuple(compress(self.weights, e)) for e in positive]
        fallback: tuple[Source, ...] = (FALLBACK,)
        found += [()] * (len(self.items) - len(found))
        for place in np.flatnonzero(self.boosted).tolist():
            found[place] += (BOOST,)
        return [each or fallback for each in found]

    def leading(self) -> list[Source]:
        """The source that contributes most to the score of each item; BOOST where none does."""
        weights = np.array([*self.weights.values()])[:, None]
        added = np.maximum(self.z_scores * weights, 0)
        if not len(added):
            return [BOOST if each else FALLBACK for each in self.boosted.tolist()]
        sources = tuple(self.weights)
        boosted = self.boosted.tolist()
        found = [
            sources[most] if added[most, place] else BOOST if boosted[place] else FALLBACK
            for place, most in enumerate(added.argmax(axis=0).tolist())
        ]
        return found + [FALLBACK] * (len(self.items) - len(found))

    def contributions(self, place: int) -> tuple[Contribution, ...]:
        """What makes up the score of the item at a place."""
        if place >= self.z_scores.shape[1]:
            return (Contribution(FALLBACK, 0.0, 0.0, 0.0),)
        z_scores = zip(self.weights.items(), self.z_scores[:, place].tolist(), strict=True)
        found = [
            Contribution(source, z_score, weight, weight * z_score)
            for (source, weight), z_score in z_scores
            if z_score > 0
        ]
        if added := float(self.boosted[place]):
            found.append(Contribution(BOOST, added, 1.0, added))
        return tuple(found) or (Contribution(FALLBACK, 0.0, 0.0, 0.0),)


@dataclass(frozen=True)
class Ranker:
    """Ranks the items of a view; ties go by row."""

    view: View
    settings: RetrievalSettings

    @cached_property
    def _weights(self) -> Weights:
        """What the settings say, else what was chosen in training."""
        fixed = self.settings.weights
        return tuple(
            replace(group, weights={**group.weights, **fixed})
            for group in self.view.snapshot.manifest.weights
        )

    def weights_for(self, profile: UserProfile) -> Mapping[str, float]:
        """What each source weighs for someone, by how many items they like."""
        return weights_for(self._weights, profile.likes)

    def request(self, profile: UserProfile, query: Query, context: Context) -> Request:
        """What there is to rank for a profile."""
        rules = self.rules(query, context, profile.attributes)
        eligible = self.eligible(profile, rules, query, context.now)
        return self.request_among(profile, eligible, query.segment, rules, query.weights)

    def request_among(
        self,
        profile: UserProfile,
        eligible: NDArray[np.bool_],
        segment: str | None = None,
        rules: CompiledRules = CompiledRules(),  # noqa: B008 - it is frozen
        weights: Mapping[str, float] = NO_WEIGHTS,
    ) -> Request:
        """What there is to rank for a profile among the items [I + N] that may be recommended.

        `weights` are of sources, in place of those that serve.
        """
        snapshot, weights = self.view.snapshot, {**self.weights_for(profile), **weights}
        known, count = eligible[: len(snapshot.items)], self.settings.candidates
        found = [
            source.retrieve(profile, known, count)
            for source in self.view.items.sources
            if weights.get(source.name)
        ]
        segment = snapshot.popularity.segment_of(profile, segment)
        if weights.get(snapshot.popularity.name):
            found.append(snapshot.popularity.retrieve_in(segment, known, count))
        candidates = tuple(each for each in found if each is not None)
        return Request(rules, eligible, candidates, weights, segment)

    def best(self, request: Request, k: int) -> Ranking:
        """The `k` best items of the snapshot."""
        fused, boosted = _boosted(fuse(request.found, request.weights), request.rules)
        items, scores, retrieved = fused.items, fused.scores, len(fused.items)
        if retrieved < k:
            left = request.eligible.copy()
            left[items] = False
            popular = self.view.snapshot.popularity.order
            items = np.concatenate([items, popular[left[popular]]])
            filling = np.zeros(len(items) - retrieved)
            scores, boosted = (np.concatenate([each, filling]) for each in (scores, boosted))
        weights = {each.source: request.weights[each.source] for each in request.found}
        return Ranking(
            items[:k], scores[:k], retrieved, weights, fused.z_scores[:, :k], boosted[:k]
        )

    def all(self, request: Request) -> Ranking:
        """Every item of the snapshot that may be recommended."""
        return self.best(request, len(self.view.snapshot.items))

    def diverse(self, request: Request, diversity: float, k: int) -> Ranking:
        """The `k` that are best and unlike each other; those that were retrieved come first."""
        among = self.best(request, DIVERSE_AMONG * k)
        retrieved = min(among.retrieved, len(among.items))
        chosen = diversified(
            among.scores[:retrieved], self.similarity(among.items[:retrieved]), diversity, k
        )
        order = np.concatenate([chosen, np.arange(retrieved, len(among.items))])[:k]
        return replace(
            among,
            items=among.items[order],
            scores=among.scores[order],
            z_scores=among.z_scores[:, chosen],
            boosted=among.boosted[order],
            retrieved=len(chosen),
        )

    def rules(
        self, query: Query, context: Context, attributes: Mapping[str, AttributeValue]
    ) -> CompiledRules:
        """The rules and lists of a query, for all items of the view, and attributes of who asks."""
        if not query.filters_items:
            return CompiledRules()
        table = self.view.items.table

        def shared(rule: Rule) -> frozenset[str]:
            events = (each for each in context.events or () if query.happened(each))
            return table.shared(rule, (e.item for e in events if e.kind == rule.shared_by))

        return compile_rules(
            table,
            query.all_rules,
            shared,
            context.now,
            query.allow,
            frozenset(query.deny).union(query.about),
            Asker(attributes, (*query.items, *query.about)),
        )

    def eligible(
        self, profile: UserProfile, rules: CompiledRules, query: Query, now: int
    ) -> NDArray[np.bool_]:
        """Which items [I + N] may be recommended."""
        items = self.view.items
        eligible = np.ones(len(items.ids), bool)
        for _, passes in rules.filters:
            eligible &= passes
        if query.exclude_seen:
            eligible[profile.seen] = False
        eligible[self.held_back(profile, now)] = False
        eligible[items.deleted] = False
        return eligible

    def held_back(self, profile: UserProfile, now: int) -> Rows:
        """The items that someone dislikes, and that it is too early to recommend once more.

        One that was disliked at an unknown time, or where no time is known now, is held back, too.
        """
        until = profile.disliked_at + self.settings.disliked_days * DAY
        return profile.disliked[(profile.disliked_at == 0) | (now < until)]

    def similarity(self, items: Rows) -> NDArray[np.floating]:
        """How similar N items are [N, N]: cosine of embeddings, or of who likes them."""
        snapshot = self.view.snapshot
        vectors = snapshot.embeddings
        if vectors is not None:
            unit = vectors.item_without_bias[items] / vectors.item_lengths[items, None]
            return np.maximum(unit @ unit.T, 0)
        likers = snapshot.likes.by_item[items].astype(np.float64)
        degree = np.maximum(np.diff(likers.indptr), 1)
        return (likers @ likers.T).toarray() / np.sqrt(np.outer(degree, degree))


def _boosted(fused: Fused, rules: CompiledRules) -> tuple[Fused, NDArray[np.float64]]:
    """A ranking by the scores after all boosts, and what these added [N]; ties by row."""
    if not rules.boosts:
        return fused, np.zeros(len(fused.items))
    after = rules.boosted(fused.items, fused.scores)
    order = np.lexsort((fused.items, -after))
    ranked = Fused(fused.items[order], after[order], fused.z_scores[:, order])
    return ranked, (after - fused.scores)[order]
