"""Models compared on one split of a log, each fitted on the same events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Literal, TypeAlias, cast

from graphrec import settings as config
from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.errors import DataError
from graphrec.evaluation import evaluator as evaluate
from graphrec.evaluation.early_stopping import Chosen, choose_epochs
from graphrec.evaluation.results import Comparison
from graphrec.evaluation.splits.cold import cold_items, overall
from graphrec.evaluation.splits.split import (
    Split,
    carve_validation,
    cut,
    leave_last_out,
    of_kinds,
    temporal,
)
from graphrec.evaluation.variants import choose_variant
from graphrec.models import EpochModel, create
from graphrec.models.hyper_parameters import Point
from graphrec.models.protocol import VariantModel
from graphrec.progress import Progress
from graphrec.settings import Settings
from graphrec.training.fusion import Fusion, fusion_of, served_models
from graphrec.training.lambdamart import LambdaMART

Protocol: TypeAlias = Literal["auto", "temporal", "leave-last-out", "cold-items", "overall"]

FUSION = "fusion"
"""The name of the model that serves."""

RANKER = "lambdamart"
"""The name of the same with a learned ranker, where validation prefers it."""

FUSIONS = (FUSION, RANKER)
"""Models that are made of others."""

MODELS = (*config.MODEL_NAMES, *FUSIONS)
"""The names of models that can be compared."""


def positive(data: Dataset) -> Graph:
    """The weighted graph to learn from; raises DataError where nothing in it is positive."""
    graph = data.weighted
    if not graph.matrix.nnz:
        raise DataError(
            "the store has no positive events: expected some to learn from; load them with "
            "`graphrec ingest`, and see [kinds] in the settings for what counts as positive"
        )
    return graph


def split_log(data: Dataset, settings: Settings, protocol: Protocol = "auto") -> tuple[str, Split]:
    """A split of a data set, weighted, and the name of its protocol.

    `auto` is temporal where positive events have times, and else `blocked`: a share of each user's
    positive items, as `carve_validation` draws them. Raises what the splits raise.
    """
    graph = data.weighted
    log = graph.interactions
    times = log.time[log.weight > 0]
    timed = len(times) > 0 and times.min() < times.max()
    share = settings.evaluation.test_share
    if protocol == "leave-last-out":
        return protocol, leave_last_out(graph)
    if protocol == "cold-items":
        return protocol, cold_items(graph, share, evaluate.model_rng(settings.seed, "test"))
    if protocol == "overall":
        return protocol, overall(graph, share, evaluate.model_rng(settings.seed, "test"))
    if protocol == "auto" and not timed:
        return "blocked", carve_validation(graph, share, evaluate.model_rng(settings.seed, "test"))
    return "temporal", split_at(data, cast("int", temporal(graph, share).cutoff), settings)


def split_at(data: Dataset, cutoff: int, settings: Settings) -> Split:
    """The split of a data set at a cutoff time (milliseconds since 1970), weighted."""
    split = of_kinds(cut(data.weighted, cutoff), settings.evaluation.kinds)
    # As of the cutoff: how old an event is must not depend on when the test events were.
    before = replace(data, recorded=data.recorded.before(cutoff), as_of=None)
    return replace(split, train=before.weighted)


def model_of(name: str, settings: Settings, embeddings: Sequence[str] | None = None) -> Any:
    """The model of a name, as the settings have it; `embeddings` are those of a fusion.

    Raises SettingsError for an unknown name or hyper-parameter, and MissingExtra.
    """
    if name == FUSION:
        return fusion_of(settings, embeddings)
    if name == RANKER:
        return replace(fusion_of(settings, embeddings), ranker=LambdaMART())
    return create(name, settings.models.get(name))


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
    for all models, unless it is given. A fusion takes over what the models before it have learned
    there. Raises what creating, fitting and evaluating raise.
    """
    found, _ = compare_and_choose(
        names,
        split,
        settings,
        protocol=protocol,
        k=k,
        validation=validation,
        embeddings=embeddings,
        progress=progress,
    )
    return found


