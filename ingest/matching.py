"""How well the ids of sources that are loaded together match one another and the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
from graphrec.ingest.hashing import numbers_of
from graphrec.ingest.values import texts

from graphrec.data.match import match_ids
from graphrec.data.odd_ids import BETWEEN_FILES, EXAMPLES, spelling_match
from graphrec.data.profile import IdProfile, Match, SourceProfile
from graphrec.errors import UnknownNode
from graphrec.store.protocol import GraphStore

ENOUGH = 0.5
"""Where at least this share of the smaller side is known, no other column is tried."""
_PROBED = 200
"""Ids that are looked up in a store."""
_RESPELLED = 25
"""Unknown ids of which other spellings are looked up as well."""
_WIDTHS = (8, 9, 10, 13, 14)
"""Digits of codes that begin with zeros, such as ISBN and EAN."""
TYPES = ("item", "user")
STORE = "the store"

Peek = Callable[[], pa.RecordBatch | None]
"""The first rows of a source with all its columns; None where it cannot be read twice."""


@dataclass(frozen=True)
class Side:
    """A source that was read, as what is matched."""

    profile: SourceProfile
    peek: Peek


def matches(
    logs: Mapping[str, Side], nodes: Mapping[str, Mapping[str, Side]], store: GraphStore | None
) -> tuple[Match, ...]:
    """How the ids of `logs` (events and links) match those of `nodes`, sources by type of node.

    Where a type has no source of nodes, or no log, the store is asked instead.
    """
    found = []
    for node_type in TYPES:
        logged = {n: side for n, side in logs.items() if node_type in side.profile.ids}
        files = nodes.get(node_type, {})
        for name, side in logged.items():
            for other, against in files.items():
                found.append(_match(node_type, (name, side), (other, against), store))
        if store is not None and not (logged and files) and _holds(store, node_type):
            for name, side in {**logged, **files}.items():
                found.append(_match_store(node_type, name, side.profile.ids[node_type], store))
    return tuple(found)


def _match(
    node_type: str, log: tuple[str, Side], nodes: tuple[str, Side], store: GraphStore | None
) -> Match:
    (name, side), (other, against) = log, nodes
    found, unknown = match_ids(
        node_type,
        (name, side.profile.ids[node_type]),
        (other, against.profile.ids[node_type]),
    )
    if unknown and store is not None:
        in_store = _share_in_store(store, node_type, unknown)
        found = replace(found, known=found.known + (1 - found.known) * in_store)
    if max(found.known, found.known_back) < ENOUGH:
        found = replace(found, better=_better(node_type, log, nodes))
    return found


def _better(
    node_type: str, log: tuple[str, Side], nodes: tuple[str, Side]
) -> tuple[str, str, float] | None:
    """The column of either source that matches the ids of the other one, if most do."""
    best = None
    for (name, side), (_, other) in ((log, nodes), (nodes, log)):
        rows = side.peek()
        if rows is None:
            continue
        for column, values in zip(rows.schema.names, rows.columns, strict=True):
            share = share_known(values, other.profile.ids[node_type])
            if share >= ENOUGH and (best is None or share > best[2]):
                best = (name, column, share)
    return best


def share_known(values: pa.Array, ids: IdProfile) -> float:
    """The share of the distinct values of a column that are among ids."""
    if pa.types.is_nested(values.type):
        return 0.0
    distinct = texts(values).drop_null().unique()
    if ids.sampled < 1:
        numbers = numbers_of(distinct, spelled=False)
        distinct = distinct.filter(pa.array(numbers < int(ids.sampled * (1 << 64))))
    return _share(sum(i in ids.ids for i in distinct.to_pylist()), len(distinct))


def _match_store(node_type: str, name: str, ids: IdProfile, store: GraphStore) -> Match:
    """How the ids match the nodes of the store, by a sample of them."""
    some = _some(list(ids.ids), _PROBED)
    unknown = _unknown(store, node_type, some)
    tried = _some(unknown, _RESPELLED)
    found = {i: other for i in tried if (other := _respelled(store, node_type, i)) is not None}
    like = spelling_match(found, list(found.values()))
    return Match(
        node_type=node_type,
        source=name,
        against=STORE,
        ids=ids.distinct,
        known=1 - _share(len(unknown), len(some)),
        known_back=0.0,
        differ_by=like.differ_by if like else "",
        would_match=_share(len(found), len(tried)) * _share(len(unknown), len(some)),
        examples=tuple(found.items())[:EXAMPLES],
    )


def _respelled(store: GraphStore, node_type: str, node_id: str) -> str | None:
    """The first other spelling of an id that the store has."""
    bare = node_id.lstrip("0")
    spelled = [same(node_id) for same in BETWEEN_FILES.values()]
    spelled += [node_id.upper(), f"{node_id}.0", *(bare.zfill(width) for width in _WIDTHS)]
    others = (each for each in spelled if each and each != node_id)
    return next((each for each in others if _has(store, node_type, each)), None)


def _some(ids: Sequence[str], count: int) -> Sequence[str]:
    """Up to about `count` of them, from everywhere."""
    return ids[:: max(len(ids) // count, 1)]


def _unknown(store: GraphStore, node_type: str, ids: Sequence[str]) -> list[str]:
    return [i for i in ids if not _has(store, node_type, i)]


def _share_in_store(store: GraphStore, node_type: str, ids: Sequence[str]) -> float:
    some = _some(ids, _PROBED)
    return 1 - _share(len(_unknown(store, node_type, some)), len(some))


def _holds(store: GraphStore, node_type: str) -> bool:
    """Whether there are such nodes; a store that was never written is not asked to count."""
    return store.position() != 0 and store.counts().get(node_type, 0) > 0


def _has(store: GraphStore, node_type: str, node_id: str) -> bool:
    try:
        store.read_node(node_type, node_id)
    except UnknownNode:
        return False
    return True


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
