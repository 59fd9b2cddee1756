"""A snapshot of the graph as it is now, with what was learnt of it some time ago.

What training found stays: the vectors of items, the encoder, the directions of the graph filter,
the weights of the sources. What the graph says is as of now: histories, what was met, counts, the
votes of the graph filter, and the vectors of the users who changed, whom the encoder embeds anew
from their histories. A user whose vector was learnt, and is not what the encoder makes of their
history (as with matrix factorisation), keeps it: it is one of the trained weights.

New users and items come after those there are, so that rows stay. A new item is recommended by its
neighbourhood at once, and by what its attributes and links say, as while it was served without a
row; where they say nothing, it has a vector of zeros, and the least bias, until the next training.

Reading histories and embedding users grow with what changed alone. Counts and votes are made anew
in a few passes over arrays, as reading and writing a snapshot are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version as package_version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, AttributeValue, Graph, Interactions, Rows, Vocabulary
from graphrec.data.degrees import item_degrees
from graphrec.data.drift import Shape, shape_of
from graphrec.data.kind_relations import Bits
from graphrec.data.weighting import weigh
from graphrec.models.encoder import Encoder
from graphrec.models.graph_filter.scorer import FittedFilter, follow
from graphrec.retrieval.cold_items import NONE, Newcomers, arrived
from graphrec.retrieval.neighbours import Likes
from graphrec.settings import Settings
from graphrec.snapshot.snapshot import Manifest, Snapshot, Trained, values_at
from graphrec.store.protocol import ItemLink

FILTER = "graph-filter"
"""The model whose hyper-parameters say how votes are made."""

POPULAR = "recent-popularity"
"""The model whose hyper-parameters say how much what is new counts."""


@dataclass(frozen=True)
class Change:
    """What became of a graph since a snapshot."""

    users: tuple[str, ...]
    """Those who are new, or of whom an event is new or has another weight."""
    log: Interactions
    """All events of these users, old and new, as they came."""
    items: Mapping[str, Mapping[str, AttributeValue]] = field(default_factory=dict)
    """The attributes of new and changed items, by id."""
    links: Mapping[str, Sequence[ItemLink]] = field(default_factory=dict)
    """What these items are linked to."""
    people: Mapping[str, Mapping[str, AttributeValue]] = field(default_factory=dict)
    """Likewise of users."""
    kinds: Mapping[str, int] = field(default_factory=dict)
    """New events by kind."""
    written: int = 0
    """New events, and events with another weight."""
    deleted: int = 0
    """Users and items that were deleted."""
    events: int = 0
    """In the store."""
    position: int | None = None
    """Of the store, up to which changes were looked for."""

    def before(self, time: int) -> Change:
        """What of it was so before a time, in milliseconds."""
        return replace(self, log=self.log.take(self.log.time < time))


def infer(
    serving: Snapshot, change: Change, settings: Settings, metrics: Mapping[str, Any] | None = None
) -> Snapshot:
    """The snapshot that serves, brought up to date; `metrics` are its own unless given."""
    users, items, changed, rows = _changed(serving, change, settings)
    history = _with_rows(serving.graph_filter.history, changed.matrix, rows)
    seen = _with_rows(serving.likes.seen, changed.seen, rows)
    likes = Likes(users, items, history, history.T.tocsr(), seen)
    about = _attributes(serving.user_attributes, users, change.people)
    new = items.ids[len(serving.likes.items) :]
    told = _told(serving, new, change)
    embedded = _embedded(serving, changed, history, rows, about, new, told)
    return replace(
        embedded,
        manifest=_manifest(serving.manifest, likes, change, metrics),
        likes=likes,
        popularity=_popularity(serving, history),
        graph_filter=_followed(serving, history),
        attributes=_attributes(serving.attributes, items, change.items),
        user_attributes=about,
    )


def likes_after(serving: Snapshot, change: Change, settings: Settings) -> sparse.csr_array:
    """The histories [U, I] that `infer` would give the snapshot, at a part of the cost."""
    _, _, changed, rows = _changed(serving, change, settings)
    return _with_rows(serving.graph_filter.history, changed.matrix, rows)


def shape_after(serving: Manifest, likes: sparse.csr_array, change: Change) -> Shape:
    """The shape of the log, where `likes` [U, I] are those after a change."""
    kinds = Counter(serving.shape.kinds if serving.shape else {}) + Counter(change.kinds)
    return shape_of(likes, dict(kinds))


def everyone(graph: Graph) -> Change:
    """All of a raw graph as a change: to infer with it is to infer everything anew."""
    log = graph.interactions
    people, items = (
        {
            node: values_at(graph.attributes.get(node_type, {}), row)
            for row, node in enumerate(graph.vocabulary(node_type).ids)
        }
        for node_type in ("user", "item")
    )
    return Change(
        graph.users.ids, log, items, links=_item_links(graph), people=people, events=len(log)
    )


def _item_links(graph: Graph) -> Mapping[str, Sequence[ItemLink]]:
    """The links of each item, as a store tells them."""
    found: dict[str, list[ItemLink]] = {}
    for (source, relation, target), links in graph.links.items():
        if "user" in (source, target) or "item" not in (source, target):
            continue
        ends = [(links.source, source), (links.target, target)]
        (near, _), (far, other) = ends if source == "item" else reversed(ends)
        ids = graph.vocabulary(other).ids
        for item, node in zip(near.tolist(), far.tolist(), strict=True):
            found.setdefault(graph.items.ids[item], []).append(ItemLink(relation, other, ids[node]))
    return found


def difference(one: Snapshot, other: Snapshot) -> float:
    """The largest difference between the numbers that two snapshots of the same nodes serve from.

    In a table with numbers above 1, in units of the largest. Rows may be in another order. Infinite
    where nodes, histories or what was met are not the same.
    """
    users, items = (
        _rows_in(getattr(other.likes, name), getattr(one.likes, name))
        for name in ("users", "items")
    )
    if users is None or items is None:
        return np.inf
    largest = 0.0
    for a, b in (
        (one.likes.seen, other.likes.seen[users][:, items]),
        (one.graph_filter.history, other.graph_filter.history[users][:, items]),
        (one.graph_filter.factors.votes, other.graph_filter.factors.votes[users][:, items]),
    ):
        if not np.array_equal(a.indptr, b.indptr):
            return np.inf
        gap = a.astype(np.float64) - b.astype(np.float64)
        largest = max(largest, float(abs(gap).max()) if gap.nnz else 0.0)
    mine, theirs = one.graph_filter.factors, other.graph_filter.factors
    tables = [
        (one.popularity, other.popularity[items]),
        (mine.excess, theirs.excess[items]),
        (mine.target, theirs.target[items]),
        (mine.low_pass, theirs.low_pass[items]),
        (mine.popularity, theirs.popularity[items]),
    ]
    if one.embeddings is not None and other.embeddings is not None:
        tables.append((one.embeddings.user, other.embeddings.user[users]))
        tables.append((one.embeddings.item, other.embeddings.item[items]))
    gaps = (np.abs(a - b).max(initial=0) / max(np.abs(b).max(initial=0), 1) for a, b in tables)
    return max(largest, *map(float, gaps))


def _rows_in(vocabulary: Vocabulary, ids: Vocabulary) -> Rows | None:
    """The row of each id; None where the two do not hold the same."""
    if len(vocabulary) != len(ids) or any(each not in vocabulary for each in ids.ids):
        return None
    return np.array([vocabulary.rows[each] for each in ids.ids], np.int32)


def trained_of(manifest: Manifest) -> Trained:
    """The training that a snapshot serves from, be it its own."""
    if manifest.trained is not None:
        return manifest.trained
    shape = manifest.shape or Shape({}, {}, {})
    return Trained(manifest.version, manifest.newest_event, shape, manifest.counts["likes"], 0)


def _changed(
    serving: Snapshot, change: Change, settings: Settings
) -> tuple[Vocabulary, Vocabulary, Graph, Rows]:
    """Users and items now, the weighed events of those who changed, and their rows."""
    old = serving.likes
    users = _extended(old.users, change.users)
    items = _extended(old.items, [*change.items, *change.log.items.ids])
    # As of the training: how much an event has faded must not depend on whose history is read.
    now = trained_of(serving.manifest).newest_event or 0
    changed = weigh(Graph(change.log.recode(users, items)), settings.kinds, now)
    return users, items, changed, np.array([users.rows[user] for user in change.users], np.int32)


def _extended(vocabulary: Vocabulary, ids: Iterable[str]) -> Vocabulary:
    """With those of the ids that are new, in code-point order, after those there are."""
    new = {node_id for node_id in ids if node_id not in vocabulary}
    return Vocabulary((*vocabulary.ids, *sorted(new))) if new else vocabulary


def _with_rows(old: sparse.csr_array, new: sparse.csr_array, rows: Rows) -> sparse.csr_array:
    """`old`, in the shape of `new`, which is no smaller, with the `rows` of `new`."""
    more = np.full(new.shape[0] - old.shape[0], old.indptr[-1])
    wide = sparse.csr_array((old.data, old.indices, np.concatenate([old.indptr, more])), new.shape)
    order = np.arange(new.shape[0])
    order[rows] += new.shape[0]
    return sparse.csr_array(sparse.vstack([wide, new], format="csr")[order])


def _followed(serving: Snapshot, history: sparse.csr_array) -> FittedFilter:
    fitted_with = serving.manifest.models[FILTER]
    exponents = ("user_exponent", "history_exponent", "target_exponent")
    a, b, c = (float(fitted_with[name] or 0) for name in exponents)
    return follow(serving.graph_filter, history, a, b, c)


def _popularity(serving: Snapshot, history: sparse.csr_array) -> NDArray[np.float32]:
    """What was popular at the training, and what likes came since, as much as the newest then.

    Of a log with a half-life of `h` of it, the newest event counts as much as 1 over the mean of
    0.5^(x / h) for x from 0 to 1. What is older fades with the next training.
    """
    fitted_with = serving.manifest.models.get(POPULAR, {})
    half_life = float(fitted_with.get("half_life_share") or 0)
    newest = 1.0
    if half_life and serving.manifest.newest_event:
        newest = math.log(2) / half_life / (1 - 0.5 ** (1 / half_life))
    before = item_degrees(serving.graph_filter.history)
    more = np.pad(serving.popularity - newest * before, (0, history.shape[1] - len(before)))
    return np.maximum(more + newest * item_degrees(history), 0).astype(np.float32)


def _told(serving: Snapshot, items: Sequence[str], change: Change) -> Newcomers:
    """The new ones of whom attributes or links say something: as `graphrec.recommend.recommender`
    has them.
    """
    embeddings = serving.embeddings
    if embeddings is None or embeddings.newcomers is None:
        return NONE
    attributes = {item: change.items.get(item, {}) for item in items}
    return arrived(embeddings.newcomers, attributes, links=change.links, known=serving.likes.items)


def _embedded(
    serving: Snapshot,
    changed: Graph,
    history: sparse.csr_array,
    rows: Rows,
    attributes: Mapping[str, Attribute],
    items: Sequence[str],
    told: Newcomers,
) -> Snapshot:
    """The snapshot with vectors for all users [U] and items [I] of the histories.

    `changed` are the events of the users at `rows`, `attributes` those of all users, and `items`
    all of the new ones, of which some are `told` of.
    """
    embeddings, encoder, index = serving.embeddings, serving.encoder, serving.index
    if embeddings is None or index is None:
        return serving
    before = serving.graph_filter.history
    new_users, new_items = (now - was for now, was in zip(history.shape, before.shape, strict=True))
    user = np.pad(embeddings.user, ((0, new_users), (0, 0)))
    kinds = embeddings.kinds
    if kinds is not None and encoder is not None and encoder.relations is not None:
        kinds = _with_rows(kinds, encoder.relations.of(changed), rows)
    friends = embeddings.friends
    if friends is not None:
        ends = np.pad(friends.indptr, (0, new_users), "edge")
        shape = (len(user), len(user))
        friends = sparse.csr_array((friends.data, friends.indices, ends), shape)
        # What they say changed for those who listen to them, too.
        rows = np.union1d(rows, np.flatnonzero(np.diff(friends[:, rows].indptr)))
    item = embeddings.item
    if new_items:
        newcomers = _newcomers(embeddings.item, embeddings.biased, items, told)
        item, index = np.concatenate([item, newcomers]), index.extended(newcomers)
    if encoder is not None:
        # Of most new items nobody can say yet what they tell their users.
        messages = np.pad(encoder.messages, ((0, new_items), (0, 0)))
        for row, new in enumerate(items, start=before.shape[1]):
            if encoder.hears_news and new in told.messages:
                messages[row] = told.messages[new]
        encoder = replace(encoder, messages=messages)
        for row in rows.tolist():
            if row >= before.shape[0] or _is_inferred(encoder, serving, row):
                user[row] = _embed(encoder, history, kinds, attributes, friends, row)
    return replace(
        serving,
        embeddings=replace(
            embeddings, user=user, item=item, encoder=None, friends=friends, kinds=kinds
        ),
        encoder=encoder,
        index=index,
    )


def _newcomers(
    known: NDArray[np.float32], biased: bool, items: Sequence[str], told: Newcomers
) -> NDArray[np.float32]:
    """Vectors [N, dim] for items that training did not meet, beside those of the `known`."""
    nothing = np.zeros(known.shape[1], np.float32)
    if biased:
        nothing[-1] = known[:, -1].min(initial=0)
    vectors = dict(zip(told.items, told.vectors, strict=True))
    return np.stack([vectors.get(item, nothing) for item in items])


def _is_inferred(encoder: Encoder, serving: Snapshot, row: int) -> bool:
    """Whether the vector of a user is what the encoder makes of what was known of them."""
    embeddings, history = serving.embeddings, serving.graph_filter.history
    assert embeddings is not None  # noqa: S101 - there is a vector
    about, friends = serving.user_attributes, embeddings.friends
    vector = _embed(encoder, history, embeddings.kinds, about, friends, row)
    return np.allclose(vector, embeddings.user[row], rtol=1e-4, atol=1e-4)


def _embed(
    encoder: Encoder,
    history: sparse.csr_array,
    kinds: sparse.csr_array | None,
    attributes: Mapping[str, Attribute],
    friends: sparse.csr_array | None,
    row: int,
) -> NDArray[np.float32]:
    """The vector of a user, who hears their items, attributes and friends."""

    def kinds_of(user: int) -> Bits | None:
        return None if kinds is None else kinds.data[kinds.indptr[user] : kinds.indptr[user + 1]]

    said = [
        encoder.own(_stored(history, friend), values_at(attributes, friend), kinds=kinds_of(friend))
        for friend in ([] if friends is None else _stored(friends, row).tolist())
    ]
    return encoder.embed(
        _stored(history, row), values_at(attributes, row), said, kinds=kinds_of(row)
    )


def _stored(matrix: sparse.csr_array, row: int) -> Rows:
    return matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]


def _manifest(
    serving: Manifest,
    likes: Likes,
    change: Change,
    metrics: Mapping[str, Any] | None,
) -> Manifest:
    trained = trained_of(serving)
    times = [serving.newest_event, *([int(change.log.time.max())] if len(change.log) else [])]
    return replace(
        serving,
        newest_event=max((time for time in times if time is not None), default=None),
        counts={
            "users": len(likes.users),
            "items": len(likes.items),
            "events": change.events,
            "likes": likes.by_user.nnz,
            "seen": likes.seen.nnz,
        },
        metrics=serving.metrics if metrics is None else metrics,
        shape=shape_after(serving, likes.by_user, change),
        trained=replace(trained, inferred=trained.inferred + 1),
        graphrec=package_version("graphrec"),
        version="",
        created="",
        files={},
    )


def _attributes(
    known: Mapping[str, Attribute],
    nodes: Vocabulary,
    changed: Mapping[str, Mapping[str, AttributeValue]],
) -> Mapping[str, Attribute]:
    """With the values of changed nodes; an attribute that no node had waits for the training."""
    found = {}
    for name, attribute in known.items():
        values = [*attribute.values, *[None] * (len(nodes) - len(attribute.values))]
        for node, attributes in changed.items():
            values[nodes.rows[node]] = attributes.get(name)
        found[name] = Attribute(attribute.kind, tuple(values))
    return found
