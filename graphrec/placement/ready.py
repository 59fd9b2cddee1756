"""The placements that there are without any settings, and what settings make of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphrec.data.kinds import BOUGHT
from graphrec.errors import SettingsError
from graphrec.placement.definition import Placement

_VIEWED = ("view", "viewed", "click", "clicked", "product_view", "page_view", "detail_page_view")

READY: Mapping[str, Placement] = {
    "for-you": Placement(type="for-you", fallback=("popular",)),
    "similar": Placement(type="similar", fallback=("also-viewed",)),
    "also-bought": Placement(type="together", kinds=BOUGHT),
    "also-viewed": Placement(type="together", kinds=_VIEWED),
    "cart": Placement(type="cart", kinds=BOUGHT),
    "trending": Placement(type="trending", days=7),
    "popular": Placement(type="popular"),
    "new": Placement(type="new", days=30),
    "recent": Placement(type="recent"),
    "again": Placement(type="again", kinds=BOUGHT),
}
"""By name."""


def with_ready(given: Any) -> Any:
    """What the settings say of placements, with all fields of ready-made ones that they leave out.

    A placement that is ready-made keeps what is not said of it; another type begins anew. Raises
    ValueError for a new one without a type.
    """
    if not isinstance(given, Mapping):
        return given
    found: dict[str, Any] = dict(READY)
    for name, said in given.items():
        ready = READY.get(name)
        if ready is None or not isinstance(said, Mapping):
            if isinstance(said, Mapping) and "type" not in said:
                raise ValueError(
                    f'{name}: expected a type, such as type = "together"; only the ready-made '
                    f"placements have one already: {', '.join(READY)}"
                )
            found[name] = said
        elif said.get("type", ready.type) == ready.type:
            found[name] = ready.model_dump(exclude_unset=True) | dict(said)
        else:
            found[name] = said
    return found


def placements_of(given: Mapping[str, Mapping[str, Any]]) -> dict[str, Placement]:
    """The placements that some fields describe, and all ready-made ones; raises SettingsError."""
    try:
        found = {
            name: each if isinstance(each, Placement) else Placement.model_validate(each)
            for name, each in with_ready(given).items()
        }
        return dict(checked(found))
    except ValueError as error:  # as pydantic's are
        raise SettingsError(f"placements: {error}") from error


def checked(placements: Mapping[str, Placement]) -> Mapping[str, Placement]:
    """The placements; raises ValueError for fallbacks that are unknown, or that go in a circle."""
    for name, each in placements.items():
        for other in each.fallback:
            if other not in placements:
                raise ValueError(
                    f"{name}.fallback: there is no placement {other!r}; expected one of "
                    f"{', '.join(placements)}"
                )
    for name, each in placements.items():
        reached, waiting = set[str](), [*each.fallback]
        while waiting:
            other = waiting.pop()
            if other == name:
                raise ValueError(
                    f"{name}.fallback: {name!r} comes after itself; expected placements that do "
                    f"not fall back to it"
                )
            if other not in reached:
                reached.add(other)
                waiting += placements[other].fallback
    return placements
