"""Fusion: one ranking out of the candidates of several sources.

The score of an item is the sum over the sources of weight times z-score
(`graphrec.retrieval.source`; CombSUM: Montague & Aslam, "Relevance score normalization for
metasearch", CIKM 2001).

How much a source should weigh depends on how much is known of the user: with one click, popularity
says more than with a hundred. So users are grouped by how many items they like, and the weights of
each group are chosen apart, on validation, where it has enough users to tell.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.ranking.selection import Rule, Shown, select
from graphrec.retrieval.source import Candidates, ZScores

Source: TypeAlias = str
"""What contributes to a score: the name of a source, or one of the next four."""

FALLBACK: Source = "fallback"
"""Popular items that fill up a list, retrieved by no source."""

BOOST: Source = "boost"
"""A rule."""

EXPLORATION: Source = "exploration"
"""A random draw."""

POLICY: Source = "policy"
"""The Q-network of a policy."""

LEVELS = (0.0, 0.1, 0.2, 0.35, 0.6, 1.0)
"""Weights to choose from; the largest of the sources' is always 1, since only ratios matter."""

TRACE = 0.01
"""The least weight of popularity: it orders items that no other source tells apart."""

PERSONAL = 0.2
"""By the rule `personal`, the least weight of some source that goes by what is liked: with it, what
lies nearest to a single like comes before what is most popular."""

FEW = 1
"""The group of users with one or two likes: by `personal`, the neighbourhood leads there."""

LEAST = (0, 1, 3, 6, 21)
"""The least number of items that users of each group like, so: 0, 1–2, 3–5, 6–20, more."""

ENOUGH = 50
"""Users of a group below which it gets the weights of everyone."""

CLEARLY = 2.0
"""Standard errors by which other weights must be better for a group than those of everyone."""


@dataclass(frozen=True)
class Group:
    """Users who like at least so many items, and fewer than those of the next group do."""

    least: int
    weights: Mapping[str, float]
    """Of the sources."""
    people: int = 0
    """How many users the weights were chosen on; 0: they are those of everyone."""


Weights: TypeAlias = tuple[Group, ...]
"""The groups, in ascending order; the first begins with 0."""


def alike(weights: Mapping[str, float]) -> Weights:
    """The same weights for everyone."""
    return (Group(0, weights),)


def weights_for(groups: Weights, likes: int) -> Mapping[str, float]:
    """The weights for someone who likes so many items."""
    return next(group.weights for group in reversed(groups) if likes >= group.least)


def bounds() -> tuple[tuple[int, int | None], ...]:
    """The least and the most items that users of each group like; None: there is no most."""
    return (*((least, more - 1) for least, more in pairwise(LEAST)), (LEAST[-1], None))


@dataclass(frozen=True)
class Fused:
    """Items in one ranking, the best first."""

    items: Rows  # [N]
    scores: NDArray[np.float64]  # [N]
    z_scores: ZScores  # [S, N] by source
    features: NDArray[np.float32] | None = None
    """[N, F]: what a learned ranker went by, where there is one."""
    policy: NDArray[np.float64] | None = None
    """[N]: what the Q-network of a policy added to the scores, where there is one."""

    def ranked(self, scores: NDArray[np.float64]) -> Fused:
        """The same items by other scores [N]; ties go to the lowest row."""
        order = np.lexsort((self.items, -scores))
        features = None if self.features is None else self.features[order]
        policy = None if self.policy is None else self.policy[order]
        return Fused(self.items[order], scores[order], self.z_scores[:, order], features, policy)


@dataclass(frozen=True)
class Labelled:
    """Items that were retrieved for one user, each labelled relevant or not."""

    z_scores: ZScores  # [N, S] by source
    relevant: NDArray[np.bool_]  # [N]
    items: Rows  # [N]
    total: int
    """Items that are relevant, retrieved or not."""
    likes: int = 0
    """Items that the user was known to like."""


@dataclass(frozen=True)
class Choice:
    """What is shown with the weights that were chosen for everyone."""

    shown: Shown
    most_accurate: Shown
    """What is shown with the weights of the best mean NDCG."""


def fuse(found: Sequence[Candidates], weights: Mapping[str, float]) -> Fused:
    """All items that any source retrieves, ranked; ties go to the lowest row."""
    items = retrieved(found)
    z_scores = np.empty((len(found), len(items)))
    scores = np.zeros(len(items))
    for own, candidates in zip(z_scores, found, strict=True):
        own[:] = candidates.z_scores(items)
        scores += weights.get(candidates.source, 0.0) * own
    order = np.argsort(-scores, kind="stable")
    return Fused(items[order], scores[order], z_scores.take(order, axis=1))


def retrieved(found: Sequence[Candidates]) -> Rows:
    """The items that any source retrieves, by row [N]."""
    rows = np.concatenate([np.empty(0, np.int32), *(each.rows for each in found)])
    rows.sort()
    first = np.ones(len(rows), bool)
    np.not_equal(rows[1:], rows[:-1], out=first[1:])
    return rows[first]


