"""Whether the parts of a snapshot fit together, before anything computes with them.

Checksums say that files are those that were written; they do not say that a writer was right. A row
that is out of range would end the process inside NumPy, SciPy or Faiss, at each start again.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from graphrec.data import Attribute, Vocabulary
from graphrec.data.axes import Axis
from graphrec.data.tree import Leaf, leaves
from graphrec.retrieval.embedding import Nearest
from graphrec.snapshot.snapshot import Snapshot


def validate(snapshot: Snapshot) -> None:
    """Check sizes, the structure of sparse matrices, and that numbers are finite.

    Raises ValueError, which names the first part that does not fit.
    """
    counts: Mapping[Axis, int] = {"user": len(snapshot.users), "item": len(snapshot.items)}
    for nodes in (snapshot.users, snapshot.items):
        if len(nodes.rows) != len(nodes):
            raise ValueError(f"{len(nodes)} ids are {len(nodes.rows)} different ones: expected all")
    for leaf in leaves(snapshot):
        _check_size(leaf, counts)
        if isinstance(leaf.value, sparse.csr_array):
            _check_sparse(leaf.path, leaf.value)
        numbers = leaf.value.data if isinstance(leaf.value, sparse.csr_array) else leaf.value
        floats = isinstance(numbers, np.ndarray) and np.issubdtype(numbers.dtype, np.floating)
        if floats and not np.isfinite(numbers).all():
            raise ValueError(f"{leaf.path} has numbers that are not finite: expected none")
    for source in snapshot.sources:
        if isinstance(source, Nearest):
            _check_vectors(source, counts["item"])


def _check_size(leaf: Leaf, counts: Mapping[Axis, int]) -> None:
    value = leaf.value
    if value is None:
        return
    if isinstance(value, Vocabulary):
        shape: tuple[int, ...] = (len(value),)
    elif isinstance(value, Attribute):
        shape = (len(value.values),)
    else:
        shape = getattr(value, "shape", ())
    if len(shape) < len(leaf.axes):
        raise ValueError(f"{leaf.path} has {len(shape)} axes: expected {len(leaf.axes)}")
    for axis, size in zip(leaf.axes, shape, strict=False):
        if axis is not None and size != counts[axis]:
            raise ValueError(f"{leaf.path} has {size} rows for {counts[axis]} {axis}s")


def _check_vectors(source: Nearest, items: int) -> None:
    user, item = source.vectors.user.shape[1], source.vectors.item.shape[1]
    if user != item:
        raise ValueError(
            f"{source.name} has vectors of {user} numbers for users and {item} for "
            f"items: expected as many"
        )
    indexed = items if source.graph is None else len(source.index)
    if indexed != items:
        raise ValueError(f"{source.name} has an index of {indexed} items: expected {items}")


def _check_sparse(path: str, matrix: sparse.csr_array) -> None:
    rows, columns = matrix.shape
    ends, indices = matrix.indptr, matrix.indices
    if len(ends) != rows + 1 or ends[0] != 0 or ends[-1] != len(indices):
        raise ValueError(f"{path} has rows that do not begin at 0 and end at its last element")
    if (np.diff(ends) < 0).any():
        raise ValueError(f"{path} has rows that end before they begin")
    if len(matrix.data) != len(indices):
        raise ValueError(f"{path} has {len(matrix.data)} values at {len(indices)} places")
    if len(indices) and (indices.min() < 0 or indices.max() >= columns):
        raise ValueError(
            f"{path} has columns from {indices.min()} to {indices.max()}: expected "
            f"0 to {columns - 1}"
        )
