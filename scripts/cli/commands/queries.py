"""`graphrec recommend`, `related`, `explain`, `predict`, `cypher`: queries to snapshot or store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from graphrec.cli.id_lists import typed
from graphrec.cli.options import AsJson, ListLength, SettingsFile, Snapshots
from graphrec.cli.output import ERR, OUT, print_json, print_table, warn
from graphrec.cli.settings import folder_of, load_settings
from rich.markup import escape

from graphrec.counts import counted
from graphrec.errors import SettingsError
from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.related_in_store import related_in_store
from graphrec.settings import Settings
from graphrec.snapshot.registry import load
from graphrec.snapshot.types import types_of
from graphrec.store import GraphStore, open_store
from graphrec.store.neo4j.layout import literal, pasteable

UserId = Annotated[str, typer.Argument(help="Id of a user.")]
ItemId = Annotated[str, typer.Argument(help="Id of an item.")]
LiveStore = Annotated[
    str | None,
    typer.Option("--store", help="Query this graph store as it is now, instead of the snapshot."),
]


def recommender(settings: Settings, snapshots: str | None) -> Recommender:
    """The recommender of the current snapshot; raises SnapshotError."""
    snapshot = load(folder_of(snapshots, settings), types=types_of(settings))
    return Recommender.serving(snapshot, settings)


def recommend(
    user: Annotated[str | None, typer.Argument(help="Id of a user.")] = None,
    item: Annotated[
        list[str] | None,
        typer.Option(help="Item that a visitor likes, instead of a user; can be repeated."),
    ] = None,
    k: ListLength = 10,
    include_seen: Annotated[
        bool,
        typer.Option("--include-seen", help="Also items that the user has interacted with."),
    ] = False,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Recommend items to a user, or to a visitor who likes some items, with reasons.

    A user whom the snapshot does not know gets what is popular, and a warning says so.

    **Examples:** `graphrec recommend 42`, `graphrec recommend --item 50 --item 181`
    """
    if (user is None) == (item is None):
        raise SettingsError("recommend needs a user or --item: give one of the two")
    settings = load_settings(settings_file)
    engine = recommender(settings, snapshots)
    if user is not None:
        user = typed(user, settings.ids)
        query = Query(user=user, k=k, exclude_seen=not include_seen)
        found, who = engine.recommend(query), f"user {user}"
        if not engine.view.knows(user):
            warn(
                who,
                "the snapshot does not know this user, so these are popular items: expected the id "
                "of somebody with events; check it, or run `graphrec refresh` if they are new",
            )
    else:
        items = tuple(typed(each, settings.ids) for each in item or ())
        found, who = (
            engine.recommend(Query(items=items, k=k, exclude_seen=not include_seen)),
            f"a visitor who likes {counted(len(item or []), 'item')}",
        )
    for warning in found.warnings:
        warn(who, warning)
    if as_json:
        print_json([asdict(recommendation) for recommendation in found])
        return
    rows = [
        [str(place), r.item, r.title or "", r.reason, ", ".join(r.sources), f"{r.score:.3f}"]
        for place, r in enumerate(found, start=1)
    ]
    print_table(f"For {who}", ["", "id", "title", "reason", "sources", "score"], rows)


def related(
    item: ItemId,
    by: Annotated[
        Literal["graph", "embedding"],
        typer.Option(help="By the users who like both items, or by the cosine of the embeddings."),
    ] = "graph",
    similarity: Annotated[
        Literal["cosine", "jaccard", "lift"],
        typer.Option(
            help="Similarity of the sets of users who like them, with --by graph. Lift finds what "
            "goes together however rare it is: raise --min-support."
        ),
    ] = "cosine",
    min_support: Annotated[
        int, typer.Option(min=1, help="Users who must like both, with --by graph.")
    ] = 2,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="Count only events of this kind, such as purchase; can be repeated. With --store."
        ),
    ] = None,
    after: Annotated[
        bool,
        typer.Option(help="Count only users who came to the other item later. With --store."),
    ] = False,
    k: ListLength = 10,
    store: LiveStore = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """List items related to an item: from the snapshot, or live by a query on the store.

    Rules of the settings hold; with --store they are those of the snapshot's items.

    **Examples:** `graphrec related 50`, `graphrec related 50 --store sqlite:///graphrec.db`,
    `graphrec related 50 --store sqlite:///graphrec.db --kind purchase --after --similarity lift`
    """
    settings = load_settings(settings_file)
    item = typed(item, settings.ids)
    kinds = None if not kind else [typed(each, settings.ids) for each in kind]
    if store is not None:
        if by == "embedding":
            raise SettingsError("--store holds no embeddings: omit --by, or --store")
        with open_store(store, settings.kinds, settings.neo4j, create=False) as graph:
            # Rules are compiled against the items of a snapshot.
            ruled = recommender(settings, snapshots) if settings.rules else None
            near, found = related_in_store(
                graph, item, k, ruled, similarity, min_support, kinds, after, settings
            )
            name = _title(graph, item) or item
        if near.counted < near.degree:
            ERR.print(f"Counted over the latest {near.counted:,} of {near.degree:,} users.")
    else:
        if kinds is not None or after:
            raise SettingsError("--kind and --after are of events, one by one: add --store")
        engine = recommender(settings, snapshots)
        found = engine.related(item, k, by, similarity, min_support)
        likes = engine.snapshot.likes
        name = engine.snapshot.title(likes.items.row(item, "item")) or item
    entries = [asdict(entry) for entry in found]
    if as_json:
        print_json(entries)
        return
    rows = [
        [
            entry["title"] or entry["item"],
            f"{entry['score']:.3f}",
            "–" if entry["people"] is None else f"{entry['people']:,}",
        ]
        for entry in entries
    ]
    print_table(f"Related to {name}, by {by}", ["item", "similarity", "users"], rows)


