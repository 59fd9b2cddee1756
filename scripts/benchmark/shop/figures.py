"""What the lists of a shop are worth, against what is planted in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from scripts.benchmark.shop.data import Event, Truth

Lists = Mapping[str, Sequence[str]]
"""By user, or by item, the items of a list."""


def own_share(lists: Lists, truth: Truth) -> float:
    """Share of all places whose item is of the user's own segment."""
    found = [
        truth.segment_of_item[item] == truth.segment_of_person[user]
        for user, items in lists.items()
        for item in items
    ]
    return _share(sum(found), len(found))


def partner_share(lists: Lists, truth: Truth) -> float:
    """Share of the items with a partner whose list has it."""
    found = [truth.partners[item] in items for item, items in lists.items()]
    return _share(sum(found), len(found))


def of_these(lists: Iterable[Iterable[str]], items: Collection[str]) -> int:
    """Places of some items."""
    return sum(item in items for each in lists for item in each)


def bought(events: Iterable[Event]) -> Mapping[str, set[str]]:
    """By user, what they bought."""
    found: dict[str, set[str]] = {}
    for event in events:
        if event.kind == "purchase":
            found.setdefault(event.user, set()).add(event.item)
    return found


def given_back(events: Sequence[Event]) -> Mapping[str, set[str]]:
    """By user, what they returned and did not buy again."""
    last: dict[tuple[str, str], str] = {}
    for event in sorted(events, key=lambda event: event.time):
        if event.kind in ("purchase", "return"):
            last[event.user, event.item] = event.kind
    found: dict[str, set[str]] = {}
    for (user, item), kind in last.items():
        if kind == "return":
            found.setdefault(user, set()).add(item)
    return found


def hits(lists: Lists, taken: Mapping[str, set[str]]) -> int:
    """How many of the items that people took were in their lists."""
    return sum(len(set(items) & taken.get(user, set())) for user, items in lists.items())


def distinct(lists: Lists) -> int:
    """Different items in all lists together."""
    return len({item for items in lists.values() for item in items})


def new_items(lists: Lists, arrivals: Collection[str], truth: Truth) -> Mapping[str, float]:
    """Where new items are: by key, a share.

    `own_segment` of their places are in lists of people of their segment, `of_places` is their
    share of all places, `of_arrivals` the share of them that are in any list, and `most_lists` the
    share of lists that hold the one that most lists hold.
    """
    own = {user: [item for item in items if item in arrivals] for user, items in lists.items()}
    held = Counter(item for items in own.values() for item in items)
    places = sum(map(len, lists.values()))
    return {
        "own_segment": own_share(own, truth),
        "of_places": _share(held.total(), places),
        "of_arrivals": _share(len(held), len(arrivals)),
        "most_lists": _share(max(held.values(), default=0), len(lists)),
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
