"""The incremental update: a view of a snapshot and a delta, written down as a snapshot.

What training learned stays: the vectors of items, the encoder, the directions of the graph filter,
the weights of the sources. What the graph says is as of now, and is what the view serves: profiles,
what was seen, and the vectors of the users who changed. Counts, votes and popularity are computed
again in a few passes over arrays.

New users and items come after those there are, so that rows stay. A new item is recommended by its
neighbourhood from then on, and by what its attributes and links say; where they say nothing, it has
a vector of zeros, and the least bias, until the next training.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version as package_version
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data import Attribute, AttributeKind, AttributeValue, Rows, Vocabulary
from graphrec.data.axes import axes
from graphrec.data.drift import Shape, shape_of
from graphrec.data.times import latest
from graphrec.data.tree import extend
from graphrec.ratings.fold_in import Rated, with_users
from graphrec.ratings.predictor import RatingPredictor
from graphrec.retrieval.embedding import Nearest
from graphrec.retrieval.profile import UserProfile
from graphrec.retrieval.source import Histories, Updatable
from graphrec.snapshot.manifest import Manifest, trained_of
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.user_events import events_after
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta


def update(view: View, metrics: Mapping[str, Any] | None = None) -> Snapshot:
    """The snapshot of a view; `metrics` are those of the snapshot that it updates unless given."""
    before, new_users = view.snapshot, _new_users(view)
    extended = extend(extend(before, "user", new_users), "item", view.items.new)
    changed = _changed(view, extended)
    profiles = [view.user(user) for user in changed]
    rows = np.array(list(changed.values()), np.int32)
    shape = extended.history.shape
    history = _with_rows(extended.history, rows, _liked(profiles, shape))
    liked_at = _with_rows(extended.liked_at, rows, _liked_at(profiles, shape))
    seen = _with_rows(extended.seen, rows, _seen(profiles, shape))
    columns = [p.disliked for p in profiles]
    disliked = _rows(columns, [p.dislike_weights for p in profiles], np.float32, shape[1])
    disliked_at = _rows(columns, [p.disliked_at for p in profiles], np.int64, shape[1])
    attributes = {u: e.attributes for u, e in view.delta.users.items() if e.attributes is not None}
    user_attributes = _attributes(extended.user_attributes, extended.users, attributes)
    histories = Histories(
        before.history,
        history,
        user_attributes,
        before.manifest.newest_event,
        {extended.items.rows[item]: each for item, each in view.items.changed.items()},
    )
    return replace(
        extended,
        manifest=_manifest(view, extended, history, seen, metrics),
        history=history,
        liked_at=liked_at,
        seen=seen,
        disliked=_with_rows(extended.disliked, rows, disliked),
        disliked_at=_with_rows(extended.disliked_at, rows, disliked_at),
        popularity=extended.popularity.updated(histories),
        sources=tuple(
            _with_vectors(old, new, view, rows, profiles)
            if isinstance(old, Nearest) and isinstance(new, Nearest)
            else new.updated(histories)
            if isinstance(new, Updatable)
            else new
            for old, new in zip(before.sources, extended.sources, strict=True)
        ),
        item_attributes=_with_new_attributes(
            _attributes(extended.item_attributes, extended.items, view.items.changed),
            extended.items,
            view.items.changed,
        ),
        user_attributes=user_attributes,
        ratings=_with_raters(extended.ratings, view, changed),
        events=events_after(
            extended.events,
            view,
            {user: extended.users.rows[user] for user in _written_users(view)},
            extended.history.shape,
        ),
    )


def _with_raters(
    predictor: RatingPredictor | None, view: View, changed: Mapping[str, int]
) -> RatingPredictor | None:
    """The model of ratings with the users in it who had no ratings when it was fitted."""
    if predictor is None:
        return None
    base = predictor.baseline
    found = {
        row: rated
        for user, row in changed.items()
        if not base.user_ratings[row]
        and len((rated := Rated.of(base, *view.rated(user, predictor.kind))).items)
    }
    return with_users(predictor, found)


def likes_after(view: View) -> sparse.csr_array:
    """The histories [U, I] that `update` would give the snapshot, at a part of the cost."""
    ids = Ids(view.snapshot.users, view.snapshot.items, view.snapshot.history)
    extended = extend(extend(ids, "user", _new_users(view)), "item", view.items.new)
    changed = {user: extended.users.rows[user] for user in _written_users(view)}
    profiles = [view.without_vector(user) for user in changed]
    rows = np.array(list(changed.values()), np.int32)
    return _with_rows(extended.history, rows, _liked(profiles, extended.history.shape))


def shape_after(manifest: Manifest, likes: sparse.csr_array, delta: Delta) -> Shape:
    """The shape of the log, where `likes` [U, I] are those after a delta."""
    kinds = Counter(manifest.shape.kinds if manifest.shape else {}) + Counter(delta.kinds)
    return shape_of(likes, dict(kinds))


@dataclass(frozen=True)
class Ids:
    """The part of a snapshot that `likes_after` looks at."""

    users: Annotated[Vocabulary, axes("user")]
    items: Annotated[Vocabulary, axes("item")]
    history: Annotated[sparse.csr_array, axes("user", "item")]


def _new_users(view: View) -> list[str]:
    """Users of the delta whom the snapshot does not hold, ascending."""
    return sorted(user for user in view.delta.users if user not in view.snapshot.users)


def _written_users(view: View) -> list[str]:
    """The users of the delta, and those who had an event on an item that went since."""
    void = view.items.void
    if not len(void):
        return list(view.delta.users)
    near = np.flatnonzero(np.diff(view.snapshot.seen[:, void].indptr))
    ids = view.snapshot.users.ids
    return list(dict.fromkeys([*view.delta.users, *(ids[row] for row in near.tolist())]))


def _changed(view: View, extended: Snapshot) -> dict[str, int]:
    """The rows of the users whose profile may be another one: those who were written, and friends.

    A friend of someone is here a user who gets their messages.
    """
    rows = {user: extended.users.rows[user] for user in _written_users(view)}
    vectors = extended.embeddings
    if vectors is None or vectors.friends is None:
        return rows
    reached = np.flatnonzero(np.diff(vectors.friends[:, list(rows.values())].indptr))
    return rows | {extended.users.ids[row]: int(row) for row in reached.tolist()}


def _liked(profiles: Sequence[UserProfile], shape: tuple[int, int]) -> sparse.csr_array:
    """What users like, a row each [B, I], from their profiles."""
    columns = [np.concatenate([p.history, _new_rows(p)]) for p in profiles]
    weights = [np.concatenate([p.weights, list(p.new_likes.values())]) for p in profiles]
    return _rows(columns, weights, np.float32, shape[1])


def _liked_at(profiles: Sequence[UserProfile], shape: tuple[int, int]) -> sparse.csr_array:
    """When they liked each of these, in the same places."""
    columns = [np.concatenate([p.history, _new_rows(p)]) for p in profiles]
    times = [
        np.concatenate([p.liked_at, [p.new_liked_at[n] for n in p.new_likes]]) for p in profiles
    ]
    return _rows(columns, times, np.int64, shape[1])


def _seen(profiles: Sequence[UserProfile], shape: tuple[int, int]) -> sparse.csr_array:
    columns = [p.seen for p in profiles]
    return _rows(columns, [np.ones(len(each), bool) for each in columns], np.bool_, shape[1])


def _new_rows(profile: UserProfile) -> Rows:
    return np.fromiter(profile.new_likes, np.int32, len(profile.new_likes))


def _rows(
    columns: Sequence[Rows], values: Sequence[NDArray], dtype: type[np.generic], count: int
) -> sparse.csr_array:
    """A matrix [B, count] of rows with these columns and values; its columns ascend."""
    ends = np.cumsum([0, *map(len, columns)])
    indices = np.concatenate([np.empty(0, np.int32), *columns]).astype(np.int32)
    data = np.concatenate([np.empty(0, dtype), *values]).astype(dtype)
    matrix = sparse.csr_array((data, indices, ends), (len(columns), count))
    matrix.sort_indices()
    return matrix


def _with_rows(old: sparse.csr_array, rows: Rows, new: sparse.csr_array) -> sparse.csr_array:
    """`old` [U, I] with the rows [B, I] of `new` in place of some of its own."""
    order = np.arange(old.shape[0])
    order[rows] = old.shape[0] + np.arange(len(rows))
    return sparse.csr_array(sparse.vstack([old, new], format="csr")[order])


def _with_vectors(
    old: Nearest, new: Nearest, view: View, rows: Rows, profiles: Sequence[UserProfile]
) -> Nearest:
    """The source with vectors for all users and items.

    `new` is extended, with zeros for those who came; `profiles` are those of the users at `rows`.
    """
    vectors, cold = new.vectors, view.items.cold
    user, item, encoder, kinds = (
        vectors.user.copy(),
        vectors.item.copy(),
        vectors.encoder,
        vectors.kinds,
    )
    count = len(old.vectors.item)
    if old.vectors.biased:
        item[count:, -1] = old.vectors.item[:, -1].min(initial=0)
    places = [view.items.ids.rows[each] for each in cold.items]
    item[places] = cold.vectors if places else item[places]
    if encoder is not None:
        messages = encoder.messages.copy()
        if encoder.takes_new_items:
            for each, message in cold.messages.items():
                messages[view.items.ids.rows[each]] = message
        encoder = replace(encoder, messages=messages)
        for row, profile in zip(rows.tolist(), profiles, strict=True):
            user[row] = encoder.base if profile.vector is None else profile.vector
    if kinds is not None:
        columns = [np.concatenate([p.history, _new_rows(p)]) for p in profiles]
        bits = [
            np.array([*_bits(p), *(p.new_kinds.get(row, 0) for row in p.new_likes)], kinds.dtype)
            for p in profiles
        ]
        kinds = _with_rows(kinds, rows, _rows(columns, bits, kinds.dtype.type, kinds.shape[1]))
    changed = replace(vectors, user=user, item=item, encoder=encoder, kinds=kinds)
    return old.extended(changed)


def _bits(profile: UserProfile) -> Sequence[int]:
    return [0] * len(profile.history) if profile.kinds is None else profile.kinds.tolist()


def _attributes(
    known: Mapping[str, Attribute],
    nodes: Vocabulary,
    changed: Mapping[str, Mapping[str, AttributeValue]],
) -> dict[str, Attribute]:
    """With the values of changed nodes; an attribute that no node had waits for the training."""
    found = {}
    for name, attribute in known.items():
        values = list(attribute.values)
        for node, attributes in changed.items():
            values[nodes.rows[node]] = attributes.get(name)
        found[name] = Attribute(attribute.kind, tuple(values))
    return found


def _with_new_attributes(
    known: Mapping[str, Attribute],
    nodes: Vocabulary,
    changed: Mapping[str, Mapping[str, AttributeValue]],
) -> dict[str, Attribute]:
    """With the attributes that no node had before, which rules may be about already."""
    found = dict(known)
    for name in sorted(frozenset().union(*changed.values()) - known.keys()):
        values: list[AttributeValue] = [None] * len(nodes)
        for node, attributes in changed.items():
            values[nodes.rows[node]] = attributes.get(name)
        kind = next((_kind(name, value) for value in values if value is not None), None)
        if kind is not None:
            found[name] = Attribute(kind, tuple(values))
    return found


def _kind(name: str, value: AttributeValue) -> AttributeKind | None:
    """What an attribute is, by a value; the next training takes it from the store."""
    if isinstance(value, str):
        return "text" if name == "title" else "category"
    if isinstance(value, tuple):
        return "tags"
    return "number" if isinstance(value, float | int) else None


def _manifest(
    view: View,
    extended: Snapshot,
    history: sparse.csr_array,
    seen: sparse.csr_array,
    metrics: Mapping[str, Any] | None,
) -> Manifest:
    before, delta = view.snapshot.manifest, view.delta
    times = (event.time for each in delta.users.values() for event in each.events)
    last = latest(1)
    known = [
        *([] if before.newest_event is None else [before.newest_event]),
        *(time for time in times if time <= last),
    ]
    trained = trained_of(before)
    return replace(
        before,
        newest_event=max(known, default=None),
        counts={
            "users": len(extended.users),
            "items": len(extended.items),
            "events": delta.events,
            "likes": history.nnz,
            "seen": seen.nnz,
        },
        user_attributes=None
        if before.user_attributes is None
        else tuple(
            sorted(
                {*before.user_attributes}.union(*(u.attributes or () for u in delta.users.values()))
            )
        ),
        metrics=before.metrics if metrics is None else metrics,
        shape=shape_after(before, history, delta),
        trained=replace(trained, updates=trained.updates + 1),
        position=delta.position if delta.position is not None else before.position,
        graphrec=package_version("graphrec"),
        version="",
        created="",
        generation=0,
        files={},
    )
