"""The split of a folder of data, by the files that it has."""

from __future__ import annotations

import tempfile
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from graphrec.cli.splits import (
    attributes_of,
    carved,
    each_users_last,
    read_given,
    read_graph,
    read_ncf,
)
from graphrec.ingest.datasets import load_dataset, open_dataset
from graphrec.ingest.sources import DELIMITED, JSON_LINES, PARQUET

from graphrec.data import Graph
from graphrec.data.dataset import Dataset
from graphrec.data.weighting import weigh
from graphrec.errors import DataError
from graphrec.evaluation.splits.split import Split
from graphrec.progress import Progress
from graphrec.settings import Settings
from graphrec.store import open_store
from graphrec.training.fit import split_log

Protocol: TypeAlias = Literal["auto", "given", "temporal", "ncf", "leave-one-out"]

LOGS = ("interactions", "events", "ratings")
"""What a log is called in a folder that is no data set of a known form."""

EVENTS = (*DELIMITED, *JSON_LINES, *PARQUET)
"""Extensions of files of events and nodes."""

NEGATIVES = ("", *DELIMITED)
"""Extensions of `test.negative`; the paper's own file has none."""


@dataclass(frozen=True)
class Question:
    """What every model is asked."""

    protocol: str
    split: Split
    validation: Split
    """The part of train that everything is chosen on, the same for all models."""


def read_question(
    data: str, protocol: Protocol, settings: Settings, rejects: Path, progress: Progress
) -> Question:
    """The split of a folder, or of a named data set, by a protocol; `auto` is the folder's own.

    `rejects` is a folder for files of rows that are set aside. Raises DataError where the folder
    does not hold what the protocol needs, and what reading and splitting raise.
    """
    folder = Path(data)
    if protocol == "auto" and find(folder, "train") and find(folder, "test"):
        protocol = "ncf" if find(folder, "test.negative", NEGATIVES) else "given"
    if protocol == "given" or protocol == "ncf":
        return _of_files(folder, protocol, settings, rejects)
    in_order = protocol == "leave-one-out"  # which compares no places of different users
    raw = read_log(data, settings, rejects, progress, in_order=in_order)
    if protocol == "leave-one-out":
        return Question(protocol, *each_users_last(weigh(raw, settings.kinds)))
    title, split = split_log(Dataset(raw, settings.kinds), settings, protocol)
    return Question(title, split, carved(split, settings))


def _of_files(
    folder: Path, protocol: Literal["given", "ncf"], settings: Settings, rejects: Path
) -> Question:
    """The split that a folder holds the two sides of."""
    train, test = find(folder, "train"), find(folder, "test")
    if train is None or test is None:
        raise DataError(
            f"{str(folder)!r} has no split: expected train.tsv and test.tsv, compressed or not; "
            f"name another protocol, which splits a log"
        )
    items, users = find(folder, "items"), find(folder, "users")
    if protocol == "given":
        valid = find(folder, "valid")
        given = read_given(train, test, valid, items, users, settings, rejects)
        return Question(protocol, *given)
    negatives = find(folder, "test.negative", NEGATIVES)
    if negatives is None:
        raise DataError(
            f"{str(folder)!r} has no negatives: expected test.negative, compressed or not, with a "
            f"line for each test item; name the protocol 'given', which ranks all items"
        )
    ncf = read_ncf(train, test, negatives, items, users, settings, rejects)
    return Question(protocol, *ncf)


def read_log(
    data: str,
    settings: Settings,
    rejects: Path,
    progress: Progress,
    *,
    in_order: bool = False,
) -> Graph:
    """The raw graph of a folder with a log, or of a named data set; see `read_question`.

    `in_order`: a column with the order of each user's history stands in for times, and equal times
    keep the order of the file.
    """
    folder = Path(data)
    logs = [path for name in LOGS if (path := find(folder, name))]
    if logs and not (folder / "ratings.dat").is_file():
        raw = read_graph(logs[0], settings, rejects, in_order=in_order, in_file_order=in_order)
        items, users = find(folder, "items"), find(folder, "users")
        return replace(raw, attributes=attributes_of(raw, items, users, settings, rejects))
    if folder.is_dir() and find(folder, "train"):
        raise DataError(
            f"{data!r} has no log to split: expected {', '.join(LOGS)}.tsv or the like; name the "
            f"protocol 'given', which takes its train and test"
        )
    dataset = open_dataset(data, settings.cache.expanduser())
    with tempfile.TemporaryDirectory(prefix="graphrec-") as temporary:
        url = f"sqlite:///{temporary}/graphrec.db"
        with open_store(url, settings.kinds, settings.neo4j) as store:
            load_dataset(store, dataset, settings.ingest, rejects, progress, settings.kinds)
            return store.read_graph()


def find(folder: Path, stem: str, extensions: Collection[str] = EVENTS) -> Path | None:
    """The one file of a name, whatever its format; raises DataError where there are several."""
    wanted = {f"{stem}{suffix}{packed}" for suffix in extensions for packed in ("", ".gz")}
    found = sorted(path for path in folder.glob(f"{stem}*") if path.name.lower() in wanted)
    if len(found) > 1:
        raise DataError(
            f"{str(folder)!r} has {' and '.join(path.name for path in found)}: expected one of "
            f"them; move the others elsewhere"
        )
    return found[0] if found else None
