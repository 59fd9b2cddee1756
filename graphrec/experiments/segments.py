"""Segments of users, by an attribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from graphrec.data import AttributeValue, Graph, Vocabulary, labels
from graphrec.errors import DataError
from graphrec.suggest import expectation

MOST = 20
"""Values that are told apart; the others are one segment."""

OTHERS, NONE = "(others)", "(none)"


def segments_of(
    graph: Graph, attribute: str, users: Vocabulary, name_of: Callable[[str], str]
) -> Mapping[str, NDArray[np.bool_]]:
    """Which of the users have which value, the largest segments first.

    A user with several tags is in several segments; numbers are in quarters. `name_of` is what
    `users` call a user of the graph. Raises DataError for an attribute that no user has.
    """
    attributes = graph.attributes.get("user", {})
    found = attributes.get(attribute)
    if found is None:
        right = expectation(attribute, attributes)
        raise DataError(f"no user has an attribute {attribute!r}: {right}")
    if found.kind in ("text", "vector"):
        raise DataError(
            f"attribute {attribute!r} of users is a {found.kind}: expected categories, tags or "
            f"numbers, by which users can be told apart"
        )
    values: dict[int, AttributeValue] = {}
    for user, value in zip(graph.users.ids, found.values, strict=True):
        row = users.rows.get(name_of(user))
        if row is not None:
            values[row] = value
    named = (
        _quarters(values) if found.kind == "number" else {r: labels(v) for r, v in values.items()}
    )
    count = Counter(label for each in named.values() for label in each)
    kept = [label for label, _ in count.most_common(MOST)]
    known = set(kept)
    masks = {label: np.zeros(len(users), bool) for label in (*kept, OTHERS, NONE)}
    for row in range(len(users)):
        own = named.get(row, ())
        for label in own:
            masks[label if label in known else OTHERS][row] = True
        if not own:
            masks[NONE][row] = True
    return {label: mask for label, mask in masks.items() if mask.any()}


def _quarters(values: Mapping[int, AttributeValue]) -> Mapping[int, tuple[str, ...]]:
    """Numbers as the quarter of all users that they are in, by its ends."""
    numbers = {row: float(v) for row, v in values.items() if isinstance(v, float | int)}
    if not numbers:
        return {}
    known = np.array([*numbers.values()])
    edges = np.unique(np.quantile(known, (0, 0.25, 0.5, 0.75, 1)))
    if len(edges) == 1:
        return dict.fromkeys(numbers, (f"{edges[0]:g}",))
    at = np.clip(np.searchsorted(edges, known, "right") - 1, 0, len(edges) - 2)
    return {
        row: (f"{edges[place]:g} to {edges[place + 1]:g}",)
        for row, place in zip(numbers, at.tolist(), strict=True)
    }
