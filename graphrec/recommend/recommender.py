"""Recommendations from a snapshot: recall from several sources, one ranking, a reason for each.

Each source gives its best candidates: items that the graph filter finds in the neighbourhood of the
history, items whose embedding is nearest to the user's, popular items. They are ranked together by
`graphrec.ranking.fusion`: the score of an item is the sum, over the sources, of

    weight of the source · strength of the item in the eyes of the source

whoever recalled it. What the user has met is left out of every source, and popular items that no
source recalled fill the list up, with score 0. So a list is short only where there is nothing left
to recommend. A user who likes nothing, or whom the snapshot does not know, gets the popular items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import merge
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.errors import UnknownNode
from graphrec.ranking.exploration import EvenPool, Explored, Pool, explore
from graphrec.ranking.fusion import Opinion
from graphrec.ranking.thompson import Posteriors, ThompsonPool
from graphrec.recommend import profile as tastes
from graphrec.recommend.browse import Directory
from graphrec.recommend.explainer import Explainer
from graphrec.recommend.live_items import LiveItems
from graphrec.recommend.profile import Taste
from graphrec.recommend.profiles import People
from graphrec.recommend.query import AS_RANKED, About, Live, Options
from graphrec.recommend.ranker import Asked, Ranker, Ranking
from graphrec.recommend.related import Related, liked_together, nearest
from graphrec.recommend.results import Contribution, Explanation, Recommendation, WhyNot
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.snapshot import Snapshot
from graphrec.store.protocol import Similarity

PATHS = 3
"""Paths given with each recommendation."""

MIN_SUPPORT = 2
"""People two items must share to be related in the graph: one may be chance."""

NOTHING_SINCE, NOTHING_SAID = Live(), About()


@dataclass(frozen=True)
class Recommender:
    """Lists, related items and explanations; all of it deterministic, with ties by row.

    `options` say what a list should be like, and `live` what is known since the snapshot was made.
    """

    snapshot: Snapshot
    retrieval: RetrievalSettings

    def recommend(
        self,
        user: str,
        k: int,
        options: Options = AS_RANKED,
        live: Live = NOTHING_SINCE,
        rng: np.random.Generator | None = None,
    ) -> tuple[Recommendation, ...]:
        """The `k` best items that the user has not met; popular ones where the user is unknown.

        `rng` is what places for exploration are drawn by; without it there is none.
        """
        return self._list(self._people.user(user, options, live), k, options, live, rng)

    def recommend_for(
        self,
        items: Sequence[str],
        k: int,
        options: Options = AS_RANKED,
        live: Live = NOTHING_SINCE,
        rng: np.random.Generator | None = None,
        about: About = NOTHING_SAID,
    ) -> tuple[Recommendation, ...]:
        """The `k` best items for someone who likes `items`, which are left out.

        Popular items where nothing else is known of them. Raises UnknownNode.
        """
        return self._list(self._people.session(items, about, live), k, options, live, rng)

    def rank(self, users: Rows, k: int) -> Rows:
        """The lists of `recommend` for B user rows: item rows [B, k], -1 where a list is short."""
        return self._rank((tastes.of_user(self.snapshot, int(user)) for user in users), k)

    def rank_sessions(self, histories: Sequence[Rows], k: int) -> Rows:
        """The lists of `recommend_for` for B histories of distinct item rows: [B, k], as `rank`."""
        return self._rank((tastes.of_history(self.snapshot, each) for each in histories), k)

    def _rank(self, people: Iterable[Taste], k: int) -> Rows:
        lists = [self._ranker.best(self._asked(taste), k).items for taste in people]
        ranked = np.full((len(lists), k), -1, np.int32)
        for row, items in zip(ranked, lists, strict=True):
            row[: len(items)] = items
        return ranked

    def score(self, users: Rows) -> NDArray[np.float32]:
        """The fused scores [B, I] of all items, recalled, met or not.

        For tables in which the models are asked about given candidates; lists need less work.
        """
        everything = np.arange(len(self.snapshot.popularity), dtype=np.int32)
        scores = np.zeros((len(users), len(everything)), np.float32)
        for row, user in zip(scores, users.tolist(), strict=True):
            asked = self._asked(tastes.of_user(self.snapshot, user))
            for opinion in asked.opinions:
                row += asked.weights[opinion.source] * opinion.of(everything)
        return scores

    def opinions(self, taste: Taste) -> tuple[Opinion, ...]:
        """What the sources say to someone of what they have not met."""
        return self._asked(taste).opinions

    def explain(
        self,
        user: str,
        item: str,
        k: int = PATHS,
        options: Options = AS_RANKED,
        live: Live = NOTHING_SINCE,
    ) -> Explanation:
        """Why `item` for `user`, with the `k` best paths between them; raises UnknownNode."""
        taste = self._people.known_user(user, options, live)
        return self._explainer.explanation(taste, item, k, options, live)

    def explain_session(
        self,
        items: Sequence[str],
        item: str,
        k: int = PATHS,
        options: Options = AS_RANKED,
        live: Live = NOTHING_SINCE,
        about: About = NOTHING_SAID,
    ) -> Explanation:
        """Why `item` for someone who likes `items`; raises UnknownNode."""
        taste = self._people.session(items, about, live)
        return self._explainer.explanation(taste, item, k, options, live)

    def why_not(
        self, user: str, item: str, options: Options = AS_RANKED, live: Live = NOTHING_SINCE
    ) -> WhyNot:
        """What becomes of `item` in lists for `user`, known or not; raises UnknownNode.

        As ranked: before a list is made diverse, or places are given to chance.
        """
        taste = self._people.user(user, options, live)
        return self._explainer.why_not(taste, item, options, live)

    def why_not_session(
        self,
        items: Sequence[str],
        item: str,
        options: Options = AS_RANKED,
        live: Live = NOTHING_SINCE,
        about: About = NOTHING_SAID,
    ) -> WhyNot:
        """What becomes of `item` in lists for someone who likes `items`; raises UnknownNode."""
        taste = self._people.session(items, about, live)
        return self._explainer.why_not(taste, item, options, live)

    def related(
        self,
        item: str,
        k: int,
        by: Literal["graph", "embedding"] = "graph",
        similarity: Similarity = "cosine",
        min_support: int = MIN_SUPPORT,
        live: Live = NOTHING_SINCE,
    ) -> tuple[Related, ...]:
        """The `k` items most like `item`: liked by the same people, or of the nearest embeddings.

        `similarity` and `min_support` are of the people; embeddings are compared by cosine, those
        of new items too. Raises UnknownNode, and SnapshotError where embeddings are asked for and
        there are none.
        """
        new = {} if live.overlay is None else live.overlay.items
        deleted = set() if live.overlay is None else set(live.overlay.deleted)
        if item in deleted or (item not in self.snapshot.likes.items and item not in new):
            raise UnknownNode("item", item)
        titles = self._live_items.titles(live)
        if by == "embedding":
            newcomers = self._live_items.newcomers(live)
            return nearest(self.snapshot, item, k, deleted, newcomers, titles)
        return liked_together(self.snapshot, item, k, deleted, similarity, min_support, titles)

    @cached_property
    def directory(self) -> Directory:
        """The items and users that it knows."""
        return Directory(self.snapshot)

    @cached_property
    def _live_items(self) -> LiveItems:
        return LiveItems(self.snapshot)

    @cached_property
    def _people(self) -> People:
        return People(self.snapshot, self._live_items)

    @cached_property
    def _ranker(self) -> Ranker:
        return Ranker(self.snapshot, self.retrieval, self._live_items)

    @cached_property
    def _explainer(self) -> Explainer:
        return Explainer(self.snapshot, self._ranker, self._live_items)

    @cached_property
    def _posteriors(self) -> Posteriors:
        """Of all items by row, and at the end of one that nobody has met."""
        likes = self.snapshot.likes
        met = np.bincount(likes.seen.indices, minlength=len(likes.items))
        return Posteriors(np.append(likes.degrees, 0), np.append(met, 0))

    def _asked(self, taste: Taste) -> Asked:
        return self._ranker.asked(taste, AS_RANKED, NOTHING_SINCE)

    def _list(
        self,
        taste: Taste,
        k: int,
        options: Options,
        live: Live,
        rng: np.random.Generator | None,
    ) -> tuple[Recommendation, ...]:
        asked = self._ranker.asked(taste, options, live)
        if options.diversity:
            ranking = self._ranker.diverse(asked, options.diversity, k)
        else:
            ranking = self._ranker.best(asked, k)
        titles = self._live_items.titles(live)
        ranked = self._recommendations(taste, ranking, asked.segment, titles, options.explain)
        listed = self._with_newcomers(ranked, taste, k, options, live)
        if rng is None or not options.exploration:
            return listed
        left = asked.eligible.copy()
        left[ranking.items] = False
        there = {each.item for each in listed}
        allowed = self._live_items.allowed_new(options, live)
        new = {item: title for item, title in allowed.items() if item not in there}
        pool = self._pool(np.flatnonzero(left), list(new), options)
        return tuple(
            self._explored(each, titles, new) if isinstance(each, Explored) else each
            for each in explore(listed, pool, options.exploration, k, rng)
        )

    def _recommendations(
        self,
        taste: Taste,
        ranking: Ranking,
        segment: str | None,
        titles: Sequence[str | None],
        explain: bool,
    ) -> tuple[Recommendation, ...]:
        """A ranking with its reasons."""
        ids = self.snapshot.likes.items.ids
        columns = zip(
            ranking.items.tolist(),
            ranking.scores.tolist(),
            ranking.speaking(),
            self._explainer.because(taste, ranking.items, PATHS, titles),
            strict=True,
        )
        return tuple(
            Recommendation(
                ids[row],
                titles[row],
                score,
                sources,
                self._explainer.sentence(row, because, sources, segment, titles[row]),
                because,
                ranking.contributions(place) if explain else (),
            )
            for place, (row, score, sources, because) in enumerate(columns)
        )

    def _with_newcomers(
        self,
        listed: tuple[Recommendation, ...],
        taste: Taste,
        k: int,
        options: Options,
        live: Live,
    ) -> tuple[Recommendation, ...]:
        """The list, in which the new items that are nearest to the user have a share of places.

        They stand where their score puts them, at the end at the latest, so that they can earn
        their first interactions.
        """
        new, share = self._live_items.newcomers(live), self.retrieval.new_items
        if not new.items or not share or taste.vector is None:
            return listed
        strengths = self._ranker.sources.nearness(taste.vector, new.vectors)
        met = taste.met if options.exclude_seen else frozenset()
        allowed = self._live_items.allowed_new(options, live)
        ids = list(new.items)
        best = (at for at in np.argsort(-strengths, kind="stable").tolist() if strengths[at] > 0)
        fitting = (at for at in best if ids[at] in allowed and ids[at] not in met)
        weight = self._ranker.sources.weights_for(taste)["embedding"]
        near = [
            _newcomer(ids[at], allowed[ids[at]], float(strengths[at]), weight)
            for at in islice(fitting, max(1, int(share * k)))
        ]
        return tuple(merge(listed[: k - len(near)], near, key=lambda each: -each.score))

    def _pool(self, rows: NDArray[np.intp], new: Sequence[str], options: Options) -> Pool:
        """What chance draws from: items by row, and items that nobody has met yet."""
        ids = self.snapshot.likes.items.ids
        items = [*(ids[row] for row in rows.tolist()), *new]
        if options.exploration_by == "epsilon":
            return EvenPool(items)
        nobody = np.full(len(new), len(ids))
        return ThompsonPool(items, self._posteriors.groups[[*rows, *nobody]], self._posteriors)

    def _explored(
        self, explored: Explored, titles: Sequence[str | None], new: Mapping[str, str | None]
    ) -> Recommendation:
        row = self.snapshot.likes.items.rows.get(explored.item)
        title = new[explored.item] if row is None else titles[row]
        return Recommendation(
            item=explored.item,
            title=title,
            score=0.0,
            sources=("exploration",),
            reason=f"To find out whether you like {title or explored.item}",
            because=(),
            contributions=(Contribution("exploration", 0.0, 0.0, 0.0),),
            propensity=explored.propensity,
        )


def _newcomer(item: str, title: str | None, strength: float, weight: float) -> Recommendation:
    return Recommendation(
        item=item,
        title=title,
        score=weight * strength,
        sources=("embedding",),
        reason="New, and close to your taste",
        because=(),
        contributions=(Contribution("embedding", strength, weight, weight * strength),),
    )
