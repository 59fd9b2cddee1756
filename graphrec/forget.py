"""Forgetting people: out of the store, and out of every kept snapshot.

A snapshot without someone is a new version: it has all rows but theirs, the same time of creation,
and so another hash in its name. It is written beside the old one and made durable; if the old one
serves, the new one takes its place in one step; then the old one is deleted. So a crash at any
moment leaves a version that serves, and the next run finishes the work: who is gone already is
not looked for again.

What was learnt from everyone together stays until the next training: item embeddings, the encoder,
what the graph filter knows of items, the metrics. There is no id in it and no row of anyone.
`Manifest.forgotten` counts whom a snapshot was made from and no longer holds.
"""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.tree import leaves, take
from graphrec.errors import SnapshotError
from graphrec.experiments import exposure_log
from graphrec.id_search import holds_id
from graphrec.report.archive import drop_people
from graphrec.retrieval.source import Histories, Updatable
from graphrec.snapshot.canary import canary, start_canary
from graphrec.snapshot.codec import Types
from graphrec.snapshot.registry import (
    current,
    delete,
    delete_drafts,
    load,
    publish,
    switch,
    versions,
)
from graphrec.snapshot.snapshot import TYPES, Snapshot
from graphrec.store.protocol import GraphStore

MARK_BYTES = 32
"""A row of fewer bytes could be in a file by chance, and proves nothing."""


@dataclass(frozen=True)
class Forgotten:
    """What there was to forget."""

    stored: int
    """How many of the people the store held."""
    rewritten: Mapping[str, str]
    """The new version of each snapshot that held any of them, by the old one."""
    serving: str | None
    """The version that serves now; what it learnt is from when it was made."""
    exposures: int = 0
    """Lines in the log of who was shown what."""


@dataclass(frozen=True)
class Mark:
    """What gives someone away: an id, and rows of a snapshot that nobody else has."""

    user: str
    rows: Mapping[str, bytes]  # by what they are, such as "embeddings.user"


def forget(
    store: GraphStore,
    folder: Path,
    users: Collection[str],
    exposures: Path | None = None,
    types: Types = TYPES,
    remember: bool = True,
) -> Forgotten:
    """Take people out of the store and of every snapshot in `folder`; durable when it returns.

    And out of the folder of `exposures`, where one is kept. With `remember` the store keeps a hash
    of each id, so that no event that comes late brings anyone back. People of whom there is nothing
    are passed over, so that it can be run again. The store comes first, so that no snapshot is made
    of them meanwhile. Raises StoreError, OSError, and what `forget_in_snapshots` raises.
    """
    stored = sum(store.forget_user(user, remember) for user in users)
    if stored:
        drop_people(folder)
    shown = 0 if exposures is None else exposure_log.forget(exposures, users)
    rewritten = forget_in_snapshots(folder, users, types)
    serving = current(folder) if versions(folder) else None
    return Forgotten(stored, rewritten, serving, shown)


def forget_in_snapshots(
    folder: Path, users: Collection[str], types: Types = TYPES
) -> Mapping[str, str]:
    """Take people out of every snapshot and report; returns the new versions by the old ones.

    For who holds the lock of the folder (`graphrec.snapshot.lock`), so that nobody publishes
    meanwhile what was read before. Drafts of killed publishers are deleted: nobody knows what they
    hold. One old version at a time is replaced, the one that serves first, so that there need be
    room for one only. Raises SnapshotError, after all else is done, for versions that cannot be
    read.
    """
    delete_drafts(folder)
    kept = versions(folder)
    serving, tried = current(folder) if kept else "", canary(folder)
    rewritten: dict[str, str] = {}
    broken = []
    for version in sorted(kept, key=lambda version: version != serving):
        try:
            snapshot = load(folder, version, types=types)
        except SnapshotError:
            broken.append(version)
            continue
        if not snapshot.users.rows.keys() & set(users):
            continue
        if not rewritten:  # first, since a crash after the last snapshot would leave no sign of it
            drop_people(folder)
        created = datetime.fromisoformat(snapshot.manifest.created)
        rewritten[version] = publish(
            without(snapshot, users), folder, created, serve=False, types=types
        )
        if version == serving:
            switch(folder, rewritten[version])
        if tried is not None and version == tried.version:
            start_canary(folder, rewritten[version], tried.share)
        del snapshot
        delete(folder, version)
    if broken:
        raise SnapshotError(
            f"snapshots {', '.join(broken)} in {str(folder)!r} cannot be read: expected to see "
            f"whom they hold; all else is done; delete these folders, or restore them and forget "
            f"again"
        )
    return rewritten


