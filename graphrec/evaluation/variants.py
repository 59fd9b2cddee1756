"""Hyper-parameters that a model leaves open, chosen on validation among the few values it names.

As epochs are (`graphrec.evaluation.early_stopping`): the variants are fitted on the train side of
each cut, and one is selected by their lists (`graphrec.ranking.selection`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.evaluation import metrics
from graphrec.evaluation.early_stopping import MAX_USERS
from graphrec.evaluation.evaluator import relevant
from graphrec.evaluation.splits.split import Split, sample_users
from graphrec.models.protocol import VariantModel, VariantScorer
from graphrec.models.top_k import require_finite, rivals, top_k
from graphrec.progress import Progress
from graphrec.ranking.selection import Rule, Shown, select

SCORES_AT_ONCE = 2**24
"""Of a variant that are held at a time."""

AnyVariant = TypeVar("AnyVariant", bound=VariantModel)


def choose_variant(
    model: AnyVariant,
    validation: Split,
    rng: np.random.Generator,
    *,
    k: int,
    rule: Rule = "accuracy",
    progress: Progress | None = None,
) -> AnyVariant:
    """The one of a model's variants that the `rule` selects by its lists on `validation`.

    Users without a history in train are left out, as no variant knows anything of them. The first
    variant where nobody is left, or where nothing is open. Raises what fitting raises, and
    TrainingError where a score is not finite.
    """
    variants = cast("tuple[AnyVariant, ...]", tuple(model.variants()))
    if len(variants) == 1:
        return variants[0]
    found: list[list[Shown]] = []
    for cut in validation.cuts:
        known = np.diff(cut.train.matrix.indptr) > 0
        test = cut.test.take(known[cut.test.user])
        if not len(test):
            continue
        sampled = sample_users(replace(cut, test=test), MAX_USERS, rng)
        fitted = model.fit_variants(Dataset.of_weights(cut.train), rng)
        found.append(_shown(fitted, len(variants), sampled, k, progress))
    if not found:
        return variants[0]
    return variants[select([Shown.over(each) for each in zip(*found, strict=True)], rule)]


def _shown(
    fitted: VariantScorer, count: int, split: Split, k: int, progress: Progress | None
) -> list[Shown]:
    """What each of so many variants shows to the test users of a split."""
    users, right = relevant(split)
    ndcg = np.empty((count, len(users)))
    ranked = np.full((count, len(users), k), -1, np.int32)
    size = max(1, SCORES_AT_ONCE // right.shape[1])
    for start in range(0, len(users), size):
        block = slice(start, start + size)
        own, theirs = users[block], right[block]
        for variant, scores in enumerate(fitted.score_variants(own)):
            if split.candidates is None:
                lists = ranked[variant, block] = _lists(scores, split, own, k)
                ndcg[variant, block] = metrics.ndcg(lists, theirs)
            else:
                require_finite(scores)
                places = rivals(scores, theirs.indices, split.candidates[own])
                ndcg[variant, block] = metrics.EXPECTED["ndcg"](*places, k)
        if progress:
            progress("choosing hyper-parameters", min(start + size, len(users)), len(users))
    items = right.shape[1]
    return [Shown.of(own, lists, items) for own, lists in zip(ndcg, ranked, strict=True)]


def _lists(scores: NDArray[np.float32], split: Split, users: Rows, k: int) -> Rows:
    """The lists of users by scores [B, I], of the pool where the split has one: [B, k]."""
    seen, pool = split.train.seen[users], split.pool
    if pool is None:
        return top_k(scores, k, seen)
    places = top_k(scores[:, pool], k, seen[:, pool])
    return np.where(places < 0, -1, pool[places]).astype(np.int32)
