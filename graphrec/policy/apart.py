"""Which policies can be there together, and beside which experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from graphrec.experiment.definition import Experiment
from graphrec.policy.definition import Policy


def check_apart(policies: Mapping[str, Policy], experiments: Mapping[str, Experiment]) -> None:
    """See that each list has one policy at most, and that experiments set nothing that it sets.

    Raises ValueError, with what to do.
    """
    for (one, first), (other, second) in combinations(policies.items(), 2):
        if _same_lists(first.lists, second.lists):
            raise ValueError(
                f"{one} and {other} are about the same lists: expected a list to have one policy; "
                f"give them other lists, or make them one policy with more actions"
            )
    for name, policy in policies.items():
        sets = frozenset[str]().union(*(each.sets for each in policy.actions.values()))
        for key, experiment in experiments.items():
            if not _same_lists(policy.lists, experiment.lists):
                continue
            of_it = (each.sets for each in experiment.variants.values())
            both = sets & frozenset[str]().union(*of_it)
            if both:
                raise ValueError(
                    f"{name} and experiment {key} both set {min(both)} of the same lists: expected "
                    f"one of them to; give them other lists"
                )


def _same_lists(one: Sequence[str], other: Sequence[str]) -> bool:
    return not (one and other) or bool({*one} & {*other})
