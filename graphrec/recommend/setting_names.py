"""Whether what settings name is in the store, or in the snapshot that serves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from graphrec.data.kinds import normal, usual_names
from graphrec.errors import UnknownName
from graphrec.experiment.changes import changed_placements
from graphrec.experiment.definition import Experiment
from graphrec.placement.definition import Placement
from graphrec.placement.ready import READY
from graphrec.rules.check import Known, Problem, no_attribute, no_kind, problems_of
from graphrec.settings import RESERVED_SOURCES, Settings
from graphrec.snapshot.view import View
from graphrec.store.protocol import GraphStore
from graphrec.suggest import MISSPELT, closest, expectation

USUAL_NAMES = frozenset(name for names, _ in usual_names() for name in names)
"""Kinds that everyone knows: that there are no such events yet is no mistake."""


def known_in_store(store: GraphStore, settings: Settings) -> Known:
    """The names in a store; raises StoreError."""
    kinds = frozenset(store.event_kinds())
    # To find all types of links takes a pass over them in some stores.
    tried = (each for e in settings.experiments.values() for each in e.variants.values())
    rules = (*settings.rules, *(rule for each in tried for rule in each.rules))
    follows = any(rule.relation is not None for rule in rules)
    links = store.link_types() if follows else ()
    return Known(
        attributes=frozenset(store.attribute_kinds("item")),
        relations=frozenset(relation for source, relation, _ in links if source == "item"),
        kinds=kinds.union(settings.kinds, USUAL_NAMES),
        recorded=kinds,
        user_attributes=frozenset(store.attribute_kinds("user")),
    )


def check_kinds(store: GraphStore, kinds: Collection[str], settings: Settings) -> None:
    """Raises UnknownName for a kind that the store has not, the settings do not name, and that is
    no usual name.
    """
    known = frozenset(store.event_kinds()).union(settings.kinds, USUAL_NAMES)
    for kind in sorted(kinds):
        if kind not in known:
            raise UnknownName(no_kind(kind, known), "kinds")


def known_in_view(view: View) -> Known:
    """The names in a snapshot, and in what was written since."""
    table, manifest = view.items.table, view.snapshot.manifest
    before = {} if manifest.shape is None else manifest.shape.kinds
    recorded = frozenset(kind for kind, events in before.items() if events).union(view.delta.kinds)
    users = manifest.user_attributes
    return Known(
        attributes=table.names,
        relations=table.relations,
        kinds=recorded.union(view.kinds, USUAL_NAMES),
        recorded=recorded,
        user_attributes=None if users is None else frozenset(users) | view.delta.user_attributes,
        table=table,
    )


def together(one: Known, other: Known) -> Known:
    """What either knows; the values are those of the first."""
    users = (one.user_attributes, other.user_attributes)
    return replace(
        one,
        attributes=frozenset(one.attributes) | frozenset(other.attributes),
        relations=frozenset(one.relations) | frozenset(other.relations),
        kinds=frozenset(one.kinds) | frozenset(other.kinds),
        recorded=frozenset(one.recorded) | frozenset(other.recorded),
        user_attributes=None
        if None in users
        else frozenset(name for names in users for name in names or ()),
    )


def setting_problems(
    settings: Settings, known: Known, sources: frozenset[str] = frozenset()
) -> Iterator[Problem]:
    """What settings name that there is not, each with its key.

    `sources` are the candidate sources of the snapshot, besides those that are built in.
    """
    for at, rule in enumerate(settings.rules):
        for found in problems_of(rule, known):
            key = f"rules[{at}].{found.key}"
            yield replace(found, key=key, said=f"rule {rule.name!r}: {found.said}")
    for name, placement in settings.placements.items():
        yield from _of_placement(name, placement, known)
    segments = settings.retrieval.popular_by
    users = known.user_attributes
    if segments is not None and users is not None and segments not in users:
        yield Problem("retrieval.popular_by", no_attribute("user", segments, users), True)
    named = sources.union(RESERVED_SOURCES, settings.fusion.sources)
    for source in settings.retrieval.weights:
        if source not in named:
            said = f"there is no source {source!r}: {expectation(source, named)}"
            yield Problem(f"retrieval.weights.{source}", said, True)
    for name, experiment in settings.experiments.items():
        for found in _of_experiment(experiment, settings.placements, known, named):
            yield replace(found, key=f"experiments.{name}.{found.key}")
    if settings.experiments and settings.serve.exposures is None:
        said = "experiments are served, and not logged: expected a folder, to report on them"
        yield Problem("serve.exposures", said, False)
    for kind in settings.evaluation.kinds:
        if kind not in known.kinds:
            yield Problem("evaluation.kinds", no_kind(kind, known.kinds), True)
    forms = frozenset(map(normal, known.recorded))
    for kind, policy in settings.kinds.items():
        if forms and normal(kind) not in forms:
            yield Problem(f"kinds.{kind}", no_kind(kind, known.recorded), False)
        for other in policy.cancels:
            if other not in known.kinds and normal(other) not in forms:
                misspelt = closest(other, known.kinds, MISSPELT) is not None
                yield Problem(f"kinds.{kind}.cancels", no_kind(other, known.kinds), misspelt)


def _of_experiment(
    experiment: Experiment,
    placements: Mapping[str, Placement],
    known: Known,
    sources: frozenset[str],
) -> Iterator[Problem]:
    """What an experiment names that there is not."""
    for name, variant in experiment.variants.items():
        for at, rule in enumerate(variant.rules):
            for found in problems_of(rule, known):
                key = f"variants.{name}.rules[{at}].{found.key}"
                yield replace(found, key=key, said=f"rule {rule.name!r}: {found.said}")
        for source in variant.weights:
            if source not in sources:
                said = f"there is no source {source!r}: {expectation(source, sources)}"
                yield Problem(f"variants.{name}.weights.{source}", said, True)
        for changed in variant.placements:
            before = {*_of_placement(changed, placements[changed], known)}
            after = changed_placements(variant, placements)[changed]
            for found in _of_placement(changed, after, known):
                if found not in before:  # which is said of the placement itself
                    yield replace(found, key=f"variants.{name}.{found.key}")
    forms = frozenset(map(normal, (*known.kinds, *known.recorded)))
    for name, goal in experiment.goals.items():
        for kind in goal.kinds or (name,):
            if normal(kind) not in forms:  # new ones may come yet: a misspelt one will not
                misspelt = closest(kind, known.kinds, MISSPELT) is not None
                said = no_kind(kind, known.recorded or known.kinds)
                key = f"goals.{name}.kinds" if goal.kinds else f"goals.{name}"
                yield Problem(key, said, misspelt)
        if goal.attribute is not None and goal.attribute not in known.attributes:
            said = no_attribute("item", goal.attribute, known.attributes)
            yield Problem(f"goals.{name}.attribute", said, True)


def _of_placement(name: str, placement: Placement, known: Known) -> Iterator[Problem]:
    """What a placement names that there is not."""
    key = f"placements.{name}"
    for at, rule in enumerate(placement.rules):
        for found in problems_of(rule, known):
            said = f"rule {rule.name!r}: {found.said}"
            yield replace(found, key=f"{key}.rules[{at}].{found.key}", said=said)
    shared = {*known.attributes, *known.relations}
    for field, given in (("caps", placement.caps), ("apart", placement.apart)):
        for each in given:
            if each not in shared:
                yield Problem(f"{key}.{field}", no_attribute("item", each, shared), True)
    of_items = [("fields", each) for each in placement.fields]
    of_items += [] if placement.date is None else [("date", placement.date)]
    of_items += [("pins", pin.attribute) for pin in placement.pins if pin.attribute is not None]
    for field, each in of_items:
        if each not in known.attributes:
            yield Problem(f"{key}.{field}", no_attribute("item", each, known.attributes), True)
    users = known.user_attributes
    if placement.segment is not None and users is not None and placement.segment not in users:
        yield Problem(f"{key}.segment", no_attribute("user", placement.segment, users), True)
    if READY.get(name) is None or READY[name].kinds != placement.kinds:
        forms = set(map(normal, known.kinds))
        for kind in placement.kinds:
            if normal(kind) not in forms:
                yield Problem(f"{key}.kinds", no_kind(kind, known.kinds), True)
