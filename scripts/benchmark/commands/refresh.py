"""`python -m scripts.benchmark refresh`: what full, incremental and killed refreshes cost."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated, Any

import numpy as np
import orjson
import pandas as pd
import typer
from graphrec.cli.commands.models import installed_embeddings
from graphrec.cli.options import SettingsFile
from graphrec.cli.output import OUT, print_table, progress_bars
from graphrec.cli.splits import attributes_of
from numpy.typing import NDArray

from graphrec.data import Attribute, Graph, Interactions
from graphrec.errors import DataError
from graphrec.refresh.job import refresh as refresh_snapshot
from graphrec.refresh.outcome import Options, Outcome
from graphrec.settings import Settings, load_settings
from graphrec.snapshot.difference import difference
from graphrec.snapshot.lock import refresh_lock
from graphrec.snapshot.registry import load
from graphrec.snapshot.update import update
from graphrec.snapshot.view import View
from graphrec.store import GraphStore, open_store
from graphrec.store.delta import everything
from scripts.benchmark.commands.kills import kill_matrix
from scripts.benchmark.quality.folder import find, read_log

PERIOD = 1_000 * 86_400_000
"""Of a log that has an order and no times: 1,000 days, in milliseconds."""

SPAN = 0.3
"""Part of the period in which a user is active."""

USERS, ITEMS, EVENTS = 6_040, 3_700, 1_000_000
"""Of the synthetic log: about those of MovieLens-1M."""


def refresh(
    data: Annotated[
        str | None,
        typer.Option(
            help="Folder with a log, as of `benchmark quality`; a column `seq` may stand for times",
            show_default="a synthetic log of the size of MovieLens-1M",
        ),
    ] = None,
    new: Annotated[
        float,
        typer.Option(
            min=0.0001,
            max=0.5,
            help="Share of the events, the newest, that arrive after the full refresh.",
        ),
    ] = 0.01,
    kills: Annotated[
        int, typer.Option(min=0, help="Refreshes of a small shop to kill at each stage.")
    ] = 0,
    json: Annotated[Path | None, typer.Option(help="JSON file for the figures.")] = None,
    rejects: Annotated[Path, typer.Option(help="Folder for rejected rows.")] = Path("rejects"),
    settings_file: SettingsFile = None,
) -> None:
    """Measure a full refresh from store to published snapshot, then one of what changed.

    The store is given all events but the newest; after a full refresh it is given these, and what
    changed is inferred. The outcome is compared with a full inference with the same weights. Of a
    log whose users have an order (`seq`) but no times, each user's events are spread evenly over
    three tenths of 1,000 days, which begin at a random moment. Attributes of users are left out.

    **Example:** `python -m scripts.benchmark refresh --data ml-1m --kills 3 --json refresh.json`
    """
    settings = load_settings(settings_file)
    with progress_bars() as progress:
        raw = (
            _synthetic(settings.seed) if data is None else _read(data, settings, rejects, progress)
        )
        with tempfile.TemporaryDirectory(prefix="graphrec-") as folder:
            measured = _measure(raw, new, settings, Path(folder), progress)
        killed = kill_matrix(kills, settings.seed, progress) if kills else None
    measured["kills"] = killed
    if json is not None:
        json.parent.mkdir(parents=True, exist_ok=True)
        json.write_bytes(orjson.dumps(measured, option=orjson.OPT_INDENT_2))
    _show(measured)


def _measure(
    raw: Graph, new: float, settings: Settings, folder: Path, progress: Any
) -> dict[str, Any]:
    log = raw.interactions
    order = np.argsort(log.time, kind="stable")
    first = round(len(order) * (1 - new))
    options = Options(installed_embeddings(settings))
    snapshots = folder / "snapshots"
    with open_store(f"sqlite:///{folder}/graphrec.db", settings.kinds) as store:
        for node_type in ("user", "item"):
            attributes = raw.attributes.get(node_type, {})
            store.write_nodes(node_type, raw.vocabulary(node_type), attributes)
        store.write_events(log.take(order[:first]))
        full, full_seconds, full_cpu = _timed(store, snapshots, settings, options, progress)
        trained = load(snapshots)
        store.write_events(log.take(order[first:]))
        since = replace(options, since_last=True)
        incremental, seconds, cpu = _timed(store, snapshots, settings, since, progress)
        if incremental.plan.decision.action != "infer":
            raise DataError(
                f"the refresh of what changed trained: {incremental.plan.decision.reasons[0]}; "
                f"expected it to infer; give a smaller --new"
            )
        present = store.read_graph()
    began = perf_counter()
    whole = View.of(trained, everything(present), settings.kinds)
    computed = update(whole)
    full_inference_seconds = perf_counter() - began
    view = incremental.plan.view
    return {
        "users": len(raw.users),
        "items": len(raw.items),
        "events": len(log),
        "new_events": len(log) - first,
        "changed_users": 0 if view is None else len(view.delta.users),
        "embeddings": options.embeddings,
        "full_seconds": full_seconds,
        "incremental_seconds": seconds,
        "times_cheaper": full_seconds / seconds,
        "full_cpu_seconds": full_cpu,
        "incremental_cpu_seconds": cpu,
        "full_inference_seconds": full_inference_seconds,
        "max_difference": difference(load(snapshots), computed),
        "full": full.as_json(),
        "incremental": incremental.as_json(),
    }


def _timed(
    store: GraphStore, folder: Path, settings: Settings, options: Options, progress: Any
) -> tuple[Outcome, float, float]:
    """A refresh, published whatever the gate says; its seconds, and those of the processor."""
    began, worked = perf_counter(), process_time()
    with refresh_lock(folder):
        outcome = refresh_snapshot(
            store, folder, settings, replace(options, force=True), progress=progress
        )
    return outcome, perf_counter() - began, process_time() - worked


def _read(data: str, settings: Settings, rejects: Path, progress: Any) -> Graph:
    """A log with times, be they made from its order."""
    folder = Path(data)
    path = find(folder, "interactions") if folder.is_dir() else None
    if path is None or "seq" not in pd.read_csv(path, sep="\t", nrows=1).columns:
        return read_log(data, settings, rejects, progress)
    table = pd.read_csv(path, sep="\t", dtype={"user": str, "item": str, "seq": int})
    place = table["seq"].to_numpy()
    user = table["user"].to_numpy()
    log = Interactions.of(user.tolist(), table["item"].tolist())
    time = times(log.user, place, np.random.default_rng(settings.seed))
    raw = Graph(replace(log, time=time).sorted())
    return replace(
        raw, attributes=attributes_of(raw, find(folder, "items"), None, settings, rejects)
    )


def times(
    user: NDArray[np.integer], place: NDArray[np.integer], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Times [E] in milliseconds of events of which only the place in their user's order is known.

    Evenly over SPAN of the PERIOD, from a random moment of each user's own.
    """
    count = np.bincount(user)
    begin = rng.random(len(count)) * (1 - SPAN)
    share = begin[user] + SPAN * (place + 0.5) / count[user]
    return (share * PERIOD).astype(np.int64)


