"""Recommendations from a view: candidates from several sources, one ranking, a reason for each.

Each source gives its best candidates: items in the neighbourhood of the history, items whose
embedding is nearest to the user's, popular items, and what else the snapshot holds. They are ranked
together by `graphrec.ranking.fusion`: the score of an item is the sum, over the sources, of

    weight of the source · z-score of the item with the source

whichever retrieved it. What the user has seen is left out of every source, and popular items that
no source retrieved fill the list up, with score 0. So a list is short only where there is nothing
left to recommend. Someone who likes nothing, or whom nobody knows, gets the popular items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from heapq import merge
from importlib import import_module
from pathlib import Path
from time import time_ns
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.data.ids import as_id
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy
from graphrec.errors import DataError, UnknownNode
from graphrec.locations import location_of
from graphrec.placement.definition import Placement
from graphrec.placement.ready import READY, placements_of
from graphrec.progress import Progress
from graphrec.ranking.exploration import EvenPool, Explored, Pool, explore
from graphrec.ranking.fusion import EXPLORATION
from graphrec.ranking.thompson import ThompsonPool
from graphrec.ratings.predictor import PredictedRating
from graphrec.recommend.arrangement import arranged
from graphrec.recommend.asked import asked
from graphrec.recommend.browse import Directory
from graphrec.recommend.bulk import BulkLists
from graphrec.recommend.emptiness import cause_of_emptiness
from graphrec.recommend.explainer import Explainer
from graphrec.recommend.placements.lists import PlacementList, make_placement, placement_of
from graphrec.recommend.placements.question import PlacementQuestion
from graphrec.recommend.predict import predict
from graphrec.recommend.query import NO_CONTEXT, Context, Query, as_query
from graphrec.recommend.ranker import DIVERSE_AMONG, Ranker, Ranking, Request
from graphrec.recommend.reasons import Templates
from graphrec.recommend.related import Related, liked_together, nearest
from graphrec.recommend.results import (
    EMPTY,
    Contribution,
    Explanation,
    Recommendation,
    RecommendationList,
    WhyNot,
)
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reason import Reason
from graphrec.retrieval.source import Candidates
from graphrec.rules.rule import Rule
from graphrec.settings import CACHE, RatingSettings, RetrievalSettings, Settings
from graphrec.snapshot.place import changing, local
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.remote.mirror import also, serving
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.types import types_with
from graphrec.snapshot.view import View
from graphrec.stages import stage
from graphrec.store.delta import Delta
from graphrec.store.protocol import Similarity

PATHS = 3
"""Paths given with each recommendation."""

NO_REASON = Reason("")

MIN_SUPPORT = 2
"""Users two items must share to be related in the graph: one may be chance."""


@dataclass(frozen=True)
class Recommender:
    """Lists, related items and explanations of one view; deterministic, with ties by row."""

    view: View
    settings: RetrievalSettings
    rules: tuple[Rule, ...] = ()
    """Rules that hold of every list that anyone asks for."""
    placements: Mapping[str, Placement] = field(default_factory=lambda: READY)
    """By name."""
    texts: Mapping[str, Templates] = field(default_factory=dict)
    """Templates of reasons of one's own, by language and code."""
    network: str | None = None
    """The policy whose Q-network re-ranks, where the snapshot has one; None: none does."""

    @classmethod
    def serving(cls, snapshot: Snapshot, settings: Settings) -> Recommender:
        """The recommender of a snapshot by the settings of a service."""
        return cls(
            View.of(snapshot, kinds=settings.kinds),
            settings.retrieval,
            settings.rules,
            settings.placements,
            settings.reasons,
        )

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        settings: RetrievalSettings = RetrievalSettings(),  # noqa: B008 - it is frozen
        kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    ) -> Recommender:
        """The recommender of a snapshot alone; `kinds` say what events of a later delta weigh."""
        return cls(View.of(snapshot, kinds=kinds), settings)

    @classmethod
    def fit(
        cls,
        data: Dataset,
        seed: int = 0,
        *,
        ratings: RatingSettings = RatingSettings(),  # noqa: B008 - it is frozen
        **options: Any,
    ) -> Recommender:
        """The recommender of a data set: sources, fusion and weights are chosen on validation.

        Where its events are ratings, a model of them is fitted too, as `ratings` says.

        `options` are those of `graphrec.Fusion`, such as `embeddings={"mf": MF(dim=64)}`. Raises
        DataError where no event of the data is positive.
        """
        if not data.weighted.matrix.nnz:
            raise DataError(
                f"{data!r} has no positive event: expected some to learn from; see `kinds` for "
                f"what counts as positive, such as ratings from 3.5 on"
            )
        fusion = import_module("graphrec.training.fusion")  # what serves does not need it
        fitted = fusion.Fusion(**options).fit(data, seed)
        found: Recommender = fitted.scorer
        predictor = import_module("graphrec.training.ratings").fit_ratings(data, ratings, seed)
        view = replace(
            found.view,
            snapshot=replace(found.snapshot, ratings=predictor),
            kinds=data.kinds or DEFAULT_POLICY,
        )
        return replace(found, view=view)

    @classmethod
    def load(
        cls,
        folder: str | Path,
        version: str | None = None,
        settings: RetrievalSettings = RetrievalSettings(),  # noqa: B008 - it is frozen
        kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY,
        classes: Iterable[type] = (),
    ) -> Recommender:
        """The recommender of the current snapshot of a folder or URL, or of a version.

        What is at a URL is fetched into `~/.cache/graphrec`. `classes` are the sources and models
        from outside graphrec that it was fitted with. Raises SnapshotError where there is no
        snapshot, where it is broken, or where it holds objects of other classes.
        """
        named = also(() if version is None else (version,))
        here = local(location_of(folder), Path(CACHE), named)
        return cls.of(load(here, version, types=types_with(classes)), settings, kinds)

    def save(self, folder: str | Path, classes: Iterable[type] = ()) -> str:
        """Publish the snapshot in a folder or at a URL, where it becomes the current one.

        Returns its version.

        `classes` are the sources and models from outside graphrec that it was fitted with. Raises
        OSError where the folder cannot be written, SnapshotError for objects of other classes, and
        SnapshotsChanged where somebody else published at the URL meanwhile.
        """
        place = location_of(folder)
        if isinstance(place, Path):
            return publish(self.snapshot, place, types=types_with(classes))
        with changing(place, Path(CACHE), "Recommender.save", needs=serving) as here:
            return publish(self.snapshot, here, types=types_with(classes))

    def with_placements(self, placements: Mapping[str, Mapping[str, Any]]) -> Recommender:
        """The recommender with further placements, or with others than the ready-made ones.

        By name, the fields of each: see `graphrec.placement.definition.Placement`. Raises
        SettingsError for what is none.
        """
        return replace(self, placements={**self.placements, **placements_of(placements)})

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot of the view."""
        return self.view.snapshot

    def advanced(self, delta: Delta) -> Recommender:
        """The recommender of a later delta; cheap, as no array is copied."""
        return self if delta is self.view.delta else replace(self, view=self.view.advanced(delta))

    def recommend(
        self, query: Query | str, context: Context = NO_CONTEXT, *, k: int | None = None
    ) -> RecommendationList:
        """The best items that the user has not seen, `k` of them, or as many as the query says.

        A query may be the id of a user.

        Popular ones where nothing is known of the user. Items and friends of the query that are not
        known are named in the list, which is made without them. Raises UnknownName for an
        attribute, relation or kind that there is not.
        """
        found = asked(self.with_rules(as_query(query, k)), self.view, context)
        query = found.query
        with stage("profile"):
            profile = self.profile(query, context)
        with stage("retrieve"):
            request = self.ranker.request(profile, query, context)
        with stage("rank"):
            ranking = self._ranking(request, query)
        with stage("reasons"):
            listed = self._recommendations(profile, ranking, request.segment, query)
            listed = self._with_cold_items(listed, profile, request, query, context)
        if context.rng is not None and query.exploration:
            eligible = request.eligible.copy()
            eligible[ranking.items] = False
            listed = self.explored(listed, eligible, query, context)
        empty = None
        warnings = found.warnings
        if not listed:
            empty = cause_of_emptiness(self.view, query, request, profile.seen)
            warnings += (f"the list is empty: {EMPTY[empty]}",)
        return RecommendationList(
            self.snapshot.manifest.version,
            query.user,
            listed,
            found.unknown_items,
            found.unknown_friends,
            warnings,
            empty,
        )

    def explain(
        self, query: Query | str, item: str, paths: int = PATHS, context: Context = NO_CONTEXT
    ) -> Explanation:
        """Why `item`, with the best `paths` between it and the user; raises UnknownNode.

        For a user of whom nothing is known, too; and UnknownName.
        """
        found = asked(self.with_rules(as_query(query)), self.view, context)
        query = found.query
        item = as_id(item)
        profile = self.profile(query, context)
        if query.user is not None and not (self.view.knows(query.user) or len(profile.seen)):
            raise UnknownNode("user", query.user)
        explanation = self.explainer.explanation(profile, item, paths, query, context)
        return replace(explanation, warnings=found.warnings)

    def why_not(self, query: Query | str, item: str, context: Context = NO_CONTEXT) -> WhyNot:
        """What becomes of `item` in the list of a query; raises UnknownNode and UnknownName.

        As ranked: before a list is made diverse, or places are given to exploration.
        """
        item = as_id(item)
        found = asked(self.with_rules(as_query(query)), self.view, context)
        profile = self.profile(found.query, context)
        why = self.explainer.why_not(profile, item, found.query, context)
        return replace(why, warnings=found.warnings)

    def related(
        self,
        item: str,
        k: int = 10,
        by: Literal["graph", "embedding"] = "graph",
        similarity: Similarity = "cosine",
        min_support: int = MIN_SUPPORT,
        now: int | None = None,
    ) -> tuple[Related, ...]:
        """The `k` items most like `item`: liked by the same users, or of the nearest embeddings.

        `similarity` and `min_support` are of the users; embeddings are compared by cosine, those of
        new items too. Rules that hold of every list hold here, as of `now` (`allowed`). Raises
        UnknownNode, and SnapshotError where embeddings are asked for and
        there are none.
        """
        item = as_id(item)
        if item in self.view.delta.deleted or item not in self.view.items.ids:
            raise UnknownNode("item", item)
        eligible = self.allowed(now)
        if by == "embedding":
            return nearest(self.view, item, k, eligible)
        return liked_together(self.view, item, k, similarity, min_support, eligible)

    def allowed(self, now: int | None = None) -> NDArray[np.bool_]:
        """Which items [I + N] may be listed to anyone, by the rules that hold of every list.

        `now` is in milliseconds since 1970, None: the time of the machine. Rules that go by what
        somebody did mean no item here.
        """
        query = Query(standing=self.rules, exclude_seen=False)
        context = Context(time_ns() // 1_000_000 if now is None else now)
        rules = self.ranker.rules(query, context, {})
        return self.ranker.eligible(UserProfile(), rules, query, context.now)

    def placement(
        self,
        name: str,
        user: str | None = None,
        *,
        item: str | None = None,
        items: Sequence[str] = (),
        context: Context | None = None,
        **asked: Any,
    ) -> PlacementList:
        """The list of a placement, such as `also-bought`, for a user, beside items, or both.

        `asked` are further fields of `PlacementQuestion`, such as `k` and `where`. Without a
        context, it is as of now. Raises UnknownPlacement, UnknownName for an attribute or a
        relation that there is not, and DataError where a placement needs items and none is given.
        """
        among = tuple(items) if item is None else (item, *items)
        question = PlacementQuestion(user, among, **asked)
        return self.placed(name, question, context or Context(time_ns() // 1_000_000))

    def placed(self, name: str, question: PlacementQuestion, context: Context) -> PlacementList:
        """The same for a question; raises as `placement`."""
        return make_placement(self, name, question, context)

    def predict(self, user: str, item: str) -> PredictedRating:
        """What a user would give an item, on the scale of the ratings of the data.

        Of an id without ratings, known or not, the prediction is made of what is left, and says so.
        Raises SnapshotError where the snapshot has no model of ratings.
        """
        return predict(self.view, as_id(user), as_id(item))

    def recommend_all(
        self,
        k: int = 10,
        batch: int = 1000,
        users: Sequence[str] | None = None,
        progress: Progress | None = None,
        placement: str | None = None,
        at: int | None = None,
    ) -> BulkLists:
        """The lists of all users, or of some, made in blocks of `batch` users when asked for.

        `progress` is called after each block with how many lists are done, and of how many. Rules
        that hold of every list hold here; they are as of now, or `at` a time in milliseconds since
        1970. Without a placement, lists hold items of the snapshot.
        Raises UnknownPlacement; use `recommend` and `placement` for reasons.
        """
        if placement is not None:
            placement_of(self, placement)

        def listed(user: str) -> tuple[Sequence[str], Sequence[float]]:
            if placement is None:
                query = self.with_rules(Query(user, k=k))
                ranking = self._ranking(
                    self.ranker.request(self.view.user(user), query, now), query
                )
                ids = self.view.items.ids.ids
                return [ids[row] for row in ranking.items.tolist()], ranking.scores.tolist()
            found = self.placed(placement, PlacementQuestion(user, k=k, reasons=False), now)
            return [each.item for each in found], [each.score for each in found]

        now = Context(time_ns() // 1_000_000 if at is None else at)
        asked_for = self.everyone if users is None else tuple(users)
        unknown = tuple(user for user in asked_for if not self.view.knows(user))
        return BulkLists(asked_for, batch, listed, progress, unknown)

    @property
    def everyone(self) -> tuple[str, ...]:
        """The ids of all users of the snapshot, and of those who came since."""
        since = (user for user in self.view.delta.users if self.view.row(user) is None)
        return (*self.snapshot.users.ids, *since)

    def profile(self, query: Query, context: Context = NO_CONTEXT) -> UserProfile:
        """Who asks, as of now; raises UnknownNode for an unknown item or friend of a session."""
        if query.user is None:
            return self.view.session(query.items, query.attributes, query.friends)
        if query.replaces_history:
            counted = [event for event in context.events or () if query.includes(event)]
            return self.view.user_of_events(query.user, counted)
        return self.view.user(query.user)

    def rank(self, users: Rows, k: int) -> Rows:
        """The lists for B user rows of the snapshot: item rows [B, k], -1 where a list is short."""
        return self._rank((self.view.stored(int(user)) for user in users), k)

    def rank_histories(self, histories: Sequence[Rows], k: int) -> Rows:
        """The lists for B histories of distinct item rows: [B, k], as `rank`."""
        return self._rank((self.view.history(each) for each in histories), k)

    def score(self, users: Rows) -> NDArray[np.float32]:
        """The fused scores [B, I] of all items, retrieved, seen or not, for B user rows.

        For protocols that rank given candidates; lists need less work.
        """
        everything = np.arange(len(self.snapshot.items), dtype=np.int32)
        scores = np.zeros((len(users), len(everything)), np.float32)
        for row, user in zip(scores, users.tolist(), strict=True):
            request = self._request(self.view.stored(user))
            for found in request.found:
                row += request.weights[found.source] * found.z_scores(everything)
        return scores

    def candidates(self, profile: UserProfile) -> tuple[Candidates, ...]:
        """What the sources find for a profile among items that it has not seen."""
        return self._request(profile).found

    @cached_property
    def directory(self) -> Directory:
        """The items and users of the view, for browsing."""
        return Directory(self.view)

    @cached_property
    def ranker(self) -> Ranker:
        """What ranks the items of the view."""
        networks = self.snapshot.networks
        network = None if self.network is None else networks.get(self.network)
        return Ranker(self.view, self.settings, network)

    @cached_property
    def explainer(self) -> Explainer:
        """What gives the reasons of a ranking."""
        return Explainer(self.view, self.ranker, self.texts)

    def with_rules(self, query: Query) -> Query:
        """A query with the rules that hold of every list, before its own standing ones."""
        if query.standing[: len(self.rules)] == self.rules:
            return query
        return replace(query, standing=(*self.rules, *query.standing))

    def _ranking(self, request: Request, query: Query) -> Ranking:
        """The ranking of a list."""
        chosen = bool(query.caps or query.pins)
        if query.diversity:
            length = query.k * DIVERSE_AMONG if chosen else query.k
            ranking = self.ranker.diverse(request, query.diversity, length)
        elif chosen:
            ranking = self.ranker.all(request)
        else:
            ranking = self.ranker.best(request, query.k)
        if not chosen:
            return ranking
        places = arranged(ranking.items, query.k, self.view.items.table, query.caps, query.pins)
        if len(places) < query.k and query.diversity:  # caps need more than are diversified
            return self._ranking(request, replace(query, diversity=0.0))
        return ranking.at(places)

    def _request(self, profile: UserProfile) -> Request:
        return self.ranker.request(profile, Query(), NO_CONTEXT)

    def _rank(self, profiles: Iterable[UserProfile], k: int) -> Rows:
        lists = [self.ranker.best(self._request(profile), k).items for profile in profiles]
        ranked = np.full((len(lists), k), -1, np.int32)
        for row, items in zip(ranked, lists, strict=True):
            row[: len(items)] = items
        return ranked

    def _recommendations(
        self, profile: UserProfile, ranking: Ranking, segment: str | None, query: Query
    ) -> tuple[Recommendation, ...]:
        """A ranking with its reasons."""
        ids, titles = self.view.items.ids.ids, self.view.items.titles
        columns = zip(
            ranking.items.tolist(),
            ranking.scores.tolist(),
            ranking.contributing(),
            ranking.leading(),
            self.explainer.because(profile, ranking.items, PATHS)
            if query.reasons
            else [()] * len(ranking.items),
            strict=True,
        )
        found = []
        for place, (row, score, sources, leading, because) in enumerate(columns):
            reason = NO_REASON
            if query.reasons:
                reason = self.explainer.reason(profile, row, because, leading, segment)
            found.append(
                Recommendation(
                    ids[row],
                    titles[row],
                    score,
                    sources,
                    self.explainer.text(reason, query),
                    because,
                    ranking.contributions(place) if query.explain else (),
                    reason_code=reason.code,
                    reason_values=reason.values,
                )
            )
        return tuple(found)

    def _with_cold_items(
        self,
        listed: tuple[Recommendation, ...],
        profile: UserProfile,
        request: Request,
        query: Query,
        context: Context,
    ) -> tuple[Recommendation, ...]:
        """The list, in which the new items that are nearest to the user have a share of places.

        They stand where their score puts them, at the end at the latest, so that they can earn
        their first interactions.
        """
        items = self.view.items
        share = self.settings.new_items if query.new_items is None else query.new_items
        if not share or not items.new:
            return listed
        places = max(1, int(share * query.k))
        reach = self.settings.new_items_reach
        eligible = request.eligible
        if context.crowded:
            eligible = eligible.copy()
            eligible[items.rows_of(context.crowded)] = False
        found = items.nearest_new(profile, eligible, places, reach)
        if found is None:
            return listed
        # By labels alone nothing says how well an item is liked: it stands at the end.
        weight = request.weights.get(found.source, 0.0)
        near = [
            self._cold(row, found.source, z_score, weight, profile, query)
            for row, z_score in zip(
                found.rows.tolist(), found.z_scores(found.rows).tolist(), strict=True
            )
        ]
        return tuple(merge(listed[: query.k - len(near)], near, key=lambda each: -each.score))

    def explored(
        self,
        listed: tuple[Recommendation, ...],
        eligible: NDArray[np.bool_],
        query: Query,
        context: Context,
    ) -> tuple[Recommendation, ...]:
        """The list, in which a share of places is given to other items that may be listed [I + N].

        They are drawn; the context must have what they are drawn by.
        """
        rng = context.rng or np.random.default_rng()
        rows = self.view.items.ids.rows
        left = eligible.copy()
        left[[rows[each.item] for each in listed]] = False
        pool = self._pool(np.flatnonzero(left), query, context)
        return tuple(
            self._explored_item(each, query) if isinstance(each, Explored) else each
            for each in explore(listed, pool, query.exploration, query.k, rng)
        )

    def _pool(self, rows: NDArray[np.intp], query: Query, context: Context) -> Pool:
        """What exploration draws from."""
        ids = self.view.items.ids.ids
        if query.exploration_by == "epsilon":
            return EvenPool(ids, rows)
        posteriors = self.snapshot.posteriors
        if context.tried is not None:
            posteriors = context.tried.posteriors(posteriors, ids[len(self.snapshot.items) :])
        # Of a new item that was not tried nobody has seen anything: the last group.
        return ThompsonPool(ids, posteriors, rows)

    def _explored_item(self, explored: Explored, query: Query) -> Recommendation:
        title = self.view.items.titles[self.view.items.ids.rows[explored.item]]
        reason = Reason("exploration", {"name": title or explored.item})
        return Recommendation(
            explored.item,
            title,
            0.0,
            (EXPLORATION,),
            self.explainer.text(reason, query),
            (),
            (Contribution(EXPLORATION, 0.0, 0.0, 0.0),),
            explored.propensity,
            reason.code,
            reason.values,
        )

    def _cold(
        self,
        row: int,
        source: str,
        z_score: float,
        weight: float,
        profile: UserProfile,
        query: Query,
    ) -> Recommendation:
        """A new item, by the source that has its vector."""
        items, reason = self.view.items, self.explainer.reason_of_new(profile, row)
        return Recommendation(
            items.ids.ids[row],
            items.titles[row],
            weight * z_score,
            (source,),
            self.explainer.text(reason, query),
            (),
            (Contribution(source, z_score, weight, weight * z_score),),
            reason_code=reason.code,
            reason_values=reason.values,
        )
