"""Social neighbours of users: the links from users to users, such as follows."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from scipy import sparse

from graphrec.data import Graph


def friends_of(graph: Graph, without: Collection[str] = ()) -> sparse.csr_array | None:
    """The friends of each user as bool [U, U]: the targets of their links, of any relation.

    None where there are none. Relations in `without` are left out, and so are links to oneself.
    """
    ends = [
        (links.source[apart], links.target[apart])
        for (source, relation, target), links in graph.links.items()
        if source == target == "user" and relation not in without
        for apart in [links.source != links.target]
    ]
    if not sum(len(source) for source, _ in ends):
        return None
    source, target = (np.concatenate(each).astype(np.int64) for each in zip(*ends, strict=True))
    shape = (len(graph.users), len(graph.users))
    matrix = sparse.csr_array((np.ones(len(source), bool), (source, target)), shape)
    matrix.sum_duplicates()
    return matrix
