"""The ranking of all items for someone: the one way in which lists are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Rows
from graphrec.data.weighting import DAY
from graphrec.ranking.diversity import diversified
from graphrec.ranking.fusion import (
    BOOST,
    FALLBACK,
    POLICY,
    Fused,
    Source,
    Weights,
    fuse,
    weights_for,
)
from graphrec.ranking.learned.ranker import LearnedRanker
from graphrec.ranking.q_network.network import QNetwork
from graphrec.ranking.q_network.shown import NOT_SHOWN, ShownTo, shown_in
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
    profile: UserProfile = field(default_factory=UserProfile)
    now: int = 0
    """Milliseconds since 1970; 0: unknown."""
    ranker: LearnedRanker | None = None
    """What adds to the fused scores, if anything does."""
    network: QNetwork | None = None
    """What adds to these, if a policy does."""
    shown: ShownTo = NOT_SHOWN
    """What was shown to them lately, as in `Context`."""


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
    ranker: LearnedRanker | None = None
    """What added to the fused scores, where something did."""
    features: NDArray[np.float32] | None = None
    """[N, F]: what it went by; of the fallback none, or NaN."""
    policy: NDArray[np.float64] | None = None
    """[N]: what the Q-network of a policy added; of the fallback none, or 0."""
    strength: float = 0.0
    """What its values weigh."""

    @cached_property
    def learned(self) -> Mapping[Source, NDArray[np.float64]]:
        """What the learned ranker added to the scores [N], by sources and groups of features."""
        if self.ranker is None or self.features is None:
            return {}
        retrieved = ~np.isnan(self.features).all(axis=1)
        found = self.ranker.contributions(self.features)
        return {name: np.where(retrieved, added, 0) for name, added in found.items()}

    def at(self, places: Sequence[int]) -> Ranking:
        """The items at some places, in their order."""
        missing = len(self.items) - self.z_scores.shape[1]
        z_scores, features = np.pad(self.z_scores, ((0, 0), (0, missing))), self.features
        if features is not None:
            features = np.pad(features, ((0, missing), (0, 0)), constant_values=np.nan)
        policy = self.policy
        if policy is not None:
            policy = np.pad(policy, (0, len(self.items) - len(policy)))
        rows = np.array(places, np.intp)
        return replace(
            self,
            items=self.items[rows],
            scores=self.scores[rows],
            z_scores=z_scores[:, rows],
            boosted=self.boosted[rows],
            features=None if features is None else features[rows],
            policy=None if policy is None else policy[rows],
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
        if self.policy is not None:
            for place in np.flatnonzero(self.policy > 0).tolist():
                found[place] += (POLICY,)
        return [each or fallback for each in found]

    def leading(self) -> list[Source]:
        """The source that contributes most to the score of each item; BOOST where none does."""
        added = self._added
        if not len(added):
            return [BOOST if each else FALLBACK for each in self.boosted.tolist()]
        sources = tuple(self.weights)
        boosted = self.boosted.tolist()
        found = [
            sources[most]
            if added[most, place] > 0 or (added[most, place] < 0 and boosted[place] <= 0)
            else (BOOST if boosted[place] else FALLBACK)
            for place, most in enumerate(added.argmax(axis=0).tolist())
        ]
        return found + [FALLBACK] * (len(self.items) - len(found))

    def contributions(self, place: int) -> tuple[Contribution, ...]:
        """What makes up the score of the item at a place."""
        if place >= self.z_scores.shape[1]:
            return (Contribution(FALLBACK, 0.0, 0.0, 0.0),)
        z_scores = dict(zip(self.weights, self.z_scores[:, place].tolist(), strict=True))
        learned = {name: float(added[place]) for name, added in self.learned.items()}
        found = [
            Contribution(source, z_score, weight, weight * z_score + more, more)
            for source in {**z_scores, **learned}
            if (z_score := z_scores.get(source, 0.0)) > 0 or learned.get(source)
            for weight, more in [(self.weights.get(source, 0.0), learned.get(source, 0.0))]
        ]
        if self.policy is not None and (added := float(self.policy[place])):
            found.append(Contribution(POLICY, added / self.strength, self.strength, added))
        if added := float(self.boosted[place]):
            found.append(Contribution(BOOST, added, 1.0, added))
        return tuple(found) or (Contribution(FALLBACK, 0.0, 0.0, 0.0),)

    @property
    def _added(self) -> NDArray[np.float64]:
        """What each source adds to the scores: [S, N]."""
        weights = np.array([*self.weights.values()])[:, None]
        learned = [self.learned.get(source, 0) for source in self.weights]
        found = self.z_scores * weights
        for own, more in zip(found, learned, strict=True):
            own += more
        return found


@dataclass(frozen=True)
class Ranker:
    """Ranks the items of a view; ties go by row."""

    view: View
    settings: RetrievalSettings
    network: QNetwork | None = None
    """What re-ranks, by a policy."""

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

    @cached_property
    def _learned(self) -> LearnedRanker | None:
        """What was learned beside the weights that serve; None where the settings have others."""
        return None if self.settings.weights else self.view.snapshot.ranker

    def request(self, profile: UserProfile, query: Query, context: Context) -> Request:
        """What there is to rank for a profile."""
        rules = self.rules(query, context, profile.attributes)
        eligible = self.eligible(profile, rules, query, context.now)
        return self.request_among(
            profile, eligible, query.segment, rules, query.weights, context.now, context.shown
        )

    def request_among(
        self,
        profile: UserProfile,
        eligible: NDArray[np.bool_],
        segment: str | None = None,
        rules: CompiledRules = CompiledRules(),  # noqa: B008 - it is frozen
        weights: Mapping[str, float] = NO_WEIGHTS,
        now: int = 0,
        shown: ShownTo = NOT_SHOWN,
    ) -> Request:
        """What there is to rank for a profile among the items [I + N] that may be recommended.

        `weights` are of sources, in place of those that serve; then nothing learned beside these is
        added. `now` is in milliseconds since 1970; 0: unknown. `shown` is what was shown lately.
        """
        ranker = self._learned
        if ranker is not None and (weights or not ranker.serves(profile)):
            ranker = None
        given = bool(weights)
        snapshot, weights = self.view.snapshot, {**self.weights_for(profile), **weights}
        known, count = eligible[: len(snapshot.items)], self.settings.candidates
        found = [
            source.retrieve(profile, known, count)
            for source in self.view.items.sources
            if ranker or weights.get(source.name)
        ]
        segment = snapshot.popularity.segment_of(profile, segment)
        if ranker or weights.get(snapshot.popularity.name):
            found.append(snapshot.popularity.retrieve_in(segment, known, count))
        candidates = tuple(each for each in found if each is not None)
        network = None if given else self.network
        return Request(
            rules, eligible, candidates, weights, segment, profile, now, ranker, network, shown
        )

    def best(self, request: Request, k: int) -> Ranking:
        """The `k` best items of the snapshot."""
        fused, boosted = _boosted(self._ranked(request), request.rules)
        items, scores, retrieved = fused.items, fused.scores, len(fused.items)
        if retrieved < k:
            left = request.eligible.copy()
            left[items] = False
            popular = self.view.snapshot.popularity.order
            items = np.concatenate([items, popular[left[popular]]])
            filling = np.zeros(len(items) - retrieved)
            scores, boosted = (np.concatenate([each, filling]) for each in (scores, boosted))
        weights = {each.source: request.weights.get(each.source, 0.0) for each in request.found}
        return Ranking(
            items[:k],
            scores[:k],
            retrieved,
            weights,
            fused.z_scores[:, :k],
            boosted[:k],
            request.ranker,
            None if fused.features is None else fused.features[:k],
            None if fused.policy is None else fused.policy[:k],
            0.0 if request.network is None else request.network.strength,
        )

    def _ranked(self, request: Request) -> Fused:
        """All that was retrieved, by the fused scores and what is added to them.

        That is what a learned ranker adds, and then the Q-network of a policy.
        """
        fused = self.fused(request)
        if request.network is None:
            return fused
        shown = shown_in(
            request.shown, self.view.items.ids.rows, request.now, request.network.half_life_hours
        )
        added = request.network.added(
            fused.items, fused.scores, request.profile, shown, request.now
        )
        return replace(fused, policy=added).ranked(fused.scores + added)

    def fused(self, request: Request) -> Fused:
        """The same without what a policy adds."""
        fused = fuse(request.found, request.weights)
        if request.ranker is None:
            return fused
        found = [each.source for each in request.found]
        facts = self.view.snapshot.item_facts
        return request.ranker.rank(fused, found, request.profile, facts, request.now or None)

    def all(self, request: Request) -> Ranking:
        """Every item of the snapshot that may be recommended."""
        return self.best(request, len(self.view.snapshot.items))

    def diverse(self, request: Request, diversity: float, k: int) -> Ranking:
        """The `k` that are best and unlike each other; those that were retrieved come first."""
        among = self.best(request, DIVERSE_AMONG * k)
        retrieved = min(among.retrieved, len(among.items))
        scores = among.scores[:retrieved]
        above = scores - min(scores.min(initial=0), 0)  # what was learned may be below 0
        chosen = diversified(above, self.similarity(among.items[:retrieved]), diversity, k)
        order = np.concatenate([chosen, np.arange(retrieved, len(among.items))])[:k]
        return replace(
            among,
            items=among.items[order],
            scores=among.scores[order],
            z_scores=among.z_scores[:, chosen],
            features=None if among.features is None else among.features[chosen],
            policy=None if among.policy is None else among.policy[chosen],
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
    before = dict(zip(fused.items.tolist(), fused.scores.tolist(), strict=True))
    ranked = fused.ranked(rules.boosted(fused.items, fused.scores))
    return ranked, ranked.scores - [before[item] for item in ranked.items.tolist()]
