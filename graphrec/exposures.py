"""Who was shown what, by which snapshot: the lines of a log that compares snapshots.

One JSON object a line for each item of an answer::

    {"time":1795342500123,"version":"20261122T101500Z-3fa9c1","user":"9f2c…","item":"50","rank":1}

`time` is in milliseconds since 1970, `rank` from 1. A user is in it by a pseudonym: BLAKE2b of the
id, keyed (RFC 7693). Who has the key can tell whether a line is someone's; once the key is thrown
away, nobody can.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

PSEUDONYM_BYTES = 16
"""So many that no two of any number of users ever meet."""


def pseudonym(user: str, key: bytes) -> str:
    """What stands for a user under a key of 1 to 64 bytes, in hexadecimal."""
    return hashlib.blake2b(user.encode(), digest_size=PSEUDONYM_BYTES, key=key).hexdigest()


def lines(time: int, version: str, user: str, items: Sequence[str], key: bytes) -> bytes:
    """The lines of one answer: `items`, best first, shown to `user` at `time`."""
    who = pseudonym(user, key)
    return b"".join(
        orjson.dumps(
            {"time": time, "version": version, "user": who, "item": item, "rank": rank},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for rank, item in enumerate(items, start=1)
    )
