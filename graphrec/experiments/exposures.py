"""The exposure log: which items were shown to whom, by which snapshot.

One JSON object a line for each item of an answer::

    {"time":1795342500123,"version":"20261122T101500Z-3fa9c1","user":"9f2c…","item":"50","rank":1,
     "propensity":null,"request":"6c0e…","placement":"for-you","variant":"home/diverse"}

`time` is in milliseconds since 1970, `rank` from 1. `propensity` is the
probability of an item that exploration chose (`graphrec.ranking.exploration`), else null.
`variant` names the experiments that the list is in, each with its variant, with commas between
them. Where places of the list were open to exploration, `exploration` is its share; where a policy
chose its action, `policy` is `NAME/ACTION`, `chance` how likely that action was, and `context` what
the policy went by. A user is
named by a pseudonym, the keyed BLAKE2b (RFC 7693) of the id: only with the key can a line be
attributed to a user.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from graphrec.policy.decision import Decision

PSEUDONYM_BYTES = 16
"""Enough that pseudonyms do not collide."""


@dataclass(frozen=True)
class Exposure:
    """An answer: `items`, best first, shown to `user` at `time`."""

    time: int
    version: str
    user: str
    items: Sequence[str]
    propensities: Sequence[float | None] = ()
    """One for each item, where exploration chose any."""
    request: str | None = None
    """The id of the request, as the log of the service has it."""
    placement: str | None = None
    """The label of the placement that the list is of; None: a list of recommendations."""
    variants: Sequence[tuple[str, str]] = ()
    """The experiments that the list is in, each with its variant."""
    exploration: float = 0.0
    """Share of its places that were open to exploration."""
    decision: Decision | None = None
    """Of the policy that chose its action."""


def pseudonym(user: str, key: bytes) -> str:
    """The pseudonym of a user, in hexadecimal; the key has 1 to 64 bytes."""
    return hashlib.blake2b(user.encode(), digest_size=PSEUDONYM_BYTES, key=key).hexdigest()


def lines(shown: Exposure, key: bytes) -> bytes:
    """The lines of one answer."""
    about = {"time": shown.time, "version": shown.version, "user": pseudonym(shown.user, key)}
    variant = ",".join(f"{experiment}/{name}" for experiment, name in shown.variants) or None
    after: dict[str, object] = {
        "request": shown.request,
        "placement": shown.placement,
        "variant": variant,
    }
    if shown.exploration:
        after["exploration"] = shown.exploration
    if shown.decision is not None:
        after["policy"] = f"{shown.decision.policy}/{shown.decision.action}"
        after["chance"] = shown.decision.chance
        after["context"] = shown.decision.context
    chances = shown.propensities or (None,) * len(shown.items)
    return b"".join(
        orjson.dumps(
            {**about, "item": item, "rank": rank, "propensity": chance, **after},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for rank, (item, chance) in enumerate(zip(shown.items, chances, strict=True), start=1)
    )
