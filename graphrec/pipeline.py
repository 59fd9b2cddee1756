"""From a raw graph to compared models and a snapshot that can be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any, Literal, TypeAlias, cast

import numpy as np

from graphrec import config, evaluate, fusion
from graphrec.cold import cold_items
from graphrec.config import RecallSettings, Settings
from graphrec.data import Graph
from graphrec.early_stopping import choose_epochs
from graphrec.embeddings import Embeddings
from graphrec.explain import Source
from graphrec.fusion import TRACE, Judged, recalled
from graphrec.graph_filter import FittedFilter
from graphrec.memory import with_peak_memory
from graphrec.models import EpochModel, Model, create
from graphrec.progress import Progress
from graphrec.recommend import Recommender
from graphrec.snapshot import Snapshot, build_snapshot
from graphrec.split import Split, carve_validation, leave_last_out, sample_users, temporal
from graphrec.weighting import weigh

Protocol: TypeAlias = Literal["auto", "temporal", "leave-last-out", "cold-items"]

FUSION = "fusion"
"""In a table of models, the lists that the service would give: all sources together."""

MODELS = (*config.MODEL_NAMES, FUSION)
"""What can be compared."""

EMBEDDING_MODELS = ("graphsage", "mf")
"""Models that give vectors to index, the preferred one first."""

FILTER = "graph-filter"
"""The model of the neighbourhoods that serve."""

SOURCES: tuple[Source, ...] = ("neighbours", "embedding", "popularity")

MAX_USERS = 2_000
"""Validation users that weights of sources are chosen on; of more, a random sample."""

UNCHOSEN: Mapping[str, float] = {"neighbours": 1.0, "embedding": 1.0, "popularity": TRACE}
"""Weights of the sources, where nothing can be held back to choose on."""


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


def split_log(raw: Graph, settings: Settings, protocol: Protocol = "auto") -> tuple[str, Split]:
    """A split of a raw graph, weighed, and the name of its protocol.

    `auto` is temporal where positive events have times, and else `blocked`: a share of each user's
    positive items, as `carve_validation` draws them. Raises what the splits raise.
    """
    graph = weigh(raw, settings.kinds)
    log = graph.interactions
    times = log.time[log.weight > 0]
    timed = len(times) > 0 and times.min() < times.max()
    share = settings.evaluation.test_share
    if protocol == "leave-last-out":
        return protocol, leave_last_out(graph)
    if protocol == "cold-items":
        return protocol, cold_items(graph, share, evaluate.model_rng(settings.seed, "test"))
    if protocol == "auto" and not timed:
        return "blocked", carve_validation(graph, share, evaluate.model_rng(settings.seed, "test"))
    split = temporal(graph, share)
    # As of the cutoff: how old an event is must not depend on when the test events were.
    train = weigh(raw.before(cast("int", split.cutoff)), settings.kinds)
    return "temporal", replace(split, train=train)


def compare(
    names: Sequence[str],
    split: Split,
    settings: Settings,
    *,
    protocol: str,
    k: int,
    validation: Split | None = None,
    embedding: str | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Fit models on the train side of a split and evaluate them on its test side.

    Epochs are chosen on `validation`, which is carved from train in the manner of the split, once
    for all models, unless it is given. FUSION is the recommender that would serve, with the vectors
    of `embedding`; it comes last in the results. Raises what creating, fitting and evaluating
    raise.
    """
    models = {name: create(name, settings.models.get(name)) for name in names if name != FUSION}
    seed, resamples = settings.seed, settings.evaluation.resamples
    if validation is None:
        rng = evaluate.model_rng(seed, "validation")
        carve = carve_validation if split.pool is None else cold_items
        validation = carve(split.train, settings.evaluation.valid_share, rng)

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
    if FUSION not in names:
        return comparison

    def serve() -> tuple[evaluate.Evaluation, float]:
        began = perf_counter()
        snapshot = fit_snapshot(
            split.train,
            settings,
            embedding=embedding,
            validation=validation,
            epochs=comparison.epochs(),
            progress=_within(progress, FUSION),
        )
        fitted = perf_counter() - began
        recommender = Recommender(snapshot, settings.recall)
        rng = np.random.default_rng(seed)
        if split.candidates is None and split.pool is None:
            result = evaluate.evaluate_ranking(
                recommender.rank, split, k=k, resamples=resamples, rng=rng
            )
        else:
            result = evaluate.evaluate(recommender, split, k=k, resamples=resamples, rng=rng)
        return result, fitted

    (served, seconds), peak = with_peak_memory(serve)
    row = evaluate.ModelResult(FUSION, served, None, seconds, peak)
    return replace(comparison, results=(*results, row))


