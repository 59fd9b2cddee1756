"""Further sources of a fusion: sources of one's own, and models of sequences.

A model that is trained in epochs has their number chosen on validation, as those of vectors have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

from graphrec.data.dataset import Dataset
from graphrec.errors import SettingsError
from graphrec.evaluation.early_stopping import choose_epochs
from graphrec.evaluation.evaluator import model_rng
from graphrec.evaluation.splits.split import Split
from graphrec.models.fitted import FittedModel
from graphrec.models.protocol import EpochModel, Scorer, Seed
from graphrec.models.sequence.scorer import SequenceScorer
from graphrec.progress import Progress
from graphrec.ranking.selection import Rule
from graphrec.retrieval.sequence import SequenceSource
from graphrec.retrieval.source import CandidateSource
from graphrec.snapshot.manifest import HyperParameters


class SourceModel(Protocol):
    """A source of candidates before it is fitted: a frozen dataclass of hyper-parameters."""

    def fit(self, data: Dataset, seed: Seed = 0) -> CandidateSource | FittedModel[Scorer]:
        """The source, fitted on all of the data, or a model of sequences, which is made one."""
        ...


Sources = Mapping[str, CandidateSource]
Models = Mapping[str, SourceModel]


def fit_source(name: str, data: Dataset, seed: int, model: SourceModel) -> CandidateSource:
    """A source fitted on all of the data; raises SettingsError where it has another name."""
    return _as_source(name, model.fit(data, model_rng(seed, name)))


def choose_sources(
    models: Models,
    validation: Split,
    seed: int,
    *,
    k: int,
    rule: Rule,
    progress: Progress | None = None,
) -> tuple[Models, Sequence[Sources]]:
    """The models with the epochs that the rule selects on validation, and, for each of its cuts,
    those that were kept as sources of its train side.

    Of the models that are not trained in epochs, neither.
    """
    chosen: dict[str, SourceModel] = {}
    fitted: list[dict[str, CandidateSource]] = [{} for _ in validation.cuts]
    for name, model in models.items():
        if isinstance(model, EpochModel) and len(validation.test):
            rng = model_rng(seed, name).spawn(1)[0]
            found = choose_epochs(model, validation, rng, k=k, rule=rule, progress=progress)
            chosen[name] = cast("SourceModel", found.model)
            for sources, scorer in zip(fitted, found.scorers, strict=False):  # none, or all
                sources[name] = _as_source(name, scorer)
    return chosen, fitted


def sources_before(models: Models, known: Mapping[str, HyperParameters]) -> Models:
    """The models that are trained in epochs, with the hyper-parameters that a snapshot names."""
    return {
        name: replace(cast("Any", model), **known[name])
        for name, model in models.items()
        if isinstance(model, EpochModel) and name in known
    }


def _as_source(name: str, found: Any) -> CandidateSource:
    scorer = found.scorer if isinstance(found, FittedModel) else found
    if isinstance(scorer, SequenceScorer):
        return SequenceSource(scorer.encoder, name)
    if isinstance(found, FittedModel) or not hasattr(scorer, "retrieve"):
        raise SettingsError(
            f"source {name!r} is a {type(scorer).__name__}, which retrieves nothing: expected a "
            f"source of candidates or a model of sequences, such as sasrec; correct [fusion] "
            f"sources in the settings"
        )
    source = cast("CandidateSource", scorer)
    if source.name != name:
        raise SettingsError(
            f"source {name!r} calls itself {source.name!r}: expected one name, as weights and "
            f"explanations go by it; correct [fusion] sources in the settings"
        )
    return source
