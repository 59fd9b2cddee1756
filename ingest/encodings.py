"""The encoding of a text, recognised from its first bytes."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH = re.compile(rb"[\x80-\xff]+")
_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_UNUSED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
"""Bytes that cp1252 does not have."""
_SIGNS = frozenset(range(0x80, 0xC0)) - {0x81, 0x8D, 0x8F, 0x90, 0x9D}
"""Quotation marks, dashes, currencies and the like of cp1252, which stand between blanks too."""
_PLAUSIBLE = 0.6
SINGLE_BYTE = ("cp1252", "latin-1")
"""Encodings that any bytes may be read as."""


def recognised(head: bytes, *, whole: bool) -> str:
    """The codec of text that begins with `head`: by its byte order mark, else by its bytes.

    UTF-8 where the bytes are that, but for some. Western single-byte text (cp1252, or latin-1
    where cp1252 lacks a byte) is recognised by accented letters that stand beside others. `whole`
    says that nothing comes after `head`.
    """
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return codec
    wide = _wide(head)
    if wide is not None:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return _single_byte(head) or "utf-8"
    return "utf-8"


def odd_word(head: bytes, codec: str) -> str:
    """A word that shows whether a codec that was recognised is right; empty where that is sure."""
    found = _HIGH.search(head)
    if found is None or codec not in SINGLE_BYTE:
        return ""
    start = max(head.rfind(each, 0, found.start()) for each in (b" ", b",", b";", b"\t", b"\n")) + 1
    return re.split(r"[ ,;\t\r\n]", head[start : start + 60].decode(codec, "replace"))[0]


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: every second byte of text in Latin letters is zero."""
    pairs = len(head) // 2
    if pairs and head[1::2].count(0) > 0.5 * pairs and not head[::2].count(0):
        return "utf-16-le"
    if pairs and head[::2].count(0) > 0.5 * pairs and not head[1::2].count(0):
        return "utf-16-be"
    return None


def _single_byte(head: bytes) -> str | None:
    runs = list(_HIGH.finditer(head))
    if len(_UTF8.findall(head)) >= len(runs) / 2:
        return None
    plausible = sum(map(_is_western, runs))
    if plausible < _PLAUSIBLE * len(runs):
        return None
    return "latin-1" if _UNUSED.search(head) else "cp1252"


def _is_western(run: re.Match[bytes]) -> bool:
    """Whether bytes above ASCII are an accented letter or two in a word, or a sign."""
    text, letters = run.string, run[0]
    beside = text[max(run.start() - 1, 0) : run.start()] + text[run.end() : run.end() + 1]
    words = letters.translate(None, bytes(_SIGNS))
    return not words or (len(words) <= 2 and any(chr(byte).isalpha() for byte in beside))
