"""Fusion as a model: what serves, fitted, compared and tuned like any other.

A fusion names models whose item-item scores may be the neighbourhood, models whose vectors may be
the embedding, and further sources. Which of them serve, in how many epochs, and what each source
weighs is chosen on validation; what is chosen is then fitted on all of a graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Graph, Rows
from graphrec.data.dataset import Dataset
from graphrec.data.kinds import DEFAULT_POLICY, KindPolicy
from graphrec.errors import MissingExtra, SettingsError
from graphrec.evaluation.early_stopping import Chosen, choose_epochs
from graphrec.evaluation.evaluator import model_rng, relevant
from graphrec.evaluation.splits.split import (
    Split,
    carve_validation,
    of_kinds,
    sample_users,
)
from graphrec.evaluation.variants import choose_variant
from graphrec.models import create
from graphrec.models.embeddings import Embeddings
from graphrec.models.fitted import FittedModel
from graphrec.models.history import HistoryScorer
from graphrec.models.popularity import PopularityScorer, RecentPopularity
from graphrec.models.protocol import (
    EpochModel,
    ItemScores,
    Model,
    Scorer,
    Seed,
    VariantModel,
    WarmModel,
)
from graphrec.models.training.warm_start import in_rows_of
from graphrec.progress import Progress
from graphrec.ranking import fusion
from graphrec.ranking.fusion import TRACE, Labelled, Weights, retrieved
from graphrec.ranking.selection import Rule, Shown, select
from graphrec.ratings.predictor import RatingPredictor
from graphrec.recommend.recommender import Recommender
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.neighbourhood import Neighbourhood
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.sequence import SequenceSource
from graphrec.retrieval.source import CandidateSource
from graphrec.retrieval.vectors import NearestVectors
from graphrec.settings import RetrievalSettings, Settings
from graphrec.snapshot.manifest import HyperParameters, Manifest
from graphrec.snapshot.snapshot import Snapshot, build_snapshot
from graphrec.snapshot.view import View
from graphrec.training.sources import SourceModel, choose_sources, fit_source

POPULAR = "recent-popularity"
"""The name by which the hyper-parameters of the popularity source are kept."""

NEIGHBOURHOODS = ("graph-filter",)
EMBEDDINGS = ("graphsage", "mf")
"""Models that serve by default, the preferred one first."""

MAX_PAIRS = 100_000_000
"""Pairs of a user and an item up to which a model whose loss is over all of them is tried beside
another model of vectors."""

WARM_SHARE = 0.25
"""Of the epochs of a model, what it takes where it goes on from what was learned before."""

MAX_USERS = 2_000
"""Validation users that weights of sources are chosen on; of more, a random sample."""

DISLIKE_WEIGHTS = (0.0, 0.5, 1.0)
"""What dislikes may weigh against likes, of equally good ones the first."""

SHORT_HISTORIES = 200
"""Users of a group that its weights are chosen on: where fewer like so few items, others whose
history is truncated to as few make them up."""


def _installed_embeddings() -> Mapping[str, EpochModel]:
    found: dict[str, EpochModel] = {}
    for name in EMBEDDINGS:
        with suppress(MissingExtra):
            found[name] = cast("EpochModel", create(name))
    return found


@dataclass(frozen=True)
class Fusion:
    """Candidates from several sources in one ranking."""

    neighbourhoods: Mapping[str, Model] = field(
        default_factory=lambda: {name: create(name) for name in NEIGHBOURHOODS}
    )
    """By name, the models whose item-item scores may serve, the preferred one first."""
    embeddings: Mapping[str, EpochModel] = field(default_factory=_installed_embeddings)
    """By name, the models whose vectors may serve, the preferred one first; by default those of
    `EMBEDDINGS` that are installed."""
    popularity: RecentPopularity = field(default_factory=RecentPopularity)
    sources: Mapping[str, SourceModel] = field(default_factory=dict)
    """By name, sources that serve beside these: of your own, or models of sequences."""
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    k: int = 10
    """Cut-off of the NDCG that is chosen by."""
    valid_share: float = 0.1
    """Newest share of the events to choose on."""
    valid_cuts: int = 3
    """Cuts at most that are chosen on, where few users are in one."""
    rule: Rule = "personal"
    """What is taken of alternatives that are equally good on validation."""
    kinds: tuple[str, ...] = ()
    """Kinds of events that validation labels as relevant; none: all that are positive."""

    def fit(
        self,
        data: Dataset,
        seed: Seed = 0,
        *,
        validation: Split | None = None,
        chosen: Mapping[str, Chosen] | None = None,
        progress: Progress | None = None,
    ) -> FittedModel[Recommender]:
        """The recommender of all data, chosen on `validation` (`choose`)."""
        number = seed if isinstance(seed, int) else int(seed.integers(2**32))
        graph = data.weighted
        choice = choose(
            self, graph, number, validation=validation, chosen=chosen, progress=progress
        )
        learned = learn(self, graph, number, choice, progress=progress)
        recommender = recommender_of(
            self,
            snapshot_of(self, graph, learned, number, kinds=data.kinds or DEFAULT_POLICY),
        )
        return FittedModel.of(graph, recommender)


def fusion_of(settings: Settings, embeddings: Sequence[str] | None = None) -> Fusion:
    """The fusion of the settings; `embeddings` are the names of models of vectors, where given.

    Raises SettingsError for an unknown model or hyper-parameter, and MissingExtra.
    """
    spec = settings.fusion
    named = spec.embeddings if embeddings is None else embeddings

    def model(name: str) -> Model:
        return create(name, settings.models.get(name))

    return Fusion(
        {name: model(name) for name in spec.neighbourhoods},
        {name: cast("EpochModel", model(name)) for name in named},
        cast("RecentPopularity", model(POPULAR)),
        {name: cast("SourceModel", model(place)) for name, place in spec.sources.items()},
        settings.retrieval,
        settings.evaluation.k,
        settings.evaluation.valid_share,
        settings.evaluation.valid_cuts,
        settings.fusion.selection,
        settings.evaluation.kinds,
    )


@dataclass(frozen=True)
class Choice:
    """What is chosen on validation before anything is fitted on all of a graph."""

    neighbourhood: str
    """The name of the model of the neighbourhood."""
    neighbourhood_model: Model
    """This model, with what was chosen of hyper-parameters that it leaves open."""
    embedding: str | None
    """That of the model whose vectors serve."""
    model: EpochModel | None
    """This model, with its epochs."""
    weights: Weights
    """Of the sources."""
    curve: Sequence[float] = ()
    """NDCG@k on validation after each epoch; none where epochs were given."""
    dislike_weight: float = 0.0
    """What dislikes weigh against likes in the neighbourhood."""
    sources: Mapping[str, SourceModel] = field(default_factory=dict)
    """Those of the sources that are trained in epochs, with their number."""
    shown: Shown | None = None
    """What was chosen shows on validation; None where there was nothing to choose on."""
    most_accurate: Shown | None = None
    """What the alternative with the best mean NDCG shows there."""


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


def choose(
    spec: Fusion,
    graph: Graph,
    seed: int,
    *,
    validation: Split | None = None,
    chosen: Mapping[str, Chosen] | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Which models make the best recommender of a weighted graph, and the weights of its sources.

    Of equally good ones, the first named is taken. It is chosen on `validation`, which is carved
    from the graph unless it is given; as are epochs, and hyper-parameters that a neighbourhood
    leaves open, unless `chosen` has them by the name of the model. What `chosen` has learned must
    be of the train side of that.
    """
    rng = model_rng(seed, "validation")
    if validation is None:
        validation = carve_validation(graph, spec.valid_share, rng, spec.valid_cuts)
    validation = of_kinds(validation, spec.kinds)
    neighbourhoods = {
        name: given.model
        if (given := (chosen or {}).get(name)) is not None
        else choose_neighbourhood(spec, name, seed, validation, progress)
        for name in spec.neighbourhoods
    }
    learners = _learners(spec, graph, seed, validation, chosen or {}, progress)
    timed, known = choose_sources(
        spec.sources, validation, seed, k=spec.k, rule=spec.rule, progress=progress
    )
    equal = equal_weights(spec, graph)
    choices = [
        Choice(near, model, name, learner.model, equal, learner.curve, sources=timed)
        if name is not None and learner is not None
        else Choice(near, model, None, None, equal, sources=timed)
        for (near, model), (name, learner) in product(
            neighbourhoods.items(), learners.items() or [(None, None)]
        )
    ]
    if not len(validation.test):
        return choices[0]
    cuts = [sample_users(cut, MAX_USERS, rng) for cut in validation.cuts]
    found: list[tuple[Choice, fusion.Choice]] = []
    untrained: dict[str, list[Learned]] = {}
    for choice in choices:
        if choice.neighbourhood not in untrained:
            alone = replace(choice, embedding=None, model=None)
            untrained[choice.neighbourhood] = [
                learn(spec, cut.train, seed, alone, known=own)
                for cut, own in zip(cuts, known, strict=True)
            ]
        vectors = _learned_vectors(learners, choice, cuts, seed)
        # Where nobody dislikes anything, there is nothing to choose.
        disliked = any(cut.train.disliked.nnz for cut in cuts)
        for dislikes in DISLIKE_WEIGHTS if disliked else DISLIKE_WEIGHTS[:1]:
            trials = []
            for cut, learned, own in zip(
                cuts, untrained[choice.neighbourhood], vectors, strict=True
            ):
                trial = replace(learned, vectors=own, dislike_weight=dislikes)
                trials.append(recommender_of(spec, snapshot_of(spec, cut.train, trial, seed)))
            weights, selected = choose_weights(
                trials, cuts, spec.k, model_rng(seed, "weights"), spec.rule
            )
            made = replace(choice, weights=weights, dislike_weight=dislikes)
            found.append((made, selected))
    best = max((each.most_accurate for _, each in found), key=lambda shown: shown.mean)
    made, selected = found[select([each.shown for _, each in found], spec.rule)]
    return replace(made, shown=selected.shown, most_accurate=best)


