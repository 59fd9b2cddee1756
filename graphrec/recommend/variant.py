"""The recommender of a variant of an experiment: the same view, by other settings."""

from __future__ import annotations

from dataclasses import replace

from graphrec.experiment.changes import changed_placements, rules_of
from graphrec.experiment.definition import Variant
from graphrec.recommend.recommender import Recommender


def varied(recommender: Recommender, variant: Variant) -> Recommender:
    """The recommender by what a variant changes, but for its snapshot."""
    changes = {} if variant.new_items is None else {"new_items": variant.new_items}
    weights = {**recommender.settings.weights, **variant.weights}
    return replace(
        recommender,
        settings=recommender.settings.model_copy(update={"weights": weights, **changes}),
        rules=rules_of(variant, recommender.rules),
        network=variant.network or recommender.network,
        placements=changed_placements(variant, recommender.placements),
    )
