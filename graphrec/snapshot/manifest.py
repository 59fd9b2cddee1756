"""What a snapshot is, in a few figures: the manifest that is published with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version as package_version
from typing import Any, TypeAlias

from graphrec.data.clipping import UNKNOWN, Clipping
from graphrec.data.drift import Shape
from graphrec.ranking.fusion import Weights
from graphrec.ranking.learned.trial import Trial

FORMAT = 12
"""Raised whenever a reader of the old format could not read the new one."""

HyperParameters: TypeAlias = Mapping[str, bool | int | float | str | None]


@dataclass(frozen=True)
class File:
    """What a file of a snapshot must be."""

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Trained:
    """The trained snapshot that an updated one goes back to."""

    version: str
    newest_event: int | None
    """The time as of which events are weighted ever since; milliseconds since 1970."""
    shape: Shape
    likes: int
    updates: int
    """How many incremental updates were made since, each from the one before."""


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is. `version`, `created` and `files` are empty until it is published."""

    seed: int
    cutoff: int | None
    """Events from it on were not used; milliseconds since 1970. None: all were."""
    newest_event: int | None
    """Milliseconds since 1970; None where there are no events."""
    counts: Mapping[str, int]
    """Users, items, events, likes and seen; the last two count pairs of a user and an item."""
    models: Mapping[str, HyperParameters]
    """Hyper-parameters by the name of the model."""
    metrics: Mapping[str, Any]
    """As measured, in the shape of `graphrec.evaluation.results.Comparison.as_json`."""
    weights: Weights
    """Of the sources of candidates, as chosen on validation, by how many items users like."""
    dislike_weight: float = 0.0
    """What dislikes weigh beside likes where candidates are scored, as chosen on validation."""
    position: int | None = None
    """Of the store, just before the graph was read from it: what was written since may not be in
    the snapshot. None: the graph came from no store, or one without positions."""
    shape: Shape | None = None
    """Of the log that it was made from."""
    trained: Trained | None = None
    """None where the snapshot was trained itself."""
    oldest_event: int | None = None
    """Milliseconds since 1970; None where no event has a time, or an older version made it."""
    user_attributes: tuple[str, ...] | None = None
    """The attributes of users in the store, kept or not; None: an older version made it."""
    clipping: Clipping = UNKNOWN
    """What the values of events are clipped at ever since: as the log says that was trained on."""
    ranker: Trial | None = None
    """How the learned ranker did beside the weights on validation; None where none was tried."""
    forgotten: int = 0
    """Users who were taken out since it was made; its weights were learned from them too."""
    format: int = FORMAT
    graphrec: str = field(default_factory=lambda: package_version("graphrec"))
    """Version of the package that built the snapshot."""
    version: str = ""
    created: str = ""
    """When it was published: ISO 8601, UTC."""
    generation: int = 0
    """One more than that of any version that was in the folder when it was published."""
    files: Mapping[str, File] = field(default_factory=dict)


def trained_of(manifest: Manifest) -> Trained:
    """The training that a snapshot goes back to, be it its own."""
    if manifest.trained is not None:
        return manifest.trained
    shape = manifest.shape or Shape({}, {}, {})
    return Trained(manifest.version, manifest.newest_event, shape, manifest.counts["likes"], 0)
