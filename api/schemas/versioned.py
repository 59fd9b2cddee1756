"""What all answers from a snapshot begin with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict


@dataclass(frozen=True)
class Versioned:
    """An answer that was made from a snapshot."""

    version: Annotated[str, Field(description="The snapshot that the answer was made from.")]


def example(of: JsonDict) -> ConfigDict:
    """The configuration of a response model that shows an example."""
    return ConfigDict(json_schema_extra={"example": of})
