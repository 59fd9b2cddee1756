"""One row against another: on the same users, and in the time to the same accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from graphrec.evaluation.metrics import paired_difference
from graphrec.training.fit import FUSION
from scripts.benchmark.quality.rows import Row


@dataclass(frozen=True)
class Difference:
    """How much better one row is than another on the same users."""

    metric: str
    ours: str
    other: str
    value: float
    """Mean over users of ours minus the other's."""
    low: float
    high: float


@dataclass(frozen=True)
class Speed:
    """How much sooner one of our models is at least as good as a peer at its best."""

    ours: str
    peer: str
    ndcg: float
    """That the peer reached."""
    ours_seconds: float
    """The whole fit, choosing included: it may have been as good before."""
    peer_seconds: float
    """Of learning until its best checkpoint."""

    @property
    def times(self) -> float:
        """As fast."""
        return self.peer_seconds / max(self.ours_seconds, 1e-9)


def opponents(rows: Sequence[Row]) -> tuple[tuple[Row, Row], ...]:
    """Whom to compare: our best and FUSION with the best peer; without peers, FUSION with our next.

    The best is that by NDCG, the first of equal ones.
    """
    done = [row for row in rows if row.result is not None]
    ours = [row for row in done if not row.is_peer]
    fused = [row for row in ours if row.model == FUSION]
    if any(row.is_peer for row in rows):
        others, best = [row for row in done if row.is_peer], _best(ours)
        ahead = [*best, *(row for row in fused if all(row is not each for each in best))]
    else:
        others, ahead = [row for row in ours if row.model != FUSION], fused
    return tuple((row, other) for row in ahead for other in _best(others))


def differences(
    rows: Sequence[Row], *, resamples: int, seed: int, confidence: float = 0.95
) -> tuple[Difference, ...]:
    """Recall and NDCG of the `opponents`, with the intervals of the paired bootstrap."""
    found = []
    for ours, other in opponents(rows):
        if ours.result is None or other.result is None:
            continue
        a, b = ours.result.evaluation, other.result.evaluation
        for metric in (f"recall@{a.k}", f"ndcg@{a.k}"):
            difference = paired_difference(
                a.per_user[metric],
                b.per_user[metric],
                np.random.default_rng(seed),
                max(resamples, 1),
                confidence,
            )
            found.append(Difference(metric, ours.model, other.model, *difference))
    return tuple(found)


def _best(rows: Sequence[Row]) -> list[Row]:
    """The row with the highest NDCG; empty where there is none."""
    return [max(rows, key=lambda row: row.ndcg)] if rows else []


def speeds(rows: Sequence[Row]) -> tuple[Speed, ...]:
    """For each peer, those of our models that are at least as good as it was at its best."""
    ours = [row for row in rows if not row.is_peer and row.result is not None]
    peers = [row for row in rows if row.is_peer and row.result is not None]
    return tuple(
        Speed(row.model, peer.model, peer.ndcg, row.seconds, peer.seconds)
        for peer in peers
        for row in ours
        if row.ndcg >= peer.ndcg
    )
