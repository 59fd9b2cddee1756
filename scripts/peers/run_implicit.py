"""Peer: implicit's ALS, and its item-kNN with BM25 or cosine weights, with their defaults."""

from __future__ import annotations

import sys
from time import perf_counter

import implicit.als
import implicit.nearest_neighbours
import numpy as np
from exchange import answer, read_job
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

NEIGHBOURS = {
    "bm25": (implicit.nearest_neighbours.BM25Recommender, {"K": 20, "K1": 1.2, "B": 0.75}),
    "cosine": (implicit.nearest_neighbours.CosineRecommender, {"K": 20}),
}
ALS = {"factors": 100, "regularization": 0.01, "alpha": 1.0, "iterations": 15}

job = read_job(sys.argv)
began = perf_counter()
if job.method == "als":
    settings = ALS
    als = implicit.als.AlternatingLeastSquares(**ALS, use_gpu=False, random_state=job.seed)
    with threadpool_limits(1, "blas"):  # as implicit asks for: its own threads do the work
        als.fit(job.train, show_progress=False)

    def score(users: NDArray[np.int32]) -> NDArray[np.float32]:
        return als.user_factors[users] @ als.item_factors.T

else:
    recommender, settings = NEIGHBOURS[job.method]
    knn = recommender(**settings)
    knn.fit(job.train, show_progress=False)

    def score(users: NDArray[np.int32]) -> NDArray[np.float32]:
        return (job.train[users] @ knn.similarity).toarray()


answer(
    job,
    score,
    learnt=perf_counter() - began,
    epoch=settings.get("iterations"),
    settings=settings,
    packages=("implicit", "numpy", "scipy"),
)
