"""Items and users of messages, as what becomes of each: its attributes, or its deletion.

Kinds of attributes are those that are given, those of the store, or by the type in JSON, as of
what is put over HTTP: the values of a message are read alike whatever comes beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphrec.ingest.attributes import TEXT, TITLE
from graphrec.ingest.schema import node_column
from graphrec.ingest.streams.parts import Part, in_streams

from graphrec.data import Attribute, AttributeKind, AttributeValue, Vocabulary
from graphrec.data.coerce import UnreadableError, as_kind, kind_of_new
from graphrec.data.ids import IdRules
from graphrec.errors import DataError
from graphrec.store import NodeValues


@dataclass(frozen=True)
class NodeRules:
    """How items or users of a stream are read."""

    node_type: str
    ids: IdRules
    mapping: Mapping[str, str] = field(default_factory=dict)
    """The key of the id, under `id`, where it is given."""
    kinds: Mapping[str, AttributeKind] = field(default_factory=dict)
    """Of attributes, where they are given."""


@dataclass(frozen=True)
class FoundNodes:
    """What becomes of the items or users of a batch."""

    deleted: tuple[str, ...]
    """Those that were deleted at some moment; some of them are put again."""
    put: Mapping[str, Mapping[str, AttributeValue]]
    """The attributes of those that are there at the end."""
    kinds: Mapping[str, AttributeKind]
    """Of these attributes."""
    wrong: Mapping[int, str]
    """By the place of a message, what is wrong with it."""
    left_out: Mapping[str, int]
    """Values that nodes were put without, by reason."""

    def values(self, node_type: str) -> tuple[NodeValues, ...]:
        """The nodes to write, those together that get the same attributes."""
        alike: dict[tuple[str, ...], list[str]] = {}
        for node_id, attributes in self.put.items():
            alike.setdefault(tuple(sorted(attributes)), []).append(node_id)
        return tuple(
            NodeValues(
                node_type,
                Vocabulary(tuple(ids)),
                {
                    name: Attribute(self.kinds[name], tuple(self.put[i][name] for i in ids))
                    for name in names
                },
            )
            for names, ids in alike.items()
        )


def nodes_of(
    parts: Sequence[Part], rules: NodeRules, stored: Mapping[str, AttributeKind]
) -> FoundNodes:
    """What becomes of the nodes that parts put and delete, in their order.

    `stored` are the kinds that attributes have in the store.
    """
    deleted: dict[str, None] = {}
    put: dict[str, dict[str, AttributeValue]] = {}
    kinds: dict[str, AttributeKind] = {}
    wrong: dict[int, str] = {}
    left_out: dict[str, int] = {}
    for place, part in enumerate(parts):
        try:
            node_id, flat = _named(part, rules)
            if part.deleted:
                after = parts[place + 1] if place + 1 < len(parts) else None
                # A row before its change, whose id stays, is no deletion.
                if not (after and after.at == part.at and _named(after, rules)[0] == node_id):
                    deleted[node_id] = None
                    put.pop(node_id, None)
                continue
            found = _values(flat, rules, {**stored, **kinds}, left_out)
        except (DataError, ValueError) as error:
            wrong[part.at] = in_streams(str(error))
            continue
        kinds |= {name: kind for name, (kind, _) in found.items()}
        values = {name: value for name, (_, value) in found.items()}
        put[node_id] = {**put.pop(node_id, {}), **values}
    return FoundNodes(tuple(deleted), put, kinds, wrong, left_out)


def _named(part: Part, rules: NodeRules) -> tuple[str, dict[str, Any]]:
    """The id of a node, and its other values; raises ValueError and DataError."""
    flat = dict(_flat(part.value))
    column = node_column("the message", list(flat), rules.mapping, rules.node_type)
    node_id = rules.ids.read(flat.pop(column))
    if node_id is None:
        raise ValueError(f"missing {rules.node_type} id")
    return node_id, flat


def _values(
    flat: Mapping[str, Any],
    rules: NodeRules,
    known: Mapping[str, AttributeKind],
    left_out: dict[str, int],
) -> Mapping[str, tuple[AttributeKind, AttributeValue]]:
    """The attributes of a node by name, with their kinds; raises ValueError."""
    title = next((name for name in TITLE if name in flat), None)
    found: dict[str, tuple[AttributeKind, AttributeValue]] = {}
    for column, value in flat.items():
        name = "title" if column == title else column
        kind = rules.kinds.get(column) or rules.kinds.get(name) or known.get(name)
        if kind is None:
            if value is None or value == []:
                continue  # nothing is there that could be removed
            kind = "text" if name.lower() in TEXT else kind_of_new(name, value)
        try:
            found[name] = kind, as_kind(kind, value)
        except UnreadableError as error:
            if kind == "vector" or name in rules.kinds or column in rules.kinds:
                raise ValueError(f"{name} {error}: expected a {kind}") from None
            reason = f"{name} is not a {kind}: stored without it"
            left_out[reason] = left_out.get(reason, 0) + 1
    return found


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Keys, those within objects joined with dots, and values."""
    for key, part in value.items():
        if isinstance(part, dict) and part:
            yield from _flat(part, f"{prefix}{key}.")
        elif part != {}:
            yield prefix + key, part
