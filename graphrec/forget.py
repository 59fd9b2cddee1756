"""Forgetting people: out of the store, every kept snapshot, the exposure log and rejected rows.

A snapshot without someone is a new version: it has all rows but theirs, the same time of creation,
and so another hash in its name. It is written beside the old one and made durable; if the old one
serves, the new one takes its place in one step; then the old one is deleted. So a crash at any
moment leaves a version that serves, and the next run finishes the work: who is gone already is
not looked for again.

What was learnt from everyone together stays until the next training: item embeddings, the encoder,
what the graph filter knows of items, the metrics. There is no id in it and no row of anyone.
`Manifest.forgotten` counts whom a snapshot was made from and no longer holds.

Nothing that fails keeps the rest from being done: it is named, with a command.
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.tree import take
from graphrec.errors import GraphrecError, SnapshotError
from graphrec.experiments import exposure_log
from graphrec.packings import STANDARD, Packing
from graphrec.person_lines.folder import Searched, take_out
from graphrec.person_lines.forms import People
from graphrec.report.archive import drop_people
from graphrec.retrieval.source import Histories, Updatable
from graphrec.snapshot.canary import Canary, canary, start_canary
from graphrec.snapshot.codec import Types
from graphrec.snapshot.deletion import delete, delete_drafts, strays
from graphrec.snapshot.registry import (
    USERS,
    current,
    load,
    note_forgotten,
    publish,
    switch,
    versions,
)
from graphrec.snapshot.snapshot import TYPES, Snapshot
from graphrec.store.protocol import GraphStore
from graphrec.traces import listed_users


@dataclass(frozen=True)
class Places:
    """Where something of people may be, beside the store."""

    snapshots: Path
    exposures: Path | None = None
    """The folder of the exposure log, where one is kept."""
    rejects: Path | None = None
    """The folder of rows that `graphrec ingest` set aside."""


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
    rejects: int = 0
    """Rejected rows."""
    unhandled: tuple[str, ...] = ()
    """What may still hold something of them, a sentence each, with what to do."""
    unknown: tuple[str, ...] = ()
    """Those whom the store did not hold."""


@dataclass(frozen=True)
class Rewritten:
    """What became of the snapshots of a folder."""

    versions: Mapping[str, str]
    """The new version of each that held any of the people, by the old one."""
    unhandled: tuple[str, ...] = ()
    """As in Forgotten."""


def forget(
    store: GraphStore,
    places: Places,
    users: Collection[str],
    types: Types = TYPES,
    remember: bool = True,
    packings: Sequence[Packing] = STANDARD,
) -> Forgotten:
    """Take people out of the store and of all `places`; durable when it returns.

    With `remember` the store keeps a hash of each id, so that no event that comes late brings
    anyone back. People of whom there is nothing are passed over, so that it can be run again. The
    store comes first, so that no snapshot is made of them meanwhile. `packings` are those that
    packed files may have. Raises StoreError, and DataError for a graph that is only read; all else
    that fails is in `unhandled`.
    """
    unknown = tuple(user for user in users if not store.forget_user(user, remember))
    unhandled: list[str] = []
    folder, stored = places.snapshots, len(users) - len(unknown)
    if stored:
        with _noting(unhandled, f"the reports in {str(folder)!r}"):
            drop_people(folder)
    shown = set_aside = Searched()
    if places.exposures is not None:
        with _noting(unhandled, f"the exposure log in {str(places.exposures)!r}"):
            shown = exposure_log.forget(places.exposures, users, packings)
    if places.rejects is not None and places.rejects.is_dir():
        with _noting(unhandled, f"the rejected rows in {str(places.rejects)!r}"):
            names = exposure_log.names_of(places.exposures, users)
            set_aside = take_out(places.rejects, People(names), packings)
    done = Rewritten({})
    with _noting(unhandled, f"the snapshots in {str(folder)!r}"):
        done = forget_in_snapshots(folder, users, types)
        if folder.is_dir():
            note_forgotten(folder)
    unhandled += (*shown.unhandled, *set_aside.unhandled, *done.unhandled)
    return Forgotten(
        stored,
        done.versions,
        _serving(folder),
        shown.lines,
        set_aside.lines,
        tuple(dict.fromkeys(unhandled)),
        unknown,
    )


def forget_in_snapshots(folder: Path, users: Collection[str], types: Types = TYPES) -> Rewritten:
    """Take people out of every snapshot and report.

    For who holds the lock of the folder (`graphrec.snapshot.lock`), so that nobody publishes
    meanwhile what was read before. Drafts of killed publishers are deleted: nobody knows what they
    hold. One old version at a time is replaced, the one that serves first, so that there need be
    room for one only. What cannot be read or written is named, once all else is done.
    """
    unhandled: list[str] = []
    with _noting(unhandled, f"drafts in {str(folder)!r}"):
        delete_drafts(folder)
    kept, serving = versions(folder), _serving(folder)
    rewritten: dict[str, str] = {}
    unhandled += [_stray(path) for path in strays(folder) if _may_hold(path, users)]
    for version in sorted(kept, key=lambda version: version != serving):
        new = _without_in(folder, version, users, types, begun=bool(rewritten))
        if isinstance(new, str):
            rewritten[version] = new
        elif new is not None and _may_hold(folder / version, users):
            unhandled.append(_broken(folder / version, new, version == serving))
    return Rewritten(rewritten, tuple(unhandled))


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
        learned={},  # the service goes on from the log, which no longer holds them
        popularity=left.popularity.without_users(snapshot.popularity, histories, kept),
        sources=tuple(
            after.without_users(before, histories, kept) if isinstance(after, Updatable) else after
            for before, after in zip(snapshot.sources, left.sources, strict=True)
        ),
        ratings=None
        if left.ratings is None
        else left.ratings.without_raters(_counts(snapshot.seen) - _counts(left.seen)),
    )


def _counts(seen: sparse.csr_array) -> NDArray[np.int64]:
    """How many users have an event on each item [I]."""
    return np.bincount(seen.indices, minlength=seen.shape[1])


def _without_in(
    folder: Path, version: str, users: Collection[str], types: Types, *, begun: bool
) -> str | Exception | None:
    """The version that takes the place of one that holds any of the people; None for others.

    An error where it cannot be read or written.
    """
    try:
        return _replaced(folder, version, users, types, begun=begun)
    except (SnapshotError, OSError) as error:
        return error


def _replaced(
    folder: Path, version: str, users: Collection[str], types: Types, *, begun: bool
) -> str | None:
    snapshot = load(folder, version, types=types)
    if not snapshot.users.rows.keys() & set(users):
        return None
    if not begun:  # first, since a crash after the last snapshot would leave no sign of it
        drop_people(folder)
    created = datetime.fromisoformat(snapshot.manifest.created)
    new = publish(without(snapshot, users), folder, created, serve=False, types=types)
    if version == _serving(folder):
        switch(folder, new)
    tried = _tried(folder)
    if tried is not None and version == tried.version:
        start_canary(folder, new, tried.share)
    del snapshot
    delete(folder, version)
    return new


def _serving(folder: Path) -> str | None:
    """The version that serves; None where none does."""
    try:
        return current(folder) if versions(folder) else None
    except SnapshotError:
        return None


def _tried(folder: Path) -> Canary | None:
    """The canary; None where there is none, or its file is broken, so that it serves nobody."""
    try:
        return canary(folder)
    except SnapshotError:
        return None


def _may_hold(path: Path, users: Collection[str]) -> bool:
    """Whether what cannot be read as a snapshot may hold any of the people: unless it lists all."""
    listed = listed_users(path / USERS)
    return listed is None or not listed.isdisjoint(users)


def _stray(path: Path) -> str:
    why = "leads nowhere" if path.is_symlink() and not path.exists() else "is no version"
    return (
        f"{path} {why}, and may hold rows of them: delete it (`rm -r {shlex.quote(str(path))}`), "
        f"or bring it back whole and forget them again"
    )


def _broken(path: Path, error: Exception, serves: bool) -> str:
    if isinstance(error, OSError):
        return (
            f"snapshot {path.name} cannot be written without them ({error.strerror}): make room, "
            f"or `chmod -R u+rwX {shlex.quote(str(path.parent))}`, and forget them again"
        )
    first = "`graphrec rollback` to another version, then " if serves else ""
    return (
        f"snapshot {path.name} cannot be written without them ({error}): {first}delete it "
        f"(`rm -r {shlex.quote(str(path))}`), or restore it and forget them again"
    )


@contextmanager
def _noting(unhandled: list[str], what: str) -> Iterator[None]:
    """What fails is named, and nothing else is kept from being done."""
    try:
        yield
    except (GraphrecError, OSError) as error:
        said = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
        unhandled.append(f"{what} may hold something of them: {said}; then forget them again")
