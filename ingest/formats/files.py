"""The files that a folder, a ZIP archive or a single file offers to a format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path, PurePosixPath

from graphrec.ingest.packed import STDIN, is_data_name, member_names
from graphrec.ingest.parts import natural
from graphrec.ingest.sources import unpacked_name

_MOST = 100_000
"""Files of a folder that are looked at."""


@dataclass(frozen=True)
class Found:
    """A file, or a member of a ZIP archive."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.name if self.member is None else PurePosixPath(self.member).name


def files_at(path: Path) -> tuple[Found, ...]:
    """What there is at a path, in the order of names, part 2 before part 10.

    Of a folder, the files in it and its folders; of an archive, its members.
    """
    if path == STDIN:
        return (Found(path),)
    if path.is_dir():
        within = (
            each
            for each in islice(path.rglob("*"), _MOST)
            if each.is_file() and all(map(is_data_name, each.relative_to(path).parts))
        )
        return tuple(map(Found, sorted(within, key=lambda each: list(map(natural, each.parts)))))
    members = member_names(path) if path.is_file() else ()
    return tuple(Found(path, member) for member in members) or (Found(path),)


def matching(
    files: Iterable[Found], patterns: Sequence[str], but: Sequence[str] = ()
) -> tuple[Found, ...]:
    """The files of the first pattern that there are any of."""
    found = [file for file in files if not _fits(file, but)]
    for pattern in patterns:
        of = tuple(file for file in found if _fits(file, (pattern,)))
        if of:
            return of
    return ()


def has(files: Iterable[Found], sign: str) -> bool:
    """Whether one of the files fits a pattern, or one of those with `|` between."""
    return any(_fits(file, sign.split("|")) for file in files)


def _fits(file: Found, patterns: Iterable[str]) -> bool:
    name = str(unpacked_name(Path(file.name))).lower()
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns)
