"""What a model of sequences learns beside its network: vectors of items, and of attributes."""

from __future__ import annotations

import numpy as np
import torch
from scipy import sparse
from torch import Tensor, nn

from graphrec.data import Graph
from graphrec.data.features import FeatureSpace
from graphrec.models.encoder import UserFeatures
from graphrec.models.graphsage.tensors import as_tensor
from graphrec.models.sequence.modules import START, array_of


class ItemTower(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """A vector for the identity of each item, and with `attributes` one for each feature.

    In training, a share of the identities is dropped, so that features learn to do without
    (DropoutNet: Volkovs, Yu & Poutanen, NeurIPS 2017). An item without events has no identity.
    """

    def __init__(
        self,
        graph: Graph,
        dim: int,
        noise: torch.Generator,
        *,
        attributes: bool = False,
        dropped: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropped = dropped
        count = len(graph.items)
        self.identity = nn.Parameter(torch.randn(count, dim, generator=noise) * START)
        liked = np.bincount(graph.matrix.indices, minlength=count) > 0
        self.liked = torch.from_numpy(liked)[:, None]
        self.features = self.feature_vectors = None
        if attributes:
            known = graph.attributes.get("item", {})
            matrix = FeatureSpace.of(known).matrix(known, count)
            if matrix.nnz:
                self.features = as_tensor(_by_root_of_count(matrix))
                start = torch.randn(matrix.shape[1], dim, generator=noise) * START
                self.feature_vectors = nn.Parameter(start)

    def forward(self, noise: torch.Generator | None) -> Tensor:
        """The vectors [I, dim]; zeros where nothing is known of an item."""
        if self.features is None or self.feature_vectors is None:
            return self.identity if noise is not None else self.identity * self.liked
        kept = self.liked
        if noise is not None and self.dropped:
            kept = kept & (torch.rand(kept.shape, generator=noise) >= self.dropped)
        return self.identity * kept + torch.sparse.mm(self.features, self.feature_vectors)


class UserTower(nn.Module):  # type: ignore[misc]  # torch is not type-checked
    """A vector for each feature of users, which are added up."""

    def __init__(self, graph: Graph, dim: int, noise: torch.Generator) -> None:
        super().__init__()
        known = graph.attributes.get("user", {})
        self.space = FeatureSpace.of(known)
        self.features = self.space.matrix(known, len(graph.users))
        start = torch.randn(self.features.shape[1], dim, generator=noise) * START
        self.vectors = nn.Parameter(start)

    def forward(self, users: np.ndarray) -> Tensor:
        """The vectors of users [B] -> [B, dim]."""
        found: Tensor = torch.sparse.mm(as_tensor(self.features[users]), self.vectors)
        return found

    def learned(self) -> UserFeatures:
        """For serving."""
        return UserFeatures(self.space, array_of(self.vectors))


def _by_root_of_count(matrix: sparse.csr_array) -> sparse.csr_array:
    """Each row divided by the root of how many elements it has, so that its sum keeps its size."""
    counts = np.maximum(np.diff(matrix.indptr), 1).astype(np.float32)
    scaled = sparse.diags_array(counts**-0.5, format="csr") @ matrix
    return sparse.csr_array(scaled)
