"""Peer: RecBole's LightGCN, BPR and NeuMF on the CPU, with RecBole's default hyper-parameters.

RecBole's own loop of one epoch trains on all of train. What stays out is its evaluation: lists come
from its model, and are judged elsewhere.
"""

from __future__ import annotations

import logging
import sys
from time import perf_counter
from typing import Any

import numpy as np
import torch
from exchange import Answered, Job, Score, answer, is_due, read_job
from numpy.typing import NDArray
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.utils import get_model, get_trainer, init_seed

SHOWN = (
    *("embedding_size", "n_layers", "reg_weight", "mf_embedding_size", "mlp_embedding_size"),
    *("mlp_hidden_size", "dropout_prob", "learning_rate", "train_batch_size", "epochs"),
)
PAIRS = 1_000_000
"""Pairs of user and item that a model without vectors scores at a time."""


def write_atomic(job: Job) -> None:
    """Train as RecBole's files; it wants three parts, and nothing is made of the other two."""
    pairs = np.column_stack(job.train.nonzero())
    (job.folder / "job").mkdir(exist_ok=True)
    for part, rows in (("train", pairs), ("valid", pairs[:1]), ("test", pairs[:1])):
        np.savetxt(
            job.folder / "job" / f"job.{part}.inter",
            rows,
            fmt="%d",
            delimiter="\t",
            header="user_id:token\titem_id:token",
            comments="",
        )


def options(job: Job) -> dict[str, Any]:
    """What is not RecBole's default: where things are, and that nothing is left out of train."""
    return {
        "data_path": str(job.folder),
        "benchmark_filename": ["train", "valid", "test"],
        "load_col": {"inter": ["user_id", "item_id"]},
        "use_gpu": False,
        "seed": job.seed,
        "show_progress": False,
        "save_dataset": False,
        "checkpoint_dir": str(job.folder / "saved"),
    }


def score_of(model: Any, dataset: Any, shape: tuple[int, int]) -> Score:
    """Scores [B, I] in our rows; items that train does not hold come last."""

    def rows(field: str, count: int) -> NDArray[np.int64]:
        """RecBole's number of each of our rows; 0, its padding, where train has nothing of it."""
        known = dataset.field2token_id[field]
        return np.array([known.get(str(row), 0) for row in range(count)])

    user_rows, item_rows = rows("user_id", shape[0]), rows("item_id", shape[1])
    items = torch.arange(dataset.item_num)

    def of_pairs(users: torch.Tensor) -> torch.Tensor:
        asked = {
            "user_id": users.repeat_interleave(len(items)),
            "item_id": items.repeat(len(users)),
        }
        return model.predict(Interaction(asked)).view(len(users), -1)

    def of_all(users: torch.Tensor) -> torch.Tensor:
        try:
            return model.full_sort_predict(Interaction({"user_id": users})).view(len(users), -1)
        except NotImplementedError:  # a model without vectors scores pair by pair
            return torch.cat([of_pairs(part) for part in users.split(max(1, PAIRS // len(items)))])

    def score(users: NDArray[np.int32]) -> NDArray[np.float32]:
        model.eval()
        with torch.no_grad():
            found = of_all(torch.from_numpy(user_rows[users])).numpy()
        scores = found[:, item_rows].astype(np.float32)
        scores[:, item_rows == 0] = np.finfo(np.float32).min
        return scores

    return score


def main() -> None:
    """Answer the job in the folder that is the only argument, after every few epochs."""
    job = read_job(sys.argv)
    sys.argv = sys.argv[:1]  # RecBole reads the command line as well
    logging.disable(logging.INFO)
    write_atomic(job)
    config = Config(model=job.method, dataset="job", config_dict=options(job))
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    train_data, _, _ = data_preparation(config, dataset)
    began = perf_counter()
    model = get_model(config["model"])(config, train_data.dataset).to(config["device"])
    trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)
    score = score_of(model, dataset, job.train.shape)
    learnt = perf_counter() - began
    last: Answered | None = None
    for epoch in range(1, config["epochs"] + 1):
        began = perf_counter()
        model.train()
        trainer._train_epoch(train_data, epoch - 1, show_progress=False)
        learnt += perf_counter() - began
        if is_due(last, learnt) or epoch == config["epochs"]:
            for kept in ("restore_user_e", "restore_item_e"):
                if hasattr(model, kept):  # propagated vectors of an earlier state
                    setattr(model, kept, None)
            last = answer(
                job,
                score,
                learnt=learnt,
                last=last,
                epoch=epoch,
                settings={name: config[name] for name in SHOWN if config[name] is not None},
                packages=("recbole", "torch", "numpy", "scipy"),
            )


if __name__ == "__main__":
    main()
