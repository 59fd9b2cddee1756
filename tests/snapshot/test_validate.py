"""Snapshots whose parts do not fit are refused, when published and when loaded, with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from graphrec.data import Vocabulary
from graphrec.errors import SnapshotError
from graphrec.retrieval.embedding import Nearest
from graphrec.snapshot import registry
from graphrec.snapshot.registry import load, publish, versions
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.validate import validate
from tests.support.snapshots import small_snapshot

SNAPSHOT = small_snapshot()


def test_a_snapshot_fits() -> None:
    validate(SNAPSHOT)
    validate(small_snapshot(learnt=False))


def changed(matrix: sparse.csr_array, part: str, at: int, value: int) -> sparse.csr_array:
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr}
    parts[part] = parts[part].copy()
    parts[part][at] = value
    broken = matrix.copy()
    for name, array in parts.items():
        setattr(broken, name, array)
    return broken


def with_vectors(change: Callable[[np.ndarray], np.ndarray]) -> Snapshot:
    def of(source: object) -> object:
        if not isinstance(source, Nearest):
            return source
        return replace(source, vectors=replace(source.vectors, item=change(source.vectors.item)))

    return replace(SNAPSHOT, sources=tuple(map(of, SNAPSHOT.sources)))


def with_nan(item: np.ndarray) -> np.ndarray:
    item = item.copy()
    item[0, 0] = np.nan
    return item


BROKEN = {
    "a column too large": (
        replace(SNAPSHOT, history=changed(SNAPSHOT.history, "indices", 0, 10**6)),
        "columns from",
    ),
    "a column below 0": (
        replace(SNAPSHOT, seen=changed(SNAPSHOT.seen, "indices", 0, -1)),
        "columns from",
    ),
    "rows that go back": (
        replace(SNAPSHOT, history=changed(SNAPSHOT.history, "indptr", 1, 10**6)),
        "end before they begin",
    ),
    "rows that go on": (
        replace(SNAPSHOT, history=changed(SNAPSHOT.history, "indptr", -1, 10**6)),
        "end at its last element|Last value of index pointer",
    ),
    "a row too few": (replace(SNAPSHOT, history=SNAPSHOT.history[:-1]), "rows for"),
    "ids that are equal": (
        replace(SNAPSHOT, items=Vocabulary(("x",) * len(SNAPSHOT.items))),
        "different",
    ),
    "vectors too few": (with_vectors(lambda item: item[:-1]), "rows for"),
    "vectors too short": (with_vectors(lambda item: item[:, :-1]), "numbers"),
    "a vector of nothing": (with_vectors(with_nan), "not finite"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_that_does_not_fit_is_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, reason = BROKEN[name]
    with pytest.raises(SnapshotError, match=reason):
        publish(broken, tmp_path)
    assert versions(tmp_path) == ()
    with monkeypatch.context() as unchecked:
        unchecked.setattr(registry, "validate", lambda _: None)
        publish(broken, tmp_path)
    with pytest.raises(SnapshotError, match=reason):
        load(tmp_path)
