"""What things are called in Neo4j: labels, relationship types and properties.

A name that comes from data becomes part of a query only as what this module makes of it: letters,
digits and underscores, in backticks. Plain names keep their look (`genre` is `:Genre`, `has_genre`
is `:HAS_GENRE`); any other is written in hexadecimal, so that no two names ever meet.
"""

from __future__ import annotations

import re

from graphrec.errors import StoreError

USER, ITEM, INTERACTED = "User", "Item", "INTERACTED"

LIKES = "GRAPHREC_LIKES"
LIKES_OF_NONE = "GRAPHREC_NONE"
"""A type that no relationship has."""

STRICT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_TYPE = re.compile(r"(?!type_|graphrec)[a-z][A-Za-z0-9_]*")
_RELATION = re.compile(r"(?!link_|graphrec_|interacted$)[a-z][a-z0-9_]*")
_KIND = re.compile(r"[a-z][a-z0-9_]*")
_ATTRIBUTE = re.compile(r"(?!attribute_|graphrec_|id$)[A-Za-z_][A-Za-z0-9_]*")


def label(node_type: str) -> str:
    """The label of the nodes of a type: `Genre` for genre."""
    if _TYPE.fullmatch(node_type):
        return node_type[0].upper() + node_type[1:]
    return f"Type_{_hexadecimal(node_type)}"


def relationship(relation: str) -> str:
    """The relationship type of the links of a relation: `HAS_GENRE` for has_genre."""
    return relation.upper() if _RELATION.fullmatch(relation) else f"LINK_{_hexadecimal(relation)}"


def only(kind: str) -> str:
    """The type of the ties of pairs of which events of one kind count, and of no other."""
    return f"GRAPHREC_ONLY_{_kind(kind)}"


def also(kind: str) -> str:
    """The type of the ties of pairs of which events of a kind count, and of other kinds."""
    return f"GRAPHREC_ALSO_{_kind(kind)}"


def attribute_property(attribute: str) -> str:
    """The property that holds an attribute: its own name, where that is plain and not `id`."""
    return attribute if _ATTRIBUTE.fullmatch(attribute) else f"attribute_{_hexadecimal(attribute)}"


def quoted(name: str) -> str:
    """A name as it is written in a query; raises StoreError for one that could be anything else."""
    if not STRICT.fullmatch(name):
        raise StoreError(
            f"name {name!r} cannot be used in a query: expected letters, digits and underscores, "
            f"not a digit first"
        )
    return f"`{name}`"


def _hexadecimal(name: str) -> str:
    return name.encode().hex()


def _kind(kind: str) -> str:
    return kind.upper() if _KIND.fullmatch(kind) else f"_{_hexadecimal(kind)}"
