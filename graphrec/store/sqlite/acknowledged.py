"""How far a file was written, noted in another one beside it.

SQLite cannot know that its write-ahead log was deleted, or its file emptied: what is left is a file
in order, as it was once. So the position that was acknowledged last stands in `NAME-position`, with
the number by which the file system knows the file. A file that holds less has lost something; one
of another number is another file, such as a copy that was put back, and is taken as it is.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from graphrec.errors import StoreError
from graphrec.store.sqlite.rows import position_of


def noted_beside(path: Path) -> Path:
    """The file that notes the position of a store."""
    return path.with_name(path.name + "-position")


def note(path: Path, number: int, position: int) -> None:
    """Note that a store of this number was written up to a position, once that is durable."""
    line = f"{number:020} {position:020}\n".encode()
    beside = os.open(noted_beside(path), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.write(beside, line)  # in place, and always as long
    finally:
        os.close(beside)


def check(connection: sqlite3.Connection, path: Path) -> None:
    """Raise StoreError where a file holds less than what was acknowledged of it."""
    try:
        number, position = map(int, noted_beside(path).read_text("ascii").split())
    except (OSError, ValueError):  # none was noted, or the line was lost with the power
        return
    if number != number_of(path):
        return
    held = position_of(connection)
    if held < position:
        raise StoreError(
            f"store {str(path)!r} holds what was written up to {held}: expected {position}, which "
            f"was acknowledged; its write-ahead log was deleted, or the file emptied. Restore a "
            f"copy; or delete {noted_beside(path).name!r} to go on with what is left"
        )


def number_of(path: Path) -> int:
    """The number by which the file system knows a file; 0 where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0
