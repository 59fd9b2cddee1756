"""How large a made-up shop is, and what is planted in it."""

from __future__ import annotations

from dataclasses import dataclass

from graphrec.errors import SettingsError

DAY = 86_400_000
"""Milliseconds."""


@dataclass(frozen=True)
class Proportions:
    """The sizes of a shop and the shares of what is planted in it; the defaults are the demo's."""

    people: int = 3_000
    items: int = 2_000
    events: int = 100_000
    """About how many views, carts, purchases and returns."""
    days: int = 180
    """How long the log is."""
    segments: int = 10
    """Departments, each of which is the segment of some people; 2 to 10."""
    own_share: float = 0.7
    """Share of what a person does that is in their own segment."""
    bundles: int = 40
    """Items with a partner that is bought after them."""
    bundle_share: float = 0.5
    """Share of an item's buyers who buy its partner afterwards."""
    cart_share: float = 0.2
    """Share of the views of items in stock that become carts."""
    purchase_share: float = 0.5
    """Share of carts that become purchases."""
    return_share: float = 0.06
    """Share of purchases that are returned, of items that are not consumables."""
    again_share: float = 0.75
    """Share of purchases of a consumable that are followed by another one, an interval later."""
    out_of_stock: float = 0.05
    """Share of items that are out of stock at the end."""
    new_items: float = 0.02
    """Share of items that were published in the last `new_days` days."""
    new_days: int = 14

    def __post_init__(self) -> None:
        for name in ("people", "items", "events", "days", "new_days"):
            if getattr(self, name) < 1:
                raise SettingsError(
                    f"a shop with {name} = {getattr(self, name)}: expected 1 or more"
                )
        if not 2 <= self.segments <= 10:
            raise SettingsError(f"a shop with segments = {self.segments}: expected 2 to 10")
        if self.items < 10 * self.segments:
            raise SettingsError(
                f"a shop with items = {self.items}: expected 10 or more for each of its "
                f"{self.segments} segments"
            )
        for name in SHARES:
            if not 0 <= (share := getattr(self, name)) <= 1:
                raise SettingsError(f"a shop with {name} = {share}: expected 0 to 1")


SHARES = (
    *("own_share", "bundle_share", "cart_share", "purchase_share", "return_share", "again_share"),
    *("out_of_stock", "new_items"),
)
"""The fields that are shares."""
