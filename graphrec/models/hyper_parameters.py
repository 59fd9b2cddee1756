"""The ranges of hyper-parameters, which `graphrec.models.create` checks."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

Count: TypeAlias = Annotated[int, Field(ge=1)]
Steps: TypeAlias = Annotated[int, Field(ge=0)]
Rate: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Dropped: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
"""A share that leaves something."""
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Part: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
"""A share that is neither nothing nor all."""
