"""The kind of an attribute as stores note it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from graphrec.data import AttributeKind
from graphrec.errors import DataError


@dataclass(frozen=True)
class DeclaredKind:
    """A kind, and of vectors their length; as text `number`, `vector` or `vector:64`."""

    kind: AttributeKind
    length: int | None = None
    """None: unknown, as no vector was written."""

    @classmethod
    def of(cls, text: str) -> DeclaredKind:
        """What a store has noted."""
        kind, _, length = text.partition(":")
        return cls(cast("AttributeKind", kind), int(length) if length else None)

    def __str__(self) -> str:
        return self.kind if self.length is None else f"{self.kind}:{self.length}"

    def joined(self, stored: DeclaredKind, node_type: str, name: str) -> DeclaredKind:
        """What is known of an attribute with another write; raises DataError where it differs."""
        if stored.kind != self.kind:
            raise DataError(
                f"attribute {name!r} of {node_type} is given as {self.kind}: expected "
                f"{stored.kind}, as it is in the store; rename it, load it as {stored.kind}, or "
                f"change the kind with `graphrec ingest --change-kind {name}`"
            )
        if None not in (stored.length, self.length) and stored.length != self.length:
            raise DataError(
                f"attribute {name!r} of {node_type} has vectors of {self.length} numbers: expected "
                f"{stored.length}, as in the store; write them under another name"
            )
        return replace(stored, length=stored.length or self.length)
