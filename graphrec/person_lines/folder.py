"""Taking people's lines out of all files of a folder.

What can be neither changed nor searched is named, with a command.
"""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec.files import sync
from graphrec.packings import STANDARD, Packing
from graphrec.person_lines.filtering import Job, Unhandled, allowing, filtered, mentions, readable
from graphrec.person_lines.forms import People


@dataclass(frozen=True)
class Searched:
    """What was found in a folder, and what could not be handled."""

    lines: int = 0
    files: tuple[Path, ...] = ()
    """Those that held anything of the people."""
    unhandled: tuple[str, ...] = ()
    """A sentence each, with what to do."""


def take_out(
    folder: Path,
    people: People,
    packings: Sequence[Packing] = STANDARD,
    skip: Collection[str] = (),
) -> Searched:
    """Take the lines of people out of every file in a folder; durable when it returns.

    `skip` are names of files in the folder itself that hold no lines.
    """
    return _each(folder, skip, lambda path: _without(Job(path, people, packings)))


def find_in(
    folder: Path,
    people: People,
    packings: Sequence[Packing] = STANDARD,
    skip: Collection[str] = (),
) -> Searched:
    """Which files of a folder hold lines of people, or their names anywhere; nothing is changed."""

    def found(path: Path) -> int:
        job = Job(path, people, packings)
        count = _count(job)
        with readable(path), path.open("rb") as file:
            return count or int(mentions(file, job))

    return _each(folder, skip, found)


def _each(folder: Path, skip: Collection[str], work: Callable[[Path], int]) -> Searched:
    lines, found, unhandled = 0, list[Path](), list[str]()
    for path in files_in(folder, unhandled):
        if path.parent == folder and path.name in skip:
            continue
        try:
            count = work(path)
        except Unhandled as error:
            unhandled.append(str(error))
        else:
            lines += count
            found += [path] if count else []
    return Searched(lines, tuple(found), tuple(unhandled))


def files_in(folder: Path, unhandled: list[str]) -> Iterator[Path]:
    """Every file of a folder and of those in it, in order; links are followed.

    What cannot be read is added to `unhandled`, a sentence each.
    """

    def unreadable(error: OSError) -> None:
        path = Path(error.filename)
        unhandled.append(str(Unhandled(path, f"cannot be read ({error.strerror})", allowing(path))))

    known: set[tuple[int, int]] = set()
    for name, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        here = Path(name)
        status = here.stat()
        if (status.st_dev, status.st_ino) in known:  # a link that leads in a circle
            folders.clear()
            continue
        known.add((status.st_dev, status.st_ino))
        folders.sort()
        for path in sorted(here / file for file in files):
            try:
                is_file = stat.S_ISREG(path.stat().st_mode)
            except OSError as error:
                remedy = f"mount what it leads to, or delete it (`rm {shlex.quote(str(path))}`)"
                unhandled.append(str(Unhandled(path, f"leads nowhere ({error.strerror})", remedy)))
                continue
            if is_file:
                yield path


def _count(job: Job) -> int:
    """How many lines of people a file holds."""
    with readable(job.path), job.path.open("rb") as file:
        return filtered(file, None, job)


def _without(job: Job) -> int:
    """Write a file anew where it holds lines of people; returns how many it held."""
    count = _count(job)
    if not count:
        return 0
    target = job.path.resolve()  # a link stays one, and leads to what is new
    draft = target.parent / f".draft-{secrets.token_hex(8)}"
    try:
        with target.open("rb") as old, draft.open("xb") as new:
            draft.chmod(stat.S_IMODE(target.stat().st_mode))
            filtered(old, new, job)
            new.flush()
            os.fsync(new.fileno())
        draft.replace(target)
    except OSError as error:
        why = f"cannot be written ({error.strerror or error})"
        raise Unhandled(job.path, why, allowing(target.parent)) from error
    finally:
        draft.unlink(missing_ok=True)
    sync(target.parent)
    return count
