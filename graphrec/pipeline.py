"""From a raw graph to compared models and a snapshot that can be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any, cast

import numpy as np

from graphrec import evaluate
from graphrec.config import Settings
from graphrec.data import Graph
from graphrec.early_stopping import choose_epochs
from graphrec.embeddings import Embeddings
from graphrec.memory import with_peak_memory
from graphrec.models import EpochModel, Model, create
from graphrec.models.knn import ItemKNNScorer
from graphrec.progress import Progress
from graphrec.recommend import Recommender
from graphrec.snapshot import Snapshot, build_snapshot
from graphrec.split import Split, carve_validation

RECOMMENDER = "recommender"
"""In a table of models, the lists that the service would give: all sources together."""


@dataclass(frozen=True)
class Comparison:
    """Models on one split."""

    split: Split
    validation: Split
    results: tuple[evaluate.ModelResult, ...]
    k: int
    seed: int
    protocol: str

    def as_json(self) -> dict[str, Any]:
        """The figures in the shape of `graphrec.evaluate.as_json`."""
        return evaluate.as_json(
            self.results,
            protocol=self.protocol,
            split=self.split,
            validation=self.validation,
            seed=self.seed,
            k=self.k,
        )

    def epochs(self) -> Mapping[str, int]:
        """The epochs chosen on validation, by model."""
        return {r.model: r.epochs for r in self.results if r.epochs is not None}


def compare(
    names: Sequence[str],
    split: Split,
    settings: Settings,
    *,
    protocol: str,
    k: int,
    validation: Split | None = None,
    serving: bool = False,
    embedding: str | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Fit models on the train side of a split and evaluate them on its test side.

    Epochs are chosen on `validation`, which is carved from train, once for all models, unless it is
    given. With `serving`, the recommender that would serve, with the vectors of `embedding`, comes
    last in the results. Raises what creating, fitting and evaluating raise.
    """
    models = {name: create(name, settings.models.get(name)) for name in names}
    seed, resamples = settings.seed, settings.evaluation.resamples
    if validation is None:
        rng = evaluate.model_rng(seed, "validation")
        validation = carve_validation(split.train, settings.evaluation.valid_share, rng)

    def chooser(name: str) -> evaluate.ChooseEpochs:
        bar = _within(progress, name)
        return lambda model, rng: choose_epochs(model, validation, rng, k=k, progress=bar)

    results = [
        evaluate.fit_and_evaluate(
            name,
            model,
            split,
            seed=seed,
            k=k,
            resamples=resamples,
            choose=chooser(name),
        )
        for name, model in models.items()
    ]
    comparison = Comparison(split, validation, tuple(results), k, seed, protocol)
    if not serving:
        return comparison

    def serve() -> tuple[evaluate.Evaluation, float]:
        began = perf_counter()
        snapshot = fit_snapshot(
            split.train,
            settings,
            embedding=embedding,
            epochs=comparison.epochs(),
            progress=_within(progress, RECOMMENDER),
        )
        fitted = perf_counter() - began
        recommender = Recommender(snapshot, settings.recall)
        result = evaluate.evaluate_ranking(
            recommender.rank, split, k=k, resamples=resamples, rng=np.random.default_rng(seed)
        )
        return result, fitted

    (served, seconds), peak = with_peak_memory(serve)
    row = evaluate.ModelResult(RECOMMENDER, served, None, seconds, peak)
    return replace(comparison, results=(*results, row))


def fit_snapshot(
    graph: Graph,
    settings: Settings,
    *,
    embedding: str | None,
    epochs: Mapping[str, int],
    metrics: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Fit what the recommender serves from on all of a weighed graph.

    `embedding` is the model whose vectors are indexed, trained for its number in `epochs`, or where
    that has none for one chosen on the newest events; None serves from neighbours and popularity
    alone. Raises what creating and fitting raise.
    """
    models: dict[str, Model] = {"item-knn": create("item-knn", settings.models.get("item-knn"))}
    rng = evaluate.model_rng(settings.seed, "item-knn")
    neighbours = cast("ItemKNNScorer", models["item-knn"].fit(graph, rng))
    vectors: Embeddings | None = None
    if embedding is not None:
        choose_rng, fit_rng = evaluate.model_rng(settings.seed, embedding).spawn(2)
        model = cast("EpochModel", create(embedding, settings.models.get(embedding)))
        if embedding in epochs:
            model = replace(model, epochs=epochs[embedding])  # type: ignore[type-var]
        else:
            validation = carve_validation(graph, settings.evaluation.valid_share, choose_rng)
            k = settings.evaluation.k
            model = choose_epochs(model, validation, choose_rng, k=k, progress=progress)
        for epoch, scorer in enumerate(model.train(graph, fit_rng), start=1):
            vectors = cast("Embeddings", scorer)
            if progress:
                progress("training", epoch, model.epochs)
        models[embedding] = model
    return build_snapshot(
        graph,
        neighbours=neighbours.similarity,
        embeddings=vectors,
        encoder=vectors.encoder if vectors else None,
        seed=settings.seed,
        cutoff=None,
        models={name: asdict(model) for name, model in models.items()},  # type: ignore[call-overload]
        metrics=metrics or {},
    )


def _within(progress: Progress | None, name: str) -> Progress | None:
    """The same progress, each stage under the name of a model."""
    if progress is None:
        return None
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)
