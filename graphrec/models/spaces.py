"""Where `graphrec tune` looks for the hyper-parameters of each model.

A space names the hyper-parameters that are worth a search, each within bounds that hold something
for logs of any size; what it does not name stays as it is set. It needs none of the models' own
libraries, so that it can be shown and checked without them. A new model gets a line in `SPACES`
and in `docs/settings.md`; tests compare both with the model's fields and their ranges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Value: TypeAlias = bool | int | float | str
"""Of a hyper-parameter, as the settings can hold it."""

Point: TypeAlias = Mapping[str, Value]
"""Values by hyper-parameter."""


@dataclass(frozen=True)
class Whole:
    """A whole number between two, both included."""

    low: int
    high: int
    log: bool = False
    """Whether halves and doubles are as far from each other, wherever they lie."""

    def holds(self, value: object) -> bool:
        """Whether it is one of them."""
        return isinstance(value, int) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}{' (log)' if self.log else ''}"


@dataclass(frozen=True)
class Real:
    """A number between two, both included, to three significant digits."""

    low: float
    high: float
    log: bool = False
    """As of `Whole`."""

    def holds(self, value: object) -> bool:
        """Whether it is one of them."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


@dataclass(frozen=True)
class Choice:
    """One of a few values without an order."""

    options: tuple[Value, ...]

    def holds(self, value: object) -> bool:
        """Whether it is one of them."""
        return value in self.options

    def __str__(self) -> str:
        return " or ".join(map(str, self.options))


Space: TypeAlias = Mapping[str, Whole | Real | Choice]
"""By hyper-parameter."""

_EXPONENT = Real(0, 1)
_USER_EXPONENT = Real(0, 2)
_WEIGHTING = Choice(("none", "binary", "tfidf", "bm25"))
_HALF_LIFE = Real(0.005, 1, log=True)

SPACES: Mapping[str, Space] = {
    "random": {},
    "popularity": {"half_life_share": _HALF_LIFE},
    "recent-popularity": {"half_life_share": _HALF_LIFE},
    "content-knn": {"neighbours": Whole(20, 2000, log=True)},
    "item-knn": {
        "weighting": _WEIGHTING,
        "neighbours": Whole(20, 2000, log=True),
        "shrinkage": Real(0, 50),
        "user_exponent": _USER_EXPONENT,
        "history_exponent": _EXPONENT,
        "target_exponent": _EXPONENT,
    },
    "user-knn": {
        "weighting": _WEIGHTING,
        "neighbours": Whole(20, 2000, log=True),
        "shrinkage": Real(0, 50),
        "item_exponent": _USER_EXPONENT,
        "neighbour_exponent": _EXPONENT,
    },
    "rp3beta": {
        "alpha": Real(0.2, 2),
        "beta": Real(0, 1),
        "neighbours": Whole(20, 1000, log=True),
    },
    "graph-filter": {
        "user_exponent": _USER_EXPONENT,
        "history_exponent": _EXPONENT,
        "target_exponent": _EXPONENT,
        "saturation": Real(0.25, 8, log=True),
        "dim": Whole(32, 768, log=True),
        "spectral_weight": Real(0, 1),
        "spectral_power": Real(0, 3),
    },
    "svd": {
        "dim": Whole(16, 1024, log=True),
        "user_exponent": _USER_EXPONENT,
        "history_exponent": _EXPONENT,
        "target_exponent": _EXPONENT,
    },
    "ials": {
        "dim": Whole(16, 256, log=True),
        "alpha": Real(0.1, 100, log=True),
        "regularization": Real(0.1, 1000, log=True),
    },
    "ease": {"regularization": Real(1, 10_000, log=True)},
    # Epochs are not searched: early stopping chooses them within each trial.
    "mf": {
        "dim": Whole(16, 256, log=True),
        "loss": Choice(("bpr", "pointwise")),
        "negatives": Whole(1, 32, log=True),
        "negative_exponent": _EXPONENT,
        "learning_rate": Real(1e-3, 0.1, log=True),
        "l2": Real(1e-3, 0.2, log=True),
        "recent_share": Real(0, 1),
        "taste_half_life_share": _HALF_LIFE,
        "half_life_share": _HALF_LIFE,
    },
    "neumf": {
        "dim": Whole(16, 256, log=True),
        "mlp_dim": Whole(8, 128, log=True),
        "layers": Whole(1, 4),
        "gmf_share": Real(0.2, 1),
        "negatives": Whole(1, 16, log=True),
        "learning_rate": Real(1e-5, 1e-2, log=True),
        "l2": Real(1e-3, 0.2, log=True),
        "recent_share": Real(0, 1),
        "half_life_share": _HALF_LIFE,
    },
    "graphsage": {
        "dim": Whole(32, 256, log=True),
        "rounds": Whole(1, 3),
        "aggregator": Choice(("degree", "mean", "pooling", "attention")),
        "negatives": Whole(100, 3000, log=True),
        "negative_exponent": _EXPONENT,
        "hidden": Real(0.1, 0.8),
        "temperature": Real(0.1, 2, log=True),
        "learning_rate": Real(5e-4, 0.02, log=True),
        "dropout": Real(0, 0.8),
        "popularity_exponent": Real(0, 0.5),
        "half_life_share": _HALF_LIFE,
    },
}
"""By the names of `graphrec.models.MODELS`, all of them."""
