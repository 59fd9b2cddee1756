"""Splits in files of one's own, for the commands that compare models on them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from graphrec.candidates import given_candidates, last_among_sampled
from graphrec.config import Settings
from graphrec.data import Attribute, Graph, Interactions
from graphrec.evaluate import model_rng
from graphrec.split import Split, given, held_out
from graphrec.weighting import weigh
from ingest.ncf import read_history, read_negatives
from ingest.read import read_attributes, read_events
from ingest.sources import File


def read_given(
    train: Path,
    test: Path,
    valid: Path | None,
    items: Path | None,
    users: Path | None,
    settings: Settings,
    rejects: Path,
) -> tuple[Split, Split | None]:
    """The split that is in files, and its validation part where there is a file of it.

    `rejects` is a folder for files of rows that are set aside. Raises what reading raises.
    """
    known = weigh(read_graph(train, settings, rejects), settings.kinds).interactions
    split = given(known, _asked(test, settings, rejects))
    split = split.with_attributes(attributes_of(split.train, items, users, settings, rejects))
    if valid is None:
        return split, None
    return split, held_out(split.train, _asked(valid, settings, rejects))


def read_ncf(
    train: Path,
    test: Path,
    negatives: Path,
    items: Path | None,
    users: Path | None,
    settings: Settings,
    rejects: Path,
) -> tuple[Split, Split]:
    """The split of the NCF paper that is in files, and the validation part carved from train.

    `rejects` is as in `read_given`. Raises what reading raises, and DataError for a test item
    without negatives.
    """
    known, asked = (
        read_history(path, settings.ingest, _rejects(rejects, path)) for path in (train, test)
    )
    split = given_candidates(known, asked, read_negatives(negatives))
    split = split.with_attributes(attributes_of(split.train, items, users, settings, rejects))
    return split, last_among_sampled(split.train, model_rng(settings.seed, "validation"))


def read_graph(events: Path, settings: Settings, rejects: Path) -> Graph:
    """The raw graph of a file of events."""
    return Graph(read_events(File(events), settings.ingest, _rejects(rejects, events)))


def attributes_of(
    graph: Graph, items: Path | None, users: Path | None, settings: Settings, rejects: Path
) -> Mapping[str, Mapping[str, Attribute]]:
    """What files of items and of users say of the nodes of a graph, by node type."""
    return {
        node_type: read_attributes(
            node_type,
            File(path),
            graph.vocabulary(node_type),
            settings.ingest,
            _rejects(rejects, path),
        )
        for node_type, path in (("item", items), ("user", users))
        if path is not None
    }


def _asked(events: Path, settings: Settings, rejects: Path) -> Interactions:
    """Worth at the time of the event: a half-life must not thin out what is tested on."""
    return weigh(read_graph(events, settings, rejects), settings.kinds, now=0).interactions


def _rejects(folder: Path, path: Path) -> Path:
    return folder / f"{path.stem}.csv"
