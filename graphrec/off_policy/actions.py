"""Estimators for logs of actions: one choice a round, with its propensity.

- `ips`: rewards weighted by how much likelier the policy takes the action than the log did
  (Horvitz & Thompson 1952). Unbiased.
- `self-normalised`: the same, by the sum of weights (Swaminathan & Joachims, NIPS 2015).
- `doubly robust`: what a model of rewards predicts, corrected by its weighted errors (Dudík,
  Langford & Li, ICML 2011): right where either the model or the propensities are.
- `switch`: without the correction where a weight is above a bound (Wang, Agarwal & Dudík, ICML
  2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.off_policy.estimate import (
    Estimate,
    Judgement,
    check_overlap,
    clipped,
    estimate,
    support_of,
)

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

FOLDS = 5
"""A round is predicted by a model of the users of other folds."""

SWITCH_AT = 10.0
"""The bound of `switch` where none is given."""


@dataclass(frozen=True)
class ActionLog:
    """N rounds, in each of which one of A actions was taken."""

    names: tuple[str, ...]
    """Of the actions."""
    action: Whole
    """[N]"""
    chance: Floats
    """[N]: of the action, as it was logged: above 0."""
    reward: Floats
    """[N]"""
    cluster: Whole
    """[N]: whose round it was, from 0."""
    context: Floats
    """[N, F]: what the model of rewards goes by."""

    def __len__(self) -> int:
        return len(self.action)


def judge(
    name: str,
    log: ActionLog,
    target: Floats,
    *,
    confidence: float = 0.95,
    clip: float | None = None,
    switch_at: float = SWITCH_AT,
    predicted: Floats | None = None,
) -> Judgement:
    """What a policy would bring that takes action a of round n with probability `target` [N, A].

    `predicted` [N, A] are rewards by a model of one's own. Raises NoOverlap where the log cannot
    tell.
    """
    rounds = np.arange(len(log))
    weight = target[rounds, log.action] / log.chance
    taken = np.bincount(log.action, minlength=len(log.names)) > 0
    never = target[:, ~taken].sum() / max(len(log), 1)
    cut_weight, cut = clipped(weight, clip)
    support = support_of(cut_weight, cut, float(never))
    missing = [each for each, was in zip(log.names, taken.tolist(), strict=True) if not was]
    check_overlap(name, cut_weight, log.cluster, support, missing)
    model = cross_fitted(log) if predicted is None else predicted
    own, one = model[rounds, log.action], np.ones(len(log))
    direct = (target * model).sum(axis=1)
    error = log.reward - own
    switched = np.where(weight <= switch_at, cut_weight, 0.0)
    columns = {
        "ips": (cut_weight * log.reward, one),
        "self-normalised": (cut_weight * log.reward, cut_weight),
        "doubly robust": (direct + cut_weight * error, one),
        "switch": (direct + switched * error, one),
    }
    return Judgement(
        name,
        len(log),
        len(np.unique(log.cluster)),
        confidence,
        _estimate("log", log.reward, one, log, confidence),
        tuple(_estimate(key, *each, log, confidence) for key, each in columns.items()),
        support,
    )


def cross_fitted(log: ActionLog) -> Floats:
    """The reward [N, A] of each action in each round, by ridge regressions of other users."""
    x = np.column_stack([np.ones(len(log)), log.context])
    fold = log.cluster % FOLDS
    found = np.full((len(log), len(log.names)), float(log.reward.mean()))
    for held in np.unique(fold).tolist():
        inside, outside = fold == held, fold != held
        for action in range(len(log.names)):
            mine = outside & (log.action == action)
            if not mine.any():
                continue
            of, mean = x[mine], float(log.reward[mine].mean())
            gram = of.T @ of + np.eye(x.shape[1])
            found[inside, action] = mean + x[inside] @ np.linalg.solve(
                gram, of.T @ (log.reward[mine] - mean)
            )
    return found


def _estimate(
    name: str, counted: Floats, of: Floats, log: ActionLog, confidence: float
) -> Estimate:
    return estimate(name, counted, of, log.cluster, confidence)
