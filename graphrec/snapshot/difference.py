"""How far two snapshots of the same users and items are apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from graphrec.data import Rows, Vocabulary, tree
from graphrec.snapshot.snapshot import Snapshot


def difference(one: Snapshot, other: Snapshot) -> float:
    """The largest difference between the numbers that two snapshots serve from.

    Of an array with values above 1, in units of its largest. Rows may be in another order. Infinite
    where users, items, histories or anything else but numbers is not the same.
    """
    users, items = _rows_in(other.users, one.users), _rows_in(other.items, one.items)
    if users is None or items is None:
        return np.inf
    aligned = tree.take(tree.take(other, "user", users), "item", items)
    return tree.difference(one, replace(aligned, manifest=one.manifest))


def _rows_in(vocabulary: Vocabulary, ids: Vocabulary) -> Rows | None:
    """The row of each id; None where the two do not hold the same."""
    if len(vocabulary) != len(ids) or any(each not in vocabulary for each in ids.ids):
        return None
    return np.array([vocabulary.rows[each] for each in ids.ids], np.int32)
