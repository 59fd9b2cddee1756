"""Fusion as a model: what serves, fitted, compared and tuned like any other.

A fusion names models whose item-item scores may be the neighbourhood, models whose vectors may be
the embedding, and further sources. Which of them serve, in how many epochs, and what each source
weighs is chosen on validation; what is chosen is then fitted on all of a graph.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from typing import cast

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.data.kinds import DEFAULT_POLICY
from graphrec.errors import MissingExtra, SettingsError
from graphrec.evaluation.early_stopping import Chosen, choose_epochs
from graphrec.evaluation.evaluator import model_rng
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
from graphrec.models.popularity import RecentPopularity
from graphrec.models.protocol import (
    EpochModel,
    Model,
    Seed,
    VariantModel,
)
from graphrec.progress import Progress
from graphrec.ranking import fusion
from graphrec.ranking.fusion import TRACE, Weights
from graphrec.ranking.learned.ranker import LearnedRanker
from graphrec.ranking.learned.trial import Trial
from graphrec.ranking.selection import Rule, Shown, select
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings, Settings
from graphrec.snapshot.manifest import Manifest
from graphrec.training.lambdamart import LambdaMART
from graphrec.training.learned_ranker import fit_ranker
from graphrec.training.learning import (
    POPULAR,
    Learned,
    fit_vectors,
    learn,
    recommender_of,
    snapshot_of,
    vector_sources,
)
from graphrec.training.sources import SourceModel, choose_sources
from graphrec.training.weights import choose_weights

NEIGHBOURHOODS = ("graph-filter",)
EMBEDDINGS = ("graphsage", "mf")
"""Models that serve by default, the preferred one first."""

RANKERS: Mapping[str, LambdaMART | None] = {"none": None, "lambdamart": LambdaMART()}
"""What may order candidates beside the weights of the sources, by name."""

MAX_PAIRS = 100_000_000
"""Pairs of a user and an item up to which a model whose loss is over all of them is tried beside
another model of vectors."""


MAX_USERS = 2_000
"""Validation users that weights of sources are chosen on; of more, a random sample."""

DISLIKE_WEIGHTS = (0.0, 0.5, 1.0)
"""What dislikes may weigh against likes, of equally good ones the first."""


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
    ranker: LambdaMART | None = None
    """What learns an order beside the weights, and serves where it has earned it on validation."""

    user_attributes: Collection[str] = ()
    """Attributes of users that what serves goes by, beside those that models read."""

    def __post_init__(self) -> None:
        """Raises SettingsError for embeddings that are no models which learn in epochs, by name."""
        given = self.embeddings
        models = tuple(given.values()) if isinstance(given, Mapping) else (given,)
        wrong = [model for model in models if not isinstance(model, EpochModel)]
        if wrong:
            raise SettingsError(
                f"embeddings of a fusion holds {wrong[0]!r}: expected models that learn in epochs, "
                f"by name, such as {{'mf': MF()}}; name others under `neighbourhoods` or `sources`"
            )

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
        RANKERS[settings.fusion.ranker],
        settings.user_attributes,
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
    ranker: LearnedRanker | None = None
    """What was learned beside the weights, where it has earned its place."""
    trial: Trial | None = None
    """How it did beside the weights; None where it was not tried."""


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
    found: list[tuple[Choice, fusion.Choice, Sequence[Recommender]]] = []
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
                tried = replace(learned, vectors=own, dislike_weight=dislikes)
                trials.append(recommender_of(spec, snapshot_of(spec, cut.train, tried, seed)))
            weights, selected = choose_weights(
                trials, cuts, spec.k, model_rng(seed, "weights"), spec.rule
            )
            made = replace(choice, weights=weights, dislike_weight=dislikes)
            found.append((made, selected, trials if spec.ranker else ()))
    best = max((each.most_accurate for _, each, _ in found), key=lambda shown: shown.mean)
    made, selected, recommenders = found[select([each.shown for _, each, _ in found], spec.rule)]
    ranker, trial = fit_ranker(spec, made, cuts, recommenders, seed, progress)
    return replace(made, shown=selected.shown, most_accurate=best, ranker=ranker, trial=trial)


def _learned_vectors(
    learners: Mapping[str, Chosen], choice: Choice, cuts: Sequence[Split], seed: int
) -> Sequence[Embeddings | None]:
    """The vectors of the model of a choice on the train sides of the cuts, None without one."""
    if choice.embedding is None or choice.model is None:
        return [None] * len(cuts)
    kept = learners[choice.embedding].scorers
    if len(kept) == len(cuts):
        return [cast("Embeddings", scorer) for scorer in kept]
    return [fit_vectors(choice, cut.train, seed, None) for cut in cuts]


def equal_weights(spec: Fusion, graph: Graph) -> Weights:
    """Weights of the sources, where nothing can be held back to choose on."""
    vectors = (each.name for each in vector_sources(spec, graph))
    names = ("neighbours", "embedding", *spec.sources, *vectors)
    return fusion.alike({**dict.fromkeys(names, 1.0), "popularity": TRACE})


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
