"""Lines of an exposure log, and what it calls users."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from graphrec.ingest.packed import opened

from graphrec.errors import SettingsError
from graphrec.experiments.exposure_log import KEY, files, read_key
from graphrec.experiments.exposures import pseudonym
from graphrec.settings import Settings


def log_of(
    given: Path | None, key: Path | None, settings: Settings, option: str, page: str
) -> tuple[Sequence[Path], Path | None]:
    """The files of the log that an option or the settings name, and the file with its key, if any.

    `page` is where to read about it. Raises SettingsError where neither names a log.
    """
    log = given or settings.serve.exposures
    if log is None:
        raise SettingsError(
            f"no exposure log: expected {option}, or serve.exposures in the settings; see {page}"
        )
    if key is None and (log / KEY).is_file():
        key = log / KEY
    return files(log) if log.is_dir() else [log], key


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
