"""What is planted in a made-up shop, for measurements: it is no part of what is ingested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from graphrec.ingest.shop.log import RETURN
from graphrec.ingest.shop.made import Shop
from graphrec.ingest.shop.proportions import DAY
from numpy.typing import NDArray


def truth_of(shop: Shop) -> Mapping[str, Any]:
    """The planted segments, bundles, intervals, seasons and returns, by the ids of the files."""
    own, people = shop.catalogue, shop.people
    starts = np.flatnonzero(own.partner >= 0)
    bought_again = np.flatnonzero(own.interval)
    returns = shop.log.take(shop.log.kind == RETURN)
    pairs = zip(returns.person.tolist(), returns.item.tolist(), strict=True)
    return {
        "seed": shop.seed,
        "end": shop.end,
        "proportions": asdict(shop.sizes),
        "segments": list(own.segments),
        "segment_of_person": dict(
            zip(people.customer, (own.segments[at] for at in people.segment.tolist()), strict=True)
        ),
        "segment_of_item": dict(
            zip(own.sku, (own.segments[at] for at in own.segment.tolist()), strict=True)
        ),
        "bundles": [
            [own.sku[at], own.sku[partner]]
            for at, partner in zip(starts.tolist(), own.partner[starts].tolist(), strict=True)
        ],
        "out_of_stock": _skus(own.sku, own.stock == 0),
        "new_items": _skus(own.sku, own.new),
        "interval_days": {own.sku[at]: int(own.interval[at]) // DAY for at in bought_again},
        "peak_of_shelf": {each.name: each.peak for each in own.shelves if each.peak is not None},
        "returned": sorted({(people.customer[who], own.sku[what]) for who, what in pairs}),
    }


def _skus(skus: Sequence[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [skus[at] for at in np.flatnonzero(chosen).tolist()]
