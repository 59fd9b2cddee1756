"""The split that a folder of data speaks for."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from graphrec import pipeline
from graphrec.config import Settings
from graphrec.data import Graph
from graphrec.errors import DataError
from graphrec.evaluate import model_rng
from graphrec.progress import Progress
from graphrec.split import Split, carve_validation
from graphrec.store import open_store
from ingest.datasets import load_dataset, open_dataset
from ingest.sources import DELIMITED, JSON_LINES, PARQUET
from scripts.splits import attributes_of, read_given, read_graph

Protocol: TypeAlias = Literal["auto", "given", "temporal", "leave-one-out"]

LOGS = ("interactions", "events", "ratings")
"""What a log is called in a folder that is no data set of a known form."""

OF_A_LOG: Mapping[str, pipeline.Protocol] = {
    "auto": "auto",
    "temporal": "temporal",
    "leave-one-out": "leave-last-out",
}
"""What the protocols of a log are called in the library."""


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
    train, test = find(folder, "train"), find(folder, "test")
    if protocol == "auto":
        protocol = "given" if train and test else "auto"
    validation = None
    if protocol == "given":
        if train is None or test is None:
            raise DataError(
                f"{data!r} has no split: expected train.tsv and test.tsv, compressed or not; "
                f"name another protocol, which splits a log"
            )
        title = "given"
        split, validation = read_given(
            train,
            test,
            find(folder, "valid"),
            find(folder, "items"),
            find(folder, "users"),
            settings,
            rejects,
        )
    else:
        raw = read_log(data, settings, rejects, progress)
        title, split = pipeline.split_log(raw, settings, OF_A_LOG[protocol])
    if validation is None:
        rng = model_rng(settings.seed, "validation")
        validation = carve_validation(split.train, settings.evaluation.valid_share, rng)
    return Question(title, split, validation)


def read_log(data: str, settings: Settings, rejects: Path, progress: Progress) -> Graph:
    """The raw graph of a folder with a log, or of a named data set; see `read_question`."""
    folder = Path(data)
    logs = [path for name in LOGS if (path := find(folder, name))]
    if logs and not (folder / "ratings.dat").is_file():
        raw = read_graph(logs[0], settings, rejects)
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
            load_dataset(store, dataset, settings.ingest, rejects, progress)
            return store.read_graph()


def find(folder: Path, stem: str) -> Path | None:
    """The one file of a name, whatever its format; raises DataError where there are several."""
    known = (*DELIMITED, *JSON_LINES, *PARQUET)
    wanted = {f"{stem}{suffix}{packed}" for suffix in known for packed in ("", ".gz")}
    found = sorted(path for path in folder.glob(f"{stem}.*") if path.name.lower() in wanted)
    if len(found) > 1:
        raise DataError(
            f"{str(folder)!r} has {' and '.join(path.name for path in found)}: expected one of "
            f"them; move the others elsewhere"
        )
    return found[0] if found else None
