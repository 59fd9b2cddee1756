"""The search for what is left of people in a folder of snapshots."""

from __future__ import annotations

import mmap
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray
from scipy import sparse

from graphrec.data.tree import leaves
from graphrec.errors import SnapshotError
from graphrec.id_search import holds_id
from graphrec.person_lines.folder import files_in
from graphrec.snapshot.codec import Types
from graphrec.snapshot.registry import USERS, load, versions
from graphrec.snapshot.snapshot import TYPES, Snapshot

MARK_BYTES = 32
"""A row of fewer bytes could be in a file by chance, and proves nothing."""


@dataclass(frozen=True)
class Mark:
    """What gives someone away: an id, and rows of a snapshot that nobody else has."""

    user: str
    rows: Mapping[str, bytes]  # by what they are, such as "embeddings.user"


def marks(folder: Path, users: Collection[str], types: Types = TYPES) -> tuple[Mark, ...]:
    """What to look for once `users` are forgotten, as far as snapshots that can be read hold it."""
    found: dict[str, dict[str, bytes]] = {user: {} for user in users}
    for version in versions(folder):
        try:
            snapshot = load(folder, version, types=types)
        except SnapshotError:
            continue  # its rows are unknown; forgetting names it
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
    by chance, in the lists of users for any id, and for the bytes of each row. Links are followed;
    what cannot be read is named. The result does not name the people.
    """
    found: list[str] = []
    for path in files_in(folder, found):
        listed = listed_users(path) if path.name == USERS else None
        name = path.relative_to(folder).as_posix()
        for mark in sought:
            if mark.user in (listed or ()) or holds_id(path, mark.user):
                found.append(f"an id in {name}")
            found += [f"{what} in {name}" for what, row in mark.rows.items() if _count(path, row)]
    return tuple(found)


def listed_users(path: Path) -> frozenset[str] | None:
    """The ids in a list of users; None where it is damaged."""
    try:
        return frozenset(map(str, orjson.loads(path.read_bytes())))
    except (OSError, ValueError, TypeError):
        return None


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
            yield leaf.path, leaf.value[user : user + 1]


def _count(path: Path, content: bytes) -> int:
    """How often a file holds some bytes."""
    if not content or path.stat().st_size < len(content):
        return 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        times, at = 0, held.find(content)
        while at >= 0:
            times, at = times + 1, held.find(content, at + len(content))
        return times