def _synthetic(seed: int) -> Graph:
    """Users in 20 groups, who mostly like a twentieth of the items each; popularity falls off."""
    rng = np.random.default_rng(seed)
    each = EVENTS // USERS
    popularity = 1 / (10 + np.arange(ITEMS))
    drawn = []
    for user in range(USERS):
        chance = popularity * np.where(np.arange(ITEMS) % 20 == user % 20, 20, 1)
        drawn.append(rng.choice(ITEMS, each, replace=False, p=chance / chance.sum()))
    users, items = np.repeat(np.arange(USERS), each).tolist(), np.concatenate(drawn).tolist()
    ids = [f"u{user:05}" for user in users], [f"i{item:05}" for item in items]
    log = Interactions.of(*ids)
    place = np.tile(np.arange(each), USERS)
    genre = Attribute("category", tuple(f"g{int(name[1:]) % 20}" for name in log.items.ids))
    timed = replace(log, time=times(log.user, place, rng))
    return Graph(timed.sorted(), {"item": {"genre": genre}})


def _show(measured: Mapping[str, Any]) -> None:
    full, incremental = measured["full"], measured["incremental"]
    rows = [
        [name, stage["name"], f"{stage['seconds']:.2f}"]
        for name, outcome in (("full", full), ("incremental", incremental))
        for stage in outcome["stages"]
    ]
    print_table("Seconds by stage", ["refresh", "stage", "seconds"], rows)
    OUT.print(
        f"{measured['events']:,} events, {measured['new_events']:,} of them new, of "
        f"{measured['changed_users']:,} users. Full: {measured['full_seconds']:.1f} s; of what "
        f"changed: {measured['incremental_seconds']:.2f} s, {measured['times_cheaper']:.0f} times "
        f"cheaper; largest difference from a full inference: {measured['max_difference']:.1e}"
    )
    if measured["kills"] is not None:
        lost = [each for each in measured["kills"] if not each["sound"]]
        OUT.print(f"Killed {len(measured['kills'])} times; something was lost {len(lost)} times")
