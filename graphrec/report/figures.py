"""The figures of a report, as plain data that is kept as JSON.

They come from the new snapshot, the previous one and the job. Users are shown without their ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.data import Rows
from graphrec.ranking.fusion import Weights
from graphrec.ranking.learned.trial import Trial
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.settings import RetrievalSettings
from graphrec.snapshot.snapshot import Snapshot

MAP_ITEMS = 1_500
"""Items on the map, the most popular ones: embeddings of rare items are mostly noise."""

GROUPS = 8
"""Colours of the map; all other groups are grey."""

CURVE_POINTS = 60
"""Degrees at which a distribution is given, evenly spaced on a logarithmic axis."""

PEOPLE = (0.1, 0.4, 0.7, 0.95)
"""Users whose lists are shown, as quantiles of the number of likes."""

NEAR = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4)
"""Items whose neighbours are shown, as shares of items that are more popular."""

LIST = 8
"""Items in a list."""


@dataclass(frozen=True)
class Check:
    """A check before publishing."""

    name: str
    value: float
    expectation: str
    passed: bool


@dataclass(frozen=True)
class Stage:
    """Time and memory of a stage of the job."""

    name: str
    seconds: float
    peak_mib: float | None


@dataclass(frozen=True)
class Job:
    """The job that made a snapshot."""

    started: str
    """ISO 8601, UTC."""
    action: str
    """Such as train or infer."""
    verdict: str
    """published, canary, refused, or published against the checks."""
    reasons: tuple[str, ...] = ()
    """Reasons for the action."""
    checks: tuple[Check, ...] = ()
    stages: tuple[Stage, ...] = ()
    drift: Mapping[str, float] = field(default_factory=dict)
    """Drift since the last training by quantity, 0 to 1."""


@dataclass(frozen=True)
class Distribution:
    """The share of nodes with at least so many likes, among nodes with likes."""

    likes: tuple[int, ...]
    share: tuple[float, ...]


@dataclass(frozen=True)
class Dot:
    """An item on the map."""

    title: str
    x: float
    y: float
    group: int | None
    """Index of its group; None for any other value, or none."""
    size: float
    """0 to 1, by the logarithm of popularity."""


@dataclass(frozen=True)
class Map:
    """Item embeddings in two dimensions: the two main directions, of vectors at unit length."""

    attribute: str | None
    """The attribute whose values are the groups."""
    groups: tuple[str, ...]
    dots: tuple[Dot, ...]
    explained: float
    """Share of the variance in the two dimensions."""
    items: int
    """Number of all items; the dots are the most popular ones."""


@dataclass(frozen=True)
class Near:
    """An item and the items nearest to it, with their similarity."""

    title: str
    people: int
    near: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Person:
    """A user without id, and their recommendations."""

    likes: int
    liked: tuple[str, ...]
    before: tuple[str, ...] | None
    """None if no previous snapshot holds the user."""
    after: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One of the two snapshots that are compared."""

    version: str
    created: str
    counts: Mapping[str, int]
    newest_event: int | None
    metrics: Mapping[str, Any]
    """In the shape of `graphrec.evaluation.results.Comparison.as_json`; may be empty."""
    weights: Weights
    ranker: Trial | None
    user_degrees: Distribution
    item_degrees: Distribution


@dataclass(frozen=True)
class Report:
    """All that the page shows."""

    now: Side
    before: Side | None
    job: Job | None
    map: Map | None
    near_by: str
    """How near items were found: embedding or graph."""
    near: tuple[Near, ...]
    people: tuple[Person, ...]


def report_of(
    now: Snapshot, before: Snapshot | None, retrieval: RetrievalSettings, job: Job | None = None
) -> Report:
    """The report on a snapshot, published or not, beside the one that served before it."""
    recommender = Recommender.of(now, retrieval)
    by = "graph" if now.embeddings is None else "embedding"
    return Report(
        now=_side(now),
        before=None if before is None else _side(before),
        job=job,
        map=_map(now),
        near_by=by,
        near=_near(recommender),
        people=_people(recommender, None if before is None else Recommender.of(before, retrieval)),
    )


def _side(snapshot: Snapshot) -> Side:
    manifest, likes = snapshot.manifest, snapshot.likes
    return Side(
        version=manifest.version,
        created=manifest.created,
        counts=manifest.counts,
        newest_event=manifest.newest_event,
        metrics=manifest.metrics,
        weights=manifest.weights,
        ranker=manifest.ranker,
        user_degrees=_distribution(np.diff(likes.by_user.indptr)),
        item_degrees=_distribution(np.diff(likes.by_item.indptr)),
    )


def _distribution(degrees: NDArray[np.integer]) -> Distribution:
    degrees = np.sort(degrees[degrees > 0])
    if not len(degrees):
        return Distribution((), ())
    at = np.unique(np.geomspace(1, degrees[-1], CURVE_POINTS).round().astype(int))
    share = 1 - np.searchsorted(degrees, at, side="left") / len(degrees)
    return Distribution(tuple(at.tolist()), tuple(share.round(6).tolist()))


