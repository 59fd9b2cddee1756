"""The links of items to other nodes (such as brands) and to other items, for rules to follow.

I items, N nodes of one type.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np
from scipy import sparse

from graphrec.data import Graph, Rows, Vocabulary
from graphrec.data.axes import axes


@dataclass(frozen=True)
class ItemLinks:
    """The links of I items by one relation to N nodes of one type."""

    relation: str
    type: str
    """The type of the nodes. Links between items are followed in both directions."""
    nodes: Vocabulary
    by_item: Annotated[sparse.csr_array, axes("item")]
    """bool [I, N]: the nodes of each item, as stored elements."""

    @cached_property
    def _by_node(self) -> sparse.csr_array:
        return self.by_item.T.tocsr()

    def nodes_of(self, item: int) -> tuple[str, ...]:
        """The ids of the nodes of an item row; for links between items, its own id."""
        return (self.nodes.ids[item],) if self.type == "item" else self.linked_to(item)

    def linked_to(self, item: int) -> tuple[str, ...]:
        """The ids of the nodes that an item row is linked to; none of one that came since."""
        indptr, indices = self.by_item.indptr, self.by_item.indices
        if item >= len(indptr) - 1:
            return ()
        return tuple(self.nodes.ids[node] for node in indices[indptr[item] : indptr[item + 1]])

    def items_of(self, node: str) -> Rows:
        """The item rows [n] linked to a node, by its id; none for an unknown node."""
        row, indptr = self.nodes.rows.get(node), self._by_node.indptr
        if row is None:
            return np.empty(0, np.int32)
        return self._by_node.indices[indptr[row] : indptr[row + 1]]


def links_of(graph: Graph) -> tuple[ItemLinks, ...]:
    """The links of the items of a graph by relation and type, except those to users."""
    found = []
    for (source, relation, target), links in sorted(graph.links.items(), key=lambda each: each[0]):
        if source != "item" or target == "user":
            continue
        nodes = graph.vocabulary(target)
        stored, shape = np.ones(len(links), bool), (len(graph.items), len(nodes))
        by_item = sparse.csr_array((stored, (links.source, links.target)), shape)
        if target == "item":
            by_item = by_item + by_item.T
        by_item.sum_duplicates()
        found.append(ItemLinks(relation, target, nodes, by_item.tocsr()))
    return tuple(found)
