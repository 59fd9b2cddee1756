"""Lists for many users, in blocks: memory stays the same however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graphrec.progress import Progress


@dataclass(frozen=True)
class Block:
    """The lists of some users, a row each item: columns of one length."""

    user: NDArray[np.str_]
    rank: NDArray[np.int32]
    """From 1, the best item."""
    item: NDArray[np.str_]
    score: NDArray[np.float64]

    def columns(self) -> dict[str, NDArray]:
        """The columns by name."""
        return {"user": self.user, "rank": self.rank, "item": self.item, "score": self.score}


@dataclass(frozen=True)
class BulkLists:
    """The lists of many users, made block by block when they are asked for."""

    users: Sequence[str]
    batch: int
    listed: Callable[[str], tuple[Sequence[str], Sequence[float]]]
    """The ids of the items of a user's list, and their scores."""
    progress: Progress | None = None
    unknown_users: tuple[str, ...] = ()
    """Users of whom nothing is known: their lists are of popular items."""

    def __len__(self) -> int:
        return len(self.users)

    def __iter__(self) -> Iterator[Block]:
        for start in range(0, len(self.users), self.batch):
            part = self.users[start : start + self.batch]
            yield self._block(part)
            if self.progress:
                self.progress("recommending", start + len(part), len(self.users))

    def to_frame(self) -> Any:
        """All lists as a pandas data frame of columns user, rank, item and score."""
        pandas = import_module("pandas")
        frames = [pandas.DataFrame(block.columns()) for block in self]
        if not frames:
            return pandas.DataFrame({"user": [], "rank": [], "item": [], "score": []})
        return pandas.concat(frames, ignore_index=True)

    def to_parquet(self, path: str | Path) -> int:
        """Write all lists to a Parquet file, block by block; returns the number of rows.

        Raises OSError where the file cannot be written.
        """
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
        schema = arrow.schema(
            [
                ("user", arrow.string()),
                ("rank", arrow.int32()),
                ("item", arrow.string()),
                ("score", arrow.float64()),
            ]
        )
        rows = 0
        with parquet.ParquetWriter(str(path), schema) as writer:
            for block in self:
                columns = {name: column.tolist() for name, column in block.columns().items()}
                writer.write_table(arrow.table(columns, schema=schema))
                rows += len(block.rank)
        return rows

    def _block(self, users: Sequence[str]) -> Block:
        lists = [self.listed(user) for user in users]
        lengths = [len(items) for items, _ in lists]
        return Block(
            np.repeat(np.array(users, np.str_), lengths),
            np.concatenate(
                [np.empty(0, np.int32), *(np.arange(1, n + 1, dtype=np.int32) for n in lengths)]
            ),
            np.array([item for items, _ in lists for item in items], np.str_),
            np.array([score for _, scores in lists for score in scores], np.float64),
        )
