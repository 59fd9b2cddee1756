"""Sparse matrices for torch."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor


def as_tensor(matrix: sparse.csr_array) -> Tensor:
    """The same matrix as a sparse tensor."""
    rows, columns = matrix.tocoo().coords
    index = torch.from_numpy(np.stack([rows, columns]).astype(np.int64))
    return torch.sparse_coo_tensor(
        index, torch.from_numpy(matrix.data), matrix.shape, check_invariants=False
    ).coalesce()
