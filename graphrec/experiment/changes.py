"""What variants change, and whether that can be: held against the settings they change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from pydantic import ValidationError

from graphrec.experiment.definition import RECOMMENDATIONS, Experiment, Variant
from graphrec.placement.definition import Placement
from graphrec.placement.ready import checked as checked_placements
from graphrec.rules.rule import Rule
from graphrec.suggest import expectation


def changed_placements(
    variant: Variant, placements: Mapping[str, Placement]
) -> Mapping[str, Placement]:
    """The placements with what a variant changes of them; raises ValueError."""
    found = dict(placements)
    for name, changes in variant.placements.items():
        found[name] = _changed(name, placements, changes)
    for field in ("diversity", "exploration"):
        value = getattr(variant, field)
        if value is not None:
            for name, each in found.items():
                if field not in variant.placements.get(name, {}):
                    found[name] = each.model_copy(update={field: value})
    return checked_placements(found) if variant.placements else found


def rules_of(variant: Variant, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules of all lists that hold of a variant, and its own."""
    left = (rule for rule in rules if rule.name not in variant.without_rules)
    return (*left, *variant.rules)


def check_against(
    lists: Sequence[str],
    variants: Mapping[str, Variant],
    placements: Mapping[str, Placement],
    rules: Sequence[Rule],
    key: str = "variants",
) -> None:
    """See that what variants of some lists name is there; raises ValueError, with what to do.

    `key` is what the settings call the variants.
    """
    for name in lists:
        if name not in placements and name != RECOMMENDATIONS:
            right = expectation(name, (*placements, RECOMMENDATIONS))
            raise ValueError(f"lists: there is no placement {name!r}; {right}")
    names = [rule.name for rule in rules]
    for name, variant in variants.items():
        try:
            changed_placements(variant, placements)
        except ValueError as error:
            raise ValueError(f"{key}.{name}.placements.{error}") from error
        for rule in variant.without_rules:
            if rule not in names:
                raise ValueError(
                    f"{key}.{name}.without_rules: there is no rule {rule!r}; "
                    f"{expectation(rule, names)}"
                )


def check_together(experiments: Mapping[str, Experiment]) -> None:
    """See that no two experiments change the same of the same lists at once; raises ValueError."""
    for (one, first), (other, second) in combinations(experiments.items(), 2):
        if not (_at_once(first, second) and _same_lists(first, second)):
            continue
        both = _sets(first) & _sets(second)
        if both:
            raise ValueError(
                f"{one} and {other} both set {min(both)} of the same lists at the same time: "
                f"expected one of them to; give them other lists or other times, or make them one "
                f"experiment with more variants"
            )


def _changed(
    name: str, placements: Mapping[str, Placement], changes: Mapping[str, Any]
) -> Placement:
    before = placements.get(name)
    if before is None:
        raise ValueError(f"{name}: there is no such placement; {expectation(name, placements)}")
    given = dict(changes)
    if given.get("type", before.type) == before.type:
        given = before.model_dump(exclude_unset=True) | given
    try:
        return Placement.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            said = f"a placement has no such field; {expectation(key, Placement.model_fields)}"
        raise ValueError(f"{name}.{key} = {first['input']!r}: {said}") from error


def _sets(experiment: Experiment) -> frozenset[str]:
    return frozenset().union(*(each.sets for each in experiment.variants.values()))


def _at_once(one: Experiment, other: Experiment) -> bool:
    return all(
        first.end is None or second.start is None or second.start < first.end
        for first, second in ((one, other), (other, one))
    )


def _same_lists(one: Experiment, other: Experiment) -> bool:
    return not (one.lists and other.lists) or bool({*one.lists} & {*other.lists})
