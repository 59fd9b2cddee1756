"""From attributes to features: a sparse matrix that a model can multiply."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import sparse

from graphrec.data import Attribute, encode


def feature_matrix(attributes: Mapping[str, Attribute], count: int) -> sparse.csr_array:
    """The attributes of `count` nodes as float32 [count, F], by attribute name.

    `number`: two columns, the value less the mean over the standard deviation (0 where missing)
    and whether it is known. `category`: one-hot. `tags`: multi-hot, each node's tags summing to 1.
    A missing category or empty tags give zeros. `text` is kept for display and gives none.
    """
    blocks = [_columns(attribute) for _, attribute in sorted(attributes.items())]
    blocks = [block for block in blocks if block.shape[1]]
    if not blocks:
        return _nothing(count)
    return sparse.csr_array(sparse.hstack(blocks, format="csr", dtype=np.float32))


def _nothing(count: int) -> sparse.csr_array:
    return sparse.csr_array(np.empty((count, 0), np.float32))


def _columns(attribute: Attribute) -> sparse.csr_array:
    if attribute.kind == "text":
        return _nothing(len(attribute.values))
    if attribute.kind == "number":
        value = np.array([np.nan if v is None else v for v in attribute.values], np.float64)
        known = np.isfinite(value)
        if not known.any():
            return _nothing(len(value))
        spread = value[known].std() or 1.0
        standard = np.where(known, (value - value[known].mean()) / spread, 0)
        return sparse.csr_array(np.stack([standard, known], 1).astype(np.float32))
    tags = [
        () if value is None else value if isinstance(value, tuple) else (str(value),)
        for value in attribute.values
    ]
    vocabulary, column = encode([tag for of_node in tags for tag in of_node])
    lengths = np.array([len(of_node) for of_node in tags])
    row = np.repeat(np.arange(len(tags)), lengths)
    share = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
    return sparse.csr_array((share, (row, column)), shape=(len(tags), len(vocabulary)))
