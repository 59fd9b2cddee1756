"""A snapshot that serves some of the users beside the current one, to be compared with it.

The file `canary` beside `current` says which version, and which share of the users. Who gets it is
decided by a hash of the user's id with the version as salt: the same users for as long as it runs,
others with the next one, in every process alike and with nothing stored of anyone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from graphrec.errors import SnapshotError
from graphrec.experiment.assignment import PARTS, part_of
from graphrec.files import replace_file
from graphrec.snapshot.registry import switch, verify

CANARY = "canary"


@dataclass(frozen=True)
class Canary:
    """Which version is tried, and on how many."""

    version: str
    share: float
    """Of the users: above 0, below 1."""


def gets_canary(user: str, share: float, salt: str) -> bool:
    """Whether a user is among the `share` of users (0 to 1) who get the canary version `salt`.

    Of a user who gets it at one share, the same holds at any larger one.
    """
    return part_of(user, salt.encode()[:64]) < share * PARTS


def canary(folder: Path) -> Canary | None:
    """What is tried in a folder of snapshots; raises SnapshotError where the file is broken."""
    try:
        content = (folder / CANARY).read_bytes()
    except FileNotFoundError:
        return None
    try:
        found = TypeAdapter(Canary).validate_json(content)
        if not 0 < found.share < 1:
            raise ValueError(f"share {found.share}")
    except (ValidationError, ValueError) as error:
        raise SnapshotError(
            f"file {CANARY!r} in {str(folder)!r} cannot be read ({error}): expected a version and "
            f"a share between 0 and 1; end the canary with `graphrec rollback`"
        ) from error
    return found


def start_canary(folder: Path, version: str, share: float) -> None:
    """Let a published version serve a `share` of the users, in place of another canary.

    Raises SnapshotError where the version is missing or broken, or the share cannot be.
    """
    if not 0 < share < 1:
        raise SnapshotError(
            f"canary share is {share:.0%}: expected more than 0 % and less than 100 %; to let a "
            f"snapshot serve everyone, publish it"
        )
    verify(folder, version)
    replace_file(folder / CANARY, orjson.dumps(asdict(Canary(version, share))))


def promote(folder: Path) -> str:
    """Let the canary serve everyone; returns its version. Raises SnapshotError without a canary."""
    tried = canary(folder)
    if tried is None:
        raise SnapshotError(
            f"snapshot folder {str(folder)!r} has no canary: expected one to promote; publish one "
            f"with `graphrec refresh --canary 10`"
        )
    switch(folder, tried.version)
    end_canary(folder)
    return tried.version


def end_canary(folder: Path) -> bool:
    """Let the current snapshot serve everyone again; says whether there was a canary."""
    try:
        (folder / CANARY).unlink()
    except FileNotFoundError:
        return False
    return True
