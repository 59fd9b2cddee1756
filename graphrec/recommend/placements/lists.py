"""The list of a placement: what its finder finds, by the rules and in the order that it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Rows, labels
from graphrec.data.times import DAY
from graphrec.errors import DataError, UnknownName, UnknownPlacement, WrongChange
from graphrec.placement.definition import (
    OF_ITEMS,
    Exclude,
    Placement,
    PlacementType,
    changed,
)
from graphrec.ranking.diversity import diversified
from graphrec.recommend import html
from graphrec.recommend.arrangement import arranged
from graphrec.recommend.asked import Asked, asked
from graphrec.recommend.emptiness import cause_of_emptiness
from graphrec.recommend.placements.arrivals import arrivals
from graphrec.recommend.placements.found import Found, Ground
from graphrec.recommend.placements.history import again, recent
from graphrec.recommend.placements.popular import popular, trending
from graphrec.recommend.placements.question import PlacementQuestion, query_of
from graphrec.recommend.placements.similar import similar
from graphrec.recommend.placements.together import together
from graphrec.recommend.query import Context, Query
from graphrec.recommend.ranker import DIVERSE_AMONG
from graphrec.recommend.results import EMPTY, EmptyCause, Recommendation
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.reason import Reason
from graphrec.rules.check import no_attribute
from graphrec.rules.compiled import CompiledRules
from graphrec.snapshot.user_events import UserEvents
from graphrec.snapshot.view import View
from graphrec.suggest import expectation

if TYPE_CHECKING:
    from graphrec.recommend.recommender import Recommender

NO_REASON = Reason("")

FINDERS: Mapping[PlacementType, Callable[[Ground], Found]] = {
    "similar": similar,
    "together": together,
    "cart": together,
    "trending": trending,
    "popular": popular,
    "new": arrivals,
    "recent": recent,
    "again": again,
}
"""Of every type but `for-you`, which is a list of recommendations."""

IDLE_DAYS = 7
"""Where the newest event is older than a window, and than so many days, windows end at it: of a log
that is at rest, they would be empty."""


@dataclass(frozen=True)
class PlacementList:
    """The list of a placement, the best first."""

    placement: str
    label: str
    """What exposures call it."""
    version: str
    """The snapshot that it was made from; empty where that was not published."""
    user: str | None
    recommendations: tuple[Recommendation, ...]
    fallbacks: tuple[str, ...] = ()
    """For each item, the placement that it comes from."""
    unknown_items: tuple[str, ...] = ()
    """Items of the question that are not known."""
    warnings: tuple[str, ...] = ()
    """What is doubtful in the question, in a sentence each."""
    empty: EmptyCause | None = None
    """Why there is nothing in the list, where that is known."""

    def __len__(self) -> int:
        return len(self.recommendations)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.recommendations)

    def __getitem__(self, place: int) -> Recommendation:
        return self.recommendations[place]

    def to_frame(self) -> Any:
        """A pandas data frame of columns rank (from 1), item, title, score, reason and fields."""
        pandas = import_module("pandas")  # not before it is asked for: what serves has none
        return pandas.DataFrame(
            [
                {
                    "rank": rank,
                    "item": each.item,
                    "title": each.title,
                    "score": each.score,
                    "reason": each.reason,
                    **(each.fields or {}),
                }
                for rank, each in enumerate(self, start=1)
            ]
        )

    def _repr_html_(self) -> str:
        rows = ((n, e.title or e.item, e.score, e.reason) for n, e in enumerate(self, start=1))
        title = ". ".join((self.placement, *self.warnings))
        return html.table(["", "item", "score", "why"], rows, title)


def make_placement(
    recommender: Recommender, name: str, question: PlacementQuestion, context: Context
) -> PlacementList:
    """The list of a placement.

    Raises UnknownPlacement, UnknownName, WrongChange, and DataError where it needs items and has
    none.
    """
    placement = changed(placement_of(recommender, name), question.changes)
    _check_changes(recommender, question)
    if placement.type in OF_ITEMS and not question.items:
        raise DataError(
            f"placement {name!r} stands beside items: expected one or more; give item or items"
        )
    fields = placement.fields if question.fields is None else tuple(question.fields)
    _check_names(recommender.view, question)
    maker = _Maker(recommender, placement, question, context)
    listed: tuple[Recommendation, ...] = ()
    sources: tuple[str, ...] = ()
    warnings, unknown = maker.warnings, maker.unknown
    length = maker.query.k
    for each in (name, *_chain(recommender.placements, placement)):
        if len(listed) >= length:
            break
        part = maker.part(placement if each == name else recommender.placements[each], listed)
        listed += part
        sources += (each,) * len(part)
    empty = None
    if not listed:
        empty = maker.cause()
        warnings += (f"the list is empty: {EMPTY[empty] if empty else 'nothing was found'}",)
    return PlacementList(
        name,
        placement.label or name,
        recommender.snapshot.manifest.version,
        question.user,
        tuple(_with_fields(recommender.view, fields, each) for each in listed),
        sources,
        unknown,
        warnings,
        empty,
    )


def placement_of(recommender: Recommender, name: str) -> Placement:
    """The placement of a name; raises UnknownPlacement."""
    found = recommender.placements.get(name)
    if found is None:
        right = expectation(name, recommender.placements)
        raise UnknownPlacement(f"there is no placement {name!r}: {right}")
    return found


def query_of_all(recommender: Recommender, name: str, question: PlacementQuestion) -> Query:
    """The query of a placement with the rules of its fallbacks too: what its list depends on.

    Raises UnknownPlacement and WrongChange.
    """
    placement = changed(placement_of(recommender, name), question.changes)
    chain = _chain(recommender.placements, placement)
    rules = (rule for each in chain for rule in recommender.placements[each].rules)
    query = recommender.with_rules(query_of(placement, question))
    return replace(query, standing=(*query.standing, *rules))


@dataclass(frozen=True)
class _Maker:
    """Makes the parts of one list: that of its placement, and those of its fallbacks."""

    recommender: Recommender
    placement: Placement
    question: PlacementQuestion
    context: Context

    @property
    def view(self) -> View:
        return self.recommender.view

    @property
    def query(self) -> Query:
        """The query of the placement itself, less what is unknown."""
        return self._asked.query

    @property
    def unknown(self) -> tuple[str, ...]:
        return self._asked.unknown_items

    @property
    def warnings(self) -> tuple[str, ...]:
        kinds = self.placement.kinds
        if kinds and not self._main.kinds:
            named = ", ".join(kinds[:3]) + (" …" if len(kinds) > 3 else "")
            return (
                *self._asked.warnings,
                f"kinds: there is no event of the kinds {named}: all that is liked counts",
            )
        return self._asked.warnings

    @cached_property
    def _asked(self) -> Asked:
        query = self.recommender.with_rules(query_of(self.placement, self.question))
        return asked(query, self.view, self.context)

    def part(
        self, placement: Placement, listed: tuple[Recommendation, ...]
    ) -> tuple[Recommendation, ...]:
        """What a placement adds to what is listed; rules, caps and what is left out are those of
        the list, and its own.
        """
        if placement is self.placement:
            ground = self._main
        else:
            query = self.query
            own = query_of(placement, self.question)
            query = replace(
                query,
                k=query.k - len(listed),
                standing=(*query.standing, *placement.rules),
                exclude_seen=query.exclude_seen or bool(placement.exclude_seen),
                deny=frozenset(query.deny).union(each.item for each in listed),
                segment=own.segment,
                weights=own.weights,
                new_items=own.new_items,
                pins=(),
                exploration=0.0,
            )
            ground = self._ground(placement, query)
        if placement.type == "for-you":
            return self._recommended(ground, listed)
        return self._found(ground, FINDERS[placement.type](ground), listed)

    def cause(self) -> EmptyCause | None:
        """Why the list is empty, where rules or what was seen leave nothing."""
        ground = self._main
        if ground.eligible.any():
            return None
        request = self.recommender.ranker.request(ground.profile, ground.query, self.context)
        return cause_of_emptiness(self.view, ground.query, request, ground.profile.seen)

    @cached_property
    def _main(self) -> Ground:
        return self._ground(self.placement, self.query)

    def _ground(self, placement: Placement, query: Query) -> Ground:
        ranker = self.recommender.ranker
        profile = self.recommender.profile(query, self.context)
        rules = ranker.rules(query, self.context, profile.attributes)
        eligible = ranker.eligible(profile, rules, query, self.context.now)
        ground = Ground(
            self.view,
            ranker,
            placement,
            query,
            profile,
            eligible,
            clock(self.view, self.context.now, placement.days),
            _segment(placement, self.question, profile),
            rules,
            self.question.counted if placement is self.placement else None,
        )
        excluded = (*self.placement.exclude, *placement.exclude)
        for each in dict.fromkeys(excluded):
            eligible[left_out(each, ground.events, ground)] = False
        return ground

    def _recommended(
        self, ground: Ground, listed: tuple[Recommendation, ...]
    ) -> tuple[Recommendation, ...]:
        """A list of recommendations: exclusions are items that it denies."""
        ids = self.view.items.ids.ids
        query = ground.query
        if self.placement.exclude or ground.placement.exclude:
            denied = (ids[row] for row in np.flatnonzero(~ground.eligible).tolist())
            query = replace(query, deny=frozenset(query.deny).union(denied))
        return self.recommender.recommend(query, self.context).recommendations

    def _found(
        self, ground: Ground, found: Found, listed: tuple[Recommendation, ...]
    ) -> tuple[Recommendation, ...]:
        query, table = ground.query, self.view.items.table
        items, scores = _boosted(found, ground.rules)
        if query.diversity and len(items):
            order = self._diverse(items, scores, query)
            items, scores = items[order], scores[order]
        before = self.view.items.rows_of(each.item for each in listed)
        places = arranged(items, query.k, table, query.caps, query.pins, before)
        made = tuple(
            self._recommendation(ground, found, int(items[at]), float(scores[at])) for at in places
        )
        if self.context.rng is not None and query.exploration:
            return self.recommender.explored(made, ground.eligible, query, self.context)
        return made

    def _diverse(self, items: Rows, scores: NDArray[np.float64], query: Query) -> NDArray[np.int64]:
        """The order of the best, as unlike each other as is asked; others after them."""
        among = np.flatnonzero(items < len(self.view.snapshot.items))[: DIVERSE_AMONG * query.k]
        alike = self.recommender.ranker.similarity(items[among])
        chosen = among[diversified(scores[among], alike, query.diversity, len(among))]
        return np.concatenate([chosen, np.setdiff1d(np.arange(len(items)), chosen)])

    def _recommendation(
        self, ground: Ground, found: Found, row: int, score: float
    ) -> Recommendation:
        items = self.view.items
        reason = found.reason(row) if ground.query.reasons else NO_REASON
        return Recommendation(
            items.ids.ids[row],
            items.titles[row],
            score,
            (ground.placement.type,),
            self.recommender.explainer.text(reason, ground.query),
            found.because(row),
            (),
            reason_code=reason.code,
            reason_values=reason.values,
        )


def clock(view: View, now: int, days: float | None) -> int:
    """What windows end at: now, or the newest event of a log that is at rest."""
    newest = view.snapshot.manifest.newest_event
    if newest is None or view.delta.written or newest > now:
        return now
    return now if newest > now - max(days or 0, IDLE_DAYS) * DAY else newest


def left_out(exclude: Exclude, events: UserEvents, ground: Ground) -> NDArray[np.integer]:
    """The item rows that an exclusion leaves out for someone with these events."""
    kinds, unless = ground.matching(exclude.kinds), ground.matching(exclude.unless)
    since = -np.inf if exclude.days is None else ground.now - exclude.days * DAY
    count = np.zeros(len(ground.view.items.ids), np.int64)
    for kind, each in events.items():
        if kind in kinds or not exclude.kinds:
            np.add.at(count, each.items[each.times >= since], 1)
    found = count >= exclude.times
    for kind in unless & events.keys():
        found[events[kind].items[events[kind].times >= since]] = False
    return np.flatnonzero(found)


def _chain(placements: Mapping[str, Placement], placement: Placement) -> Iterator[str]:
    """The placements that fill a list up, each once, in the order of their turn."""
    seen = set[str]()
    waiting = list(reversed(placement.fallback))
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += reversed(placements[name].fallback)


def _segment(placement: Placement, question: PlacementQuestion, profile: UserProfile) -> str | None:
    if placement.segment is None:
        return None
    own = labels(profile.attributes.get(placement.segment))
    return question.segment or next(iter(own), None)


def _boosted(found: Found, rules: CompiledRules) -> tuple[Rows, NDArray[np.float64]]:
    """The items and their scores after all boosts, best first; ties stay as they are."""
    if not rules.boosts or not len(found.items):
        return found.items, found.scores
    after = rules.boosted(found.items, found.scores)
    order = np.argsort(-after, kind="stable")
    return found.items[order], after[order]


def _check_names(view: View, question: PlacementQuestion) -> None:
    """See that there are the attributes that a question names; raises UnknownName."""
    known = view.items.table.names
    named = [(f"where.{name}", name) for name in question.where]
    named += [(f"fields[{at}]", name) for at, name in enumerate(question.fields or ())]
    for field, name in named:
        if name not in known:
            raise UnknownName(no_attribute("item", name, known), field)


def _check_changes(recommender: Recommender, question: PlacementQuestion) -> None:
    """Whether the snapshot has what changes name: settings may name what is yet to come."""
    view = recommender.view
    table = view.items.table
    sources = {view.snapshot.popularity.name, *(each.name for each in view.items.sources)}
    among = {
        "caps": table.names | table.relations,
        "apart": table.names,
        "weights": sources,
    }
    for name in among.keys() & question.changes.keys():
        for each in cast("Iterable[str]", question.changes[name]):
            if each not in among[name]:
                right = expectation(each, sorted(among[name]))
                raise WrongChange(f"names {each!r}: {right}", f"changes.{name}")


def _with_fields(view: View, fields: Sequence[str], listed: Recommendation) -> Recommendation:
    if not fields:
        return listed
    attributes = view.items.attributes(view.items.ids.rows[listed.item])
    found: dict[str, AttributeValue] = {name: attributes.get(name) for name in fields}
    return replace(listed, fields=found)
