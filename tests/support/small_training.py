"""Small trainings: quick models, the shop as a log, and one more event in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.evaluation.early_stopping import Chosen
from graphrec.evaluation.results import Comparison
from graphrec.evaluation.splits.split import Split
from graphrec.settings import EvaluationSettings, Settings
from graphrec.snapshot.snapshot import Snapshot
from graphrec.training.fit import compare_and_choose
from graphrec.training.fusion import fusion_of
from tests.support.small_data import Rating, ratings

QUICK: Mapping[str, Mapping[str, bool | int | float | str]] = {
    "mf": {"dim": 8, "epochs": 3, "learning_rate": 0.05},
    "graphsage": {"dim": 8, "epochs": 3, "negatives": 20, "learning_rate": 0.05},
}
SETTINGS = Settings(models=QUICK, evaluation=EvaluationSettings(resamples=0, valid_cuts=1))
K = 5


def named(embedding: str | None) -> tuple[str, ...]:
    """An embedding, or none, as the ones to choose from."""
    return () if embedding is None else (embedding,)


def compared(names: Sequence[str], split: Split, **options: Any) -> Comparison:
    """Models on a split, with the quick settings."""
    return compared_and_chosen(names, split, **options)[0]


def compared_and_chosen(
    names: Sequence[str], split: Split, **options: Any
) -> tuple[Comparison, Mapping[str, Chosen]]:
    """The same, and the model whose vectors served."""
    return compare_and_choose(names, split, SETTINGS, protocol="temporal", k=K, **options)


def fit_snapshot(
    graph: Graph,
    settings: Settings,
    *,
    embeddings: Sequence[str],
    validation: Split | None = None,
    chosen: Mapping[str, Chosen] | None = None,
) -> Snapshot:
    """What a fusion serves once it is fitted on a weighted graph."""
    data = Dataset.of_weights(graph)
    spec = fusion_of(settings, embeddings)
    fitted = spec.fit(data, settings.seed, validation=validation, chosen=chosen)
    return fitted.scorer.snapshot


def planted(item: str, time: int | None = None) -> list[Rating]:
    """The ratings, and one more of the newest: u00 rates an item that they have not met."""
    rows = ratings()
    assert not any((user, other) == ("u00", item) for user, other, _, _ in rows)
    newest = max(when for _, _, _, when in rows)
    return [*rows, ("u00", item, 5.0, newest if time is None else time)]


def unmet() -> tuple[str, str]:
    """Two items that u00 has not met."""
    met = {item for user, item, _, _ in ratings() if user == "u00"}
    first, second, *_ = sorted({item for _, item, _, _ in ratings()} - met)
    return first, second
