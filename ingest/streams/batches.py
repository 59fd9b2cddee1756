"""A batch of messages as what the store is to do with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from graphrec.ingest.late import Late
from graphrec.ingest.streams.address import Role
from graphrec.ingest.streams.catalogue import NodeRules, nodes_of
from graphrec.ingest.streams.events import EventRules, events_of
from graphrec.ingest.streams.parts import Decode, Envelope, parts_of
from graphrec.ingest.streams.protocol import Letter, Message

from graphrec.data import AttributeKind
from graphrec.store import GraphStore, Move, StreamBatch


@dataclass(frozen=True)
class Reading:
    """How the messages of a stream are read."""

    stream: str
    """The name under which the store keeps its positions."""
    roles: Mapping[str, Role]
    """By topic, what its messages are about."""
    envelope: Envelope
    decode: Decode
    events: EventRules
    items: NodeRules
    users: NodeRules
    refuse_forgotten: bool = False
    """Whether users who were forgotten stay so."""


@dataclass(frozen=True)
class Read:
    """What a batch of messages says."""

    batch: StreamBatch
    letters: tuple[Letter, ...]
    """Messages that cannot be used."""
    forgotten: tuple[str, ...]
    """Users to be deleted before the batch is stored."""
    nodes: int
    """Items and users that were put or deleted."""
    ignored: Mapping[str, int] = field(default_factory=dict)
    """What is not stored, and is no fault, by reason."""


def read_batch(
    messages: Sequence[Message], reading: Reading, store: GraphStore, held: Mapping[str, str]
) -> Read:
    """What messages say, where partitions were read up to `held`."""
    said = parts_of(messages, reading.roles, reading.envelope, reading.decode)
    of = {role: [p for p in said.parts if p.role == role] for role in ("event", "item", "user")}
    items = nodes_of(of["item"], reading.items, _kinds(store, "item", of["item"]))
    users = nodes_of(of["user"], reading.users, _kinds(store, "user", of["user"]))
    ignored = dict(said.ignored)
    put = users.put
    if reading.refuse_forgotten and put:
        stay = store.deleted("user", put) | set(users.deleted)
        put = {user: values for user, values in put.items() if user not in stay}
        _count(ignored, {"user was forgotten": len(users.put) - len(put)})
    back = {"item": frozenset(items.put), "user": frozenset(put)}
    gone = {"item": frozenset(items.deleted), "user": frozenset(users.deleted)}

    def deleted(node_type: str, ids: Collection[str]) -> frozenset[str]:
        named = gone[node_type].intersection(ids)
        return (store.deleted(node_type, ids) | named) - back[node_type]

    found = events_of(of["event"], reading.events, Late(deleted))
    wrong = {**said.wrong, **items.wrong, **users.wrong, **found.wrong}
    for each in (found.late, found.left_out, items.left_out, users.left_out):
        _count(ignored, each)
    after = {message.partition: message.after for message in messages}
    batch = StreamBatch(
        reading.stream,
        {partition: Move(held.get(partition), at) for partition, at in after.items()},
        items.deleted,
        (*items.values("item"), *replace(users, put=put).values("user")),
        found.taken_back,
        found.events,
    )
    return Read(
        batch,
        tuple(Letter(messages[at], reason) for at, reason in sorted(wrong.items())),
        users.deleted,
        len(items.put) + len(items.deleted) + len(put) + len(users.deleted),
        ignored,
    )


def _kinds(
    store: GraphStore, node_type: str, parts: Sequence[object]
) -> Mapping[str, AttributeKind]:
    return store.attribute_kinds(node_type) if parts else {}


def _count(counts: dict[str, int], more: Mapping[str, int]) -> None:
    for reason, count in more.items():
        if count:
            counts[reason] = counts.get(reason, 0) + count
