"""Who gets which variant: a hash decides, the same in every process, with nothing stored.

What an id is hashed with, the salt, makes the parts of one experiment independent of those of
another: see Kohavi et al., "Trustworthy online controlled experiments" (2020), chapter 4.
"""

from __future__ import annotations

import hashlib

from graphrec.experiment.definition import ALL, Experiment

PARTS = 2**64
"""Values of the hash."""


def part_of(user: str, salt: bytes) -> int:
    """The part of all users that one is in, 0 to PARTS - 1; a salt has 64 bytes at most."""
    digest = hashlib.blake2b(user.encode(), key=salt, digest_size=8).digest()
    return int.from_bytes(digest, "big")


def variant_of(user: str, name: str, experiment: Experiment) -> str | None:
    """The variant of a user in the experiment `name`; None: in none of them.

    Variants have the parts one after the other: whoever is in the last one stays there if its share
    grows into what none had.
    """
    salt = hashlib.blake2b(f"{name}\n{experiment.salt}".encode(), digest_size=32).digest()
    part, end = part_of(user, salt), 0.0
    for variant, share in experiment.shares.items():
        end += share
        if part < end * PARTS or end >= ALL:
            return variant
    return None
