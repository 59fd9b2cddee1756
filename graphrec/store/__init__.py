"""Where the graph is kept: a protocol, and one module for each store behind it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath

from graphrec.errors import SettingsError
from graphrec.store.protocol import GraphStore, Neighbour, Path, Popular, Similarity
from graphrec.store.sqlite import SQLiteStore
from graphrec.weighting import DEFAULT_POLICY, KindPolicy

__all__ = ["GraphStore", "Neighbour", "Path", "Popular", "Similarity", "open_store"]


def open_store(
    url: str, policy: Mapping[str, KindPolicy] = DEFAULT_POLICY, create: bool = True
) -> GraphStore:
    """The store at `url`, such as `sqlite:///graphrec.db`; a new one is created with `create`.

    Raises SettingsError for a URL of no known store, StoreError where it cannot be opened, and
    without `create` where it is not there.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return SQLiteStore(FilePath(rest[1:]), policy, create=create)
    raise SettingsError(
        f"store {url!r} is of no known kind: expected sqlite:///FILE, "
        f"for example sqlite:///graphrec.db"
    )
