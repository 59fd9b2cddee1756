"""How long work tells how far it has come; what is drawn of it is the caller's."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Is called after every step."""

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """`done` out of `total` in `stage`, such as "reading"; None where no total is known."""
        ...
