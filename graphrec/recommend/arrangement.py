"""Which of the best items make a list: at most so many alike, and certain ones at their places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from graphrec.data import Rows
from graphrec.placement.definition import Pin
from graphrec.rules.item_table import ItemTable


def arranged(
    items: Rows,
    k: int,
    table: ItemTable,
    caps: Mapping[str, int],
    pins: Sequence[Pin] = (),
    listed: Rows | None = None,
) -> list[int]:
    """The places in `items` [N], the best first, of those that make a list of `k`, in its order.

    No more than a cap says share a value; the list goes on with what comes after. Of a pin, the
    best item that it means and that is among so many best takes its place. `listed` are rows that
    the list has already, before these: they count for caps.
    """
    counted = [Counter[str]() for _ in caps]
    labels = [labels_by(table, name) for name in caps]
    most = list(caps.values())

    def fits(row: int) -> bool:
        return all(
            count[label] < limit
            for of, count, limit in zip(labels, counted, most, strict=True)
            for label in of(row)
        )

    def count(row: int) -> None:
        for of, counter in zip(labels, counted, strict=True):
            counter.update(of(row))

    for row in () if listed is None else listed.tolist():
        count(row)
    rows, pinned = items.tolist(), dict[int, int]()
    for pin in sorted(pins, key=lambda pin: pin.place):
        meant = _meant(pin, table)
        taken = set(pinned.values())
        among = enumerate(rows[: pin.among])
        found = (at for at, row in among if at not in taken and meant(row) and fits(row))
        at = next(found, None)
        if at is not None and pin.place <= k and pin.place not in pinned:
            pinned[pin.place] = at
            count(rows[at])
    free, chosen = k - len(pinned), list[int]()
    taken = set(pinned.values())
    for at, row in enumerate(rows):
        if len(chosen) == free:
            break
        if at not in taken and fits(row):
            chosen.append(at)
            count(row)
    for place in sorted(pinned):
        chosen.insert(place - 1, pinned[place])
    return chosen


def labels_by(table: ItemTable, name: str) -> Callable[[int], Sequence[str]]:
    """What an item row has of an attribute, or of a relation where no item has such one."""
    if name in table.names or name not in table.relations:
        return table.labels_by_row(name)
    links = [each for each in table.links if each.relation == name]
    return lambda row: [
        node for each in links if row < each.by_item.shape[0] for node in each.nodes_of(row)
    ]


def _meant(pin: Pin, table: ItemTable) -> Callable[[int], bool]:
    if pin.items:
        mask = table.holding(pin.items)
    else:
        assert pin.attribute is not None  # noqa: S101 - see `Pin`
        mask = table.with_any(pin.attribute, pin.any_of)
    return lambda row: bool(mask[row])
