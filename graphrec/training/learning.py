"""What models learn of all of a graph, once it is chosen which they are, and the snapshot of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.data.kinds import KindPolicy
from graphrec.errors import SettingsError
from graphrec.evaluation.evaluator import model_rng
from graphrec.models.embeddings import Embeddings
from graphrec.models.history import HistoryScorer
from graphrec.models.popularity import PopularityScorer
from graphrec.models.protocol import EpochModel, ItemScores, Model, Scorer, WarmModel
from graphrec.models.training.warm_start import in_rows_of
from graphrec.progress import Progress
from graphrec.ranking.fusion import Weights
from graphrec.ranking.learned.ranker import LearnedRanker
from graphrec.ranking.learned.trial import Trial
from graphrec.ratings.predictor import RatingPredictor
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.retrieval.source import CandidateSource
from graphrec.retrieval.vectors import NearestVectors
from graphrec.snapshot.manifest import HyperParameters
from graphrec.snapshot.snapshot import Snapshot, build_snapshot
from graphrec.snapshot.view import View
from graphrec.training.sources import fit_source

if TYPE_CHECKING:
    from graphrec.training.fusion import Choice, Fusion

POPULAR = "recent-popularity"
"""The name by which the hyper-parameters of the popularity source are kept."""

WARM_SHARE = 0.25
"""Of the epochs of a model, what it takes where it goes on from what was learned before."""


@dataclass(frozen=True)
class Learned:
    """What models learned of a graph: all of a snapshot that takes time."""

    scores: ItemScores
    popularity: NDArray[np.float32]  # [I]
    vectors: Embeddings | None
    sources: tuple[CandidateSource, ...]
    models: Mapping[str, HyperParameters]
    weights: Weights
    dislike_weight: float = 0.0
    ranker: LearnedRanker | None = None
    trial: Trial | None = None
    """How the learned ranker did on validation, where one was asked for."""


def learn(
    spec: Fusion,
    graph: Graph,
    seed: int,
    choice: Choice,
    *,
    start: Snapshot | None = None,
    known: Mapping[str, CandidateSource] | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Fit the models, as chosen, on all of a weighted graph. Raises what fitting raises.

    `known` are sources that were fitted on it before.

    Where `start` is given, of which `can_resume` is asked before, the vectors go on from its own,
    in a share of the epochs.
    """
    name = choice.neighbourhood
    data = Dataset.of_weights(graph)
    models: dict[str, Model] = {name: choice.neighbourhood_model, POPULAR: spec.popularity}
    fitted, popular = (
        model.fit(data, model_rng(seed, each)).scorer for each, model in models.items()
    )
    vectors: Embeddings | None = None
    if choice.embedding is not None and choice.model is not None:
        models[choice.embedding] = choice.model
        vectors = fit_vectors(choice, graph, seed, progress, start)
    further = {**spec.sources, **choice.sources}
    given = known or {}
    sources = tuple(
        given[each] if each in given else fit_source(each, data, seed, further[each])
        for each in further
    )
    sources += vector_sources(spec, graph)
    described: dict[str, Any] = {**models, **further}
    return Learned(
        _item_scores(name, fitted),
        cast("PopularityScorer", popular).popularity,
        vectors,
        sources,
        {each: asdict(model) for each, model in described.items()},
        choice.weights,
        choice.dislike_weight,
        choice.ranker,
        choice.trial,
    )


