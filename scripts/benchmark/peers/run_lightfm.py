"""Peer: LightFM with its WARP loss, of the fork that is maintained."""

from __future__ import annotations

import sys
from time import perf_counter

import numpy as np
from exchange import Answered, Score, answer, is_due, read_job, threads
from lightfm import LightFM
from numpy.typing import NDArray

SETTINGS = {"loss": "warp", "no_components": 64, "learning_rate": 0.05}
EPOCHS = 200


def score_of(model: LightFM) -> Score:
    """Scores [B, I] without the users' biases, which change no list."""

    def score(users: NDArray[np.int32]) -> NDArray[np.float32]:
        biases, vectors = model.get_item_representations()
        return model.get_user_representations()[1][users] @ vectors.T + biases

    return score


def main() -> None:
    """Answer the job in the folder that is the only argument, after every few epochs."""
    job = read_job(sys.argv)
    model = LightFM(**SETTINGS, random_state=job.seed)
    interactions = job.train.tocoo()
    learnt = 0.0
    last: Answered | None = None
    for epoch in range(1, EPOCHS + 1):
        began = perf_counter()
        model.fit_partial(interactions, epochs=1, num_threads=threads())
        learnt += perf_counter() - began
        if is_due(last, learnt) or epoch == EPOCHS:
            last = answer(
                job,
                score_of(model),
                learnt=learnt,
                last=last,
                epoch=epoch,
                settings=SETTINGS,
                packages=("lightfm-next", "numpy", "scipy"),
            )


if __name__ == "__main__":
    main()
