"""What a user would give an item: responses."""

# No `from __future__ import annotations`: FastAPI reads the annotations of these at run time.

from dataclasses import dataclass, field
from typing import Annotated

from graphrec.api.schemas.examples import PREDICTED, VERSION
from graphrec.api.schemas.versioned import Versioned, example
from pydantic import Field

from graphrec.ratings.predictor import PredictedRating


@dataclass(frozen=True)
class UserRating(PredictedRating, Versioned):
    """What a user would give an item, on the scale of the ratings in the data."""

    __pydantic_config__ = example({"version": VERSION, **PREDICTED})

    title: Annotated[str | None, Field(description="Title of the item, where it has one.")] = field(
        default=None, kw_only=True
    )
