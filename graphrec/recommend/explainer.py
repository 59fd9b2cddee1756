"""Explanations: why an item is recommended to someone, and why another one is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphrec.data import AttributeValue, Rows, as_title, labels
from graphrec.ranking.fusion import Opinion, Source
from graphrec.recommend.live_items import LiveItems
from graphrec.recommend.profile import Taste
from graphrec.recommend.query import Live, Options
from graphrec.recommend.ranker import Ranker
from graphrec.recommend.results import (
    Because,
    Contribution,
    Explanation,
    Shared,
    SourceRank,
    Verdict,
    WhyNot,
    reason,
    reason_of_new,
    shared_labels,
)
from graphrec.retrieval.neighbours import vias
from graphrec.snapshot.snapshot import Snapshot, values_at


@dataclass(frozen=True)
class Explainer:
    """Says of a ranking how it came about, from the graph of a snapshot."""

    snapshot: Snapshot
    ranker: Ranker
    live_items: LiveItems

    def explanation(
        self, taste: Taste, item: str, k: int, options: Options, live: Live
    ) -> Explanation:
        """Why `item`, with the `k` best paths to it; raises UnknownNode."""
        row = self.snapshot.likes.items.rows.get(item)
        if row is None:
            return self._explanation_of_new(taste, item, k, live)
        titles = self.live_items.titles(live)
        [because] = self.because(taste, np.array([row]), k, titles)
        asked = self.ranker.asked(taste, options, live)
        ranking = self.ranker.all(asked)
        places = np.flatnonzero(ranking.items == row).tolist()  # none where the item is left out
        contributions = ranking.contributions(places[0]) if places else ()
        sources = tuple(part.source for part in contributions)
        seen = not places and row in taste.seen
        return Explanation(
            item=item,
            title=titles[row],
            seen=seen,
            rank=places[0] + 1 if places else None,
            score=float(ranking.scores[places[0]]) if places else 0.0,
            contributions=contributions,
            reason=self.sentence(row, because, sources, asked.segment, titles[row])
            if places or seen
            else "It is left out: why-not says by what",
            because=because,
            shared=self._shared_labels(taste, values_at(self.snapshot.attributes, row), k),
        )

    def why_not(self, taste: Taste, item: str, options: Options, live: Live) -> WhyNot:
        """What becomes of `item` in a list; raises UnknownNode."""
        row = self.snapshot.likes.items.rows.get(item)
        if row is None:
            return self._why_not_new(taste, item, options, live)
        asked = self.ranker.asked(taste, options, live)
        ranking = self.ranker.all(asked)
        places = np.flatnonzero(ranking.items == row).tolist()
        rule = asked.ruling.stopped_by(row)
        verdict: Verdict = "deleted"
        if places:
            verdict = "ranked" if places[0] < ranking.recalled else "not_retrieved"
        elif options.exclude_seen and row in taste.seen:
            verdict = "seen"
        elif rule is not None:
            verdict = "ruled_out"
        others = np.flatnonzero(asked.eligible).astype(np.int32)
        return WhyNot(
            item=item,
            title=self.live_items.titles(live)[row],
            verdict=verdict,
            rule=rule,
            rank=places[0] + 1 if places else None,
            score=float(ranking.scores[places[0]]) if places else None,
            sources=tuple(
                _source_rank(opinion, row, others, asked.weights[opinion.source])
                for opinion in asked.opinions
            ),
        )

    def because(
        self, taste: Taste, items: Rows, k: int, titles: Sequence[str | None]
    ) -> list[tuple[Because, ...]]:
        """The `k` best paths to each of some item rows; `titles` are those of all items."""
        likes, ids = self.snapshot.likes, self.snapshot.likes.items.ids
        return [
            tuple([Because(ids[row], titles[row], people, score) for row, people, score in found])
            for found in vias(likes, taste.history, items, k, taste.user)
        ]

    def sentence(
        self,
        item: int,
        because: Sequence[Because],
        sources: Sequence[Source],
        segment: str | None,
        title: str | None,
    ) -> str:
        """Why an item row, in one sentence."""
        name = title or self.snapshot.likes.items.ids[item]
        if segment is not None and "popularity" in sources:
            inside = self.ranker.sources.segments.people(segment, item)
            if inside:
                return reason(name, because, sources, inside, segment)
        people = int(self.snapshot.likes.degrees[item])
        return reason(name, because, sources, people)

    def _explanation_of_new(self, taste: Taste, item: str, k: int, live: Live) -> Explanation:
        """Why an item that came since: by what it has in common with what is liked."""
        attributes = self.live_items.attributes_of_new(item, live)
        title, new = as_title(attributes.get("title")), self.live_items.newcomers(live)
        shared = self._shared_labels(taste, attributes, k)
        found: tuple[Contribution, ...] = ()
        if taste.vector is not None and item in new.items:
            vector = new.vectors[[list(new.items).index(item)]]
            strength = float(self.ranker.sources.nearness(taste.vector, vector)[0])
            weight = self.ranker.sources.weights_for(taste)["embedding"]
            if strength > 0:
                found = (Contribution("embedding", strength, weight, weight * strength),)
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

    def _why_not_new(self, taste: Taste, item: str, options: Options, live: Live) -> WhyNot:
        title = as_title(self.live_items.attributes_of_new(item, live).get("title"))
        ruling, new = self.live_items.ruling_on_new(options, live)
        if options.exclude_seen and item in taste.met:
            return WhyNot(item, title, "seen", None, None, None, ())
        rule = ruling.stopped_by(new.items.rows[item])
        verdict: Verdict = "new" if rule is None else "ruled_out"
        return WhyNot(item, title, verdict, rule, None, None, ())


def _source_rank(opinion: Opinion, row: int, others: Rows, weight: float) -> SourceRank:
    """What a source makes of an item among others."""
    strength = float(opinion.of(np.array([row]))[0])
    theirs = opinion.of(others)
    before = (theirs > strength) | ((theirs == strength) & (others < row))
    return SourceRank(
        source=opinion.source,
        retrieved=bool((opinion.candidates == row).any()),
        rank=int(before.sum()) + 1,
        z_score=strength,
        weight=weight,
    )
