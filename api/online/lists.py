"""Lists that replicas share: one makes that of a user, the others give it until it changes.

A key of `graphrec.api.list_cache` has numbers that count what one process has read. Here they are
replaced by what was read: the same events and attributes give the same name in every replica that
serves the same snapshot with the same settings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from importlib.metadata import version as package_version
from typing import Any

import orjson
from graphrec.api.list_cache import Key, WrittenList
from graphrec.api.online.shared import Shared

from graphrec.settings import Settings
from graphrec.snapshot.snapshot import history_rows
from graphrec.snapshot.view import View
from graphrec.store.delta import Delta

SECONDS = 3600
"""For which a list is kept, at most."""

MOST_CHANGES = 1000
"""Items that changed since the snapshot, above which lists are not shared: to name them takes too
long."""

KEEP = """
if redis.call('HGET', KEYS[1], 'edition') ~= ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'edition', ARGV[1])
end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
"""
"""Of a user, lists of one edition alone are kept."""


class SharedLists:
    """The lists of users, in a hash for each; while Redis is away, there are none."""

    def __init__(self, shared: Shared, settings: Settings) -> None:
        self._shared = shared
        self._settings = _digest(
            package_version("graphrec"),
            *(
                repr(each)
                for each in (
                    *(settings.retrieval, settings.fusion, settings.rules, settings.placements),
                    *(settings.reasons, settings.kinds, settings.ids, settings.experiments),
                    *(settings.policies, settings.ratings, settings.serve.max_k),
                )
            ),
        )
        self._everyone: tuple[Hashable, str | None] = (None, None)

    async def get(self, key: Key, view: View) -> WrittenList | None:
        """The list of a key of a view, where any replica has made it."""
        edition = self._edition(key, view)
        if edition is None or self._shared.reason is not None:
            return None
        name, field = self._name(key.user), self._field(key)
        found = await self._shared.ask(lambda redis: redis.hmget(name, "edition", field))
        if found is None or found[0] != edition.encode() or found[1] is None:
            return None
        return _read(found[1])

    def keep(self, key: Key, written: WrittenList, view: View) -> None:
        """Let the others have a list that is packed."""
        edition = self._edition(key, view)
        if edition is not None:
            arguments = (edition, self._field(key), _written(written), SECONDS)
            name = self._name(key.user)
            self._shared.send(lambda redis: redis.eval(KEEP, 1, name, *arguments))

    def forget(self, user: str) -> None:
        """Delete the lists of a user."""
        name = self._name(user)
        self._shared.send(lambda redis: redis.delete(name))

    def _name(self, user: str) -> str:
        return f"{self._shared.prefix}:lists:{_digest(user)}"

    def _field(self, key: Key) -> str:
        return _digest(self._settings, key.path, key.query, key.version, repr(key.variants))

    def _edition(self, key: Key, view: View) -> str | None:
        """What names all that a list depends on beside its key; None where nothing can."""
        if not key.user:
            return None
        delta = view.delta
        which = (view.snapshot.manifest.version, delta.edition)
        if self._everyone[0] != which:
            self._everyone = (which, _everyone(delta))
        everyone = self._everyone[1]
        if everyone is None:
            return None
        return _digest(everyone, *(_of_user(delta, user) for user in _near(view, key.user)))


def _near(view: View, user: str) -> tuple[str, ...]:
    """A user, and those whose messages are in their vector."""
    row, vectors = view.row(user), view.snapshot.embeddings
    if row is None or vectors is None or vectors.friends is None:
        return (user,)
    friends = history_rows(vectors.friends, row).tolist()
    return (user, *(view.snapshot.users.ids[friend] for friend in friends))


def _everyone(delta: Delta) -> str | None:
    """What changed since the snapshot beside single users."""
    groups = (delta.items, delta.deleted, delta.renewed, delta.forgotten)
    if sum(map(len, groups)) > MOST_CHANGES:
        return None
    items = [
        (item, sorted(each.attributes.items()), sorted(map(repr, each.links)))
        for item, each in sorted(delta.items.items())
    ]
    return _digest(repr(items), *(repr(sorted(each)) for each in groups[1:]))


def _of_user(delta: Delta, user: str) -> str:
    own = delta.users.get(user)
    if own is None:
        return "forgotten" if user in delta.forgotten else "none"
    attributes = None if own.attributes is None else sorted(own.attributes.items())
    return repr((own.events, attributes, sorted(own.taken_back)))


def _digest(*parts: str | bytes) -> str:
    found = hashlib.blake2b(digest_size=16)
    for each in parts:
        content = each if isinstance(each, bytes) else each.encode("utf-8", "surrogatepass")
        found.update(len(content).to_bytes(8, "little") + content)
    return found.hexdigest()


def _written(written: WrittenList) -> bytes:
    head = orjson.dumps(written._replace(body=b"")._asdict() | {"body": None})
    return head + b"\n" + written.body


def _read(content: bytes) -> WrittenList | None:
    head, _, body = content.partition(b"\n")
    try:
        values: dict[str, Any] = orjson.loads(head)
        return WrittenList(
            body,
            tuple(values["items"]),
            tuple(values["propensities"]),
            tuple((source, times) for source, times in values["sources"]),
            values["packed"],
            values["empty"],
            values["exploration"],
        )
    except (ValueError, TypeError, KeyError):
        return None  # of another version of graphrec
