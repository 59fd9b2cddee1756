"""How stores remember what was deleted, so that events which come late do not bring it back.

An item is remembered by its id. Of a user no id may be kept. A hash is, under a random key that
lies in the store: without the store it says nothing, and with it only whether an id that one knows
already was forgotten.
"""

from __future__ import annotations

import secrets
from hashlib import blake2b

KEY_BYTES = 32

HASH_BYTES = 16


def new_key() -> bytes:
    """A random key, of which each store has one."""
    return secrets.token_bytes(KEY_BYTES)


def user_hash(key: bytes, user: str) -> bytes:
    """What is kept of the id of a user who was forgotten."""
    return blake2b(user.encode(), key=key, digest_size=HASH_BYTES).digest()
