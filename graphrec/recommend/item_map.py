"""The items of a view on a map: near each other where their embeddings are alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field

from graphrec.data import AttributeValue, Rows, labels
from graphrec.errors import NoEmbeddings, UnknownName
from graphrec.recommend.setting_names import known_in_view
from graphrec.rules.check import no_attribute
from graphrec.snapshot.layout import MOST_PLACED
from graphrec.snapshot.view import View

MOST_VALUES = 8
"""Values of an attribute that are told apart; further ones share one colour."""

RANGES = 5
"""Ranges of a number that are told apart, with as many items each."""

COLOURED = ("category", "tags", "number")
"""Kinds of attributes that say something as a colour."""


Coloured: TypeAlias = tuple[tuple[str, ...], tuple[int | None, ...]]
"""Values, and the place of each item among them."""


@dataclass(frozen=True)
class ItemMap:
    """N items as points."""

    items: Annotated[tuple[str, ...], Field(description="Their ids, the most popular first.")]
    titles: Annotated[tuple[str | None, ...], Field(description="Their titles; null: none.")]
    likes: Annotated[tuple[int, ...], Field(description="How many people like each.")]
    x: Annotated[tuple[float, ...], Field(description="From -1 to 1.")]
    y: Annotated[tuple[float, ...], Field(description="From -1 to 1.")]
    all_items: Annotated[int, Field(description="Items that there are, on the map or not.")]
    not_mapped: Annotated[
        int,
        Field(
            description=f"Items that are on no map: they have no embedding, came since, or are not "
            f"among the {MOST_PLACED} most popular."
        ),
    ]
    attributes: Annotated[
        tuple[str, ...], Field(description="Categories, tags and numbers that items have.")
    ]
    values: Annotated[
        tuple[str, ...],
        Field(
            description=f"Of the attribute: the {MOST_VALUES} most frequent ones, or {RANGES} "
            "ranges of a number, ascending; empty without an attribute."
        ),
    ]
    ordered: Annotated[
        bool, Field(description="Whether the values are numbers, in ascending ranges.")
    ]
    value: Annotated[
        tuple[int | None, ...],
        Field(
            description="Of each item, the place among these, of several tags the most frequent "
            "one; null: another value, or none; empty without an attribute."
        ),
    ]


def item_map(view: View, attribute: str | None, most: int) -> ItemMap:
    """The `most` popular items that have an embedding, with the values of an attribute.

    Raises NoEmbeddings where there are none, and UnknownName for an attribute that there is not.
    """
    snapshot, current = view.snapshot, view.items
    points = snapshot.item_points
    if points is None:
        remedy = "train one, and the next snapshot has a map"
        raise NoEmbeddings(snapshot.manifest.version, remedy, None)
    known = known_in_view(view).attributes
    if attribute is not None and attribute not in known:
        raise UnknownName(no_attribute("item", attribute, known), "attribute")
    order = snapshot.popularity.order
    there = order[~np.isin(order, current.deleted) & np.isfinite(points[order, 0])]
    rows = there[:most].astype(np.int32)
    values: tuple[str, ...] = ()
    value: tuple[int | None, ...] = ()
    ordered = attribute is not None and _has_numbers(view, attribute, rows)
    if attribute is not None:
        split = _ranges if ordered else _labelled
        values, value = split(view, attribute, rows)
    every = len(current.ids) - len(current.deleted)
    ids, titles, likes = current.ids.ids, current.titles, snapshot.likes.degrees
    x, y = np.round(points[rows].astype(float), 4).T.tolist()
    return ItemMap(
        tuple(ids[row] for row in rows.tolist()),
        tuple(titles[row] for row in rows.tolist()),
        tuple(likes[rows].tolist()),
        tuple(x),
        tuple(y),
        every,
        every - len(there),
        tuple(sorted(n for n, each in snapshot.item_attributes.items() if each.kind in COLOURED)),
        values,
        ordered,
        value,
    )


def _has_numbers(view: View, attribute: str, rows: Rows) -> bool:
    values = view.items.table.values(attribute)
    return any(isinstance(values[row], float | int) for row in rows.tolist())


def _labelled(view: View, attribute: str, rows: Rows) -> Coloured:
    values = view.items.table.values(attribute)
    texts = [_texts(values[row]) for row in rows.tolist()]
    counts = Counter(text for each in texts for text in each)
    frequent = sorted(counts, key=lambda each: (-counts[each], each))[:MOST_VALUES]
    place = {text: at for at, text in enumerate(frequent)}
    found = ([place[text] for text in each if text in place] for each in texts)
    return tuple(frequent), tuple(min(each, default=None) for each in found)


def _texts(value: AttributeValue) -> Sequence[str]:
    return labels(value) if isinstance(value, tuple | str) else ()


def _ranges(view: View, attribute: str, rows: Rows) -> Coloured:
    """Ranges with about as many numbers each."""
    numbers = view.items.table.numbers(attribute)[rows]
    known = numbers[np.isfinite(numbers)]
    limits = np.unique(np.quantile(known, np.linspace(0, 1, RANGES + 1)[1:-1], method="lower"))
    inside = np.searchsorted(limits, known, "left")
    used, place = np.unique(inside, return_inverse=True)
    value = np.full(len(rows), -1)
    value[np.isfinite(numbers)] = place
    names = []
    for each in used:
        low, high = known[inside == each].min(), known[inside == each].max()
        names.append(f"{low:g}" if low == high else f"{low:g} to {high:g}")
    return tuple(names), tuple(None if at < 0 else at for at in value.tolist())
