"""Explanations: why an item is recommended to someone, and why another one is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from graphrec.data import AttributeValue, Rows, labels
from graphrec.errors import UnknownNode
from graphrec.ranking.fusion import BOOST, FALLBACK, Source
from graphrec.recommend.labels import label_of
from graphrec.recommend.query import Context, Query
from graphrec.recommend.ranker import Ranker
from graphrec.recommend.reasons import Templates, sentence
from graphrec.recommend.results import (
    Because,
    Contribution,
    Explanation,
    Shared,
    SourceRank,
    Verdict,
    WhyNot,
    reason_of_new,
    reason_of_paths,
    reason_of_popular,
    shared_labels,
)
from graphrec.retrieval.neighbours import vias
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reason import Reason
from graphrec.retrieval.source import Candidates
from graphrec.snapshot.snapshot import values_at
from graphrec.snapshot.view import View


@dataclass(frozen=True)
class Explainer:
    """Says how a ranking came about, from the graph of a view."""

    view: View
    ranker: Ranker
    texts: Mapping[str, Templates] = field(default_factory=dict)
    """Templates of reasons of one's own, by language."""

    def explanation(
        self, profile: UserProfile, item: str, k: int, query: Query, context: Context
    ) -> Explanation:
        """Why `item`, with the `k` best paths to it; raises UnknownNode."""
        row = self._row(item)
        if row >= len(self.view.snapshot.items):
            return self._explanation_of_new(profile, row, k, query)
        [because] = self.because(profile, np.array([row]), k)
        request = self.ranker.request(profile, query, context)
        ranking = self.ranker.all(request)
        places = np.flatnonzero(ranking.items == row).tolist()  # none where the item is left out
        own = ranking.at(places) if places else None
        contributions = () if own is None else own.contributions(0)
        leading = None if own is None else own.leading()[0]
        seen = not places and row in profile.seen
        return Explanation(
            item=item,
            title=self.view.items.titles[row],
            seen=seen,
            rank=places[0] + 1 if places else None,
            score=float(ranking.scores[places[0]]) if places else 0.0,
            contributions=contributions,
            reason=self.text(
                self.reason(profile, row, because, leading, request.segment)
                if places or seen
                else Reason("left-out"),
                query,
            ),
            because=because,
            shared=self._shared_labels(profile, row, k),
        )

    def why_not(self, profile: UserProfile, item: str, query: Query, context: Context) -> WhyNot:
        """What becomes of `item` in a list; raises UnknownNode."""
        row = self._row(item)
        request = self.ranker.request(profile, query, context)
        title, rule = self.view.items.titles[row], request.rules.stopped_by(row)
        left_out: Verdict | None = None
        if row in self.ranker.held_back(profile, context.now):
            left_out = "disliked"
        elif query.exclude_seen and row in profile.seen:
            left_out = "seen"
        if row >= len(self.view.snapshot.items):
            new: Verdict = left_out or ("new" if rule is None else "ruled_out")
            return WhyNot(item, title, new, None if left_out else rule, None, None, ())
        ranking = self.ranker.all(request)
        places = np.flatnonzero(ranking.items == row).tolist()
        verdict: Verdict = "deleted"
        if places:
            verdict = "ranked" if places[0] < ranking.retrieved else "not_retrieved"
        elif left_out is not None:
            verdict = left_out
        elif rule is not None:
            verdict = "ruled_out"
        others = np.flatnonzero(request.eligible[: len(self.view.snapshot.items)])
        return WhyNot(
            item=item,
            title=title,
            verdict=verdict,
            rule=rule,
            rank=places[0] + 1 if places else None,
            score=float(ranking.scores[places[0]]) if places else None,
            sources=tuple(
                _source_rank(found, row, others.astype(np.int32), request.weights[found.source])
                for found in request.found
            ),
        )

    def because(self, profile: UserProfile, items: Rows, k: int) -> list[tuple[Because, ...]]:
        """The `k` best paths to each of some item rows of the snapshot."""
        likes, titles = self.view.snapshot.likes, self.view.items.titles
        ids = likes.items.ids
        return [
            tuple([Because(ids[row], titles[row], people, score) for row, people, score in found])
            for found in vias(likes, profile.history, items, k, profile.user)
        ]

    def reason(
        self,
        profile: UserProfile,
        item: int,
        because: Sequence[Because],
        leading: Source | None,
        segment: str | None,
    ) -> Reason:
        """Why an item row of the snapshot, by the source that adds most to its score; None: it was
        seen.
        """
        snapshot, name = self.view.snapshot, self.name(item)
        if leading is None:
            return Reason("seen", {"name": name})
        if leading == BOOST:
            return Reason("boost", {"name": name})
        if leading in (FALLBACK, snapshot.popularity.name):
            segments = snapshot.popularity.segments
            people = 0 if segment is None or segments is None else segments.people(segment, item)
            if people:
                return reason_of_popular(people, segment)
            return reason_of_popular(int(snapshot.likes.degrees[item]))
        source = next(each for each in self.view.items.sources if each.name == leading)
        says = getattr(source, "reason", None)  # asking what it is takes as long as the reason does
        said = None if says is None else says(profile, item, self.name)
        if said is None and not because and not profile.likes:
            return Reason("people-like-you")
        if isinstance(said, str):
            return Reason("source", {"said": said})
        return said or reason_of_paths(name, because)

    def reason_of_new(self, profile: UserProfile, row: int) -> Reason:
        """Why an item row that came since: by what it is one of, where that is known."""
        label = label_of(self.view, profile, row)
        return Reason("new-near") if label is None else Reason("new-in", {"value": label})

    def text(self, reason: Reason, query: Query) -> str:
        """The sentence of a reason, in the language of a query."""
        return sentence(reason, query.language, self.texts, query.templates)

    def name(self, row: int) -> str:
        """The title of an item row of the view, or its id."""
        return self.view.items.titles[row] or self.view.items.ids.ids[row]

    def _row(self, item: str) -> int:
        """The row of an item in the view; one that was deleted is known where the snapshot was."""
        row = self.view.items.ids.rows.get(item)
        if row is None:
            raise UnknownNode("item", item)
        return row

    def _explanation_of_new(
        self, profile: UserProfile, row: int, k: int, query: Query
    ) -> Explanation:
        """Why an item that came since: by what it has in common with what is liked."""
        items = self.view.items
        item, title = items.ids.ids[row], items.titles[row]
        shared = self._shared_labels(profile, row, k)
        contributions: tuple[Contribution, ...] = ()
        found = items.nearest_new(profile, np.ones(len(items.ids), bool), len(items.new))
        if found is not None and row in found.rows:
            z_score = float(found.z_scores(np.array([row], np.int32))[0])
            weight = self.ranker.weights_for(profile).get(found.source, 0.0)
            contributions = (Contribution(found.source, z_score, weight, weight * z_score),)
        seen = row in profile.seen
        return Explanation(
            item=item,
            title=title,
            seen=seen,
            rank=None,
            score=sum(part.score for part in contributions),
            contributions=contributions,
            reason=self.text(
                Reason("seen", {"name": title or item})
                if seen
                else reason_of_new(bool(contributions), shared),
                query,
            ),
            because=(),
            shared=shared,
        )

    def _shared_labels(self, profile: UserProfile, row: int, k: int) -> tuple[Shared, ...]:
        """The categories and tags that an item has in common with items that someone likes."""
        snapshot = self.view.snapshot
        known = snapshot.item_attributes.items()
        names = [name for name, each in known if each.kind in ("category", "tags")]
        liked = [values_at(snapshot.item_attributes, each) for each in profile.history.tolist()]

        def labelled(values: Mapping[str, AttributeValue]) -> Mapping[str, tuple[str, ...]]:
            return {name: labels(values.get(name)) for name in names}

        own = self.view.items.attributes(row)
        return shared_labels(labelled(own), [labelled(each) for each in liked], k)


def _source_rank(found: Candidates, row: int, others: Rows, weight: float) -> SourceRank:
    """What a source makes of an item among others."""
    z_score = float(found.z_scores(np.array([row]))[0])
    theirs = found.z_scores(others)
    before = (theirs > z_score) | ((theirs == z_score) & (others < row))
    return SourceRank(
        found.source, bool((found.rows == row).any()), int(before.sum()) + 1, z_score, weight
    )
