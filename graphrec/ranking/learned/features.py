"""Features of candidates: what sources make of them, and what is known of them and of the user.

All of it is known when a list is made, and to what serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graphrec.data.times import DAY
from graphrec.ranking.fusion import Fused
from graphrec.ranking.learned.item_facts import ItemFacts
from graphrec.retrieval.profile import UserProfile

ATTRIBUTES = "attributes"
"""What features of categories, tags and numbers are shown as in an explanation."""

HISTORY = "history"
"""What features of how much is known of the user are."""

TIME = "time"
"""What the hour and the day of the week are."""

LAST = 5
"""Likes that count as the last ones."""

HOUR = DAY // 24


@dataclass(frozen=True)
class Feature:
    """One column of a feature matrix."""

    name: str
    group: str
    """What it is shown as in an explanation: a source, ATTRIBUTES, HISTORY or TIME."""


def columns_of(sources: Sequence[str], facts: ItemFacts) -> tuple[Feature, ...]:
    """What the columns of `features` are, for these sources."""
    own = {
        "popularity": (
            *facts.names,
            "popularity beside that of what is liked",
            "age beside that of what is liked",
        ),
        ATTRIBUTES: (
            *("labels in common with what is liked", "with what was liked last"),
            "with what is disliked",
            *(f"{name} beside that of what is liked" for name in facts.number_names),
        ),
        HISTORY: ("items liked", "items seen", "days since the last like", "days from the first"),
        TIME: ("hour", "day of the week"),
    }
    return (
        *(Feature("z-score", source) for source in sources),
        *(Feature("rank", source) for source in sources),
        *(Feature(name, group) for group, names in own.items() for name in names),
    )


def features(
    sources: Sequence[str],
    fused: Fused,
    found: Sequence[str],
    profile: UserProfile,
    facts: ItemFacts,
    now: int | None,
) -> NDArray[np.float32]:
    """The features [N, F] of N fused items for a profile; NaN where something is unknown.

    `found` are the sources whose z-scores the fusion has. `now` is in milliseconds since 1970;
    None: unknown, the list is as of the newest like.
    """
    count, items = len(fused.items), fused.items
    z_scores = np.zeros((len(sources), count))
    for source, own in zip(found, fused.z_scores, strict=True):
        z_scores[sources.index(source)] = own
    order = np.argsort(-z_scores, axis=1, kind="stable")
    ranks = np.empty(z_scores.shape)
    np.put_along_axis(ranks, order, np.log1p(np.arange(count))[None], axis=1)
    liked, disliked = profile.history, profile.disliked[profile.disliked < len(facts.likes)]
    last = profile.in_order[0][-LAST:]
    beside = [
        own[items].T - _mean(own[liked])[:, None]
        for own in (facts.likes[:, None], facts.age[:, None], facts.numbers)
    ]
    rows: list[NDArray[np.floating]] = [
        *(z_scores, ranks, facts.columns[items].T, beside[0], beside[1]),
        facts.common(items, (liked, last, disliked)),
        beside[2],
        np.broadcast_to(_of_profile(profile, facts.newest, now)[:, None], (6, count)),
    ]
    return np.concatenate(rows).astype(np.float32).T


def _of_profile(profile: UserProfile, newest: int, now: int | None) -> NDArray[np.float64]:
    """The features [6] that all candidates have alike."""
    times = profile.liked_at[profile.liked_at > DAY]  # those below are places in a session
    since, span = np.nan, np.nan
    if len(times):
        last = int(times.max())
        since = max((newest if now is None else now) - last, 0) / DAY
        span = (last - int(times.min())) / DAY
    counts = np.log1p([profile.likes, len(profile.seen), since, span])
    if now is None:
        return np.array([*counts, np.nan, np.nan])
    return np.array([*counts, now // HOUR % 24, (now // DAY + 4) % 7])  # 1970 began on a Thursday


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """The mean over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
