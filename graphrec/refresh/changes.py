"""What was written to a store since a snapshot was made from it."""

from __future__ import annotations

from collections import Counter

from graphrec.data import AttributeValue
from graphrec.data.drift import kinds_of
from graphrec.snapshot.update import Change
from graphrec.store.protocol import GraphStore, ItemLink


def changes(store: GraphStore, since: int) -> Change:
    """The change since a position: who changed, and their histories as they are now.

    What is written meanwhile may be in it, and comes again with the next change: to infer with an
    event twice is to infer with it once. Raises StoreError where the store has no position.
    """
    users: set[str] = set()
    items: dict[str, dict[str, AttributeValue]] = {}
    people: dict[str, dict[str, AttributeValue]] = {}
    links: dict[str, tuple[ItemLink, ...]] = {}
    kinds: Counter[str] = Counter()
    deleted = written = 0
    reached = store.position() or 0
    at = since
    while at < reached:
        page = store.events_since(at)
        events, at = page.events.take(page.changed), page.position
        users.update(events.users.ids)
        kinds.update(kinds_of(events))
        written += len(events)
    at = since
    while at < reached:
        nodes, at = store.nodes_since(at)
        for node in nodes:
            if node.id is None or node.attributes is None:
                deleted += 1
            elif node.type == "user":
                users.add(node.id)
                people[node.id] = dict(node.attributes)
            else:
                items[node.id] = dict(node.attributes)
                links[node.id] = node.links
    changed = tuple(sorted(users))
    return Change(
        users=changed,
        log=store.events_of(changed),
        items=items,
        links=links,
        people=people,
        kinds=dict(kinds),
        written=written,
        deleted=deleted,
        events=store.counts()["events"],
        position=reached,
    )