def explain(
    user: UserId,
    item: ItemId,
    k: Annotated[int, typer.Option("-k", min=1, help="Paths to show.")] = 5,
    store: LiveStore = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Explain why an item is, or is not, recommended to a user: sources, ranks and paths.

    The store has no ranks: with --store, only the paths in the current graph are shown.

    **Examples:** `graphrec explain 42 181`, `graphrec explain 42 181 --store sqlite:///graphrec.db`
    """
    settings = load_settings(settings_file)
    user, item = typed(user, settings.ids), typed(item, settings.ids)
    if store is not None:
        with open_store(store, settings.kinds, settings.neo4j, create=False) as graph:
            paths = [
                {"item": p.via, "title": _title(graph, p.via), "people": p.people, "score": p.score}
                for p in graph.paths(user, item, k)
            ]
            title = _title(graph, item)
        if as_json:
            print_json({"item": item, "title": title, "because": paths})
            return
        OUT.print(
            f"[bold]{escape(title or item)}[/] for user {escape(user)}: "
            f"{'' if paths else 'no '}paths in the graph."
        )
        _print_paths(paths)
        return
    found = recommender(settings, snapshots).explain(Query(user=user), item, k)
    if as_json:
        print_json(asdict(found))
        return
    place = "already seen by this user" if found.rank is None else f"rank {found.rank}"
    OUT.print(
        f"[bold]{escape(found.title or found.item)}[/] for user {escape(user)}: {place}. "
        f"{escape(found.reason)}."
    )
    if found.contributions:
        rows = [
            [c.source, f"{c.z_score:.2f}", f"{c.weight:g}", f"{c.score:.3f}"]
            for c in found.contributions
        ]
        rows.append(["total", "", "", f"{found.score:.3f}"])
        print_table("Score", ["source", "z-score", "weight", "adds"], rows)
    _print_paths([asdict(path) for path in found.because])


def predict(
    user: UserId,
    item: ItemId,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Predict what a user would give an item, on the scale of your ratings.

    It is predicted by the model that `[ratings]` in the settings names, fitted by the last
    training. Of a user or an item without ratings, the bias of the other is all that is known, and
    the answer says so.

    **Example:** `graphrec predict 196 242`
    """
    settings = load_settings(settings_file)
    user, item = typed(user, settings.ids), typed(item, settings.ids)
    engine = recommender(settings, snapshots)
    found = engine.predict(user, item)
    if as_json:
        print_json(asdict(found))
        return
    if found.note is not None:
        warn(f"user {user}, item {item}", found.note)
    row = engine.snapshot.items.rows.get(item)
    title = item if row is None else engine.snapshot.title(row) or item
    OUT.print(
        f"[bold]{found.rating:.2f}[/] of {found.low:g} to {found.high:g}: what user "
        f"{escape(user)} would give {escape(title)}, by {escape(found.model)}."
    )


def _print_paths(paths: Sequence[Mapping[str, Any]]) -> None:
    if paths:
        rows = [[p["title"] or p["item"], f"{p['people']:,}", f"{p['score']:.3f}"] for p in paths]
        print_table("Paths", ["this user likes", "users who like both", "cosine"], rows)


def _title(graph: GraphStore, item: str) -> str | None:
    title = graph.read_node("item", item).get("title")
    return title if isinstance(title, str) else None


def cypher(
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Count only events of this kind; can be repeated."),
    ] = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the queries of the Neo4j store, to paste into the Neo4j browser.

    They use the labels and types of `[neo4j.graph]`, if the settings map a graph.

    **Examples:** `graphrec cypher > queries.cypher`, `graphrec cypher --kind purchase`
    """
    settings = load_settings(settings_file)
    values, queries = pasteable(settings.neo4j, settings.kinds, kind or None)
    if as_json:
        print_json({"parameters": values, "queries": queries})
        return
    lines = ["// Parameters of the queries below. Ids that are integers are given as such."]
    lines += [f":param {name} => {literal(value)};" for name, value in values.items()]
    for name, query in queries.items():
        lines += ["", f"// {name}", f"{query.strip()};"]
    typer.echo("\n".join(lines))
