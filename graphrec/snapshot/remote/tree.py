"""What is at a place, in one document: every file of a folder of snapshots, by its parts.

::

    current                              this document, the only object that is ever replaced
    parts/SHA-256-nonce                  a part of one file, or of several; never replaced

A file is cut where its arrays begin, so that of a file of which one array changed the other parts
are the same objects. What is very small is in the document itself: which version serves, the
canary, checksums. So whoever reads the document knows all, and switching it switches all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from graphrec.errors import SnapshotError
from graphrec.snapshot.canary import CANARY
from graphrec.snapshot.codec import ARRAYS
from graphrec.snapshot.policy_switch import OFF
from graphrec.snapshot.registry import (
    CHECKSUM,
    CURRENT,
    FILE_NAME,
    FORGOTTEN,
    MANIFEST,
    VERSION,
)
from graphrec.snapshot.reports import LISTED, REPORTS

FORMAT = 1

TREE = "current"
"""The object that is switched."""

PARTS = "parts/"

SMALL = 2**10
"""Bytes of a file that is in the document."""

LEAST, MOST = 2**18, 2**24
"""Bytes of a part: arrays that are smaller share one, and larger ones are cut."""

_REPORT = re.compile(r"[0-9A-Za-z-]{1,64}\.(json|html)")
_KEY = re.compile(r"parts/[0-9a-f]{64}-[0-9a-f]{16}")


@dataclass(frozen=True)
class Part:
    """A stretch of a file."""

    key: str
    """The object, whose name has its SHA-256."""
    bytes: int

    @property
    def sha256(self) -> str:
        """Of its content."""
        return self.key.removeprefix(PARTS)[:64]


@dataclass(frozen=True)
class Entry:
    """A file: its parts in their order, or its text."""

    bytes: int
    parts: tuple[Part, ...] = ()
    text: str | None = None


@dataclass(frozen=True)
class Change:
    """Who switched a document, for whoever comes second."""

    id: str
    work: str
    host: str
    at: str
    """ISO 8601, UTC."""

    def __str__(self) -> str:
        return f"`{self.work}` on {self.host} at {self.at}"


@dataclass(frozen=True)
class Tree:
    """All files of a folder of snapshots, by their paths in it."""

    by: Change
    files: Mapping[str, Entry] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def keys(self) -> frozenset[str]:
        """The objects that it names."""
        return frozenset(part.key for each in self.files.values() for part in each.parts)

    @property
    def versions(self) -> frozenset[str]:
        """The versions that it has."""
        return frozenset(path.partition("/")[0] for path in self.files if path.endswith(MANIFEST))

    @cached_property
    def latest_reports(self) -> frozenset[str]:
        """The files of the reports that a service lists."""
        names = {path.partition(".")[0] for path in self.files if path.startswith(f"{REPORTS}/")}
        latest = sorted(names, reverse=True)[:LISTED]
        return frozenset(f"{name}.{kind}" for name in latest for kind in ("json", "html"))

    @property
    def current(self) -> str | None:
        """The version that serves everyone else."""
        entry = self.files.get(CURRENT)
        return None if entry is None or entry.text is None else entry.text.strip()

    @property
    def tried(self) -> str | None:
        """The canary."""
        entry = self.files.get(CANARY)
        try:
            found = None if entry is None else orjson.loads(entry.text or "")["version"]
        except (ValueError, TypeError, KeyError):
            return None
        return found if isinstance(found, str) else None


def written(tree: Tree) -> bytes:
    """The document of a tree."""
    return orjson.dumps(asdict(tree))


def read(content: bytes, url: str) -> Tree:
    """The tree of a document; raises SnapshotError for one that names what it must not."""
    try:
        found = TypeAdapter(Tree).validate_json(content)
    except ValidationError as error:
        raise SnapshotError(
            f"{TREE!r} at {url} cannot be read ({error.error_count()} errors): expected the "
            f"document that graphrec writes there; name another folder, or publish into a new one"
        ) from error
    wrong = next((path for path in found.files if not belongs(path)), None) or next(
        (key for key in found.keys if not _KEY.fullmatch(key)), None
    )
    if found.format != FORMAT or wrong is not None:
        named = f"names {wrong!r}" if wrong else f"has format {found.format}"
        raise SnapshotError(
            f"{TREE!r} at {url} {named}: expected format {FORMAT}, and files of snapshots alone; "
            f"use the graphrec that wrote it, or publish into a new folder"
        )
    return found


def belongs(path: str) -> bool:
    """Whether a path in a folder of snapshots is of a file that is kept elsewhere, too."""
    head, _, name = path.partition("/")
    if not name:
        return head in (CURRENT, CANARY, FORGOTTEN, OFF)
    if head == REPORTS:
        return _REPORT.fullmatch(name) is not None
    own = name in (MANIFEST, CHECKSUM) or FILE_NAME.fullmatch(name) is not None
    return VERSION.fullmatch(head) is not None and own


def cuts(path: Path) -> Iterator[tuple[int, int]]:
    """Where the parts of a file begin and end."""
    size = path.stat().st_size
    borders = _borders(path) if path.name == ARRAYS else ()
    begin = 0
    for end in (*borders, size):
        while begin < end:
            yield begin, min(begin + MOST, end)
            begin = min(begin + MOST, end)


def _borders(path: Path) -> Iterator[int]:
    """Where a file of safetensors is cut: after its header, and around arrays that are large."""
    with path.open("rb") as file:
        header = int.from_bytes(file.read(8), "little")
        names = orjson.loads(file.read(header))
    data = 8 + header
    yield data
    last = data
    for begin, end in sorted(
        each["data_offsets"] for name, each in names.items() if name != "__metadata__"
    ):
        large = end - begin >= LEAST
        if data + begin > last and (large or data + begin - last >= LEAST):
            yield data + begin
            last = data + begin
        if large:
            yield data + end
            last = data + end
