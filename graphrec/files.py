"""Small files that are replaced in one step; `graphrec.locks` is for those of several processes.

What graphrec writes is data of people: it is made for its owner alone, or for the owner's group
where the process's umask says so.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

FILE_MODE, FOLDER_MODE = 0o660, 0o770
"""Before the umask is applied: nobody outside of the group gets in, whatever the umask."""


def replace_file(path: Path, content: bytes, mode: int = FILE_MODE) -> None:
    """Write a file anew, in one step: a crash leaves the old one or the new one, and no third.

    When it returns, the content outlives a power cut. Raises OSError where it cannot be written;
    then the old one is as it was.
    """
    draft = path.parent / f".draft-{secrets.token_hex(8)}"
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, that only owner and group can look into."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(FOLDER_MODE, exist_ok=True)


def sync(path: Path) -> None:
    """Make what was written to a file, or the names in a folder, outlive a power cut."""
    if os.name == "nt" and path.is_dir():
        return  # Windows opens no folder, and makes names last by itself
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