def compare_and_choose(
    names: Sequence[str],
    split: Split,
    settings: Settings,
    *,
    protocol: str,
    k: int,
    validation: Split | None = None,
    embeddings: Sequence[str] = (),
    progress: Progress | None = None,
) -> tuple[Comparison, Mapping[str, Chosen]]:
    """As `compare`, with the models that served in the row of FUSION, by name, as chosen.

    Empty without that row.
    """
    seed, resamples = settings.seed, settings.evaluation.resamples
    if validation is None:
        validation = _validation(split, settings)
    split, validation = (of_kinds(s, settings.evaluation.kinds) for s in (split, validation))
    named = sorted(names, key=lambda name: name in FUSIONS)
    models = {name: model_of(name, settings, embeddings) for name in named}
    reused = (
        {*embeddings, *settings.fusion.neighbourhoods}
        if any(name in models for name in FUSIONS)
        else set()
    )
    chosen: dict[str, Chosen] = {}
    curves: dict[str, Sequence[float]] = {}
    served: dict[str, Chosen] = {}

    def fit(name: str, model: Any) -> evaluate.Fitted:
        data = Dataset.of_weights(split.train)
        choose_rng, fit_rng = evaluate.model_rng(seed, name).spawn(2)
        bar = _within(progress, name)
        if isinstance(model, Fusion):
            fitted = model.fit(data, seed, validation=validation, chosen=chosen, progress=bar)
            manifest = fitted.scorer.snapshot.manifest
            parts = served_models(model, manifest)
            served.update({part: Chosen(each) for part, each in parts.items()})
            note = "" if manifest.ranker is None else f"learned ranker: {manifest.ranker}"
            return evaluate.Fitted(fitted, chosen=_open_values(settings, parts), note=note)
        found = Chosen(model)
        rule = settings.fusion.selection
        if isinstance(model, VariantModel):
            found = Chosen(
                choose_variant(model, validation, choose_rng, k=k, rule=rule, progress=bar)
            )
        elif isinstance(model, EpochModel):
            found = choose_epochs(model, validation, choose_rng, k=k, rule=rule, progress=bar)
            curves[name] = found.curve
        if name in reused:
            chosen[name] = found
        return evaluate.Fitted(
            found.model.fit(data, fit_rng),
            found.model.epochs if isinstance(model, EpochModel) else None,
            _open_values(settings, {name: found.model}),
        )

    results = tuple(
        evaluate.measure(
            name,
            lambda name=name, model=model: fit(name, model),  # type: ignore[misc]
            split,
            seed=seed,
            k=k,
            resamples=resamples,
        )
        for name, model in models.items()
    )
    return Comparison(results, split, k, seed, validation, protocol, curves), served


def _validation(split: Split, settings: Settings) -> Split:
    """What is held out of the train side of a split, in the manner of its test."""
    rng = evaluate.model_rng(settings.seed, "validation")
    spec = settings.evaluation
    if split.parts:
        return overall(split.train, spec.valid_share, rng)
    if split.pool is not None:
        return cold_items(split.train, spec.valid_share, rng)
    return carve_validation(split.train, spec.valid_share, rng, spec.valid_cuts)


def _open_values(settings: Settings, models: Mapping[str, Any]) -> Mapping[str, Point]:
    """What was chosen of hyper-parameters that models leave open, by name; none that left none."""
    found = {}
    for name, model in models.items():
        before = asdict(create(name, settings.models.get(name)))  # type: ignore[call-overload]
        now = asdict(model)
        was_open = [each for each in before if before[each] is None]
        values = {each: now[each] for each in was_open if now[each] is not None}
        if values:
            found[name] = values
    return found


def _within(progress: Progress | None, name: str) -> Progress | None:
    """The same progress, each stage under the name of a model."""
    if progress is None:
        return None
    return lambda stage, done, total: progress(f"{name}: {stage}", done, total)