def choose_weights(
    sources: Sequence[Source],
    labelled: Sequence[Labelled],
    k: int,
    items: int,
    *,
    short_histories: Sequence[Labelled] = (),
    added: Collection[Source] = (),
    rule: Rule = "accuracy",
) -> tuple[Weights, Choice]:
    """Weights of LEVELS for each group of users, and what those for everyone show.

    Everyone gets the weights that the `rule` selects by lists of k, out of so many `items`; of
    equal ones, the first, where high weights of the sources that come first are tried first. By
    `personal`, only those are selected from that are PERSONAL enough, and for one or two likes
    those where the neighbourhood leads: what a single like says is what lies nearest to it.

    A group gets its own best ones where it has ENOUGH users and they are better CLEARLY, by the
    standard error of the paired differences: of so many weights, one is the best for any few users
    by chance. `short_histories` count for their groups alone. The sources of `added` have weights
    tried in their turn, beside the best of the others: all combinations would take six times as
    long for each of them.
    """
    tried = _combinations(sources, added)
    shown = [_shown(weights, labelled, k, items) for weights in tried]
    for source in added:
        more = _beside(tried[_selected(tried, shown, sources, rule)], source, sources)
        tried += more
        shown += [_shown(weights, labelled, k, items) for weights in more]
    best = _selected(tried, shown, sources, rule)
    likes = np.array([each.likes for each in (*labelled, *short_histories)])
    few = [_shown(weights, short_histories, k, items) for weights in tried]
    values = np.stack(
        [np.concatenate([all_.ndcg, short.ndcg]) for all_, short in zip(shown, few, strict=True)]
    )  # [T, P]
    groups, allowed = [], _open(tried, sources, rule)
    led = _led_by_neighbours(tried, sources, allowed) if rule == "personal" else allowed
    for least, most in bounds():
        of_group = values[:, (likes >= least) & (most is None or likes <= most)]
        places = led if least == FEW else allowed
        common = best
        if common not in places:
            everyone = of_group if of_group.shape[1] >= ENOUGH else values
            common = int(places[np.argmax(everyone[places].mean(axis=1))])
        own = _clearly_best(of_group, common, places)
        people = 0 if own == best else of_group.shape[1]
        groups.append(Group(least, dict(zip(sources, tried[own].tolist(), strict=True)), people))
    return tuple(groups), Choice(shown[best], shown[select(shown, "accuracy")])


def _combinations(sources: Sequence[Source], added: Collection[Source]) -> list[NDArray]:
    """All weights of LEVELS, 0 for the sources that are added later; high ones first."""
    levels = [
        [0.0]
        if source in added
        else [max(level, TRACE) if source == "popularity" else level for level in reversed(LEVELS)]
        for source in sources
    ]
    return [np.array(each) for each in product(*levels) if max(each) == 1]


def _open(tried: Sequence[NDArray], sources: Sequence[Source], rule: Rule) -> NDArray[np.intp]:
    """The places of the weights that a rule may take."""
    if rule != "personal" or set(sources) == {"popularity"}:
        return np.arange(len(tried))
    return np.flatnonzero(_strongest(tried, sources) >= PERSONAL)


def _led_by_neighbours(
    tried: Sequence[NDArray], sources: Sequence[Source], places: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Those of the places where no source of what is liked weighs more than the neighbourhood; all
    where there is none.
    """
    if "neighbours" not in sources:
        return places
    lead = np.stack(tried)[:, sources.index("neighbours")]
    return places[(lead >= _strongest(tried, sources))[places]]


def _strongest(tried: Sequence[NDArray], sources: Sequence[Source]) -> NDArray[np.float64]:
    """The largest weight of the sources that go by what is liked, in each of T weights [T]."""
    own = [at for at, source in enumerate(sources) if source != "popularity"]
    found: NDArray[np.float64] = np.stack(tried)[:, own].max(axis=1)
    return found


def _selected(
    tried: Sequence[NDArray], shown: Sequence[Shown], sources: Sequence[Source], rule: Rule
) -> int:
    """The place of the weights that a rule takes."""
    places = _open(tried, sources, rule).tolist()
    return int(places[select([shown[place] for place in places], rule)])


def _beside(weights: NDArray, source: Source, sources: Sequence[Source]) -> list[NDArray]:
    """These weights with one more source: it at each level, or the others below it."""
    place = sources.index(source)
    found = []
    for level in reversed(LEVELS[1:]):
        found.append(weights.copy())
        found[-1][place] = level
    for level in reversed(LEVELS[:-1]):
        found.append(level * weights)
        found[-1][place] = 1.0
    for each in found:
        for at, name in enumerate(sources):
            if name == "popularity":
                each[at] = max(each[at], TRACE)
    return found


def _clearly_best(values: NDArray[np.float64], common: int, places: NDArray[np.intp]) -> int:
    """Which of the weights at some places is best by the values [T, P], or the `common` one if that
    is not clear.
    """
    people = values.shape[1]
    if people < ENOUGH:
        return common
    own = int(places[np.argmax(values[places].mean(axis=1))])
    gain = values[own] - values[common]
    clear = gain.mean() > CLEARLY * gain.std(ddof=1) / np.sqrt(people)
    return own if clear else common


def _shown(weights: NDArray[np.float64], labelled: Sequence[Labelled], k: int, items: int) -> Shown:
    """What weights [S] show to each of P users."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    lists = np.full((len(labelled), k), -1, np.int32)
    found = np.zeros(len(labelled))
    for p, each in enumerate(labelled):
        top = np.argsort(-(each.z_scores @ weights), kind="stable")[:k]
        lists[p, : len(top)] = each.items[top]
        ideal = discounts[: min(each.total, k)].sum()
        found[p] = discounts[: len(top)][each.relevant[top]].sum() / ideal
    return Shown.of(found, lists, items)
