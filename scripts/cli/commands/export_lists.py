"""What `graphrec export` writes of a snapshot: lists of placements, related items, embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from graphrec.cli.id_lists import given_ids

from graphrec.data import AttributeKind
from graphrec.errors import DataError, SnapshotError
from graphrec.exports import Columns, Row, export_rows
from graphrec.progress import Progress
from graphrec.recommend.placements.lists import placement_of
from graphrec.recommend.placements.question import PlacementQuestion
from graphrec.recommend.query import Context
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.registry import load
from graphrec.snapshot.types import types_of

TYPES: Mapping[AttributeKind, str] = {"number": "float", "tags": "texts", "vector": "floats"}
"""Of columns, by the kind of the attribute; others are text."""

Work = tuple[Settings, Path, str, Mapping[str, Any]]
"""What a process needs to make lists: settings, folder and version of the snapshot, options."""

Made = Callable[[Recommender, Sequence[str], Mapping[str, Any]], list[Row]]


def lists(
    out: Path,
    settings: Settings,
    folder: Path,
    engine: Recommender,
    name: str,
    *,
    k: int | None,
    users: str,
    reasons: bool,
    now: int,
    workers: int,
    progress: Progress,
) -> tuple[int, int, int]:
    """Write the lists of a placement; returns rows, users, and users that were written before."""
    placement = placement_of(engine, name)
    everyone = engine.everyone if users == "all" else _listed(users, settings)
    kinds = engine.snapshot.item_attributes
    fields = {
        field: TYPES.get(kinds[field].kind, "text") if field in kinds else "text"
        for field in placement.fields
    }
    columns = {"user": "text", "rank": "int", "item": "text", "score": "float"}
    columns |= {"reason": "text"} if reasons else {}
    columns |= fields
    options = {"placement": name, "k": k, "reasons": reasons, "now": now}
    rows, before = _export(
        out, everyone, columns, of_users, options, settings, folder, engine, workers, progress
    )
    return rows, len(everyone), before


def related(
    out: Path,
    settings: Settings,
    folder: Path,
    engine: Recommender,
    *,
    k: int,
    now: int,
    workers: int,
    progress: Progress,
) -> tuple[int, int, int]:
    """Write the related items of all items; returns rows, items, and those written before."""
    ids = engine.view.items.ids.ids
    columns = {"item": "text", "rank": "int", "related": "text", "score": "float", "people": "int"}
    options = {"k": k, "now": now}
    rows, before = _export(
        out, ids, columns, of_items, options, settings, folder, engine, workers, progress
    )
    return rows, len(ids), before


def embeddings(out: Path, engine: Recommender, progress: Progress) -> tuple[int, int, int]:
    """Write the vectors of users and items; raises SnapshotError where there are none."""
    vectors, snapshot = engine.snapshot.embeddings, engine.snapshot
    if vectors is None:
        raise SnapshotError(
            f"snapshot {snapshot.manifest.version!r} has no embeddings: expected those of a model "
            f"that learns them; train one, such as graphsage or mf"
        )
    columns = {"type": "text", "id": "text", "vector": "floats"}
    held = {"user": (snapshot.users, vectors.user), "item": (snapshot.items, vectors.item)}
    ids = [f"{kind}:{each}" for kind, (known, _) in held.items() for each in known.ids]

    def rows_of(
        blocks: Sequence[tuple[int, Sequence[str]]],
    ) -> Iterator[tuple[int, list[Row]]]:
        for at, block in blocks:
            rows: list[Row] = []
            for each in block:
                kind, _, node = each.partition(":")
                known, matrix = held[kind]
                vector = matrix[known.rows[node]].tolist()
                rows.append({"type": kind, "id": node, "vector": vector})
            yield at, rows

    plan = {"embeddings": snapshot.manifest.version}
    rows, before = export_rows(out, ids, columns, rows_of, plan, progress=progress)
    return rows, len(ids), before


def of_users(engine: Recommender, users: Sequence[str], options: Mapping[str, Any]) -> list[Row]:
    """The rows of the lists of some users."""
    context = Context(options["now"])
    rows: list[Row] = []
    for user in users:
        question = PlacementQuestion(user, k=options["k"], reasons=options["reasons"])
        for rank, each in enumerate(engine.placed(options["placement"], question, context), 1):
            row = {"user": user, "rank": rank, "item": each.item, "score": each.score}
            if options["reasons"]:
                row["reason"] = each.reason
            rows.append(row | dict(each.fields or {}))
    return rows


def of_items(engine: Recommender, items: Sequence[str], options: Mapping[str, Any]) -> list[Row]:
    """The rows of the related items of some items."""
    return [
        {
            "item": item,
            "rank": rank,
            "related": each.item,
            "score": each.score,
            "people": each.people,
        }
        for item in items
        for rank, each in enumerate(engine.related(item, options["k"], now=options["now"]), 1)
    ]


def _listed(path: str, settings: Settings) -> tuple[str, ...]:
    """The ids of a file, a line each."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path!r} cannot be read as a list of users: {error}; expected 'all', or a file with "
            f"an id on each line; name it so"
        ) from None
    return tuple(each.id for each in given_ids(text.splitlines(), settings.ids))


def _export(
    out: Path,
    ids: Sequence[str],
    columns: Columns,
    make: Made,
    options: Mapping[str, Any],
    settings: Settings,
    folder: Path,
    engine: Recommender,
    workers: int,
    progress: Progress,
) -> tuple[int, int]:
    version = engine.snapshot.manifest.version

    def rows_of(
        blocks: Sequence[tuple[int, Sequence[str]]],
    ) -> Iterator[tuple[int, list[Row]]]:
        if workers == 1 or len(blocks) < 2:
            for at, block in blocks:
                yield at, make(engine, block, options)
            return
        with ProcessPoolExecutor(
            min(workers, len(blocks)),
            mp_context=get_context("spawn"),
            initializer=_open,
            initargs=(settings, folder, version),
        ) as pool:
            yield from pool.map(partial(_made, make, options), blocks)

    fixed = {name: value for name, value in options.items() if name != "now"}
    placements = {name: each.model_dump(mode="json") for name, each in engine.placements.items()}
    plan = {"version": version, "options": fixed, "placements": placements}
    return export_rows(out, ids, columns, rows_of, plan, progress=progress)


_ENGINE: list[Recommender] = []
"""Of a process of the pool, which makes lists of one snapshot as long as it lives."""


def _open(settings: Settings, folder: Path, version: str) -> None:
    snapshot = load(folder, version, types=types_of(settings))
    _ENGINE.append(Recommender.serving(snapshot, settings))


def _made(
    make: Made, options: Mapping[str, Any], block: tuple[int, Sequence[str]]
) -> tuple[int, list[Row]]:
    at, ids = block
    return at, make(_ENGINE[0], ids, options)
