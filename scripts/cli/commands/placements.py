"""`graphrec placement`: the list of a placement, as a page gets it."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer
from graphrec.cli.commands.queries import recommender
from graphrec.cli.id_lists import typed
from graphrec.cli.options import AsJson, SettingsFile, Snapshots
from graphrec.cli.output import print_json, print_table, warn
from graphrec.cli.settings import load_settings

from graphrec.errors import SettingsError
from graphrec.placement.definition import OF_ITEMS, OF_USERS
from graphrec.recommend.placements.lists import placement_of
from graphrec.recommend.placements.live import counted_in_store
from graphrec.recommend.placements.question import PlacementQuestion
from graphrec.recommend.query import Context
from graphrec.recommend.reasons import DEFAULT_LANGUAGE
from graphrec.store import open_store


def placement(
    name: Annotated[
        str | None,
        typer.Argument(help="Name of a placement, such as also-bought; left out: list them all."),
    ] = None,
    user: Annotated[str | None, typer.Option(help="Id of a user.")] = None,
    item: Annotated[
        list[str] | None,
        typer.Option(
            "--item",
            "--items",
            help="Id of an item that the list stands beside, such as one in the cart; can be "
            "repeated.",
        ),
    ] = None,
    k: Annotated[int | None, typer.Option("-k", "--k", min=1, help="Length of the list.")] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(help="Only items with this value, as NAME=VALUE; can be repeated."),
    ] = None,
    segment: Annotated[
        str | None, typer.Option(help="Whose popular or trending items, such as a country.")
    ] = None,
    fields: Annotated[
        str | None,
        typer.Option(
            help="Attributes of items to show, with commas between, such as price,image_url."
        ),
    ] = None,
    language: Annotated[
        str, typer.Option(help="Language of the reasons: en, de, zh, or one of the settings.")
    ] = DEFAULT_LANGUAGE,
    store: Annotated[
        str | None,
        typer.Option(
            "--store",
            help="Count what was chosen together in this graph store as it is now, instead of in "
            "the snapshot.",
        ),
    ] = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Give the list of a placement: a question that the settings name, such as `also-bought`.

    Ready-made ones are for-you, similar, also-bought, also-viewed, cart, trending, popular, new,
    recent and again. `[placements.NAME]` in the settings changes them, and adds others.

    **Examples:** `graphrec placement for-you --user 42`, `graphrec placement also-bought --item
    50`, `graphrec placement cart --item 50 --item 181`, `graphrec placement trending --where
    genres=Comedy`
    """
    settings = load_settings(settings_file)
    if name is None:
        _print_all(settings.placements, as_json)
        return
    engine = recommender(settings, snapshots)
    asked = placement_of(engine, name)
    question = PlacementQuestion(
        None if user is None else typed(user, settings.ids),
        tuple(typed(each, settings.ids) for each in item or ()),
        k,
        _where(where or []),
        segment,
        fields=None if fields is None else [n.strip() for n in fields.split(",") if n.strip()],
        language=language,
    )
    if store is not None:
        with open_store(store, settings.kinds, settings.neo4j, create=False) as graph:
            question = counted_in_store(graph, name, asked, question)
    found = engine.placed(name, question, Context(time.time_ns() // 1_000_000))
    for warning in found.warnings:
        warn(f"placement {name}", warning)
    if as_json:
        print_json(asdict(found))
        return
    shown = list(found[0].fields or {}) if len(found) else []
    rows = [
        [
            str(place),
            each.item,
            each.title or "",
            each.reason,
            f"{each.score:.3f}",
            *(_shown((each.fields or {}).get(field)) for field in shown),
        ]
        for place, each in enumerate(found, start=1)
    ]
    print_table(f"{name}", ["", "item", "title", "reason", "score", *shown], rows)


def _where(given: list[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in given:
        attribute, sign, value = each.partition("=")
        if not (attribute and sign and value):
            raise SettingsError(
                f"--where is {each!r}: expected NAME=VALUE, such as category=Garden"
            )
        found.setdefault(attribute, []).append(value)
    return found


def _print_all(placements: object, as_json: bool) -> None:
    assert isinstance(placements, dict)  # noqa: S101 - of the settings
    if as_json:
        print_json(
            {
                name: each.model_dump(mode="json", exclude_defaults=True)
                for name, each in placements.items()
            }
        )
        return
    rows = [
        [
            name,
            each.type,
            "items" if each.type in OF_ITEMS else "a user" if each.type in OF_USERS else "",
        ]
        for name, each in placements.items()
    ]
    print_table("Placements", ["name", "type", "needs"], rows)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
