"""Deleting snapshots: those that are too many, those with somebody in them, and what was left half.

A version, or a file of one, may be a link to another disk. Links are followed, so that nothing of a
deleted version is left there.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from graphrec.files import sync
from graphrec.snapshot.registry import (
    CHECKSUM,
    FILE_NAME,
    MANIFEST,
    USERS,
    VERSION,
    current,
    versions,
)


def delete(folder: Path, version: str) -> None:
    """Delete a version that does not serve; no reader sees half of it.

    Where it, or a file of it, is a link to another disk, what lies there is deleted.
    """
    doomed = folder / f".draft-{secrets.token_hex(8)}"
    (folder / version).rename(doomed)
    _erase(doomed)
    sync(folder)


def prune(folder: Path, keep: int, used: Collection[str]) -> tuple[str, ...]:
    """Delete all but the `keep` newest versions and those in use; returns what went, oldest first.

    The current one is in use.
    """
    older = versions(folder)[:-keep] if keep else versions(folder)
    gone = tuple(name for name in older if name not in {*used, current(folder)})
    for name in gone:
        delete(folder, name)
    return gone


def delete_drafts(folder: Path) -> int:
    """Delete what killed publishers left; returns how many. For who holds the folder's lock."""
    drafts = list(folder.glob(".draft-*"))
    for draft in drafts:
        _erase(draft)
    return len(drafts)


def strays(folder: Path) -> tuple[Path, ...]:
    """What lies in a folder as if it were a version, and is none that can be used.

    A copy under another name, a version without its manifest, a link whose disk is not there.
    """
    known = set(versions(folder))
    return tuple(
        path
        for path in sorted(folder.iterdir() if folder.is_dir() else ())
        if path.name not in known
        and not path.name.startswith(".draft-")
        and (
            VERSION.fullmatch(path.name) or (path / MANIFEST).is_file() or (path / USERS).is_file()
        )
    )


def _erase(path: Path) -> None:
    """Delete a file, or a folder with all in it, and what links in it lead to."""
    if path.is_symlink():
        _erase_linked(path)
        path.unlink()
    elif path.is_dir():
        for each in list(path.iterdir()):
            _erase(each)
        path.rmdir()
    else:
        path.unlink()


def _erase_linked(link: Path) -> None:
    """Delete what a link leads to: files of a snapshot, and nothing else that may lie there."""
    target = link.resolve()
    if target.is_dir():
        for each in list(target.iterdir()):
            if not each.is_dir() and _is_own(each.name):
                _erase(each)
        with suppress(OSError):  # it is not empty, or the root of a disk
            target.rmdir()
    elif target.is_file() and _is_own(link.name):
        target.unlink()


def _is_own(name: str) -> bool:
    return name in (MANIFEST, CHECKSUM) or FILE_NAME.fullmatch(name) is not None
