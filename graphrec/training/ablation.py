"""Ablation of relations: GraphSAGE without each, and without all of them, beside the whole."""

from __future__ import annotations

from dataclasses import replace

from graphrec.data import Graph
from graphrec.errors import DataError
from graphrec.evaluation.results import Comparison
from graphrec.progress import Progress
from graphrec.settings import Settings
from graphrec.training.fit import compare

MODEL = "graphsage"
"""The model that uses relations."""

LEFT_OUT = "without_relations"
"""Its hyper-parameter."""

BARE = "without links"
"""The row of the model without any relation; `without NAME` are those without one."""


def with_ablations(
    comparison: Comparison, settings: Settings, progress: Progress | None = None
) -> Comparison:
    """The comparison with a row more for each relation that is left out, and one for all of them.

    Relations that the settings leave out are in no row. Epochs are chosen anew for each. Raises
    DataError where no relation is left, and what comparing raises.
    """
    hyper_parameters = settings.models.get(MODEL, {})
    outside = [each.strip() for each in str(hyper_parameters.get(LEFT_OUT, "")).split(",")]
    names = [name for name in relations_of(comparison.split.train) if name not in outside]
    if not names:
        raise DataError(
            "the graph has no links: expected some relation to leave out; load links with "
            "`graphrec ingest --links`, or see without_relations in the settings"
        )
    results = list(comparison.results)
    for label, dropped in [*((f"without {name}", [name]) for name in names), (BARE, names)]:
        less = {**hyper_parameters, LEFT_OUT: ",".join([*filter(None, outside), *dropped])}
        found = compare(
            (MODEL,),
            comparison.split,
            settings.model_copy(update={"models": {**settings.models, MODEL: less}}),
            protocol=comparison.protocol,
            k=comparison.k,
            validation=comparison.validation,
            progress=None
            if progress is None
            else lambda stage, done, total, at=label: progress(f"{at}: {stage}", done, total),
        )
        results.append(replace(found.results[0], model=label))
    return replace(comparison, results=tuple(results))


def relations_of(graph: Graph) -> tuple[str, ...]:
    """The names of the relations that are linked by, without that of the events."""
    return tuple(sorted({relation for _, relation, _ in graph.links}))
