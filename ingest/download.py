"""Fetching the files of named data sets, once, into a cache folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from graphrec.errors import DataError, MissingExtra
from graphrec.progress import Progress

_TIMEOUT = 10
"""Seconds without an answer after which an address counts as out of reach."""
_RETRIES = 2
"""How often a download that failed, or came damaged, is tried again."""
_MAX_BYTES = 1 << 30
"""Of an archive, and of a file in one: far above all of these data sets."""
_CHUNK = 1 << 20
"""Bytes that are read at a time."""
_SUMS = "SHA256SUMS"
_ML_100K_SHA256 = "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229"
_ML_1M_SHA256 = "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"
_RECBOLE_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"


@dataclass(frozen=True)
class Origin:
    """A place that a data set can be fetched from."""

    name: str
    fetch: Callable[[Path, Progress | None], Path]
    """Puts the archive into a folder, checked, and returns its path; raises DataError."""
    members: tuple[str, ...]
    """The files to take out of the archive."""


def fetch_files(
    name: str,
    cache: Path,
    origins: Sequence[Origin] | None = None,
    progress: Progress | None = None,
) -> Path:
    """The folder in `cache` with the files of a data set (see ORIGINS), fetched where need be.

    `origins` are tried in turn and default to those of the name in ORIGINS. Files in the cache are
    checked against the sums written beside them; where they differ, they are fetched again. Raises
    DataError for a name that is not known, or where no origin can be reached.
    """
    if name not in ORIGINS:
        raise DataError(
            f"data set {name!r} is unknown: expected {', '.join(ORIGINS)}, or a folder of files"
        )
    folder = cache.expanduser() / name
    if not _is_whole(folder):
        _fetch_into(folder, name, ORIGINS[name] if origins is None else origins, progress)
    return folder


class _Bar:
    """Pooch's idea of a progress bar: tells `progress` of bytes, and stops a file without end."""

    def __init__(self, url: str, progress: Progress | None) -> None:
        self.url, self.progress = url, progress
        self.total, self.done = 0, 0

    def update(self, size: int) -> None:
        """`size` more bytes have come."""
        self.done += size
        if max(self.done - _CHUNK, self.total) > _MAX_BYTES:
            raise DataError(f"{self.url} is larger than {_MAX_BYTES} bytes: expected an archive")
        if self.progress:
            known = max(self.total, 0) or None
            self.progress("downloading", min(self.done, known or self.done), known)

    def reset(self) -> None:
        """The download is about to end, or begins again."""
        self.done = 0

    def close(self) -> None:
        """Nothing is drawn here that would have to be closed."""


def _official(url: str, sha256: str | None, folder: Path, progress: Progress | None = None) -> Path:
    """The archive at GroupLens; its sum is checked, but not where it changes: `sha256` is None."""
    try:
        import pooch
    except ModuleNotFoundError as error:
        raise MissingExtra("downloading data sets", error.name or "pooch", "ingest") from error
    pooch.get_logger().setLevel("WARNING")
    name = url.rpartition("/")[2]
    bar = _Bar(url, progress)
    files = pooch.create(
        folder, "", registry={name: sha256}, urls={name: url}, retry_if_failed=_RETRIES
    )
    download = pooch.HTTPDownloader(progressbar=bar, chunk_size=_CHUNK, timeout=_TIMEOUT)
    try:
        return Path(files.fetch(name, downloader=download))
    except OSError as error:  # those of requests are
        raise DataError(f"{url} cannot be reached: {error}") from error
    except ValueError as error:
        raise DataError(f"{url} is damaged, or is another file by now: {error}") from error