def fit_snapshot(
    graph: Graph,
    settings: Settings,
    *,
    embedding: str | None,
    validation: Split | None = None,
    epochs: Mapping[str, int] | None = None,
    metrics: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Fit what the recommender serves from on all of a weighed graph.

    `embedding` is the model whose vectors are indexed; None serves from neighbours and popularity
    alone. Its number of epochs, unless `epochs` has it, and the weights of the sources are chosen
    on `validation`, which is carved from the graph unless it is given. Raises what creating and
    fitting raise.
    """
    k = settings.evaluation.k
    rng = evaluate.model_rng(settings.seed, "validation")
    if validation is None:
        validation = carve_validation(graph, settings.evaluation.valid_share, rng)
    model = None
    if embedding is not None:
        model = cast("EpochModel", create(embedding, settings.models.get(embedding)))
        if embedding in (epochs or {}):
            model = replace(model, epochs=(epochs or {})[embedding])  # type: ignore[type-var]
        else:
            choose_rng = evaluate.model_rng(settings.seed, embedding).spawn(1)[0]
            model = choose_epochs(model, validation, choose_rng, k=k, progress=progress)
    weights = UNCHOSEN
    if len(validation.test):
        trial = _fit(validation.train, settings, embedding, model, weights, {}, None)
        weights = choose_weights(trial, sample_users(validation, MAX_USERS, rng), k)
    return _fit(graph, settings, embedding, model, weights, metrics or {}, progress)


def choose_weights(snapshot: Snapshot, validation: Split, k: int) -> Mapping[str, float]:
    """The weights of the sources with the best NDCG@k on validation.

    `snapshot` is of the train side of `validation`.
    """
    equal = RecallSettings(neighbours=1, embedding=1, popularity=1)
    absent = {"embedding"} if snapshot.embeddings is None else set()
    sources = [source for source in SOURCES if source not in absent]
    users, right = evaluate.relevant(validation)
    asked = validation.candidates  # which hold what is right, too
    pool = validation.pool  # which does, too
    judged = []
    for b, opinions in enumerate(Recommender(snapshot, equal).opinions(users)):
        items = recalled(opinions) if asked is None else asked[[users[b]]].indices
        items = items if pool is None else pool
        of = {opinion.source: opinion.of(items) for opinion in opinions}
        strength = np.stack([of.get(source, np.zeros(len(items))) for source in sources], axis=1)
        relevant = right.indices[right.indptr[b] : right.indptr[b + 1]]
        judged.append(Judged(strength, np.isin(items, relevant), len(relevant)))
    return {**dict.fromkeys(absent, 0.0), **fusion.choose_weights(sources, judged, k)}


def _fit(
    graph: Graph,
    settings: Settings,
    embedding: str | None,
    model: EpochModel | None,
    weights: Mapping[str, float],
    metrics: Mapping[str, Any],
    progress: Progress | None,
) -> Snapshot:
    neighbourhood = create(FILTER, settings.models.get(FILTER))
    fitted = neighbourhood.fit(graph, evaluate.model_rng(settings.seed, FILTER))
    models: dict[str, Model] = {FILTER: neighbourhood}
    vectors: Embeddings | None = None
    if embedding is not None and model is not None:
        models[embedding] = model
        rng = evaluate.model_rng(settings.seed, embedding).spawn(2)[1]
        for epoch, learnt in enumerate(model.train(graph, rng), start=1):
            vectors = cast("Embeddings", learnt)
            if progress:
                progress("training", epoch, model.epochs)
    return build_snapshot(
        graph,
        graph_filter=cast("FittedFilter", fitted),
        embeddings=vectors,
        encoder=vectors.encoder if vectors else None,
        seed=settings.seed,
        cutoff=None,
        models={name: asdict(each) for name, each in models.items()},  # type: ignore[call-overload]
        metrics=metrics,
        weights=weights,
    )


def _within(progress: Progress | None, name: str) -> Progress | None:
    """The same progress, each stage under the name of a model."""
    if progress is None:
        return None
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)
