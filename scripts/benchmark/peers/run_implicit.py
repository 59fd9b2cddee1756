"""Peer: implicit's ALS, and its item-kNN with BM25 or cosine weights, with their defaults."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import implicit.als
import implicit.nearest_neighbours
from exchange import Job, Score, answer, read_job, threads
from threadpoolctl import threadpool_limits

ALS: Mapping[str, Any] = {"factors": 100, "regularization": 0.01, "alpha": 1.0, "iterations": 15}
BM25: Mapping[str, Any] = {"K": 20, "K1": 1.2, "B": 0.75}
COSINE: Mapping[str, Any] = {"K": 20}


def fit_als(job: Job) -> Score:
    """Alternating least squares: the inner product of vectors."""
    als = implicit.als.AlternatingLeastSquares(
        **ALS, use_gpu=False, num_threads=threads(), random_state=job.seed
    )
    with threadpool_limits(1, "blas"):  # as implicit asks for: its own threads do the work
        als.fit(job.train, show_progress=False)
    return lambda users: als.user_factors[users] @ als.item_factors.T


def fit_neighbours(job: Job) -> Score:
    """Item-kNN: the sum of similarities to what the user likes."""
    if job.method == "bm25":
        knn = implicit.nearest_neighbours.BM25Recommender(**BM25, num_threads=threads())
    else:
        knn = implicit.nearest_neighbours.CosineRecommender(**COSINE, num_threads=threads())
    knn.fit(job.train, show_progress=False)
    return lambda users: (job.train[users] @ knn.similarity).toarray()


def main() -> None:
    """Answer the job in the folder that is the only argument."""
    job = read_job(sys.argv)
    settings = {"als": ALS, "bm25": BM25, "cosine": COSINE}[job.method]
    began = perf_counter()
    score = fit_als(job) if job.method == "als" else fit_neighbours(job)
    answer(
        job,
        score,
        learnt=perf_counter() - began,
        epoch=settings.get("iterations"),
        settings=settings,
        packages=("implicit", "numpy", "scipy"),
    )


if __name__ == "__main__":
    main()
