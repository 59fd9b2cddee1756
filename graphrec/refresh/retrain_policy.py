"""Whether a refresh trains anew, or infers what changed with what was trained: a pure decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from graphrec.settings import RefreshSettings

Action: TypeAlias = Literal["train", "infer", "nothing"]


@dataclass(frozen=True)
class Since:
    """What became of the graph since the snapshot that serves was trained, and since it was made.

    None stands for what cannot be known.
    """

    serving: str | None
    """The version that serves; None: there is none."""
    written: int | None
    """Events that were written since it was made; None where the store or it has no position."""
    went_back: bool
    """Whether the store is behind it, as one that was restored from a backup."""
    deleted: int
    """Items that were deleted since, and users that the store no longer holds."""
    inferred: int
    """Refreshes since training."""
    age_days: float
    """Of the training."""
    new_share: float
    """Likes since training, of those that were trained on."""
    drift: Mapping[str, float]
    """Since training, by distribution (`graphrec.data.drift`)."""


@dataclass(frozen=True)
class Decision:
    """What to do, and why."""

    action: Action
    reasons: tuple[str, ...]


def decide(since: Since, settings: RefreshSettings) -> Decision:
    """Train where a rule asks for it; else update incrementally, if anything changed."""
    if since.serving is None:
        return Decision("train", ("no snapshot of this format serves yet",))
    if since.went_back:
        return Decision("train", ("the store is behind the snapshot that serves",))
    if since.written is None:
        return Decision("train", ("the store cannot tell what changed since the last snapshot",))
    moved = {name: value for name, value in since.drift.items() if value > settings.max_drift}
    reasons = [
        f"drift of {name} is {value:.3f}: above {settings.max_drift}"
        for name, value in moved.items()
    ]
    if since.deleted:
        reasons.append(f"{since.deleted:,} users or items were deleted")
    if since.inferred + 1 >= settings.every:
        reasons.append(
            f"{since.inferred} refreshes inferred since training: one in {settings.every} trains"
        )
    if since.age_days >= settings.max_age_days:
        reasons.append(
            f"training is {since.age_days:.1f} days ago: at least {settings.max_age_days}"
        )
    if since.new_share > settings.max_new_share:
        reasons.append(
            f"{since.new_share:.1%} of likes are new since training: above "
            f"{settings.max_new_share:.1%}"
        )
    if reasons:
        return Decision("train", tuple(reasons))
    if since.written == 0:
        return Decision("nothing", ("no event was written since the last snapshot",))
    return Decision(
        "infer",
        (
            f"{since.written:,} events since the last snapshot, {since.new_share:.1%} new since "
            f"training, no drift above {settings.max_drift}",
        ),
    )
