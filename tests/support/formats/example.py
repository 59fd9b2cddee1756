"""What an example of a format is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Event = tuple[str, str, float, str, str]
"""User, item, weight, kind, and the time in ISO 8601; empty where it is unknown."""


@dataclass(frozen=True)
class Example:
    """Files, and what they hold."""

    files: Mapping[str, bytes]
    events: tuple[Event, ...]
    items: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    """Nodes of other types: by type, by id."""
    links: Mapping[tuple[str, str, str], frozenset[tuple[str, str]]] = field(default_factory=dict)
    bad: tuple[str, bytes] | None = None
    """A file, and a line after its others that cannot be used."""
    recognised: bool = True
    """Whether the names of the files give the format away."""

    def write(self, folder: Path) -> Path:
        """Writes the files into a folder, which is returned."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return folder


def lines(*rows: str, encoding: str = "utf-8") -> bytes:
    return "".join(f"{row}\n" for row in rows).encode(encoding)


def json_lines(*rows: Mapping[str, Any]) -> bytes:
    return lines(*(json.dumps(row, ensure_ascii=False) for row in rows))


def literals(*rows: Mapping[str, Any]) -> bytes:
    """As Python writes them, with the marks of Python 2."""
    return lines(*(repr(dict(row)).replace("{'", "{u'", 1) for row in rows))


def gz(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def pairs(*found: tuple[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(found)


def table(names: str, rows: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Nodes with the same attributes: `id value value`, a row each, with blanks between."""
    keys = names.split()
    return {row.split()[0]: dict(zip(keys, row.split()[1:], strict=True)) for row in rows}
