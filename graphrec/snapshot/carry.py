"""What a newly trained snapshot takes over of the one that serves: what policies have learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphrec.data import Vocabulary
from graphrec.ranking.q_network.network import QNetwork
from graphrec.snapshot.snapshot import Snapshot


def with_policies_of(snapshot: Snapshot, serving: Snapshot | None) -> Snapshot:
    """A snapshot with the Q-networks of another one, and what its policies had learned.

    None of it where somebody was forgotten since these were learned: `graphrec policy train` learns
    anew, without them.
    """
    if serving is None or serving.manifest.forgotten:
        return snapshot
    networks = {
        name: moved(each, serving.items, snapshot.items) for name, each in serving.networks.items()
    }
    return replace(snapshot, networks=networks, learned=serving.learned)


def moved(network: QNetwork, before: Vocabulary, items: Vocabulary) -> QNetwork:
    """A network whose rows are those of other items; 0 for one that it does not know."""
    rows = np.array([before.rows.get(item, -1) for item in items.ids], np.int64)
    known = rows >= 0
    vectors = np.zeros((len(items), network.vectors.shape[1]), np.float32)
    popularity = np.zeros(len(items), np.float32)
    vectors[known] = network.vectors[rows[known]]
    popularity[known] = network.popularity[rows[known]]
    return replace(network, vectors=vectors, popularity=popularity)
