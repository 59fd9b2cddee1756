"""Recommendations from a snapshot: recall from several sources, one ranking, a reason for each.

Each source gives its best candidates: items that the graph filter finds in the neighbourhood of the
history, items whose embedding is nearest to the user's, popular items. They are ranked together by
`graphrec.fusion`: the score of an item is the sum, over the sources, of

    weight of the source · strength of the item in the eyes of the source

whoever recalled it. What the user has met is left out of every source, and popular items that no
source recalled fill the list up, with score 0. So a list is short only where there is nothing left
to recommend. A user who likes nothing, or whom the snapshot does not know, gets the popular items.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from heapq import merge
from itertools import islice
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec import taste as tastes
from graphrec.catalogue import Catalogue, labels
from graphrec.config import RecallSettings
from graphrec.data import AttributeValue, Rows, Vocabulary, as_title
from graphrec.directory import Directory
from graphrec.diversity import diversified
from graphrec.errors import SnapshotError, UnknownNode
from graphrec.explain import (
    Because,
    Contribution,
    Explanation,
    Judgement,
    Shared,
    Source,
    Verdict,
    WhyNot,
    reason,
    reason_of_new,
    shared_labels,
)
from graphrec.exploration import EvenPool, Explored, Pool, explore
from graphrec.fusion import Opinion, fuse
from graphrec.neighbours import related_items, vias
from graphrec.newcomers import NONE, Newcomers, arrived
from graphrec.options import About, Live, Options
from graphrec.overlay import Overlay
from graphrec.ranking import top_k
from graphrec.recall import Sources
from graphrec.rules import Rule
from graphrec.ruling import Ruling, rule_on
from graphrec.snapshot import Snapshot, values_at
from graphrec.store.protocol import Similarity
from graphrec.taste import Taste
from graphrec.thompson import Posteriors, ThompsonPool

PATHS = 3
"""Paths given with each recommendation."""

MIN_SUPPORT = 2
"""People two items must share to be related in the graph: one may be chance."""

DIVERSE_AMONG = 5
"""A diverse list is chosen from the best so many times its length."""

AS_RANKED, NOTHING_SINCE, NOTHING_SAID = Options(), Live(), About()


@dataclass(frozen=True)
class Recommendation:
    """An item for someone, and why."""

    item: str
    title: str | None
    score: float
    sources: tuple[Source, ...]
    reason: str
    because: tuple[Because, ...]
    contributions: tuple[Contribution, ...]
    """They sum to `score`."""
    propensity: float | None = None
    """Of an item that chance put here, how likely it was to; None for all others."""


@dataclass(frozen=True)
class Related:
    """An item beside another one."""

    item: str
    title: str | None
    score: float
    """Of the people who like either, or the cosine of the two embeddings."""
    people: int | None
    """How many like both; None where the embeddings were compared."""


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

    def contributions(self, places: slice) -> list[tuple[Contribution, ...]]:
        """What makes up the scores at some places: the sources that speak for each item."""
        said = self.strengths[:, places].T.tolist()
        fallback = len(self.items[places]) - len(said)
        return [
            *map(self._speaking, said, self.boosted[places].tolist()),
            *[(Contribution("fallback", 0.0, 0.0, 0.0),)] * fallback,
        ]

    def _speaking(self, strengths: Sequence[float], added: float) -> tuple[Contribution, ...]:
        found = [
            Contribution(source, strength, weight, weight * strength)
            for (source, weight), strength in zip(self.weights.items(), strengths, strict=True)
            if strength > 0
        ]
        if added:
            found.append(Contribution("boost", added, 1.0, added))
        return tuple(found)


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
class Recommender:
    """Lists, related items and explanations; all of it deterministic, with ties by row.

    `options` say what a list should be like, and `live` what is known since the snapshot was made.
    """

    snapshot: Snapshot
    recall: RecallSettings

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
        return self._recommendations(self._taste_of(user, options, live), k, options, live, rng)

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
        return self._recommendations(self._taste_for(items, about, live), k, options, live, rng)

    def rank(self, users: Rows, k: int) -> Rows:
        """The lists of `recommend` for B user rows: item rows [B, k], -1 where a list is short."""
        return self._rank((tastes.of_user(self.snapshot, int(user)) for user in users), k)

    def rank_sessions(self, histories: Sequence[Rows], k: int) -> Rows:
        """The lists of `recommend_for` for B histories of distinct item rows: [B, k], as `rank`."""
        return self._rank((tastes.of_history(self.snapshot, each) for each in histories), k)

    def _rank(self, people: Iterable[Taste], k: int) -> Rows:
        lists = [self._ranking(self._asked(taste), k).items for taste in people]
        ranked = np.full((len(lists), k), -1, np.int32)
        for row, items in zip(ranked, lists, strict=True):
            row[: len(items)] = items
        return ranked

    def score(self, users: Rows) -> NDArray[np.float32]:
        """The fused scores [B, I] of all items, recalled, met or not.

        For tables in which the models are asked about given candidates; lists need less work.
        """
        everything = np.arange(len(self._popular), dtype=np.int32)
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
        return self._explanation(self._known_taste_of(user, options, live), item, k, options, live)

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
        return self._explanation(self._taste_for(items, about, live), item, k, options, live)

    def why_not(
        self, user: str, item: str, options: Options = AS_RANKED, live: Live = NOTHING_SINCE
    ) -> WhyNot:
        """What becomes of `item` in lists for `user`, known or not; raises UnknownNode.

        As ranked: before a list is made diverse, or places are given to chance.
        """
        return self._why_not(self._taste_of(user, options, live), item, options, live)

    def why_not_session(
        self,
        items: Sequence[str],
        item: str,
        options: Options = AS_RANKED,
        live: Live = NOTHING_SINCE,
        about: About = NOTHING_SAID,
    ) -> WhyNot:
        """What becomes of `item` in lists for someone who likes `items`; raises UnknownNode."""
        return self._why_not(self._taste_for(items, about, live), item, options, live)

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
        likes, title = self.snapshot.likes, self.snapshot.title
        new = {} if live.overlay is None else live.overlay.items
        deleted = set() if live.overlay is None else set(live.overlay.deleted)
        if item in deleted or (item not in likes.items and item not in new):
            raise UnknownNode("item", item)
        if by == "embedding":
            return self._nearest(item, k, deleted, live)
        if item not in likes.items:  # nobody has liked it when the snapshot was made
            return ()
        found = related_items(likes, item, k + len(deleted), similarity, min_support)
        return tuple(
            Related(near.id, title(likes.items.row(near.id)), near.score, near.support)
            for near in [near for near in found if near.id not in deleted][:k]
        )

    def _nearest(self, item: str, k: int, deleted: set[str], live: Live) -> tuple[Related, ...]:
        """The `k` items, new ones among them, whose embeddings are most like that of an item.

        By cosine, not by the inner product that ranks items for a user: it would put popular items
        first, since the length of an embedding carries popularity.
        """
        vectors, known = self._vectors, self.snapshot.likes.items
        new = self._newcomers(live)
        ids = tuple(new.items)
        rows = {each: len(known) + at for at, each in enumerate(ids)}
        row = known.rows.get(item, rows.get(item))
        if row is None:  # it is new, and its attributes say nothing
            return ()
        vector = vectors[row] if row < len(known) else new.taste[row - len(known)]
        near = [vectors @ vector / self._lengths]
        if ids:
            near.append(new.taste @ vector / np.linalg.norm(new.taste, axis=1))
        length = float(np.linalg.norm(vector)) or 1
        cosine = (np.concatenate(near) / length).astype(np.float32)
        left_out = [row, *(known.rows[each] for each in deleted - {item} if each in known)]
        masked = sparse.csr_array(
            (np.ones(len(left_out), bool), ([0] * len(left_out), left_out)), (1, len(cosine))
        )
        nearest = top_k(cosine[None], k, masked)[0]
        return tuple(
            Related(
                known.ids[at] if at < len(known) else ids[at - len(known)],
                self.snapshot.title(at)
                if at < len(known)
                else _title(new.items[ids[at - len(known)]]),
                float(cosine[at]),
                None,
            )
            for at in nearest[nearest >= 0].tolist()
        )

    @cached_property
    def directory(self) -> Directory:
        """The items and users that it knows."""
        return Directory(self.snapshot)

    @cached_property
    def _vectors(self) -> NDArray[np.float32]:
        """The item embeddings [I, dim], no biases; raises SnapshotError where there are none."""
        if self.snapshot.embeddings is None:
            raise SnapshotError(
                f"snapshot {self.snapshot.manifest.version!r} has no embeddings: expected those of "
                f"a model that learns them; train one, or ask for items related in the graph"
            )
        return self.snapshot.embeddings.item_taste

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        """Of the item embeddings [I], and 1 where one is all zeros."""
        length = np.linalg.norm(self._vectors, axis=1)
        return np.where(length > 0, length, 1).astype(np.float32)

    @cached_property
    def _sources(self) -> Sources:
        return Sources(self.snapshot, self.recall)

    @cached_property
    def _popular(self) -> Rows:
        """All item rows, the most popular first."""
        return np.argsort(-self.snapshot.popularity, kind="stable").astype(np.int32)

    @cached_property
    def _posteriors(self) -> Posteriors:
        """Of all items by row, and at the end of one that nobody has met."""
        likes = self.snapshot.likes
        met = np.bincount(likes.seen.indices, minlength=len(likes.items))
        return Posteriors(np.append(np.diff(likes.by_item.indptr), 0), np.append(met, 0))

    @cached_property
    def _catalogues(self) -> dict[tuple[Overlay | None, int], Catalogue]:
        """The last one, by the overlay whose items it holds, and its edition."""
        return {}

    def _catalogue(self, live: Live) -> Catalogue:
        """The items as they are now: made once, until one of them changes."""
        overlay = live.overlay
        key = (overlay, 0 if overlay is None else overlay.edition)
        if key not in self._catalogues:
            changed = {} if overlay is None else overlay.items
            held = self.snapshot
            found = Catalogue(held.likes.items, held.attributes, changed, held.links)
            self._catalogues.clear()
            self._catalogues[key] = found
        return self._catalogues[key]

    def _known_taste_of(self, user: str, options: Options, live: Live) -> Taste:
        """As `_taste_of`; raises UnknownNode for a user of whom nothing is known."""
        taste = self._taste_of(user, options, live)
        there = live.overlay is not None and live.overlay.knows(user)
        if taste.user is None and not there and not len(taste.seen):
            raise UnknownNode("user", user)
        return taste

    def _taste_of(self, user: str, options: Options, live: Live) -> Taste:
        """Of a user, whether the snapshot knows them, or the overlay, or nobody."""
        overlay = live.overlay
        row = self.snapshot.likes.users.rows.get(user)
        if overlay is not None and overlay.has_forgotten(user):
            row = None
        if options.kinds is not None or options.as_of is not None:
            nobody = replace(tastes.NEWCOMER, user=row)
            counted = [event for event in live.events or () if options.counts(event)]
            messages = self._newcomers(live).messages
            return tastes.with_events(self.snapshot, nobody, counted, messages)
        taste = tastes.NEWCOMER if row is None else tastes.of_user(self.snapshot, row)
        if overlay is None or not overlay.knows(user):
            return taste
        attributes = overlay.attributes_of(user)
        if attributes is not None:
            taste = tastes.with_attributes(self.snapshot, taste, attributes)
        events, messages = overlay.events_of(user), self._newcomers(live).messages
        return tastes.with_events(self.snapshot, taste, events, messages) if events else taste

    def _taste_for(self, items: Sequence[str], about: About, live: Live) -> Taste:
        """Of someone who likes `items`; those that are new may say nothing. Raises UnknownNode."""
        known = self.snapshot.likes.items.rows
        unknown = [item for item in items if item not in known]
        new = () if live.overlay is None or not unknown else live.overlay.items
        met = frozenset(item for item in unknown if item in new)
        messages = self._newcomers(live).messages if met else {}
        friends = dict.fromkeys(about.friends)
        taste = tastes.of_session(
            self.snapshot,
            [item for item in items if item not in met],
            about.attributes,
            [self._known_taste_of(friend, AS_RANKED, live) for friend in friends],
            {item: message for item, message in messages.items() if item in met},
        )
        return replace(taste, met=met) if met else taste

    def _asked(
        self, taste: Taste, options: Options = AS_RANKED, live: Live = NOTHING_SINCE
    ) -> Asked:
        """What there is to rank for someone."""
        ruling = self._ruling(options, live)
        eligible = self._eligible(taste, ruling, options, live)
        segment = self._sources.segment_of(taste, options.segment)
        opinions = self._sources.opinions(taste, eligible, segment)
        weights = self._sources.weights_for(taste)
        return Asked(ruling, eligible, opinions, weights, segment)

    def _ruling(self, options: Options, live: Live) -> Ruling:
        if not options.selective:
            return Ruling()
        catalogue = self._catalogue(live)
        return rule_on(catalogue, options, partial(_shared, catalogue, options, live), live.now)

    def _eligible(
        self, taste: Taste, ruling: Ruling, options: Options, live: Live
    ) -> NDArray[np.bool_]:
        """Which items [I] may be recommended."""
        eligible = np.ones(len(self._popular), bool)
        for _, passes in ruling.filters:
            eligible &= passes
        if options.exclude_seen:
            eligible[taste.seen] = False
        if live.overlay is not None:
            rows = self.snapshot.likes.items.rows
            eligible[[rows[item] for item in live.overlay.deleted if item in rows]] = False
        return eligible

    def _ranking(self, asked: Asked, k: int) -> Ranking:
        """The `k` best items for someone: the one way in which a list is made."""
        fused, boosted = asked.ruling.reordered(fuse(asked.opinions, asked.weights))
        items, scores, recalled = fused.items, fused.scores, len(fused.items)
        if recalled < k:
            left = asked.eligible.copy()
            left[items] = False
            items = np.concatenate([items, self._popular[left[self._popular]]])
            filling = np.zeros(len(items) - recalled)
            scores, boosted = (np.concatenate([each, filling]) for each in (scores, boosted))
        weights = {each.source: asked.weights[each.source] for each in asked.opinions}
        return Ranking(
            items[:k], scores[:k], recalled, weights, fused.strengths[:, :k], boosted[:k]
        )

    def _recommendations(
        self,
        taste: Taste,
        k: int,
        options: Options,
        live: Live,
        rng: np.random.Generator | None,
    ) -> tuple[Recommendation, ...]:
        asked = self._asked(taste, options, live)
        if options.diversity:
            ranking = self._diverse(self._ranking(asked, DIVERSE_AMONG * k), options.diversity, k)
        else:
            ranking = self._ranking(asked, k)
        reasons = zip(
            self._because(taste, ranking.items, PATHS),
            ranking.contributions(slice(None)),
            strict=True,
        )
        listed = tuple(
            self._recommendation(ranking, place, *reason, asked.segment)
            for place, reason in enumerate(reasons)
        )
        listed = self._with_newcomers(listed, taste, k, options, live)
        if rng is None or not options.exploration:
            return listed
        left = asked.eligible.copy()
        left[ranking.items] = False
        there = {each.item for each in listed}
        new = {i: title for i, title in self._new_items(options, live).items() if i not in there}
        pool = self._pool(np.flatnonzero(left), list(new), options)
        return tuple(
            self._explored(each, new) if isinstance(each, Explored) else each
            for each in explore(listed, pool, options.exploration, k, rng)
        )

    def _pool(self, rows: NDArray[np.intp], new: Sequence[str], options: Options) -> Pool:
        """What chance draws from: items by row, and items that nobody has met yet."""
        ids = self.snapshot.likes.items.ids
        items = [*(ids[row] for row in rows.tolist()), *new]
        if options.exploration_by == "epsilon":
            return EvenPool(items)
        nobody = np.full(len(new), len(ids))
        return ThompsonPool(items, self._posteriors.groups[[*rows, *nobody]], self._posteriors)

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
        new, share = self._newcomers(live), self.recall.newcomers
        if not new.items or not share or taste.vector is None:
            return listed
        strengths = self._sources.nearness(taste.vector, new.vectors)
        met = taste.met if options.exclude_seen else frozenset()
        allowed = self._new_items(options, live).keys() - met
        ids = list(new.items)
        best = (at for at in np.argsort(-strengths, kind="stable").tolist() if strengths[at] > 0)
        weight = self._sources.weights_for(taste)["embedding"]
        near = [
            _new(ids[at], _title(new.items[ids[at]]), float(strengths[at]), weight)
            for at in islice((at for at in best if ids[at] in allowed), max(1, int(share * k)))
        ]
        return tuple(merge(listed[: k - len(near)], near, key=lambda each: -each.score))

    def _newcomers(self, live: Live) -> Newcomers:
        """The new items that have an embedding: made once, until an item changes."""
        overlay, embeddings = live.overlay, self.snapshot.embeddings
        if overlay is None or embeddings is None or embeddings.newcomers is None:
            return NONE
        key = (overlay, overlay.edition)
        if key not in self._arrived:
            known = self.snapshot.likes.items
            items = {item: each for item, each in overlay.items.items() if item not in known}
            before = next(iter(self._arrived.values()), NONE)
            links = {item: overlay.links_of(item) for item in items}
            found = arrived(embeddings.newcomers, items, before, links, known)
            self._arrived.clear()
            self._arrived[key] = found
        return self._arrived[key]

    @cached_property
    def _arrived(self) -> dict[tuple[Overlay, int], Newcomers]:
        """The last ones, by the overlay that holds them, and its edition."""
        return {}

    def _diverse(self, among: Ranking, diversity: float, k: int) -> Ranking:
        """The `k` of a ranking that are best and unlike each other; those recalled come first."""
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

    def _likeness(self, items: Rows) -> NDArray[np.floating]:
        """How alike N items are [N, N]: cosine of embeddings, or of who likes them."""
        if self.snapshot.embeddings is not None:
            vectors = self._vectors[items] / self._lengths[items, None]
            return np.maximum(vectors @ vectors.T, 0)
        likers = self.snapshot.likes.by_item[items].astype(np.float64)
        degree = np.maximum(np.diff(likers.indptr), 1)
        return (likers @ likers.T).toarray() / np.sqrt(np.outer(degree, degree))

    def _new_items(self, options: Options, live: Live) -> Mapping[str, str | None]:
        """Titles of items that came since and may be recommended: they have no vector to rank."""
        ruling, new = self._new_ruling(options, live)
        return {
            item: _title(attributes)
            for row, (item, attributes) in enumerate(new.items())
            if ruling.stopped_by(row) is None
        }

    def _new_ruling(
        self, options: Options, live: Live
    ) -> tuple[Ruling, Mapping[str, Mapping[str, AttributeValue]]]:
        """The items that came since, and the ruling on them, in their order."""
        if live.overlay is None:
            return Ruling(), {}
        known = self.snapshot.likes.items
        new = {i: each for i, each in live.overlay.items.items() if i not in known}
        shared = partial(_shared, self._catalogue(live), options, live)
        return rule_on(Catalogue(Vocabulary(tuple(new)), {}, new), options, shared, live.now), new

    def _explored(self, explored: Explored, new: Mapping[str, str | None]) -> Recommendation:
        row = self.snapshot.likes.items.rows.get(explored.item)
        title = new[explored.item] if row is None else self.snapshot.title(row)
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

    def _recommendation(
        self,
        ranking: Ranking,
        place: int,
        because: tuple[Because, ...],
        contributions: tuple[Contribution, ...],
        segment: str | None,
    ) -> Recommendation:
        item = int(ranking.items[place])
        sources = tuple(part.source for part in contributions)
        return Recommendation(
            item=self.snapshot.likes.items.ids[item],
            title=self.snapshot.title(item),
            score=float(ranking.scores[place]),
            sources=sources,
            reason=self._reason(item, because, sources, segment),
            because=because,
            contributions=contributions,
        )

    def _explanation(
        self, taste: Taste, item: str, k: int, options: Options, live: Live
    ) -> Explanation:
        row = self.snapshot.likes.items.rows.get(item)
        if row is None:
            return self._explanation_of_new(taste, item, k, live)
        [because] = self._because(taste, np.array([row]), k)
        asked = self._asked(taste, options, live)
        ranking = self._ranking(asked, len(self._popular))
        places = np.flatnonzero(ranking.items == row).tolist()  # none where the item is left out
        contributions = ranking.contributions(slice(places[0], places[0] + 1))[0] if places else ()
        sources = tuple(part.source for part in contributions)
        seen = not places and row in taste.seen
        return Explanation(
            item=item,
            title=self.snapshot.title(row),
            seen=seen,
            rank=places[0] + 1 if places else None,
            score=float(ranking.scores[places[0]]) if places else 0.0,
            contributions=contributions,
            reason=self._reason(row, because, sources, asked.segment)
            if places or seen
            else "It is left out: why-not says by what",
            because=because,
            shared=self._shared_labels(taste, values_at(self.snapshot.attributes, row), k),
        )

    def _explanation_of_new(self, taste: Taste, item: str, k: int, live: Live) -> Explanation:
        """Why an item that came since: by what it has in common with what is liked."""
        attributes = self._came(item, live)
        title, new = _title(attributes), self._newcomers(live)
        shared = self._shared_labels(taste, attributes, k)
        found: tuple[Contribution, ...] = ()
        if taste.vector is not None and item in new.items:
            vector = new.vectors[[list(new.items).index(item)]]
            strength = float(self._sources.nearness(taste.vector, vector)[0])
            weight = self._sources.weights_for(taste)["embedding"]
            found = _new(item, title, strength, weight).contributions if strength > 0 else ()
        seen = item in taste.met
        return Explanation(
            item=item,
            title=title,
            seen=seen,
            rank=None,
            score=sum(part.score for part in found),
            contributions=found,
            reason=reason(title or item, (), (), 0) if seen else reason_of_new(bool(found), shared),
            because=(),
            shared=shared,
        )

    def _came(self, item: str, live: Live) -> Mapping[str, AttributeValue]:
        """The attributes of an item that came since; raises UnknownNode."""
        attributes = None if live.overlay is None else live.overlay.items.get(item)
        if attributes is None:
            raise UnknownNode("item", item)
        return attributes

    def _shared_labels(
        self, taste: Taste, item: Mapping[str, AttributeValue], k: int
    ) -> tuple[Shared, ...]:
        """The categories and tags that an item has in common with items that someone likes."""
        known = self.snapshot.attributes.items()
        names = [name for name, each in known if each.kind in ("category", "tags")]
        liked = [values_at(self.snapshot.attributes, row) for row in taste.history.tolist()]

        def labelled(values: Mapping[str, AttributeValue]) -> Mapping[str, tuple[str, ...]]:
            return {name: labels(values.get(name)) for name in names}

        return shared_labels(labelled(item), [labelled(each) for each in liked], k)

    def _why_not(self, taste: Taste, item: str, options: Options, live: Live) -> WhyNot:
        row = self.snapshot.likes.items.rows.get(item)
        if row is None:
            return self._why_not_new(taste, item, options, live)
        asked = self._asked(taste, options, live)
        ranking = self._ranking(asked, len(self._popular))
        places = np.flatnonzero(ranking.items == row).tolist()
        rule = asked.ruling.stopped_by(row)
        verdict: Verdict = "deleted"
        if places:
            verdict = "ranked" if places[0] < ranking.recalled else "not_recalled"
        elif options.exclude_seen and row in taste.seen:
            verdict = "seen"
        elif rule is not None:
            verdict = "ruled_out"
        others = np.flatnonzero(asked.eligible).astype(np.int32)
        return WhyNot(
            item=item,
            title=self.snapshot.title(row),
            verdict=verdict,
            rule=rule,
            rank=places[0] + 1 if places else None,
            score=float(ranking.scores[places[0]]) if places else None,
            sources=tuple(
                _judgement(opinion, row, others, asked.weights[opinion.source])
                for opinion in asked.opinions
            ),
        )

    def _why_not_new(self, taste: Taste, item: str, options: Options, live: Live) -> WhyNot:
        title = _title(self._came(item, live))
        ruling, new = self._new_ruling(options, live)
        if options.exclude_seen and item in taste.met:
            return WhyNot(item, title, "seen", None, None, None, ())
        rule = ruling.stopped_by(list(new).index(item))
        verdict: Verdict = "new" if rule is None else "ruled_out"
        return WhyNot(item, title, verdict, rule, None, None, ())

    def _because(self, taste: Taste, items: Rows, k: int) -> list[tuple[Because, ...]]:
        likes = self.snapshot.likes
        return [
            tuple(
                Because(
                    likes.items.ids[via.item], self.snapshot.title(via.item), via.people, via.score
                )
                for via in found
            )
            for found in vias(likes, taste.history, items, k, taste.user)
        ]

    def _reason(
        self,
        item: int,
        because: Sequence[Because],
        sources: Sequence[Source],
        segment: str | None,
    ) -> str:
        name = self.snapshot.title(item) or self.snapshot.likes.items.ids[item]
        if segment is not None and "popularity" in sources:
            inside = self._sources.segments.people(segment, item)
            if inside:
                return reason(name, because, sources, inside, segment)
        people = int(self.snapshot.likes.degrees[item])
        return reason(name, because, sources, people)


def _shared(catalogue: Catalogue, options: Options, live: Live, rule: Rule) -> frozenset[str]:
    """What the items have that the user has events on, of the kind that a rule names."""
    events = (event for event in live.events or () if options.was(event))
    return catalogue.shared(rule, (e.item for e in events if e.kind == rule.shared_by))


def _new(item: str, title: str | None, strength: float, weight: float) -> Recommendation:
    return Recommendation(
        item=item,
        title=title,
        score=weight * strength,
        sources=("embedding",),
        reason="New, and close to your taste",
        because=(),
        contributions=(Contribution("embedding", strength, weight, weight * strength),),
    )


def _title(attributes: Mapping[str, AttributeValue]) -> str | None:
    return as_title(attributes.get("title"))


def _judgement(opinion: Opinion, row: int, others: Rows, weight: float) -> Judgement:
    """What a source makes of an item among others."""
    strength = float(opinion.of(np.array([row]))[0])
    theirs = opinion.of(others)
    before = (theirs > strength) | ((theirs == strength) & (others < row))
    return Judgement(
        source=opinion.source,
        recalled=bool((opinion.candidates == row).any()),
        rank=int(before.sum()) + 1,
        strength=strength,
        weight=weight,
    )