def _recbole_wheel(folder: Path, _: Progress | None = None) -> Path:
    """The wheel of RecBole, a package that has ml-100k among its examples, from the registry."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
    try:
        subprocess.run(  # noqa: S603 - all of it is written here
            [*command, "--quiet", "--dest", str(folder), "recbole==1.2.1"],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
        )
    except subprocess.CalledProcessError as error:
        lines = error.stderr.strip().splitlines() or [f"exit status {error.returncode}"]
        raise DataError(f"pip could not download recbole==1.2.1: {lines[-1]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"pip could not download recbole==1.2.1: {error}") from error
    path = folder / "recbole-1.2.1-py3-none-any.whl"
    _check_digest(path.name, path, _RECBOLE_SHA256)
    return path


def _fetch_into(
    folder: Path, name: str, origins: Sequence[Origin], progress: Progress | None
) -> None:
    """Leaves the files of the data set in `folder`, all of them or none."""
    failures = []
    for origin in origins:
        failure = _failure_of(origin, folder, progress)
        if failure is None:
            return
        failures.append(f"{origin.name}: {failure}")
    raise DataError(
        f"data set {name!r} cannot be fetched ({'; '.join(failures)}): download it on a machine "
        f"that can, put {_listed(ORIGINS[name][0].members)} into a folder, and give that folder in "
        f"place of the name"
    )


def _listed(members: Sequence[str]) -> str:
    *others, last = (PurePosixPath(member).name for member in members)
    return f"{', '.join(others)} and {last}" if others else last


def _failure_of(origin: Origin, folder: Path, progress: Progress | None) -> DataError | None:
    """Fetches from one origin; what it could not do is returned, so that the next can be tried."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as work:
            new = Path(work) / folder.name
            new.mkdir()
            _extract(origin.fetch(Path(work), progress), origin.members, new)
            if folder.exists():
                shutil.rmtree(folder)
            new.rename(folder)
    except DataError as error:
        return error
    except OSError as error:
        if not _is_whole(folder):  # else another process was quicker
            raise DataError(
                f"cache folder {str(folder.parent)!r} cannot be written: {error}; "
                f"name another in the setting `cache`"
            ) from error
    return None


def _extract(archive: Path, members: Sequence[str], folder: Path) -> None:
    """Members under their base names, and the sums of what they hold."""
    sums = []
    try:
        with zipfile.ZipFile(archive) as content:
            for member in members:
                path = folder / PurePosixPath(member).name
                if content.getinfo(member).file_size > _MAX_BYTES:
                    raise DataError(f"{member!r} is larger than {_MAX_BYTES} bytes")
                with content.open(member) as packed, path.open("wb") as file:
                    shutil.copyfileobj(packed, file)
                sums.append(f"{_digest(path)}  {path.name}\n")
    except (zipfile.BadZipFile, KeyError, EOFError, zlib.error) as error:
        raise DataError(f"archive {archive.name!r} is broken: {error}") from error
    (folder / _SUMS).write_text("".join(sums))


def _is_whole(folder: Path) -> bool:
    try:
        lines = (folder / _SUMS).read_text().splitlines()
        sums = [line.split("  ", 1) for line in lines]
        return bool(sums) and all(_digest(folder / name) == s for s, name in sums)
    except (OSError, ValueError):
        return False


def _check_digest(subject: str, path: Path, expected: str) -> None:
    found = _digest(path)
    if found != expected:
        raise DataError(f"{subject} has the SHA-256 sum {found}: expected {expected}")


def _digest(path: Path) -> str:
    """The SHA-256 sum of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()


_GROUPLENS = "https://files.grouplens.org/datasets/movielens"

ORIGINS: Mapping[str, tuple[Origin, ...]] = {
    "ml-100k": (
        Origin(
            "GroupLens",
            partial(_official, f"{_GROUPLENS}/ml-100k.zip", _ML_100K_SHA256),
            ("ml-100k/u.data", "ml-100k/u.item", "ml-100k/u.user"),
        ),
        Origin(
            "the package registry",
            _recbole_wheel,
            tuple(
                f"recbole/dataset_example/ml-100k/ml-100k.{kind}"
                for kind in ("inter", "item", "user")
            ),
        ),
    ),
    "ml-1m": (
        Origin(
            "GroupLens",
            partial(_official, f"{_GROUPLENS}/ml-1m.zip", _ML_1M_SHA256),
            ("ml-1m/ratings.dat", "ml-1m/movies.dat", "ml-1m/users.dat"),
        ),
    ),
    # It changes from time to time, so there is no sum to check: each file's checksum in the archive
    # tells whether it is whole.
    "ml-latest-small": (
        Origin(
            "GroupLens",
            partial(_official, f"{_GROUPLENS}/ml-latest-small.zip", None),
            ("ml-latest-small/ratings.csv", "ml-latest-small/movies.csv"),
        ),
    ),
}
"""Where each data set can be had, the first place to try first."""
