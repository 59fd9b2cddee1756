"""A run as people read it: the table, what must be known of its rows, and who is ahead of whom."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from graphrec.cli.output import OUT, print_table

from graphrec.evaluation.results import chosen_text
from scripts.benchmark.quality.against import Speed, differences, speeds
from scripts.benchmark.quality.folder import Question
from scripts.benchmark.quality.rows import Row


def show(rows: Sequence[Row], question: Question, *, k: int, resamples: int, seed: int) -> None:
    """Print the rows and how they compare; `resamples` and `seed` are those of the bootstrap."""
    split = question.split
    recall = "Recall" if split.candidates is None else "HR"  # which is the same of one test item
    print_table(
        f"Quality, {question.protocol} split",
        ["model", f"{recall}@{k}", f"NDCG@{k}", "interval", "warm", "fit s", "rank s", "MiB"],
        [_cells(row, k) for row in rows],
    )
    OUT.print(
        f"{len(split.train.interactions):,} events to learn from, {len(question.validation.test):,}"
        f" of them to choose on; {len(split.test):,} positive ones to test on, of "
        f"{len(np.unique(split.test.user)):,} users. Interval: 95 % bootstrap over users, of NDCG; "
        f"warm: NDCG of those with a history; fit s: choosing included; * marks a peer."
    )
    for row in rows:
        if row.note:
            OUT.print(f"{row.model}: {row.note}", markup=False)
        if row.result is not None and row.result.chosen:
            chosen = chosen_text(row.result.chosen)
            OUT.print(f"{row.model}, chosen on validation: {chosen}", markup=False)
        if row.result is not None and row.result.note:
            OUT.print(f"{row.model}: {row.result.note}", markup=False)
    for each in differences(rows, resamples=resamples, seed=seed):
        OUT.print(
            f"{each.ours} − {each.other}, {each.metric}: {each.value:+.4f} "
            f"({each.low:+.4f} to {each.high:+.4f}, paired)"
        )
    learning = {row.model for row in rows if len(row.checkpoints) > 1}
    for peer, found in groupby(speeds(rows), lambda speed: speed.peer):
        if peer in learning:
            OUT.print(f"At least as good as {peer} at its best: {', '.join(map(_fast, found))}")


def _fast(speed: Speed) -> str:
    return f"{speed.ours} in {speed.ours_seconds:,.1f} s ({speed.times:,.1f} times as fast)"


def _cells(row: Row, k: int) -> list[str]:
    name = f"{row.model} *" if row.is_peer else row.model
    if row.result is None:
        return [name, *["–"] * 7]
    evaluation = row.result.evaluation
    ndcg, warm = evaluation.metrics[f"ndcg@{k}"], evaluation.slices["warm_users"].metrics
    peak = row.result.peak_mib
    return [
        name,
        f"{evaluation.metrics[f'recall@{k}'].value:.4f}",
        f"{ndcg.value:.4f}",
        "–" if ndcg.low is None else f"{ndcg.low:.3f}–{ndcg.high:.3f}",
        "–" if f"ndcg@{k}" not in warm else f"{warm[f'ndcg@{k}'].value:.4f}",
        f"{row.result.fit_seconds:,.1f}",
        f"{evaluation.score_seconds:,.1f}",
        "–" if peak is None else f"{peak:,.0f}",
    ]
