"""The learned ranker of a fusion: what it learns from, and whether it has earned its place.

It learns from lists as they would have been at cuts of the past, which end where the next cut
begins: the candidates that the sources had then for people with a history, labelled by what they
came to like. It serves where its lists are clearly better than those of the fusion on the cuts of
validation, each judged by what was learned of all others, and hold as much of the catalogue. The
weights of the fusion were chosen on these very cuts, which favours the fusion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from graphrec.evaluation.evaluator import model_rng, relevant
from graphrec.evaluation.splits.split import Split, carve_validation, sample_users
from graphrec.progress import Progress
from graphrec.ranking.fusion import Weights, fuse, weights_for
from graphrec.ranking.learned.features import Feature, columns_of, features
from graphrec.ranking.learned.ranker import LearnedRanker
from graphrec.ranking.learned.trial import ENOUGH, Trial
from graphrec.ranking.selection import Shown
from graphrec.recommend.recommender import Recommender
from graphrec.training.lambdamart import LabelledList, LambdaMART
from graphrec.training.learning import learn, recommender_of, snapshot_of
from graphrec.training.weights import retrieving_all

if TYPE_CHECKING:
    from graphrec.training.fusion import Choice, Fusion

MOST_CUTS = 12
"""Cuts that are learned from, those of validation among them."""

ENOUGH_CUTS = 6
"""Cuts without which there are never enough: what is popular when is learned of few times only by
heart."""

ENOUGH_LISTS = 2_000
"""Lists from which on no older cut is added to them."""

MOST_USERS = 600
"""Of a cut; of more, a random sample."""

LISTED = 200
"""Candidates of a list that are learned from at most, the best by the fusion."""


@dataclass(frozen=True)
class PastList:
    """A list of a cut: what to learn from, and what it is worth."""

    labelled: LabelledList
    items: NDArray[np.int32]  # [N]
    total: int
    """Items that are relevant, retrieved or not."""


def further_cuts(cuts: Sequence[Split], share: float, rng: np.random.Generator) -> Sequence[Split]:
    """Older cuts than those of validation, each of the `share` of newest events before it."""
    found: list[Split] = []
    train = cuts[-1].train
    while len(cuts) + len(found) < MOST_CUTS and train.matrix.nnz:
        cut = carve_validation(train, share, rng)
        if not len(cut.test) or not cut.train.matrix.nnz:
            break
        found.append(cut)
        train = cut.train
    return found


def past_lists(recommender: Recommender, weights: Weights, cut: Split) -> list[PastList]:
    """The lists of a cut by these weights; the snapshot is of the train side of the cut.

    Of the users with a history; of every second one as of when they came back, and of the others as
    of the newest event.
    """
    trial = retrieving_all(recommender)
    snapshot, view = trial.snapshot, trial.view
    sources = [source.name for source in snapshot.all_sources]
    users, right = relevant(cut)
    back = np.full(len(cut.train.users), np.iinfo(np.int64).max)
    np.minimum.at(back, cut.test.user, cut.test.time)
    found = []
    for row, user in enumerate(users.tolist()):
        profile = view.stored(user)
        if not LearnedRanker.serves(profile):
            continue
        candidates = trial.candidates(profile)
        fused = fuse(candidates, weights_for(weights, profile.likes))
        hits = right.indices[right.indptr[row] : right.indptr[row + 1]]
        known = np.isin(fused.items, hits)
        now = int(back[user]) if row % 2 else None
        names = [each.source for each in candidates]
        table = features(sources, fused, names, profile, snapshot.item_facts, now)
        best = slice(LISTED)
        labelled = LabelledList(table[best], fused.scores[best], known[best])
        found.append(PastList(labelled, fused.items[best], len(hits)))
    return found


def fit_ranker(
    spec: Fusion,
    choice: Choice,
    cuts: Sequence[Split],
    recommenders: Sequence[Recommender],
    seed: int,
    progress: Progress | None = None,
) -> tuple[LearnedRanker | None, Trial | None]:
    """The learned ranker of a choice, where it has earned its place, and how it did.

    `recommenders` have snapshots of the train sides of the cuts of validation. Raises MissingExtra
    where LightGBM is not installed.
    """
    if spec.ranker is None:
        return None, None
    spec.ranker.require()
    if any(cut.candidates is not None or cut.pool is not None for cut in cuts):
        return None, Trial(0)  # lists of all items are not what is asked for
    rng = model_rng(seed, "ranker")
    lists = [
        past_lists(recommender, choice.weights, sample_users(cut, MOST_USERS, rng))
        for recommender, cut in zip(recommenders, cuts, strict=True)
    ]
    older = further_cuts(cuts, spec.valid_share, rng)
    for number, cut in enumerate(older):
        if len(lists) >= ENOUGH_CUTS and sum(map(len, lists)) >= ENOUGH_LISTS:
            break
        if progress:
            progress("lists of the past", number, len(older))
        learned = learn(spec, cut.train, seed, choice)
        then = recommender_of(spec, snapshot_of(spec, cut.train, learned, seed))
        lists.append(past_lists(then, choice.weights, sample_users(cut, MOST_USERS, rng)))
    snapshot = recommenders[0].snapshot
    sources = [source.name for source in snapshot.all_sources]
    columns = columns_of(sources, snapshot.item_facts)
    items = len(snapshot.items)
    return learn_ranker(spec.ranker, lists, len(cuts), sources, columns, items, spec.k, seed)


def learn_ranker(
    model: LambdaMART,
    cuts: Sequence[Sequence[PastList]],
    judged: int,
    sources: Sequence[str],
    columns: Sequence[Feature],
    items: int,
    k: int,
    seed: int,
) -> tuple[LearnedRanker | None, Trial | None]:
    """What was learned of the lists of some cuts, where it has earned its place, and how it did.

    It is judged on the first so many cuts, each by what was learned of all others. Nothing is
    learned where there are too few lists. `items` is the size of the catalogue.
    """
    tried = [each for cut in cuts[:judged] for each in cut]
    if len(tried) < ENOUGH or sum(bool(_to_learn(cut)) for cut in cuts) < 2:
        return None, Trial(min(len(tried), ENOUGH - 1))
    orders: list[NDArray[np.intp]] = []
    for held, cut in enumerate(cuts[:judged]):
        others = [each for place, other in enumerate(cuts) if place != held for each in other]
        trees = model.fit(_to_learn(others), seed)
        scores = (e.labelled.fused + trees.sum(e.labelled.features) for e in cut)
        orders.extend(np.argsort(-each, kind="stable") for each in scores)
    before = _shown(tried, [np.arange(len(each.items)) for each in tried], items, k)
    after = _shown(tried, orders, items, k)
    gain = after.ndcg - before.ndcg
    error = 1.96 * gain.std(ddof=1) / np.sqrt(len(gain))
    found = Trial(
        len(gain),
        float(gain.mean()),
        float(gain.mean() - error),
        float(gain.mean() + error),
        after.coverage,
        before.coverage,
    )
    if not found.earned:
        return None, found
    trees = model.fit(_to_learn([each for cut in cuts for each in cut]), seed)
    names = tuple(column.name for column in columns)
    groups = tuple(column.group for column in columns)
    return LearnedRanker(trees, tuple(sources), names, groups), found


def _to_learn(lists: Sequence[PastList]) -> list[LabelledList]:
    """Those in which something is relevant, and something is not."""
    labelled = [each.labelled for each in lists]
    return [each for each in labelled if 0 < each.relevant.sum() < len(each.relevant)]


def _shown(
    lists: Sequence[PastList], orders: Sequence[NDArray[np.intp]], items: int, k: int
) -> Shown:
    """What lists in these orders show."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    shown = np.full((len(lists), k), -1, np.int32)
    ndcg = np.zeros(len(lists))
    for row, (each, order) in enumerate(zip(lists, orders, strict=True)):
        top = order[:k]
        shown[row, : len(top)] = each.items[top]
        found = discounts[: len(top)][each.labelled.relevant[top]].sum()
        ndcg[row] = found / discounts[: min(each.total, k)].sum()
    return Shown.of(ndcg, shown, items)