def without(snapshot: Snapshot, users: Collection[str]) -> Snapshot:
    """The same snapshot of all other people; what was learned from everyone stays as it is."""
    gone = set(users)
    kept = np.array(
        [row for row, user in enumerate(snapshot.users.ids) if user not in gone], np.int64
    )
    left = take(snapshot, "user", kept)
    histories = Histories(snapshot.history, left.history, dict(left.user_attributes))
    counts = {"users": len(kept), "likes": left.history.nnz, "seen": left.seen.nnz}
    forgotten = snapshot.manifest.forgotten + len(snapshot.users) - len(kept)
    return replace(
        left,
        manifest=replace(
            snapshot.manifest,
            counts={**snapshot.manifest.counts, **counts},
            forgotten=forgotten,
        ),
        popularity=left.popularity.without_users(snapshot.popularity, histories, kept),
        sources=tuple(
            after.without_users(before, histories, kept) if isinstance(after, Updatable) else after
            for before, after in zip(snapshot.sources, left.sources, strict=True)
        ),
    )


def marks(folder: Path, users: Collection[str], types: Types = TYPES) -> tuple[Mark, ...]:
    """What to look for once `users` are forgotten, as far as snapshots that can be read hold it."""
    found: dict[str, dict[str, bytes]] = {user: {} for user in users}
    for version in versions(folder):
        snapshot = load(folder, version, types=types)
        for user in users:
            row = snapshot.users.rows.get(user)
            if row is None:
                continue
            rows = dict(_rows(snapshot, row))
            # Arrays that are equal may lie in a file once, or each for itself.
            places = {array.ctypes.data: array.tobytes() for array in rows.values()}
            own = Counter(places.values())
            for name, array in rows.items():
                content = array.tobytes()
                if len(content) < MARK_BYTES:
                    continue
                times = sum(_count(path, content) for path in (folder / version).iterdir())
                if times == own[content]:
                    found[user][f"their row of {name} of {version}"] = content
    return tuple(Mark(user, rows) for user, rows in found.items())


def traces(folder: Path, sought: Sequence[Mark]) -> tuple[str, ...]:
    """Where in the folder of snapshots something of anyone is left, in words.

    Every file is searched, whatever it is: for the id as text, unless it is so short that it occurs
    by chance, in the lists of users for any id, and for the bytes of each row. The result does not
    name the people.
    """
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        listed = set(orjson.loads(path.read_bytes())) if path.name == "users.json" else set()
        name = path.relative_to(folder).as_posix()
        for mark in sought:
            if mark.user in listed or holds_id(path, mark.user):
                found.append(f"an id in {name}")
            found += [f"{what} in {name}" for what, row in mark.rows.items() if _count(path, row)]
    return tuple(found)


def _rows(snapshot: Snapshot, user: int) -> Iterator[tuple[str, NDArray]]:
    """A user's row in each array of a snapshot, by the name of the array."""
    for leaf in leaves(snapshot):
        if leaf.axes[:1] != ("user",) or leaf.value is None:
            continue
        if isinstance(leaf.value, sparse.csr_array):
            row = slice(*leaf.value.indptr[user : user + 2])
            yield f"{leaf.path}.indices", leaf.value.indices[row]
            if leaf.value.dtype != np.bool_:
                yield f"{leaf.path}.data", leaf.value.data[row]
        elif isinstance(leaf.value, np.ndarray):
            yield leaf.path, leaf.value[user]


def _count(path: Path, content: bytes) -> int:
    """How often a file holds some bytes."""
    if not content or path.stat().st_size < len(content):
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        times, at = 0, held.find(content)
        while at >= 0:
            times, at = times + 1, held.find(content, at + len(content))
        return times