def _learned_vectors(
    learners: Mapping[str, Chosen], choice: Choice, cuts: Sequence[Split], seed: int
) -> Sequence[Embeddings | None]:
    """The vectors of the model of a choice on the train sides of the cuts, None without one."""
    if choice.embedding is None or choice.model is None:
        return [None] * len(cuts)
    kept = learners[choice.embedding].scorers
    if len(kept) == len(cuts):
        return [cast("Embeddings", scorer) for scorer in kept]
    return [_vectors(choice, cut.train, seed, None) for cut in cuts]


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
        vectors = _vectors(choice, graph, seed, progress, start)
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
    )
    described = replace(snapshot.manifest, position=position, dislike_weight=learned.dislike_weight)
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


def equal_weights(spec: Fusion, graph: Graph) -> Weights:
    """Weights of the sources, where nothing can be held back to choose on."""
    vectors = (each.name for each in vector_sources(spec, graph))
    names = ("neighbours", "embedding", *spec.sources, *vectors)
    return fusion.alike({**dict.fromkeys(names, 1.0), "popularity": TRACE})


def choose_weights(
    recommenders: Sequence[Recommender],
    cuts: Sequence[Split],
    k: int,
    rng: np.random.Generator,
    rule: Rule = "accuracy",
) -> tuple[Weights, fusion.Choice]:
    """Weights of the sources that a rule selects by NDCG@k on validation, for groups of users.

    Users are grouped by how many items they like. Beside the weights, what those for everyone show.
    There is a recommender for each cut, whose snapshot is of its train side. Where too few users
    like so few items, the histories of others are truncated to their newest likes.
    """
    everyone: list[Labelled] = []
    short: list[Labelled] = []
    for recommender, cut in zip(recommenders, cuts, strict=True):
        of_cut = _labelled(recommender, cut, rng)
        everyone += of_cut[0]
        short += of_cut[1]
    snapshot = recommenders[0].snapshot
    sources = [source.name for source in snapshot.all_sources]
    groups, choice = fusion.choose_weights(
        sources,
        everyone,
        k,
        len(snapshot.items),
        short_histories=short,
        added=[
            each.name
            for each in snapshot.sources
            if isinstance(each, NearestVectors | SequenceSource)
        ],
        rule=rule,
    )
    absent = {} if "embedding" in sources else {"embedding": 0.0}
    return tuple(replace(each, weights={**absent, **each.weights}) for each in groups), choice


