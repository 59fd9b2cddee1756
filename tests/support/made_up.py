"""A small made-up shop."""

from __future__ import annotations

from graphrec.ingest.shop.proportions import Proportions

END = 1_767_225_600_000
"""Midnight before 1 January 2026, UTC."""

TINY = Proportions(
    200, 150, 8_000, days=90, segments=4, bundles=6, new_items=0.04, return_share=0.1
)
