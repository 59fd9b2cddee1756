"""What keeps a bad snapshot from being published: checks of figures, all of them pure.

Quality is judged on intervals, so that a few test users who were unlucky refuse nothing: a check
fails where the candidate is worse beyond the tolerance whichever users had been drawn (95 %).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from graphrec.refresh.leaps import Leap
from graphrec.settings import RefreshSettings


@dataclass(frozen=True)
class Difference:
    """How much better the candidate is than another one, with a 95 % interval over users."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Quality:
    """Of the candidate on the newest slice, in NDCG@k; None where there is nothing to compare."""

    candidate: float
    over_popularity: Difference
    serving: float | None
    over_serving: Difference | None


@dataclass(frozen=True)
class Health:
    """Whether lists and vectors still tell people and items apart."""

    user_spread: float | None
    """Variance of the directions of the vectors of users who like anything, 0 (all alike) to 1;
    None without embeddings."""
    item_spread: float | None
    overlap: float
    """Mean share of items that the lists of two users have in common."""
    coverage: float
    """Share of all items that are in the list of any of the users looked at."""
    user_share: float | None = None
    """Largest share of one user in the weights of all likes; None where users are few."""


@dataclass(frozen=True)
class Figures:
    """All that the gate looks at; what is of the serving snapshot is None where there is none."""

    quality: Quality | None
    """None where there are too few to be tested on."""
    health: Health
    serving_health: Health | None
    counts: Mapping[str, int]
    """As in the manifest: users, items, events."""
    serving_counts: Mapping[str, int] | None
    kept_likes: float | None
    """Of the likes of the serving snapshot, the share that the candidate holds."""
    position: int | None
    """Of the store."""
    serving_position: int | None
    leaps: tuple[Leap, ...] = ()
    """Items that few people put at the top of the popular ones."""
    busiest: str | None = None
    """The user with the largest share of the likes."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    value: float
    expectation: str
    passed: bool
    who: str | None = None
    """The user it is about: for the terminal, as logs and reports name nobody."""

    def __str__(self) -> str:
        return f"{self.name} is {figure(self.value)}: expected {self.expectation}"


def figure(value: float) -> str:
    """What was measured, for people: counts in full, all else to four digits."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def check(figures: Figures, settings: RefreshSettings) -> tuple[Check, ...]:
    """Every check that the figures allow; a candidate is published where all have passed."""
    return (
        *_quality(figures.quality, settings),
        *_health(figures, settings),
        *_leaps(figures),
        *_size(figures, settings),
    )


def failed(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """The checks that say no."""
    return tuple(each for each in checks if not each.passed)


def _quality(quality: Quality | None, settings: RefreshSettings) -> list[Check]:
    if quality is None:
        return []
    over = quality.over_popularity
    checks = [
        Check(
            "NDCG over that of popularity",
            over.mean,
            f"not below 0 (95 %: {over.low:+.4f} to {over.high:+.4f})",
            over.high >= 0,
        )
    ]
    if quality.serving is not None and quality.over_serving is not None:
        least, over = -settings.max_loss * quality.serving, quality.over_serving
        checks.append(
            Check(
                "NDCG over that of the serving snapshot",
                over.mean,
                f"not below {least:.4f}, which is {settings.max_loss:.0%} of its "
                f"{quality.serving:.4f} (95 %: {over.low:+.4f} to {over.high:+.4f})",
                over.high >= least,
            )
        )
    return checks


def _health(figures: Figures, settings: RefreshSettings) -> list[Check]:
    health, serving = figures.health, figures.serving_health
    spreads = {"users": health.user_spread, "items": health.item_spread}
    checks = [
        Check(
            f"spread of the embeddings of {nodes}",
            spread,
            f"at least {settings.min_spread}",
            spread >= settings.min_spread,
        )
        for nodes, spread in spreads.items()
        if spread is not None
    ]
    most = settings.max_overlap
    overlap = Check(
        "overlap of two lists", health.overlap, f"at most {most}", health.overlap <= most
    )
    checks.append(overlap)
    if health.user_share is not None:
        most = settings.max_user_share
        checks.append(
            Check(
                "share of one user in popularity",
                health.user_share,
                f"at most {most}; take the events of the one with most back, or `graphrec forget` "
                f"them, if they are no person",
                health.user_share <= most,
                figures.busiest,
            )
        )
    if serving is not None:
        least = settings.min_coverage * serving.coverage
        expectation = f"at least {least:.4g}, a share of {settings.min_coverage} of what serves"
        checks.append(Check("coverage", health.coverage, expectation, health.coverage >= least))
    return checks


def _leaps(figures: Figures) -> list[Check]:
    if figures.serving_counts is None:
        return []
    found = figures.leaps
    named = f", but {found[0]}" if found else ""
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return [
        Check(
            "items that few people made popular",
            len(found),
            f"none{named}{more}"
            + ("; take their events back, lower `clip_quantile` of their kind" if found else ""),
            not found,
        )
    ]


def _size(figures: Figures, settings: RefreshSettings) -> list[Check]:
    kept = 1 - settings.max_lost_share
    checks = []
    if figures.serving_counts is not None:
        for name in ("users", "items", "events"):
            before, now = figures.serving_counts[name], figures.counts[name]
            expectation = f"at least {kept * before:,.0f}, where {before:,} serve"
            checks.append(Check(name, now, expectation, now >= kept * before))
    if figures.kept_likes is not None:
        checks.append(
            Check(
                "share of the serving snapshot's likes that are still there",
                figures.kept_likes,
                f"at least {kept:.4g}",
                figures.kept_likes >= kept,
            )
        )
    if figures.position is not None and figures.serving_position is not None:
        before = figures.serving_position
        checks.append(
            Check(
                "position of the store",
                figures.position,
                f"at least {before:,}, that of the serving snapshot",
                figures.position >= before,
            )
        )
    return checks
