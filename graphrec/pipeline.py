"""From a raw graph to compared models and a snapshot that can be published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any, Literal, TypeAlias, cast

import numpy as np

from graphrec import config, evaluate, fusion
from graphrec.config import RecallSettings, Settings
from graphrec.data import Graph
from graphrec.early_stopping import choose_epochs
from graphrec.embeddings import Embeddings
from graphrec.errors import DataError
from graphrec.explain import Source
from graphrec.fusion import TRACE, Judged, recalled
from graphrec.graph_filter import FittedFilter
from graphrec.memory import with_peak_memory
from graphrec.models import EpochModel, Model, create
from graphrec.progress import Progress
from graphrec.recommend import Recommender
from graphrec.snapshot import HyperParameters, Snapshot, build_snapshot
from graphrec.split import (
    Split,
    carve_validation,
    cut,
    leave_last_out,
    sample_users,
    temporal,
)
from graphrec.weighting import weigh

Protocol: TypeAlias = Literal["auto", "temporal", "leave-last-out"]

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
    curves: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """NDCG@k on validation after each epoch, from the first, by the models that learn in epochs."""

    def as_json(self) -> dict[str, Any]:
        """The figures in the shape of `graphrec.evaluate.as_json`, and `curves` beside them."""
        figures = evaluate.as_json(
            self.results,
            protocol=self.protocol,
            split=self.split,
            validation=self.validation,
            seed=self.seed,
            k=self.k,
        )
        return {**figures, "curves": {name: list(curve) for name, curve in self.curves.items()}}

    def epochs(self) -> Mapping[str, int]:
        """The epochs chosen on validation, by model."""
        return {r.model: r.epochs for r in self.results if r.epochs is not None}


def weighed(raw: Graph, settings: Settings) -> Graph:
    """A raw graph to learn from; raises DataError where nothing in it is positive."""
    graph = weigh(raw, settings.kinds)
    if not graph.matrix.nnz:
        raise DataError(
            "the store has no positive events: expected some to learn from; load them with "
            "`graphrec ingest`, and see [kinds] in the settings for what counts as positive"
        )
    return graph


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
    if protocol == "auto" and not timed:
        return "blocked", carve_validation(graph, share, evaluate.model_rng(settings.seed, "test"))
    return "temporal", split_at(raw, cast("int", temporal(graph, share).cutoff), settings)


def split_at(raw: Graph, cutoff: int, settings: Settings) -> Split:
    """The split of a raw graph at a cutoff time, weighed."""
    split = cut(weigh(raw, settings.kinds), cutoff)
    # As of the cutoff: how old an event is must not depend on when the test events were.
    return replace(split, train=weigh(raw.before(cutoff), settings.kinds))


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

    Epochs are chosen on `validation`, which is carved from train, once for all models, unless it is
    given. FUSION is the recommender that would serve, with the vectors of `embedding`; it comes
    last in the results. Raises what creating, fitting and evaluating raise.
    """
    models = {name: create(name, settings.models.get(name)) for name in names if name != FUSION}
    seed, resamples = settings.seed, settings.evaluation.resamples
    if validation is None:
        rng = evaluate.model_rng(seed, "validation")
        validation = carve_validation(split.train, settings.evaluation.valid_share, rng)

    curves: dict[str, list[float]] = {}

    def chooser(name: str) -> evaluate.ChooseEpochs:
        def judged(epoch: int, ndcg: float) -> None:
            curves.setdefault(name, []).append(ndcg)

        bar = _within(progress, name)
        return lambda model, rng: choose_epochs(
            model, validation, rng, k=k, progress=bar, judged=judged
        )

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
    comparison = Comparison(split, validation, tuple(results), k, seed, protocol, curves)
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
        if split.candidates is None:
            result = evaluate.evaluate_ranking(
                recommender.rank, split, k=k, resamples=resamples, rng=rng
            )
        else:
            result = evaluate.evaluate(recommender, split, k=k, resamples=resamples, rng=rng)
        return result, fitted

    (served, seconds), peak = with_peak_memory(serve)
    row = evaluate.ModelResult(FUSION, served, None, seconds, peak)
    return replace(comparison, results=(*results, row))


@dataclass(frozen=True)
class Choice:
    """What is chosen on validation before anything is fitted on all of a graph."""

    model: EpochModel | None
    """The embedding model, with its epochs."""
    weights: Mapping[str, float]
    """Of the sources."""
    curve: tuple[float, ...] = ()
    """NDCG@k on validation after each epoch; none where epochs were given."""


@dataclass(frozen=True)
class Learnt:
    """What models learnt of a graph: all of a snapshot that takes time."""

    graph_filter: FittedFilter
    embeddings: Embeddings | None
    models: Mapping[str, HyperParameters]
    weights: Mapping[str, float]


