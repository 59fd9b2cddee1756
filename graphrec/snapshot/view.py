"""Everything as of now, in one place: a snapshot, and what was written since.

A view says who users are and what items there are at this moment. Recommendations, explanations
and browsing are made from one; the incremental update is one, written down as a snapshot
(`graphrec.snapshot.update`), so that what is served and what is published next agree.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Interactions, Rows, Vocabulary
from graphrec.data.in_force import meanings_of, rated_in_force
from graphrec.data.kind_relations import Bits
from graphrec.data.weighting import DEFAULT_POLICY, KindPolicy, event_weights
from graphrec.errors import UnknownNode
from graphrec.retrieval.profile import NO_ROWS, UserProfile
from graphrec.snapshot.current_items import CurrentItems
from graphrec.snapshot.manifest import trained_of
from graphrec.snapshot.snapshot import Snapshot, history_rows
from graphrec.store.delta import NOTHING, Delta, Event, UserDelta

ENCODED = 1e-4
"""How far, absolutely and relatively, a vector may be from what the encoder makes of the same
profile and count as made by it: training sums in another order."""

ONE_USER = Vocabulary(("",))

MOST_RATED = 500
"""Ratings that someone is known by who came since the snapshot."""

NO_ATTRIBUTES: Mapping[str, AttributeValue] = {}


@dataclass(frozen=True)
class View:
    """A snapshot and a delta of the store it was made from."""

    snapshot: Snapshot
    delta: Delta
    items: CurrentItems
    kinds: Mapping[str, KindPolicy] = field(default_factory=lambda: DEFAULT_POLICY)
    """What the events of the delta weigh, by kind."""
    windows: dict[Hashable, NDArray[np.int64]] = field(default_factory=dict, compare=False)
    """How many people did something with each item in windows of time that were asked for; later
    views of the snapshot have the same ones."""

    @classmethod
    def of(
        cls,
        snapshot: Snapshot,
        delta: Delta = NOTHING,
        kinds: Mapping[str, KindPolicy] = DEFAULT_POLICY,
    ) -> View:
        """The view of a snapshot and a delta."""
        return cls(snapshot, delta, CurrentItems(snapshot, delta), kinds)

    def advanced(self, delta: Delta) -> View:
        """The view of a later delta: what is derived of items stays where no item changed."""
        if delta is self.delta:
            return self
        items = self.items
        if delta.edition != self.delta.edition:
            items = CurrentItems(self.snapshot, delta, items.cold)
        return replace(self, delta=delta, items=items)

    def knows(self, user: str) -> bool:
        """Whether the snapshot or the delta holds anything of a user."""
        return self.row(user) is not None or self._written(user) is not None

    def row(self, user: str) -> int | None:
        """The row of a user in the snapshot, where what it holds of them still counts."""
        return None if user in self.delta.forgotten else self.snapshot.users.rows.get(user)

    def user(self, user: str) -> UserProfile:
        """The profile of a user; an empty one of whom nothing is known."""
        row = self.row(user)
        before = UserProfile() if row is None else self.stored(row)
        after = self._after(before, user)
        if after is before and not self._friends_written(before):
            return before
        return self._embedded(before, after)

    def without_vector(self, user: str) -> UserProfile:
        """The same, but for the vector, which takes the most time."""
        row = self.row(user)
        return self._after(UserProfile() if row is None else self.stored(row), user)

    def user_of_events(self, user: str, events: Sequence[Event]) -> UserProfile:
        """The profile of a user as if just these events were known of them."""
        nobody = UserProfile(user=self.row(user))
        return self._embedded(None, self._with_events(nobody, events))

    def known_user(self, user: str) -> UserProfile:
        """The profile of a user; raises UnknownNode for one of whom nothing is known."""
        if not self.knows(user):
            raise UnknownNode("user", user)
        return self.user(user)

    def session(
        self,
        items: Sequence[str],
        attributes: Mapping[str, AttributeValue] = NO_ATTRIBUTES,
        friends: Sequence[str] = (),
    ) -> UserProfile:
        """The profile of someone who likes `items`, oldest first; raises UnknownNode.

        Friends are users whose messages the encoder aggregates, where it does.
        """
        places = {self.items.ids.row(each, "item"): n for n, each in enumerate(items)}
        rows = np.array(sorted(places), np.int32)
        encoder = self.snapshot.encoder
        messages: tuple[NDArray[np.float32], ...] = ()
        profiles = [self.known_user(friend) for friend in dict.fromkeys(friends)]
        if encoder is not None and encoder.friend_weight is not None:
            messages = tuple(
                encoder.aggregate(
                    each.history, each.attributes, tuple(each.new_messages.values()), each.kinds
                )
                for each in profiles
            )
        history = rows[rows < len(self.snapshot.items)]
        return self._embedded(
            None,
            UserProfile(
                history,
                np.ones(len(history), np.float32),
                np.array([places[row] for row in history.tolist()], np.int64),
                rows,
                new_likes=dict.fromkeys(rows[len(history) :].tolist(), 1.0),
                new_liked_at={row: places[row] for row in rows[len(history) :].tolist()},
                new_messages=self._messages(rows[len(history) :].tolist()),
                attributes=attributes,
                friend_messages=messages,
            ),
        )

    def short_history(self, row: int, shown: Rows) -> UserProfile:
        """The profile of a user row as if only `shown` of the items that they like were known.

        All that they have seen stays seen.
        """
        known = self.stored(row)
        kept = np.isin(known.history, shown)
        kinds = None if known.kinds is None else known.kinds[kept]
        return self._embedded(
            None,
            replace(
                known,
                history=known.history[kept],
                weights=known.weights[kept],
                liked_at=known.liked_at[kept],
                kinds=kinds,
            ),
        )

    def history(self, rows: Rows) -> UserProfile:
        """The profile of someone who likes the items of distinct rows of the snapshot, oldest
        first.
        """
        order = np.argsort(rows)
        rows = rows[order].astype(np.int32)
        profile = UserProfile(rows, np.ones(len(rows), np.float32), order.astype(np.int64), rows)
        return self._embedded(None, profile)

    def weights(self, events: Sequence[Event]) -> list[float]:
        """What each of a user's events weighs beside the others, as of the training.

        0: the item was seen, and nothing more; below 0: it is disliked. All events of each of their
        pairs must be there, and all of the user's where a kind has a threshold of each user's own.
        """
        if not events:
            return []
        log = log_of(events)
        clipping = self.snapshot.manifest.clipping
        weights: list[float] = event_weights(log, self.kinds, self._trained_at, clipping).tolist()
        return weights

    def rated(self, user: str, kind: str) -> tuple[Rows, NDArray[np.float64]]:
        """What was written of a user's ratings: item rows of the snapshot and values, by time.

        Only those of the kind that are in force, the latest of each item, and of very many items
        the last `MOST_RATED`.
        """
        written = self._written(user)
        events = () if written is None else written.events
        if not events:
            return np.empty(0, np.int32), np.empty(0)
        log = log_of(events)
        force = rated_in_force(log, meanings_of(log.kinds, self.kinds), log.weight)
        order = np.argsort(log.time, kind="stable")
        void, known = set(self.items.void.tolist()), self.snapshot.items.rows
        found = {
            row: events[at].value
            for at in order[force[order]].tolist()
            if events[at].kind == kind
            and (row := known.get(events[at].item)) is not None
            and row not in void
        }
        rows, values = (np.array([*part][-MOST_RATED:]) for part in (found, found.values()))
        return rows.astype(np.int32), values.astype(np.float64)

    @property
    def _trained_at(self) -> int:
        # How much an event has faded must not depend on when its user's profile is read.
        return trained_of(self.snapshot.manifest).newest_event or 0

    def _written(self, user: str) -> UserDelta | None:
        found = self.delta.users.get(user)
        if found is None or (
            found.attributes is None and not found.events and not found.taken_back
        ):
            return None
        return found

    def stored(self, row: int) -> UserProfile:
        """The profile of a user row as the snapshot holds it."""
        snapshot = self.snapshot
        vectors, attributes = snapshot.embeddings, snapshot.about(row)
        start, end = snapshot.history.indptr[row : row + 2]
        history = snapshot.history.indices[start:end]
        dislikes = slice(*snapshot.disliked.indptr[row : row + 2])
        friends, vector = NO_ROWS, None
        if vectors is not None:
            if vectors.friends is not None:
                friends = history_rows(vectors.friends, row)
            learned = vectors.encoder is not None or vectors.user[row].any()
            if learned and (len(history) or len(friends) or self._reads(attributes)):
                vector = vectors.user[row]
        return UserProfile(
            history,
            snapshot.history.data[start:end],
            snapshot.liked_at.data[start:end],
            history_rows(snapshot.seen, row),
            snapshot.disliked.indices[dislikes],
            snapshot.disliked.data[dislikes],
            snapshot.disliked_at.data[dislikes],
            vector,
            row,
            attributes=attributes,
            friends=friends,
            kinds=self._stored_kinds(row),
        )

    def _with_events(self, profile: UserProfile, events: Sequence[Event]) -> UserProfile:
        """The profile after events: they decide on the pairs of a user and an item that they name.

        The weight of a pair is the sum of those of its events.
        """
        if not events:
            return profile
        weights = self.weights(events)
        row = _codes(self.items.ids.rows, (event.item for event in events))
        known = row >= 0
        written, at = np.unique(row[known], return_inverse=True)
        if not len(written):
            return profile
        weight = np.array(weights)[known]
        time = np.fromiter((event.time for event in events), np.int64, len(events))[known]
        total = np.bincount(at, np.maximum(weight, 0), len(written))
        liked, count = total > 0, len(self.snapshot.items)
        latest = np.full(len(written), np.iinfo(np.int64).min)
        np.maximum.at(latest, at[weight > 0], time[weight > 0])
        held, new = liked & (written < count), liked & (written >= count)
        kept = ~np.isin(profile.history, written) & (profile.weights > 0)
        history = np.concatenate([profile.history[kept], written[held]])
        order = np.argsort(history)
        new_likes = dict(zip(written[new].tolist(), total[new].tolist(), strict=True))
        bits = self._kind_bits(profile, events, weights, written.tolist())
        return replace(
            _with_dislikes(profile, written, *_dislikes(at, weight, time, len(written))),
            history=history[order],
            weights=np.concatenate([profile.weights[kept], total[held].astype(np.float32)])[order],
            liked_at=np.concatenate([profile.liked_at[kept], latest[held]])[order],
            seen=np.union1d(profile.seen, written),
            new_likes=new_likes,
            new_liked_at=dict(zip(new_likes, latest[new].tolist(), strict=True)),
            new_messages=self._messages(new_likes),
            kinds=None
            if bits is None
            else np.array([bits[row] for row in history[order].tolist()], np.uint64),
            new_kinds={} if bits is None else {row: bits[row] for row in new_likes},
        )

    def _kind_bits(
        self,
        profile: UserProfile,
        events: Sequence[Event],
        weights: Sequence[float],
        written: Iterable[int],
    ) -> dict[int, int] | None:
        """By which kinds of events someone likes each item row; None where that counts nothing."""
        encoder = self.snapshot.encoder
        if encoder is None or encoder.relations is None:
            return None
        before = [0] * len(profile.history) if profile.kinds is None else profile.kinds.tolist()
        found: dict[int, int] = dict(zip(profile.history.tolist(), before, strict=True))
        found |= dict.fromkeys(written, 0)
        rows = self.items.ids.rows
        for event, weight in zip(events, weights, strict=True):
            row = rows.get(event.item)
            if row is not None and weight > 0:
                found[row] |= encoder.relations.bit(event.kind)
        return found

    def _messages(self, rows: Iterable[int]) -> Mapping[int, NDArray[np.float32]]:
        """The messages of new items, of those that have one."""
        ids, messages = self.items.ids.ids, self.items.cold.messages
        return {row: messages[ids[row]] for row in rows if ids[row] in messages}

    def _stored_kinds(self, row: int) -> Bits | None:
        vectors = self.snapshot.embeddings
        kinds = None if vectors is None else vectors.kinds
        return None if kinds is None else kinds.data[kinds.indptr[row] : kinds.indptr[row + 1]]

    def _embedded(self, before: UserProfile | None, after: UserProfile) -> UserProfile:
        """The profile with its vector, None where nothing is known that one could be made of.

        A vector that training learned of the user moves by what the encoder makes of the change;
        where the encoder made it, the new one is what the encoder makes of the profile.
        """
        encoder = self.snapshot.encoder
        if encoder is None:  # what training learned of a history stays until the next training
            known = len(after.history) or after.new_likes or len(after.friends)
            learned = None if before is None or not known else self._learned(before)
            return replace(after, vector=learned)
        if not self._has_input(after):
            return replace(after, vector=None)
        if before is None or before.vector is None:
            return replace(after, vector=self._encode(after))
        if self._same_input(before, after) and not self._friends_written(after):
            return replace(after, vector=before.vector)
        then, now = self._encode(before, stored=True), self._encode(after)
        if not np.allclose(before.vector, then, rtol=ENCODED, atol=ENCODED):
            now = (before.vector + (now - then)).astype(np.float32)
        return replace(after, vector=now)

    def _learned(self, profile: UserProfile) -> NDArray[np.float32] | None:
        """The vector of a user that training learned, whatever they like now; None for zeros."""
        vectors, row = self.snapshot.embeddings, profile.user
        if vectors is None or row is None or not vectors.user[row].any():
            return None
        return vectors.user[row]

    def _encode(self, profile: UserProfile, stored: bool = False) -> NDArray[np.float32]:
        """What the encoder makes of a profile, with its friends as of now, or as they are
        stored.
        """
        encoder, snapshot = self.snapshot.encoder, self.snapshot
        assert encoder is not None  # noqa: S101 - see `_embedded`
        friends = [] if encoder.friend_weight is None else profile.friends.tolist()
        messages = [
            encoder.aggregate(
                each.history, each.attributes, tuple(each.new_messages.values()), each.kinds
            )
            for friend in friends
            for known in [self.stored(friend)]
            for each in [known if stored else self._after(known, snapshot.users.ids[friend])]
        ]
        return encoder.embed(
            profile.history,
            profile.attributes,
            [*messages, *profile.friend_messages],
            tuple(profile.new_messages.values()),
            profile.kinds,
        )

    def _after(self, before: UserProfile, user: str) -> UserProfile:
        """A profile after what was written of its user, but for the vector; itself after
        nothing.
        """
        void = self.items.void
        after = before.without(void) if len(void) else before
        written = self._written(user)
        if written is None:
            return after
        if written.attributes is not None:
            after = replace(after, attributes=written.attributes)
        if written.taken_back:
            known = self.items.ids.rows
            rows = (known[item] for item in written.taken_back if item in known)
            after = after.without(np.fromiter(rows, np.int32))
        return self._with_events(after, written.events)

    def _friends_written(self, profile: UserProfile) -> bool:
        """Whether anything was written of a friend whose messages the user gets."""
        ids = self.snapshot.users.ids
        return any(ids[row] in self.delta.users for row in profile.friends.tolist())

    def _has_input(self, profile: UserProfile) -> bool:
        """Whether the encoder has anything to make a vector of."""
        encoder = self.snapshot.encoder
        friends = encoder is not None and encoder.friend_weight is not None and len(profile.friends)
        messages = len(profile.history) or profile.new_likes or profile.friend_messages
        return bool(messages or friends or self._reads(profile.attributes))

    def _reads(self, attributes: Mapping[str, AttributeValue]) -> bool:
        """Whether the encoder makes anything of attributes."""
        encoder = self.snapshot.encoder
        features = None if encoder is None else encoder.features
        return bool(attributes) and features is not None and features.vector(attributes) is not None

    def _same_input(self, one: UserProfile, other: UserProfile) -> bool:
        """Whether the encoder makes the same of two profiles of one user."""
        encoder = self.snapshot.encoder
        read = () if encoder is None else encoder.attribute_names
        same_kinds = one.kinds is other.kinds or (
            one.kinds is not None
            and other.kinds is not None
            and np.array_equal(one.kinds, other.kinds)
        )
        return (
            same_kinds
            and np.array_equal(one.history, other.history)
            and one.new_messages.keys() == other.new_messages.keys()
            and all(one.attributes.get(name) == other.attributes.get(name) for name in read)
        )


def log_of(events: Sequence[Event]) -> Interactions:
    """The events of one user as a log of its own."""
    item, kind, time, value = zip(*events, strict=True)
    rows = {item: row for row, item in enumerate(dict.fromkeys(item))}
    kinds = {kind: code for code, kind in enumerate(dict.fromkeys(kind))}
    return Interactions(
        ONE_USER,
        Vocabulary(tuple(rows)),
        np.zeros(len(item), np.int32),
        _codes(rows, item),
        np.array(value, np.float32),
        np.array(time, np.int64),
        _codes(kinds, kind).astype(np.uint8),
        tuple(kinds),
    )


def _codes(codes: Mapping[str, int], values: Iterable[str]) -> Rows:
    """The code of each value; -1 of one without."""
    return np.fromiter((codes.get(value, -1) for value in values), np.int32)


def _dislikes(
    at: NDArray[np.intp], weight: NDArray[np.float64], time: NDArray[np.int64], count: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """How much each of `count` items is disliked, by the events at its place, and since when."""
    below = weight < 0
    latest = np.zeros(count, np.int64)
    latest[at[below]] = np.iinfo(np.int64).min
    np.maximum.at(latest, at[below], time[below])
    return np.bincount(at[below], -weight[below], count).astype(np.float64), latest


def _with_dislikes(
    profile: UserProfile,
    written: NDArray[np.integer],
    much: NDArray[np.float64],
    latest: NDArray[np.int64],
) -> UserProfile:
    """The profile with other dislikes, how much and when, of the item rows that were written."""
    now = much > 0
    if not now.any() and not len(profile.disliked):
        return profile
    kept = ~np.isin(profile.disliked, written)
    rows = np.concatenate([profile.disliked[kept], written[now]])
    order = np.argsort(rows)
    weights = np.concatenate([profile.dislike_weights[kept], much[now].astype(np.float32)])
    times = np.concatenate([profile.disliked_at[kept], latest[now]])
    return replace(
        profile,
        disliked=rows[order],
        dislike_weights=weights[order],
        disliked_at=times[order],
    )
