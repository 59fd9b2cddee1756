"""Peers that predict ratings: other libraries, fitted to the same folds."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.data.dataset import Dataset
from graphrec.errors import SettingsError
from graphrec.models.fitted import Seed
from graphrec.ratings.biases import fit_baseline, predictor_of
from graphrec.ratings.fitted import FittedRatings, fitted
from graphrec.ratings.log import Ratings, ratings_of
from graphrec.ratings.predictor import RatingPredictor
from scripts.benchmark.quality.environments import PeerError, last_line, ready
from scripts.benchmark.quality.peers import SCRIPTS

RATING_PEERS: Mapping[str, str] = {
    "surprise-baseline": "baseline",
    "surprise-knn": "knn",
    "surprise-svd": "svd",
    "surprise-svdpp": "svdpp",
}
"""Methods of `scripts/benchmark/peers/run_surprise.py`, by the name that people type."""


@dataclass(frozen=True)
class SurpriseModel:
    """A model of Surprise: it is fitted when it is asked to predict, in an environment of its own.

    So its seconds are those of predicting, and include the start of a process.
    """

    method: str
    cache: Path

    def fit(self, data: Dataset, seed: Seed = 0) -> FittedRatings:
        """What runs it; the baseline is ours, and only says whose ratings are known."""
        ratings = ratings_of(data)
        plain = predictor_of(f"surprise-{self.method}", ratings, fit_baseline(ratings))
        python = ready("surprise", SCRIPTS / "surprise.txt", self.cache)
        drawn = int(np.random.default_rng(seed).integers(2**31))
        return fitted(ratings, _Running(**vars(plain), ratings=ratings, method=self.method,
                                        python=python, seed=drawn))  # fmt: skip


@dataclass(frozen=True)
class _Running(RatingPredictor):
    """Predicts by running Surprise on ratings and pairs."""

    ratings: Ratings | None = None
    method: str = ""
    python: Path = Path()
    seed: int = 0

    def predict(self, users: Rows, items: Rows) -> NDArray[np.float64]:
        """[N]; raises PeerError where it ends with an error."""
        assert self.ratings is not None  # noqa: S101 - see `SurpriseModel`
        with tempfile.TemporaryDirectory() as folder:
            np.savez(
                Path(folder) / "job.npz",
                user=self.ratings.user,
                item=self.ratings.item,
                value=self.ratings.value,
                asked_user=users,
                asked_item=items,
                low=self.low,
                high=self.high,
                seed=self.seed,
                method=self.method,
            )
            script = SCRIPTS / "run_surprise.py"
            ended = subprocess.run(  # noqa: S603 - the arguments are ours
                [self.python, script, folder], check=False, capture_output=True, text=True
            )
            if ended.returncode:
                raise PeerError(f"surprise-{self.method} ended: {last_line(ended.stderr)}")
            found: NDArray[np.float64] = np.load(Path(folder) / "answer.npy", allow_pickle=False)
            return found


def named_rating_peers(text: str, cache: Path) -> dict[str, SurpriseModel]:
    """The peers of a comma-separated list, in which `surprise` stands for all.

    Raises SettingsError for an unknown one.
    """
    found = {}
    for name in filter(None, map(str.strip, text.split(","))):
        names = list(RATING_PEERS) if name == "surprise" else [name]
        for each in names:
            if each not in RATING_PEERS:
                raise SettingsError(
                    f"peer {name!r} is unknown: expected some of {', '.join(RATING_PEERS)}, or "
                    f"surprise for all"
                )
            found[each] = SurpriseModel(RATING_PEERS[each], cache)
    return found