def _map(snapshot: Snapshot) -> Map | None:
    if snapshot.embeddings is None or len(snapshot.likes.items) < 3:
        return None
    vectors = snapshot.embeddings.item_without_bias.astype(np.float64)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    shown = snapshot.popularity.order[:MAP_ITEMS]
    pointing = (vectors / np.where(length > 0, length, 1))[shown]
    centred = pointing - pointing.mean(axis=0)
    _, sigma, directions = np.linalg.svd(centred, full_matrices=False)
    places = centred @ directions[:2].T
    attribute, groups, group = _groups(snapshot, shown)
    popularity = np.log1p(np.diff(snapshot.likes.by_item.indptr)[shown])
    dots = tuple(
        Dot(
            _title(snapshot, int(item)),
            round(float(places[n, 0]), 4),
            round(float(places[n, 1]), 4) if places.shape[1] > 1 else 0.0,
            group[n],
            round(float(popularity[n] / (popularity.max() or 1)), 3),
        )
        for n, item in enumerate(shown)
    )
    variance = sigma**2
    explained = float(variance[:2].sum() / (variance.sum() or 1))
    return Map(attribute, groups, dots, round(explained, 4), len(snapshot.likes.items))


def _groups(
    snapshot: Snapshot, items: Rows
) -> tuple[str | None, tuple[str, ...], list[int | None]]:
    """The attribute to colour by, its commonest values, and the value of each item.

    Tags come before categories. An item with several values gets the rarest, the most specific.
    """
    kinds = ("tags", "category")
    named = [
        (kinds.index(a.kind), n) for n, a in snapshot.item_attributes.items() if a.kind in kinds
    ]
    if not named:
        return None, (), [None] * len(items)
    attribute = min(named)[1]
    values = [_values(snapshot.item_attributes[attribute].values[item]) for item in items.tolist()]
    counts = Counter(value for each in values for value in each)
    groups = tuple(sorted(name for name, _ in counts.most_common(GROUPS)))
    code = {name: n for n, name in enumerate(groups)}
    chosen = [min((v for v in each if v in code), key=lambda v: counts[v], default=None)
              for each in values]  # fmt: skip
    return attribute, groups, [None if name is None else code[name] for name in chosen]


def _values(value: object) -> tuple[str, ...]:
    if isinstance(value, tuple):
        return value
    return (value,) if isinstance(value, str) else ()


def _near(recommender: Recommender) -> tuple[Near, ...]:
    snapshot = recommender.snapshot
    order = snapshot.popularity.order
    people = np.diff(snapshot.likes.by_item.indptr)
    order = order[people[order] > 0]
    rows = dict.fromkeys(int(order[int(share * (len(order) - 1))]) for share in NEAR if len(order))
    ids = snapshot.likes.items.ids
    found = []
    for row in rows:
        if snapshot.embeddings is None:
            related = recommender.related(ids[row], 5)
        else:
            related = recommender.related(ids[row], 5, by="embedding")
        near = tuple((each.title or each.item, round(each.score, 3)) for each in related)
        found.append(Near(_title(snapshot, row), int(people[row]), near))
    return tuple(found)


def _people(now: Recommender, before: Recommender | None) -> tuple[Person, ...]:
    likes = now.snapshot.likes
    degree = np.diff(likes.by_user.indptr)
    warm = np.flatnonzero(degree)
    order = warm[np.argsort(degree[warm], kind="stable")]
    rows = dict.fromkeys(int(order[int(at * (len(order) - 1))]) for at in PEOPLE if len(order))
    return tuple(
        Person(
            likes=int(degree[row]),
            liked=_liked(now.snapshot, row),
            before=_list(before, likes.users.ids[row]),
            after=_list(now, likes.users.ids[row]) or (),
        )
        for row in rows
    )


def _liked(snapshot: Snapshot, user: int) -> tuple[str, ...]:
    """The most popular items that a user likes."""
    likes = snapshot.likes
    items = likes.by_user.indices[slice(*likes.by_user.indptr[user : user + 2])]
    people = np.diff(likes.by_item.indptr)[items]
    best = items[np.argsort(-people, kind="stable")][:LIST]
    return tuple(_title(snapshot, int(item)) for item in best)


def _list(recommender: Recommender | None, user: str) -> tuple[str, ...] | None:
    if recommender is None or user not in recommender.snapshot.likes.users:
        return None
    return tuple(r.title or r.item for r in recommender.recommend(Query(user=user, k=LIST)))


def _title(snapshot: Snapshot, item: int) -> str:
    return snapshot.title(item) or snapshot.likes.items.ids[item]


def curves_of(metrics: Mapping[str, Any]) -> Mapping[str, Sequence[float]]:
    """NDCG on validation by model and epoch; empty if the figures do not hold it."""
    return metrics.get("curves", {})