def _labelled(
    recommender: Recommender, validation: Split, rng: np.random.Generator
) -> tuple[list[Labelled], list[Labelled]]:
    """What is retrieved for the users of validation, and for them with truncated histories.

    Both are labelled with the same events: what a user has seen besides is neither right nor wrong,
    as the models learned from it.
    """
    snapshot, view = recommender.snapshot, recommender.view
    sources = [source.name for source in snapshot.all_sources]
    equal = recommender.settings.model_copy(update={"weights": dict.fromkeys(sources, 1.0)})
    trial = Recommender(view, equal)
    users, right = relevant(validation)
    candidates, pool = validation.candidates, validation.pool  # which hold what is relevant, too

    def label(rows: Rows, profiles: Sequence[UserProfile]) -> list[Labelled]:
        """What was found for profiles of the users at `rows` of what is relevant."""
        labelled = []
        for row, profile in zip(rows, profiles, strict=True):
            found = trial.candidates(profile)
            items = retrieved(found)
            if candidates is not None:
                items = candidates[[users[row]]].indices
            items = items if pool is None else pool
            of = {each.source: each.z_scores(items) for each in found}
            z_scores = np.stack([of.get(s, np.zeros(len(items))) for s in sources], axis=1)
            hits = right.indices[right.indptr[row] : right.indptr[row + 1]]
            known = np.isin(items, hits)
            labelled.append(Labelled(z_scores, known, items, len(hits), profile.likes))
        return labelled

    everyone = [view.stored(int(user)) for user in users]
    rows, shown = truncated_histories(validation.train, users, rng)
    short = [
        view.short_history(int(user), few) for user, few in zip(users[rows], shown, strict=True)
    ]
    return label(np.arange(len(users), dtype=np.int32), everyone), label(rows, short)


