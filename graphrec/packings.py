"""How files are packed: recognised by their first bytes, whatever their names say."""

from __future__ import annotations

import bz2
import gzip
import lzma
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import IO, Any, NamedTuple


class Packing(NamedTuple):
    """One way to pack a stream of bytes."""

    name: str
    magic: re.Pattern[bytes]
    unpack: Callable[[IO[bytes]], AbstractContextManager[Any]]
    """A stream to read what is packed in another one."""
    pack: Callable[[IO[bytes]], AbstractContextManager[Any]]
    """A stream that packs what is written to it into another one."""


STANDARD = (
    Packing(
        "gzip",
        re.compile(rb"\x1f\x8b\x08"),
        lambda raw: gzip.GzipFile(fileobj=raw, mode="rb"),
        lambda raw: gzip.GzipFile("", "wb", fileobj=raw),
    ),
    Packing(
        "bz2",
        re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
        bz2.BZ2File,
        lambda raw: bz2.BZ2File(raw, "wb"),
    ),
    Packing("xz", re.compile(rb"\xfd7zXZ\x00"), lzma.LZMAFile, partial(lzma.LZMAFile, mode="wb")),
)
"""Those of the standard library; `graphrec.ingest.packed` has two more."""

OTHERS = {
    "zstd": re.compile(rb"\x28\xb5\x2f\xfd"),
    "lz4": re.compile(rb"\x04\x22\x4d\x18"),
}
"""Those that need a package, by their names."""

ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06")
"""How ZIP archives begin: with a member, or without any."""


def packing_of(head: bytes, packings: Sequence[Packing]) -> Packing | None:
    """How what begins so is packed; None where it is not."""
    return next((each for each in packings if each.magic.match(head)), None)


def is_archive(head: bytes) -> bool:
    """Whether what begins so is a ZIP archive."""
    return head.startswith(ARCHIVES)
