"""How many ids of one set another one has, and what sets the others apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from graphrec.data.odd_ids import EXAMPLES, spelling_match
from graphrec.data.profile import IdProfile, Match


def match_ids(
    node_type: str, one: tuple[str, IdProfile], other: tuple[str, IdProfile]
) -> tuple[Match, Sequence[str]]:
    """How the ids of one source, given with its name, match those of another; those that do not.

    Where one of them is a sample, shares are about right, and the ids are those of the sample.
    """
    (name, ids), (against, others) = one, other
    mine, theirs = _drawn_alike(ids, others)
    unknown = [node_id for node_id in mine if node_id not in theirs]
    like = spelling_match(unknown, theirs) if unknown else None
    examples = like.examples if like else tuple(zip(unknown, theirs, strict=False))[:EXAMPLES]
    match = Match(
        node_type=node_type,
        source=name,
        against=against,
        ids=ids.distinct,
        known=1 - _share(len(unknown), len(mine)),
        known_back=_share(sum(node_id in mine for node_id in theirs), len(theirs)),
        differ_by=like.differ_by if like else "",
        would_match=_share(like.ids, len(mine)) if like else 0.0,
        examples=examples,
    )
    return match, unknown


def _drawn_alike(ids: IdProfile, others: IdProfile) -> tuple[Collection[str], Collection[str]]:
    """The ids of two profiles; where one is a sample, those that both would have drawn."""
    share = min(ids.sampled, others.sampled)
    if share == 1:
        return ids.ids.keys(), others.ids.keys()
    limit = int(share * (1 << 64))
    mine, theirs = ({i: 0 for i, n in each.ids.items() if n < limit} for each in (ids, others))
    return mine.keys(), theirs.keys()


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
