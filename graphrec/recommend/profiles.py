"""Who asks for a list, as they are now: by a snapshot, by what came since, by what they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from graphrec.errors import UnknownNode
from graphrec.recommend import profile as tastes
from graphrec.recommend.live_items import LiveItems
from graphrec.recommend.profile import Taste
from graphrec.recommend.query import AS_RANKED, About, Live, Options
from graphrec.snapshot.snapshot import Snapshot


@dataclass(frozen=True)
class People:
    """The users of a snapshot and of an overlay, and sessions."""

    snapshot: Snapshot
    items: LiveItems

    def user(self, user: str, options: Options, live: Live) -> Taste:
        """A user, whether the snapshot knows them, or the overlay, or nobody."""
        overlay = live.overlay
        row = self.snapshot.likes.users.rows.get(user)
        if overlay is not None and overlay.has_forgotten(user):
            row = None
        if options.kinds is not None or options.as_of is not None:
            nobody = replace(tastes.NEWCOMER, user=row)
            counted = [event for event in live.events or () if options.counts(event)]
            messages = self.items.newcomers(live).messages
            return tastes.with_events(self.snapshot, nobody, counted, messages)
        taste = tastes.NEWCOMER if row is None else tastes.of_user(self.snapshot, row)
        if overlay is None or not overlay.knows(user):
            return taste
        attributes = overlay.attributes_of(user)
        if attributes is not None:
            taste = tastes.with_attributes(self.snapshot, taste, attributes)
        events, messages = overlay.events_of(user), self.items.newcomers(live).messages
        return tastes.with_events(self.snapshot, taste, events, messages) if events else taste

    def known_user(self, user: str, options: Options, live: Live) -> Taste:
        """The same; raises UnknownNode for a user of whom nothing is known."""
        taste = self.user(user, options, live)
        there = live.overlay is not None and live.overlay.knows(user)
        if taste.user is None and not there and not len(taste.seen):
            raise UnknownNode("user", user)
        return taste

    def session(self, items: Sequence[str], about: About, live: Live) -> Taste:
        """Someone who likes `items`; those that are new may say nothing. Raises UnknownNode."""
        known = self.snapshot.likes.items.rows
        unknown = [item for item in items if item not in known]
        new = () if live.overlay is None or not unknown else live.overlay.items
        met = frozenset(item for item in unknown if item in new)
        messages = self.items.newcomers(live).messages if met else {}
        friends = dict.fromkeys(about.friends)
        taste = tastes.of_session(
            self.snapshot,
            [item for item in items if item not in met],
            about.attributes,
            [self.known_user(friend, AS_RANKED, live) for friend in friends],
            {item: message for item, message in messages.items() if item in met},
        )
        return replace(taste, met=met) if met else taste