def fit_snapshot(
    graph: Graph,
    settings: Settings,
    *,
    embedding: str | None,
    validation: Split | None = None,
    epochs: Mapping[str, int] | None = None,
    metrics: Mapping[str, Any] | None = None,
    position: int | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Fit what the recommender serves from on all of a weighed graph.

    `embedding` is the model whose vectors are indexed; None serves from neighbours and popularity
    alone. Its number of epochs, unless `epochs` has it, and the weights of the sources are chosen
    on `validation`, which is carved from the graph unless it is given. `position` is the store's,
    just before the graph was read. Raises what creating and fitting raise.
    """
    choice = choose(
        graph,
        settings,
        embedding=embedding,
        validation=validation,
        epochs=epochs,
        progress=progress,
    )
    learnt = learn(graph, settings, choice, embedding=embedding, progress=progress)
    return snapshot_of(graph, learnt, settings, metrics or {}, position)


def choose(
    graph: Graph,
    settings: Settings,
    *,
    embedding: str | None,
    validation: Split | None = None,
    epochs: Mapping[str, int] | None = None,
    progress: Progress | None = None,
) -> Choice:
    """The epochs of the embedding model and the weights of the sources; see `fit_snapshot`."""
    k = settings.evaluation.k
    rng = evaluate.model_rng(settings.seed, "validation")
    if validation is None:
        validation = carve_validation(graph, settings.evaluation.valid_share, rng)
    model, curve = None, list[float]()
    if embedding is not None:
        model = embedding_model(embedding, settings)
        if embedding in (epochs or {}):
            model = replace(model, epochs=(epochs or {})[embedding])  # type: ignore[type-var]
        else:
            choose_rng = evaluate.model_rng(settings.seed, embedding).spawn(1)[0]
            model = choose_epochs(
                model,
                validation,
                choose_rng,
                k=k,
                progress=progress,
                judged=lambda epoch, ndcg: curve.append(ndcg),
            )
    if not len(validation.test):
        return Choice(model, UNCHOSEN)
    learnt = learn(validation.train, settings, Choice(model, UNCHOSEN), embedding=embedding)
    trial = snapshot_of(validation.train, learnt, settings, {})
    weights = choose_weights(trial, sample_users(validation, MAX_USERS, rng), k)
    return Choice(model, weights, tuple(curve))


def embedding_model(embedding: str, settings: Settings) -> EpochModel:
    """The embedding model of the settings, with as many epochs as may be chosen at most."""
    return cast("EpochModel", create(embedding, settings.models.get(embedding)))


def choose_weights(snapshot: Snapshot, validation: Split, k: int) -> Mapping[str, float]:
    """The weights of the sources with the best NDCG@k on validation.

    `snapshot` is of the train side of `validation`.
    """
    equal = RecallSettings(neighbours=1, embedding=1, popularity=1)
    absent = {"embedding"} if snapshot.embeddings is None else set()
    sources = [source for source in SOURCES if source not in absent]
    users, right = evaluate.relevant(validation)
    asked = validation.candidates  # which hold what is right, too
    judged = []
    for b, opinions in enumerate(Recommender(snapshot, equal).opinions(users)):
        items = recalled(opinions) if asked is None else asked[[users[b]]].indices
        of = {opinion.source: opinion.of(items) for opinion in opinions}
        strength = np.stack([of.get(source, np.zeros(len(items))) for source in sources], axis=1)
        relevant = right.indices[right.indptr[b] : right.indptr[b + 1]]
        judged.append(Judged(strength, np.isin(items, relevant), len(relevant)))
    return {**dict.fromkeys(absent, 0.0), **fusion.choose_weights(sources, judged, k)}


def learn(
    graph: Graph,
    settings: Settings,
    choice: Choice,
    *,
    embedding: str | None,
    progress: Progress | None = None,
) -> Learnt:
    """Fit the models, as chosen, on all of a weighed graph. Raises what fitting raises."""
    neighbourhood = create(FILTER, settings.models.get(FILTER))
    fitted = neighbourhood.fit(graph, evaluate.model_rng(settings.seed, FILTER))
    models: dict[str, Model] = {FILTER: neighbourhood}
    vectors: Embeddings | None = None
    if embedding is not None and choice.model is not None:
        models[embedding] = choice.model
        rng = evaluate.model_rng(settings.seed, embedding).spawn(2)[1]
        for epoch, learnt in enumerate(choice.model.train(graph, rng), start=1):
            vectors = cast("Embeddings", learnt)
            if progress:
                progress("training", epoch, choice.model.epochs)
    return Learnt(
        cast("FittedFilter", fitted),
        vectors,
        {name: asdict(each) for name, each in models.items()},  # type: ignore[call-overload]
        choice.weights,
    )


def snapshot_of(
    graph: Graph,
    learnt: Learnt,
    settings: Settings,
    metrics: Mapping[str, Any],
    position: int | None = None,
) -> Snapshot:
    """The snapshot of a weighed graph and what was learnt of it: the index is built."""
    vectors = learnt.embeddings
    snapshot = build_snapshot(
        graph,
        graph_filter=learnt.graph_filter,
        embeddings=vectors,
        encoder=vectors.encoder if vectors else None,
        seed=settings.seed,
        cutoff=None,
        models=learnt.models,
        metrics=metrics,
        weights=learnt.weights,
    )
    return replace(snapshot, manifest=replace(snapshot.manifest, position=position))


def _within(progress: Progress | None, name: str) -> Progress | None:
    """The same progress, each stage under the name of a model."""
    if progress is None:
        return None
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)