def truncated_histories(
    train: Graph, users: Rows, rng: np.random.Generator
) -> tuple[Rows, Sequence[Rows]]:
    """Histories cut short, for groups with few users: places among `users` [B], items of each.

    Users who like the fewest items are taken first, as they are most like those with a short
    history. The newest of their likes are shown, in a random order where times are the same.
    """
    likes = np.diff(train.matrix.indptr)[users]
    log = train.interactions
    log = log.take((log.weight > 0) & np.isin(log.user, users))
    log = log.take(np.lexsort((rng.random(len(log)), -log.time, log.user)))
    starts = np.searchsorted(log.user, users)
    ends = np.searchsorted(log.user, users, side="right")
    rows: list[int] = []
    shown: list[Rows] = []
    for least, most in fusion.bounds():
        if most is None:
            continue
        missing = SHORT_HISTORIES - np.count_nonzero((likes >= least) & (likes <= most))
        longer = np.flatnonzero(likes > most)
        for row in longer[np.argsort(likes[longer], kind="stable")][: max(missing, 0)].tolist():
            newest = dict.fromkeys(log.item[starts[row] : ends[row]].tolist())
            count = int(rng.integers(least, most + 1))
            rows.append(row)
            shown.append(np.array(list(newest)[:count], np.int32))
    return np.array(rows, np.int32), shown


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


def served_models(spec: Fusion, manifest: Manifest) -> Mapping[str, Model]:
    """The neighbourhood and the model of vectors that a snapshot serves, by name, as chosen."""
    known = manifest.models
    return {
        name: replace(model, **known[name])  # type: ignore[type-var]  # models are dataclasses
        for models in (spec.neighbourhoods, spec.embeddings)
        for name, model in models.items()
        if name in known
    }


def choose_neighbourhood(
    spec: Fusion, name: str, seed: int, validation: Split, progress: Progress | None = None
) -> Model:
    """A model of the neighbourhood, with what it leaves open chosen on validation."""
    model = spec.neighbourhoods[name]
    if not isinstance(model, VariantModel):
        return model
    rng = model_rng(seed, name).spawn(1)[0]
    return choose_variant(model, validation, rng, k=spec.k, rule=spec.rule, progress=progress)


def _learners(
    spec: Fusion,
    graph: Graph,
    seed: int,
    validation: Split,
    chosen: Mapping[str, Chosen],
    progress: Progress | None,
) -> dict[str, Chosen]:
    """The models of vectors with their epochs, chosen on validation unless they are known."""
    large = len(graph.users) * len(graph.items) > MAX_PAIRS and len(spec.embeddings) > 1
    found: dict[str, Chosen] = {}
    for name, model in spec.embeddings.items():
        if large and name == "mf":
            continue
        known = chosen.get(name)
        if known is None:
            rng = model_rng(seed, name).spawn(1)[0]
            known = choose_epochs(
                model, validation, rng, k=spec.k, rule=spec.rule, progress=progress
            )
        found[name] = known
    return found


def _item_scores(name: str, fitted: Scorer) -> ItemScores:
    """Those of a fitted model; raises SettingsError for a model that has none."""
    scores = fitted.items if isinstance(fitted, HistoryScorer) else fitted
    if not isinstance(scores, ItemScores):
        raise SettingsError(
            f"model {name!r} gives no item-item scores: expected one that does as the "
            f"neighbourhood, such as graph-filter or item-knn; see [fusion] in the settings"
        )
    return scores


def _vectors(
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
