"""The graph of users and items as frozen columns, and what its events weigh."""

from graphrec.data.graph import (
    MAX_KINDS,
    Attribute,
    AttributeKind,
    AttributeValue,
    EdgeType,
    Graph,
    Interactions,
    Links,
    PlainValue,
    Rows,
    Vocabulary,
    as_title,
    elements_of,
    encode,
    labels,
)
from graphrec.data.runs import last_of_equal
from graphrec.data.vector import Vector

__all__ = [
    "MAX_KINDS",
    "Attribute",
    "AttributeKind",
    "AttributeValue",
    "EdgeType",
    "Graph",
    "Interactions",
    "Links",
    "PlainValue",
    "Rows",
    "Vector",
    "Vocabulary",
    "as_title",
    "elements_of",
    "encode",
    "labels",
    "last_of_equal",
]
