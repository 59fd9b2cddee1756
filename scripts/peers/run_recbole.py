"""Peer: RecBole's LightGCN, BPR and NeuMF on the CPU, with RecBole's default hyper-parameters.

RecBole's own loop of one epoch trains on all of train. What stays out is its evaluation: lists come
from its model, and are judged elsewhere.
"""

from __future__ import annotations

import logging
import sys
from time import perf_counter

import numpy as np
import torch
from exchange import Answered, answer, is_due, read_job
from numpy.typing import NDArray
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.data.interaction import Interaction
from recbole.utils import get_model, get_trainer, init_seed

SHOWN = ("embedding_size", "n_layers", "reg_weight", "mf_embedding_size", "mlp_embedding_size")
SHOWN += ("mlp_hidden_size", "dropout_prob", "learning_rate", "train_batch_size", "epochs")
PAIRS = 1_000_000
"""Pairs of user and item that a model without vectors scores at a time."""

job = read_job(sys.argv)
logging.disable(logging.INFO)
pairs = np.column_stack(job.train.nonzero())
(job.folder / "job").mkdir(exist_ok=True)
for part, rows in (("train", pairs), ("valid", pairs[:1]), ("test", pairs[:1])):
    # RecBole wants three parts; nothing is made of the other two.
    np.savetxt(
        job.folder / "job" / f"job.{part}.inter",
        rows,
        fmt="%d",
        delimiter="\t",
        header="user_id:token\titem_id:token",
        comments="",
    )
options = {
    "data_path": str(job.folder),
    "benchmark_filename": ["train", "valid", "test"],
    "load_col": {"inter": ["user_id", "item_id"]},
    "use_gpu": False,
    "seed": job.seed,
    "show_progress": False,
    "save_dataset": False,
    "checkpoint_dir": str(job.folder / "saved"),
    "eval_args": {"mode": "full", "order": "RO", "split": None, "group_by": "user"},
}
sys.argv = sys.argv[:1]  # RecBole reads the command line as well
config = Config(model=job.method, dataset="job", config_dict=options)
init_seed(config["seed"], config["reproducibility"])
dataset = create_dataset(config)
train_data, _, _ = data_preparation(config, dataset)
model = get_model(config["model"])(config, train_data.dataset).to(config["device"])
trainer = get_trainer(config["MODEL_TYPE"], config["model"])(config, model)


def rows(field: str, count: int) -> NDArray[np.int64]:
    """RecBole's number of each of our rows; 0, its padding, where train has nothing of it."""
    known = dataset.field2token_id[field]
    return np.array([known.get(str(row), 0) for row in range(count)])


user_rows, item_rows = (
    rows(f, n) for f, n in zip(("user_id", "item_id"), job.train.shape, strict=True)
)


@torch.no_grad()
def score(users: NDArray[np.int32]) -> NDArray[np.float32]:
    """Scores [B, I]; items that train does not hold come last."""
    model.eval()
    asked = torch.from_numpy(user_rows[users])
    try:
        found = model.full_sort_predict(Interaction({"user_id": asked})).view(len(users), -1)
    except NotImplementedError:  # a model without vectors scores pair by pair
        found = torch.cat(
            [_pairwise(part) for part in asked.split(max(1, PAIRS // dataset.item_num))]
        )
    scores = found.numpy()[:, item_rows].astype(np.float32)
    scores[:, item_rows == 0] = np.finfo(np.float32).min
    return scores


def _pairwise(users: torch.Tensor) -> torch.Tensor:
    items = torch.arange(dataset.item_num)
    asked = {
        "user_id": users.repeat_interleave(len(items)),
        "item_id": items.repeat(len(users)),
    }
    return model.predict(Interaction(asked)).view(len(users), -1)


learnt = 0.0
last: Answered | None = None
for epoch in range(1, config["epochs"] + 1):
    began = perf_counter()
    model.train()
    trainer._train_epoch(train_data, epoch - 1, show_progress=False)
    learnt += perf_counter() - began
    # A model that keeps its propagated vectors must not serve those of an earlier state.
    for kept in ("restore_user_e", "restore_item_e"):
        if hasattr(model, kept):
            setattr(model, kept, None)
    if is_due(last, learnt) or epoch == config["epochs"]:
        last = answer(
            job,
            score,
            learnt=learnt,
            last=last,
            epoch=epoch,
            settings={name: config[name] for name in SHOWN if config[name] is not None},
            packages=("recbole", "torch", "numpy", "scipy"),
        )
