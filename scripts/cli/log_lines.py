"""Lines of an exposure log, and what it calls users."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graphrec.ingest.packed import opened

from graphrec.experiments.exposure_log import read_key
from graphrec.experiments.exposures import pseudonym


def lines_of(paths: Sequence[Path]) -> Iterator[bytes]:
    """The lines of files, whether or not they are packed."""
    for path in paths:
        with opened(path) as contents:
            for content in contents:
                with content.start() as file:
                    yield from file.stream


def name_of_user(key: Path | None) -> Callable[[str], str]:
    """What the log calls a user, by the file with its key; without one, it names them by id."""
    if key is None:
        return lambda user: user
    secret = read_key(key)
    return lambda user: pseudonym(user, secret)
