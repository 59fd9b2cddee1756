"""LambdaMART: gradient-boosted trees that raise NDCG (Burges 2010, "From RankNet to LambdaRank to
LambdaMART: An Overview"), by LightGBM (Ke et al., NeurIPS 2017).

The trees begin with the fused scores and add to them: with few lists to learn from, an order from
the beginning would have to find out first what the weights of the sources say already. LightGBM is
needed to learn them only; what serves is `graphrec.ranking.learned.trees`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from graphrec.errors import missing_extra
from graphrec.models.hyper_parameters import Count, NotNegative, Rate, Search
from graphrec.ranking.learned.trees import Bounds, Trees


@dataclass(frozen=True)
class LabelledList:
    """The candidates of one list to learn from."""

    features: NDArray[np.float32]  # [N, F]
    fused: NDArray[np.float64]  # [N]
    relevant: NDArray[np.bool_]  # [N]


@dataclass(frozen=True)
class LambdaMART:
    """Hyper-parameters of `lambdamart`."""

    trees: Annotated[Count, Search(10, 300, log=True)] = 50
    leaves: Annotated[Count, Search(2, 8)] = 4
    learning_rate: Annotated[Rate, Search(0.01, 0.3, log=True)] = 0.05
    least: Annotated[Count, Search(10, 500, log=True)] = 100
    """Candidates in a leaf at least."""
    l2: Annotated[NotNegative, Search(0.1, 100.0, log=True)] = 10.0
    truncation: Annotated[Count, Search(5, 50, log=True)] = 30
    """Places from the top whose pairs count."""
    fused: Annotated[Rate, Search(0.1, 2.0, log=True)] = 0.5
    """What the fused scores are multiplied by where the trees begin: the smaller, the more they
    change."""

    @staticmethod
    def require() -> None:
        """Raise MissingExtra where LightGBM is not installed."""
        _lightgbm()

    def fit(self, lists: Sequence[LabelledList], seed: int) -> Trees:
        """Trees whose sum is to be added to the fused scores; raises MissingExtra.

        Of lists with something relevant and something else in each, at least one.
        """
        lightgbm = _lightgbm()
        sizes = [len(each.relevant) for each in lists]
        data = lightgbm.Dataset(
            np.concatenate([each.features for each in lists]),
            np.concatenate([each.relevant for each in lists]).astype(np.int32),
            group=sizes,
            init_score=self.fused * np.concatenate([each.fused for each in lists]),
        )
        booster = lightgbm.train(
            {
                "objective": "lambdarank",
                "num_leaves": self.leaves,
                "learning_rate": self.learning_rate,
                "min_data_in_leaf": self.least,
                "lambda_l2": self.l2,
                "lambdarank_truncation_level": self.truncation,
                "feature_fraction": 0.5,
                "bagging_fraction": 0.7,
                "bagging_freq": 1,
                "bagging_by_query": True,
                "seed": seed,
                "deterministic": True,
                "force_row_wise": True,
                "num_threads": 1,
                "verbose": -1,
            },
            data,
            self.trees,
        )
        return trees_of(booster.dump_model(), 1 / self.fused)


def trees_of(dumped: Mapping[str, Any], scale: float = 1.0) -> Trees:
    """The trees of LightGBM's `Booster.dump_model`, with `scale` times their values."""
    found = []
    for tree in dumped["tree_info"]:
        for bounds, value in _leaves(tree["tree_structure"], {}):
            found.append((bounds, scale * value))
    return Trees.of(found)


def _leaves(
    node: Mapping[str, Any], bounds: Mapping[int, Bounds]
) -> Sequence[tuple[Mapping[int, Bounds], float]]:
    """The leaves of a node within these bounds, by feature, and their values."""
    if "split_feature" not in node:
        return [(bounds, node["leaf_value"])]
    feature, threshold = node["split_feature"], node["threshold"]
    left, right = node["left_child"], node["right_child"]
    # Where nothing was unknown in training, LightGBM takes what is for 0.
    by_default = node["missing_type"] == "NaN"
    unknown_left = node["default_left"] if by_default else threshold >= 0
    share = _rows(left) / max(_rows(left) + _rows(right), 1)
    before = bounds.get(feature, Bounds())
    to_left = before.left(threshold, unknown_left, share)
    to_right = before.right(threshold, not unknown_left, 1 - share)
    return [
        *_leaves(left, {**bounds, feature: to_left}),
        *_leaves(right, {**bounds, feature: to_right}),
    ]


def _rows(node: Mapping[str, Any]) -> int:
    """How many rows of training came to a node."""
    return int(node["internal_count" if "split_feature" in node else "leaf_count"])


def _lightgbm() -> Any:
    try:
        return import_module("lightgbm")
    except ModuleNotFoundError as error:
        raise missing_extra("the ranker lambdamart", error) from error
