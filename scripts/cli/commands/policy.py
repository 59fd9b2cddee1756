"""`graphrec policy`: trains the Q-network of a policy, and switches policies off and on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from graphrec.api.online.shared import SNAPSHOTS
from graphrec.cli.log_lines import lines_of, log_of, name_of_user
from graphrec.cli.news import teller
from graphrec.cli.options import AsJson, PseudonymKey, SettingsFile, Snapshots, StoreUrl
from graphrec.cli.output import OUT, print_json, warn
from graphrec.cli.settings import load_settings, snapshots_of

from graphrec.data import Graph
from graphrec.errors import SettingsError
from graphrec.experiment.definition import RECOMMENDATIONS
from graphrec.experiments.outcomes import events_in, numbers_in
from graphrec.off_policy.network import Fit, Past, Trained, train_network
from graphrec.off_policy.rankings import question_of
from graphrec.off_policy.read import read_explored
from graphrec.policies.guards import Watched
from graphrec.policies.shown_log import ShownLog
from graphrec.policies.state import learned_by_now
from graphrec.policy.definition import Policy
from graphrec.recommend.recommender import Recommender
from graphrec.settings import Settings
from graphrec.snapshot.place import changing
from graphrec.snapshot.policy_switch import switch
from graphrec.snapshot.registry import load, publish
from graphrec.snapshot.remote.mirror import serving
from graphrec.snapshot.snapshot import Snapshot
from graphrec.snapshot.types import types_of
from graphrec.store import open_store
from graphrec.store.delta import Event, events_by_user
from graphrec.suggest import expectation

REFUSED = 3
"""Exit code of what may not serve, as of `graphrec refresh`."""

Name = Annotated[str, typer.Argument(help="Name of the policy in the settings.")]

policy = typer.Typer(help="Policies of the settings.", no_args_is_help=True)


@policy.callback()
def _group() -> None:
    """Policies of the settings."""


@policy.command()
def train(
    name: Name,
    log: Annotated[
        Path | None,
        typer.Option(
            help="Exposure log: the folder of the service, or a file of such lines.",
            show_default="serve.exposures of the settings",
        ),
    ] = None,
    list_: Annotated[
        str | None,
        typer.Option(
            "--list",
            help="Placement from whose lists it learns, or `recommendations`.",
            show_default="the first one of the policy",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of the training.", show_default="of the settings")
    ] = None,
    key: PseudonymKey = None,
    store: StoreUrl = None,
    snapshots: Snapshots = None,
    settings_file: SettingsFile = None,
    as_json: AsJson = False,
) -> None:
    """Train the Q-network of a policy from the exposure log, and publish it in a snapshot.

    It is published if its lists would not bring less than those of the fusion, by the lower bound
    of the off-policy estimate, and break no guard of the policy; else what serves serves on. It
    re-ranks lists where an action of a policy, or a variant of an experiment, has `network = NAME`.

    **Exit codes:** 0 published; 1 other errors, such as a log that cannot tell; 3 refused.

    **Example:** `graphrec policy train home`
    """
    settings = load_settings(settings_file)
    found = _named(settings, name)
    paths, key = log_of(log, key, settings, "--log", "docs/policy.md")
    place = snapshots_of(snapshots, settings)
    with changing(place, settings.cache, "graphrec policy train", needs=serving) as folder:
        snapshot = load(folder, types=types_of(settings))
        with open_store(
            store or settings.store, settings.kinds, settings.neo4j, create=False
        ) as opened:
            graph = opened.read_graph()
        about = list_ or next(iter(found.lists), RECOMMENDATIONS)
        recommender = Recommender.serving(snapshot, settings)
        past = _past(settings, recommender, graph, paths, key, about)
        trained = train_network(
            name, found, recommender, past, fit_of(found), settings.seed if seed is None else seed
        )
        version = None
        if trained.refused is None:
            learned = learned_by_now(
                settings.policies,
                lines_of(paths),
                graph,
                settings.kinds,
                name_of_user(key),
                Watched.of(snapshot.items.ids, snapshot.popularity.order),
            )
            made = replace(
                _unpublished(snapshot),
                networks={**snapshot.networks, name: trained.network},
                learned={**snapshot.learned, **learned},
            )
            version = publish(made, folder, datetime.now(timezone.utc), types=types_of(settings))
    teller(settings.online)(SNAPSHOTS)
    _show(name, trained, version, as_json)
    if version is None:
        raise typer.Exit(REFUSED)


@policy.command()
def off(name: Name, snapshots: Snapshots = None, settings_file: SettingsFile = None) -> None:
    """Switch a policy off at once, in every process that serves: its first action serves everybody.

    Its Q-network re-ranks no list any more. It stays off until `graphrec policy on`.

    **Example:** `graphrec policy off home`
    """
    _switch(name, snapshots, settings_file, on=False)


@policy.command()
def on(name: Name, snapshots: Snapshots = None, settings_file: SettingsFile = None) -> None:
    """Switch a policy on again.

    **Example:** `graphrec policy on home`
    """
    _switch(name, snapshots, settings_file, on=True)


def fit_of(policy: Policy) -> Fit:
    """The learner, by the settings of a policy; torch is imported here, and not before."""
    spec = policy.network
    learning = import_module("graphrec.training.q_learning").QLearning(
        discount=spec.discount,
        n_steps=spec.n_steps,
        conservative=spec.conservative,
        epochs=spec.epochs,
    )
    fit: Fit = learning.fit
    return fit


def _named(settings: Settings, name: str) -> Policy:
    found = settings.policies.get(name)
    if found is None:
        right = expectation(name, settings.policies)
        raise SettingsError(f"there is no policy {name!r}: {right}; see docs/policy.md")
    return found


def _past(
    settings: Settings,
    recommender: Recommender,
    graph: Graph,
    paths: Sequence[Path],
    key: Path | None,
    about: str,
) -> Past:
    placement = recommender.placements.get(about)
    label = None if about == RECOMMENDATIONS else (placement and placement.label) or about
    question = replace(question_of(recommender, about), exploration=0.0)
    shown = read_explored(lines_of(paths), label)
    before = ShownLog(None)
    before.add(lines_of(paths))
    name_of = name_of_user(key)
    events = events_in(
        graph.interactions,
        settings.kinds,
        shown.lists.users,
        shown.lists.items,
        name_of,
        None,
        numbers_in(graph),
    )
    known: dict[str, tuple[str, Sequence[Event]]] = {
        name_of(user): (user, own) for user, own in events_by_user(graph.interactions).items()
    }
    return Past(shown, events, question, lambda user: known.get(user, (user, ())), before.to)


def _unpublished(snapshot: Snapshot) -> Snapshot:
    manifest = replace(snapshot.manifest, version="", created="", generation=0, files={})
    return replace(snapshot, manifest=manifest)


def _show(name: str, trained: Trained, version: str | None, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "policy": name,
                "version": version,
                "trial": asdict(trained.network.trial),
                "refused": trained.refused,
                "notes": trained.notes,
            }
        )
        return
    for note in trained.notes:
        warn(f"policy {name}", note)
    if version is None:
        warn(f"policy {name}", f"its Q-network is not published: {trained.refused}")
    else:
        OUT.print(f"Published {version}. A list would bring {trained.network.trial}.")


def _switch(name: str, snapshots: str | None, settings_file: Path | None, *, on: bool) -> None:
    settings = load_settings(settings_file)
    _named(settings, name)
    place = snapshots_of(snapshots, settings)
    with changing(place, settings.cache, "graphrec policy", needs=serving) as folder:
        changed = switch(folder, name, on=on)
    teller(settings.online)(SNAPSHOTS)
    word = "on" if on else "off"
    OUT.print(f"Policy {name} is {word}." if changed else f"Policy {name} was {word} already.")