def snapshot_of(
    spec: Fusion,
    graph: Graph,
    learned: Learned,
    seed: int,
    metrics: Mapping[str, Any] | None = None,
    position: int | None = None,
    ratings: RatingPredictor | None = None,
    kinds: Mapping[str, KindPolicy] | None = None,
) -> Snapshot:
    """The snapshot of a weighted graph and what was learned of it, with its index.

    `kinds` say which events count as one of their kind; None, for a trial: they are not kept.
    """
    nearest = () if learned.vectors is None else (Nearest.of(learned.vectors),)
    snapshot = build_snapshot(
        graph,
        sources=(Neighbourhood(learned.scores, learned.dislike_weight), *nearest, *learned.sources),
        seed=seed,
        models=learned.models,
        metrics=metrics,
        weights=learned.weights,
        popularity=learned.popularity,
        half_life=spec.popularity.half_life_share,
        popular_by=spec.retrieval.popular_by,
        ratings=ratings,
        kinds=kinds,
        ranker=learned.ranker,
        user_attributes=spec.user_attributes,
    )
    described = replace(
        snapshot.manifest,
        position=position,
        dislike_weight=learned.dislike_weight,
        ranker=learned.trial,
    )
    return replace(snapshot, manifest=described)


def recommender_of(spec: Fusion, snapshot: Snapshot) -> Recommender:
    """The recommender that serves a snapshot."""
    return Recommender(View.of(snapshot), spec.retrieval)


def vector_sources(spec: Fusion, graph: Graph) -> tuple[NearestVectors, ...]:
    """The sources of the vectors that items have; raises SettingsError for a name of none."""
    attributes = graph.attributes.get("item", {})
    vectors = [name for name, each in attributes.items() if each.kind == "vector"]
    named = spec.retrieval.vectors
    for name in named or ():
        if name not in vectors:
            raise SettingsError(
                f"[retrieval] vectors: items have no vectors called {name!r}: expected one of "
                f"{', '.join(vectors) or 'none here'}; correct the name, or load them"
            )
    found = (NearestVectors.of(n, attributes[n]) for n in (vectors if named is None else named))
    return tuple(each for each in found if each is not None)


def warm_epochs(epochs: int) -> int:
    """So many instead of `epochs`, where training goes on from what was learned before."""
    return max(1, round(WARM_SHARE * epochs))


def can_resume(model: EpochModel | None, start: Snapshot, graph: Graph) -> bool:
    """Whether a model of vectors can go on from those of a snapshot on a weighted graph."""
    if not isinstance(model, WarmModel) or start.embeddings is None:
        return False
    return model.can_resume(learned_before(start, graph), Dataset.of_weights(graph))


def learned_before(start: Snapshot, graph: Graph) -> Embeddings:
    """The vectors of a snapshot, and their encoder, in the rows of a graph."""
    assert start.embeddings is not None  # noqa: S101 - see `can_resume`
    return in_rows_of(graph, start.embeddings, start.users, start.items)


def fit_vectors(
    choice: Choice,
    graph: Graph,
    seed: int,
    progress: Progress | None,
    start: Snapshot | None = None,
) -> Embeddings:
    """The vectors of the chosen model after its last epoch."""
    model = choice.model
    assert choice.embedding is not None and model is not None  # noqa: S101, PT018 - chosen
    rng = model_rng(seed, choice.embedding).spawn(2)[1]
    data = Dataset.of_weights(graph)
    trained: Iterator[Scorer] = model.train(data, rng)
    if start is not None:
        model = replace(model, epochs=warm_epochs(model.epochs))  # type: ignore[type-var]
        trained = cast("WarmModel", model).train(data, rng, learned_before(start, graph))
    vectors: Embeddings | None = None
    for epoch, learned in enumerate(trained, start=1):
        vectors = cast("Embeddings", learned)
        if progress:
            progress("training", epoch, model.epochs)
    assert vectors is not None  # noqa: S101 - a model has at least one epoch
    return vectors


def _item_scores(name: str, fitted: Scorer) -> ItemScores:
    """Those of a fitted model; raises SettingsError for a model that has none."""
    scores = fitted.items if isinstance(fitted, HistoryScorer) else fitted
    if not isinstance(scores, ItemScores):
        raise SettingsError(
            f"model {name!r} gives no item-item scores: expected one that does as the "
            f"neighbourhood, such as graph-filter or item-knn; see [fusion] in the settings"
        )
    return scores
