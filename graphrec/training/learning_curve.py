"""How good lists are for unknown users, by the number of interactions that are known of them.

Every model is fitted once, on a graph without the users it is then evaluated on, and embeds or
scores them from their first interactions, as the service does with a session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Graph, Rows
from graphrec.data.dataset import Dataset
from graphrec.data.sequences import sequences_of
from graphrec.errors import SettingsError
from graphrec.evaluation import evaluator as evaluate
from graphrec.evaluation.early_stopping import Chosen, choose_epochs
from graphrec.evaluation.results import Evaluation, metrics_json
from graphrec.evaluation.splits.cold import ColdUsers
from graphrec.evaluation.splits.split import Split
from graphrec.evaluation.variants import choose_variant
from graphrec.models import EpochModel, Model
from graphrec.models.protocol import FoldIn, FollowsOrder, VariantModel
from graphrec.models.top_k import top_k
from graphrec.progress import Progress
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.training.fit import model_of
from graphrec.training.fusion import Fusion


@dataclass(frozen=True)
class LearningCurve:
    """One model, by the number of interactions given."""

    model: str
    by_given: Mapping[int, Evaluation]
    epochs: int | None
    fit_seconds: float


@dataclass(frozen=True)
class LearningCurves:
    """Models on one split of cold users."""

    cold: ColdUsers
    curves: tuple[LearningCurve, ...]
    k: int
    seed: int

    def as_json(self) -> dict[str, Any]:
        """The figures, by model and by how many interactions were given."""
        tests = {n: split.test for n, split in self.cold.given.items()}
        return {
            "protocol": "cold-users",
            "k": self.k,
            "seed": self.seed,
            "users": len(self.cold.train.users),
            "items": len(self.cold.train.items),
            "train": len(self.cold.train.interactions),
            "test": {str(n): len(test) for n, test in tests.items()},
            "test_users": len(np.unique(next(iter(tests.values())).user)),
            "models": [
                {
                    "model": curve.model,
                    "epochs": curve.epochs,
                    "fit_seconds": curve.fit_seconds,
                    "given": {
                        str(n): metrics_json(found.metrics) for n, found in curve.by_given.items()
                    },
                }
                for curve in self.curves
            ],
        }


def learning_curves(
    names: Sequence[str],
    cold: ColdUsers,
    validation: Split,
    settings: Settings,
    *,
    k: int,
    embeddings: Sequence[str] = (),
    progress: Progress | None = None,
) -> LearningCurves:
    """Fit models on the train side and evaluate them for each number of interactions given.

    Epochs and weights are chosen on `validation`, such as
    `graphrec.evaluation.splits.cold.beginnings` of train. A fusion has the vectors of one of
    `embeddings`. Raises SettingsError for a model that does not
    score for users it was not fitted on.
    """
    found: list[LearningCurve] = []
    chosen: dict[str, Chosen] = {}
    for name in names:
        began = perf_counter()
        epochs = None
        model = model_of(name, settings, embeddings)
        if isinstance(model, Fusion):
            fused = model.fit(
                Dataset.of_weights(cold.train),
                settings.seed,
                validation=validation,
                chosen=chosen,
                progress=progress,
            )
            fit_seconds = perf_counter() - began
            ranks = {n: _served(fused.scorer, split) for n, split in cold.given.items()}
        else:
            choose_rng, fit_rng = evaluate.model_rng(settings.seed, name).spawn(2)
            if isinstance(model, VariantModel):
                model = choose_variant(
                    model,
                    validation,
                    choose_rng,
                    k=k,
                    rule=settings.fusion.selection,
                    progress=progress,
                )
                chosen[name] = Chosen(model)
            elif isinstance(model, EpochModel):
                chosen[name] = choose_epochs(
                    model,
                    validation,
                    choose_rng,
                    k=k,
                    rule=settings.fusion.selection,
                    progress=progress,
                )
                model = chosen[name].model
                epochs = chosen[name].model.epochs
            fitted = _fit(name, model, cold.train, fit_rng)
            fit_seconds = perf_counter() - began
            ranks = {n: _folded(fitted, cold.train, split) for n, split in cold.given.items()}
        by_given = {
            n: evaluate.evaluate_ranking(
                ranks[n],
                split,
                k=k,
                resamples=settings.evaluation.resamples,
                rng=np.random.default_rng(settings.seed),
            )
            for n, split in cold.given.items()
        }
        found.append(LearningCurve(name, by_given, epochs, fit_seconds))
    return LearningCurves(cold, tuple(found), k, settings.seed)


def _fit(name: str, model: Model, train: Graph, rng: np.random.Generator) -> FoldIn | FollowsOrder:
    fitted = model.fit(Dataset.of_weights(train), rng).scorer
    if not isinstance(fitted, FoldIn | FollowsOrder):
        raise SettingsError(
            f"model {name!r} scores only users of its training: expected one that folds in, "
            f"such as item-knn, graph-filter or graphsage"
        )
    return fitted


def _folded(fitted: FoldIn | FollowsOrder, train: Graph, split: Split) -> evaluate.Rank:
    """Lists for users by their histories; by popularity for an empty one."""
    popularity = np.asarray(train.matrix.sum(axis=0), np.float32)
    histories, seen = split.train.matrix, split.train.seen
    score = _score_of(fitted, split)

    def rank(users: Rows, k: int) -> Rows:
        scores = np.array(score(users), np.float32)
        scores[np.diff(histories.indptr)[users] == 0] = popularity
        return top_k(scores, k, seen[users])

    return rank


def _score_of(fitted: FoldIn | FollowsOrder, split: Split) -> Callable[[Rows], NDArray[np.float32]]:
    """Scores [B, I] of users [B] by their histories in a split."""
    if isinstance(fitted, FollowsOrder):
        return fitted.with_histories(sequences_of(split.train, "last")).score
    histories = split.train.matrix
    return lambda users: fitted.score_histories(histories[users])


def _served(recommender: Recommender, split: Split) -> evaluate.Rank:
    """The lists of sessions, in the order of their events."""
    known = sequences_of(split.train, "last")

    def rank(users: Rows, k: int) -> Rows:
        histories = [known.items[known.starts[u] : known.starts[u + 1]] for u in users.tolist()]
        return recommender.rank_histories(histories, k)

    return rank
