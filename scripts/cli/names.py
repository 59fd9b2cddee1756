"""Warnings of what the settings name and the store does not have."""

from __future__ import annotations

from graphrec.cli.output import warn

from graphrec.recommend.setting_names import known_in_store, setting_problems
from graphrec.settings import Settings
from graphrec.store.protocol import GraphStore


def warn_of_names(settings: Settings, store: GraphStore) -> None:
    """Print what is unknown or doubtful on standard error; raises StoreError."""
    for found in setting_problems(settings, known_in_store(store, settings)):
        warn(f"setting {found.key}", found.said)
