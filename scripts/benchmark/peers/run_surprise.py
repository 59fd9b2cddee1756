"""Peer: Surprise's models of ratings, with their defaults.

The only argument is a folder with `job.npz`: the ratings to fit to, `user` [R], `item` [R] and
`value` [R], and the pairs to predict, `asked_user` [N] and `asked_item` [N]; with `low`, `high`,
the `seed`, and the name of the method. The answer is `answer.npy` [N].
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from surprise import SVD, BaselineOnly, KNNBaseline, Reader, SVDpp
from surprise.dataset import DatasetAutoFolds

METHODS: dict[str, Any] = {
    "baseline": lambda seed: BaselineOnly(verbose=False),
    "knn": lambda seed: KNNBaseline(
        sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False
    ),
    "svd": lambda seed: SVD(random_state=seed),
    "svdpp": lambda seed: SVDpp(random_state=seed, cache_ratings=True),
}


def main() -> None:
    """Answer the job in the folder that is the only argument."""
    folder = Path(sys.argv[1])
    with np.load(folder / "job.npz", allow_pickle=False) as job:
        rows = zip(job["user"].tolist(), job["item"].tolist(), job["value"].tolist(), strict=True)
        scale = float(job["low"]), float(job["high"])
        data = DatasetAutoFolds.__new__(DatasetAutoFolds)  # its constructors read files and frames
        data.reader = Reader(rating_scale=scale)
        train = data.construct_trainset([(*row, None) for row in rows])
        model = METHODS[str(job["method"])](int(job["seed"]))
        model.fit(train)
        asked = zip(job["asked_user"].tolist(), job["asked_item"].tolist(), strict=True)
        found = [model.predict(user, item).est for user, item in asked]
    np.save(folder / "answer.npy", np.array(found), allow_pickle=False)


if __name__ == "__main__":
    main()
