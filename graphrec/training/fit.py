"""From a raw graph to compared models and a snapshot that can be published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from time import perf_counter
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from graphrec import settings as config
from graphrec.data import Graph, Rows
from graphrec.data.weighting import weigh
from graphrec.errors import DataError
from graphrec.evaluation import evaluator as evaluate
from graphrec.evaluation.early_stopping import Chosen, choose_epochs
from graphrec.evaluation.memory import with_peak_memory
from graphrec.evaluation.splits.cold import cold_items
from graphrec.evaluation.splits.split import (
    Split,
    carve_validation,
    cut,
    leave_last_out,
    of_kinds,
    sample_users,
    temporal,
)
from graphrec.models import EpochModel, Model, Scorer, create
from graphrec.models.embeddings import Embeddings
from graphrec.models.graph_filter.scorer import FittedFilter
from graphrec.models.popularity import PopularityScorer
from graphrec.models.protocol import WarmModel
from graphrec.models.training.warm_start import in_rows_of
from graphrec.progress import Progress
from graphrec.ranking import fusion
from graphrec.ranking.fusion import TRACE, Judged, Weights, recalled
from graphrec.recommend import profile as tastes
from graphrec.recommend.profile import Taste
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.sources import SOURCES
from graphrec.settings import RecallSettings, Settings
from graphrec.snapshot.snapshot import HyperParameters, Manifest, Snapshot, build_snapshot

Protocol: TypeAlias = Literal["auto", "temporal", "leave-last-out", "cold-items"]

FUSION = "fusion"
"""In a table of models, the lists that the service would give: all sources together."""

MODELS = (*config.MODEL_NAMES, FUSION)
"""What can be compared."""

EMBEDDING_MODELS = ("graphsage", "mf")
"""Models that give vectors to index, the preferred one first."""

FILTER = "graph-filter"
"""The model of the neighbourhoods that serve."""

POPULAR = "recent-popularity"
"""The model of the popular items that serve: on a log with times, what is popular of late."""

MAX_PAIRS = 100_000_000
"""Pairs of a user and an item up to which MF, whose loss is over all of them, is tried beside
another model of vectors."""

WARM_SHARE = 0.25
"""Of the epochs of a model, what it takes where it goes on from what was learnt before."""

MAX_USERS = 2_000
"""Validation users that weights of sources are chosen on; of more, a random sample."""

BEGINNERS = 200
"""People of a group that its weights are chosen on: where fewer like so few items, others of whom
as few are shown make them up."""

UNCHOSEN = fusion.alike({"neighbours": 1.0, "embedding": 1.0, "popularity": TRACE})
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
    served: Mapping[str, Chosen] = field(default_factory=dict)
    """The model whose vectors served in the row of FUSION, by its name; empty where none did."""

    def as_json(self) -> dict[str, Any]:
        """The figures in the shape of `graphrec.evaluation.evaluator.as_json`, and `curves` beside
        them.
        """
        figures = evaluate.as_json(
            self.results,
            protocol=self.protocol,
            split=self.split,
            validation=self.validation,
            seed=self.seed,
            k=self.k,
        )
        return {**figures, "curves": {name: list(curve) for name, curve in self.curves.items()}}


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
    if protocol == "cold-items":
        return protocol, cold_items(graph, share, evaluate.model_rng(settings.seed, "test"))
    if protocol == "auto" and not timed:
        return "blocked", carve_validation(graph, share, evaluate.model_rng(settings.seed, "test"))
    return "temporal", split_at(raw, cast("int", temporal(graph, share).cutoff), settings)


def split_at(raw: Graph, cutoff: int, settings: Settings) -> Split:
    """The split of a raw graph at a cutoff time, weighed."""
    split = of_kinds(cut(weigh(raw, settings.kinds), cutoff), settings.evaluation.kinds)
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
    embeddings: Sequence[str] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Fit models on the train side of a split and evaluate them on its test side.

    Epochs are chosen on `validation`, which is carved from train in the manner of the split, once
    for all models, unless it is given. FUSION is the recommender that would serve, with the vectors
    of one of `embeddings`; it comes last in the results. Raises what creating, fitting and
    evaluating raise.
    """
    models = {name: create(name, settings.models.get(name)) for name in names if name != FUSION}
    seed, resamples = settings.seed, settings.evaluation.resamples
    if validation is None:
        rng = evaluate.model_rng(seed, "validation")
        carve = carve_validation if split.pool is None else cold_items
        validation = carve(split.train, settings.evaluation.valid_share, rng)
    split, validation = (of_kinds(s, settings.evaluation.kinds) for s in (split, validation))

    chosen: dict[str, Chosen] = {}
    curves: dict[str, Sequence[float]] = {}

    def chooser(name: str) -> evaluate.ChooseEpochs:
        def choose(model: EpochModel, rng: np.random.Generator) -> EpochModel:
            bar = _within(progress, name)
            found = choose_epochs(model, validation, rng, k=k, progress=bar)
            curves[name] = found.curve
            if FUSION in names and name in embeddings:
                chosen[name] = found
            return found.model

        return choose

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

    def serve() -> tuple[evaluate.Evaluation, float, Mapping[str, Chosen]]:
        began = perf_counter()
        snapshot = fit_snapshot(
            split.train,
            settings,
            embeddings=embeddings,
            validation=validation,
            chosen=chosen,
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
        return result, fitted, learner_of(snapshot.manifest)

    (evaluation, seconds, served), peak = with_peak_memory(serve)
    row = evaluate.ModelResult(FUSION, evaluation, None, seconds, peak)
    return replace(comparison, results=(*results, row), served=served)


@dataclass(frozen=True)
class Choice:
    """What is chosen on validation before anything is fitted on all of a graph."""

    embedding: str | None
    """The model whose vectors serve."""
    model: EpochModel | None
    """That model, with its epochs."""
    weights: Weights
    """Of the sources."""
    curve: Sequence[float] = ()
    """NDCG@k on validation after each epoch; none where epochs were given."""


@dataclass(frozen=True)
class Learnt:
    """What models learnt of a graph: all of a snapshot that takes time."""

    graph_filter: FittedFilter
    popularity: NDArray[np.float32]  # [I]
    embeddings: Embeddings | None
    models: Mapping[str, HyperParameters]
    weights: Weights


def fit_snapshot(
    graph: Graph,
    settings: Settings,
    *,
    embeddings: Sequence[str],
    validation: Split | None = None,
    chosen: Mapping[str, Chosen] | None = None,
    metrics: Mapping[str, Any] | None = None,
    position: int | None = None,
    progress: Progress | None = None,
) -> Snapshot:
    """Fit what the recommender serves from on all of a weighed graph, as is best on validation.

    `position` is the store's, just before the graph was read; the rest is as for `choose`. Raises
    what creating and fitting raise.
    """
    choice = choose(
        graph,
        settings,
        embeddings=embeddings,
        validation=validation,
        chosen=chosen,
        progress=progress,
    )
    learnt = learn(graph, settings, choice, progress=progress)
    return snapshot_of(graph, learnt, settings, metrics or {}, position)


def choose(
    graph: Graph,
    settings: Settings,
    *,
    embeddings: Sequence[str],
    validation: Split | None = None,
    chosen: Mapping[str, Chosen] | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Whose vectors make the best recommender of a weighed graph, and the weights of its sources.

    `embeddings` are models whose vectors may be indexed, the first of equally good ones being
    taken; without any, neighbours and popularity serve alone. It is chosen on `validation`, which
    is carved from the graph unless it is given; as are their epochs, unless `chosen` has them. What
    `chosen` has learned must be of the train side of that.
    """
    k = settings.evaluation.k
    rng = evaluate.model_rng(settings.seed, "validation")
    if validation is None:
        validation = carve_validation(graph, settings.evaluation.valid_share, rng)
    validation = of_kinds(validation, settings.evaluation.kinds)
    if len(graph.users) * len(graph.items) > MAX_PAIRS and len(embeddings) > 1:
        embeddings = [name for name in embeddings if name != "mf"]
    learners: dict[str, Chosen] = {}
    for name in embeddings:
        known = (chosen or {}).get(name)
        if known is None:
            choose_rng = evaluate.model_rng(settings.seed, name).spawn(1)[0]
            model = embedding_model(name, settings)
            known = choose_epochs(model, validation, choose_rng, k=k, progress=progress)
        learners[name] = known
    choices = [
        Choice(name, learner.model, UNCHOSEN, learner.curve) for name, learner in learners.items()
    ] or [Choice(None, None, UNCHOSEN)]
    if not len(validation.test):
        return choices[0]
    train, shown = validation.train, sample_users(validation, MAX_USERS, rng)
    untrained = learn(train, settings, Choice(None, None, UNCHOSEN))
    judged = []
    for choice in choices:
        vectors = None
        if choice.embedding is not None and choice.model is not None:
            scorer = learners[choice.embedding].scorer
            vectors = cast("Embeddings | None", scorer) or _vectors(choice, train, settings, None)
        trial = snapshot_of(train, replace(untrained, embeddings=vectors), settings, {})
        weights_rng = evaluate.model_rng(settings.seed, "weights")
        weights, value = choose_weights(trial, shown, k, weights_rng)
        judged.append((value, replace(choice, weights=weights)))
    return max(judged, key=lambda each: each[0])[1]


def embedding_model(embedding: str, settings: Settings) -> EpochModel:
    """The embedding model of the settings, with as many epochs as may be chosen at most."""
    return cast("EpochModel", create(embedding, settings.models.get(embedding)))


def choose_weights(
    snapshot: Snapshot, validation: Split, k: int, rng: np.random.Generator
) -> tuple[Weights, float]:
    """The weights of the sources with the best NDCG@k on validation, by how many items people like.

    Beside them, the NDCG@k of those that are best for everyone. `snapshot` is of the train side of
    `validation`. Where too few people like so few items, others count as if only the newest of what
    they like were known. They are asked about the same events: what they have met besides is
    neither right nor wrong, as the models learnt from it.
    """
    equal = RecallSettings(neighbours=1, embedding=1, popularity=1)
    absent = {"embedding"} if snapshot.embeddings is None else set()
    sources = [source for source in SOURCES if source not in absent]
    recommender = Recommender(snapshot, equal)
    users, right = evaluate.relevant(validation)
    asked = validation.candidates  # which hold what is right, too
    pool = validation.pool  # which does, too

    def judge(rows: Rows, people: Sequence[Taste]) -> list[Judged]:
        """What was found for people, who are in the `rows` of what is right."""
        judged = []
        for row, taste in zip(rows, people, strict=True):
            opinions = recommender.opinions(taste)
            items = recalled(opinions) if asked is None else asked[[users[row]]].indices
            items = items if pool is None else pool
            of = {opinion.source: opinion.of(items) for opinion in opinions}
            strength = np.stack([of.get(s, np.zeros(len(items))) for s in sources], axis=1)
            hits = right.indices[right.indptr[row] : right.indptr[row + 1]]
            judged.append(Judged(strength, np.isin(items, hits), len(hits), taste.likes))
        return judged

    everyone = [tastes.of_user(snapshot, int(user)) for user in users]
    rows, shown = stand_ins(validation.train, users, rng)
    beginners = [
        tastes.of_beginner(snapshot, int(user), few)
        for user, few in zip(users[rows], shown, strict=True)
    ]
    groups, value = fusion.choose_weights(
        sources, judge(np.arange(len(users), dtype=np.int32), everyone), k, judge(rows, beginners)
    )
    none = dict.fromkeys(absent, 0.0)
    return tuple(replace(each, weights={**none, **each.weights}) for each in groups), value


def stand_ins(train: Graph, users: Rows, rng: np.random.Generator) -> tuple[Rows, Sequence[Rows]]:
    """Who stands in for people who like few items: places among `users` [B], and items of each.

    Those are taken first who like the fewest items, as they are most like beginners. They show the
    newest of these, in an order by chance where times are the same.
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
        missing = BEGINNERS - np.count_nonzero((likes >= least) & (likes <= most))
        longer = np.flatnonzero(likes > most)
        for row in longer[np.argsort(likes[longer], kind="stable")][: max(missing, 0)].tolist():
            newest = dict.fromkeys(log.item[starts[row] : ends[row]].tolist())
            count = int(rng.integers(least, most + 1))
            rows.append(row)
            shown.append(np.array(list(newest)[:count], np.int32))
    return np.array(rows, np.int32), shown


def warm_epochs(epochs: int) -> int:
    """So many instead of `epochs`, where training goes on from what was learnt before."""
    return max(1, round(WARM_SHARE * epochs))


def learner_of(manifest: Manifest) -> Mapping[str, Chosen]:
    """The model whose vectors a snapshot serves, with its epochs, by its name."""
    models = manifest.models
    return {
        name: Chosen(cast("EpochModel", create(name, models[name])), None)
        for name in EMBEDDING_MODELS
        if name in models
    }


def learn(
    graph: Graph,
    settings: Settings,
    choice: Choice,
    *,
    start: Snapshot | None = None,
    progress: Progress | None = None,
) -> Learnt:
    """Fit the models, as chosen, on all of a weighed graph. Raises what fitting raises.

    Where `start` is given, which `can_resume` is asked of before, the vectors go on from its own,
    in a share of the epochs.
    """
    models: dict[str, Model] = {
        name: create(name, settings.models.get(name)) for name in (FILTER, POPULAR)
    }
    fitted, popular = (
        model.fit(graph, evaluate.model_rng(settings.seed, name)) for name, model in models.items()
    )
    vectors: Embeddings | None = None
    if choice.embedding is not None and choice.model is not None:
        models[choice.embedding] = choice.model
        vectors = _vectors(choice, graph, settings, progress, start)
    return Learnt(
        cast("FittedFilter", fitted),
        cast("PopularityScorer", popular).popularity,
        vectors,
        {name: asdict(model) for name, model in models.items()},  # type: ignore[call-overload]
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
        popularity=learnt.popularity,
        popular_by=settings.recall.popular_by,
    )
    return replace(snapshot, manifest=replace(snapshot.manifest, position=position))


def can_resume(model: EpochModel | None, start: Snapshot, graph: Graph) -> bool:
    """Whether a model of vectors can go on from those of a snapshot on a weighed graph."""
    if not isinstance(model, WarmModel) or start.embeddings is None:
        return False
    return model.can_resume(learnt_before(start, graph), graph)


def learnt_before(start: Snapshot, graph: Graph) -> Embeddings:
    """The vectors of a snapshot, and their encoder, in the rows of a graph."""
    assert start.embeddings is not None  # noqa: S101 - see `can_resume`
    learnt = replace(start.embeddings, encoder=start.encoder)
    return in_rows_of(graph, learnt, start.likes.users, start.likes.items)


def _vectors(
    choice: Choice,
    graph: Graph,
    settings: Settings,
    progress: Progress | None,
    start: Snapshot | None = None,
) -> Embeddings:
    """The vectors of the chosen model after its last epoch."""
    model = choice.model
    assert choice.embedding is not None and model is not None  # noqa: S101, PT018 - chosen
    rng = evaluate.model_rng(settings.seed, choice.embedding).spawn(2)[1]
    trained: Iterator[Scorer] = model.train(graph, rng)
    if start is not None:
        model = replace(model, epochs=warm_epochs(model.epochs))  # type: ignore[type-var]
        trained = cast("WarmModel", model).train(graph, rng, learnt_before(start, graph))
    vectors: Embeddings | None = None
    for epoch, learnt in enumerate(trained, start=1):
        vectors = cast("Embeddings", learnt)
        if progress:
            progress("training", epoch, model.epochs)
    assert vectors is not None  # noqa: S101 - a model has at least one epoch
    return vectors


def _within(progress: Progress | None, name: str) -> Progress | None:
    """The same progress, each stage under the name of a model."""
    if progress is None:
        return None
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)
