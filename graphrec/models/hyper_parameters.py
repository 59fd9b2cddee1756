"""Hyper-parameters: the range of each and where a search looks for it, declared on its field.

    neighbours: Annotated[Count, Search(20, 2000, log=True)] = 400

says that `neighbours` is at least 1 and that `graphrec tune` tries 20 to 2000. A field without
`Search` or `Options` is not searched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Annotated, Any, TypeAlias, get_type_hints

from pydantic import Field, TypeAdapter, ValidationError

from graphrec.errors import SettingsError

Count: TypeAlias = Annotated[int, Field(ge=1)]
Steps: TypeAlias = Annotated[int, Field(ge=0)]
Rate: TypeAlias = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Dropped: TypeAlias = Annotated[float, Field(ge=0, lt=1)]
"""A share that leaves something."""
Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
Part: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
"""A share that is neither nothing nor all."""

Value: TypeAlias = bool | int | float | str
"""Of a hyper-parameter, as the settings can hold it."""

Point: TypeAlias = Mapping[str, Value]
"""Values by hyper-parameter."""


@dataclass(frozen=True)
class Search:
    """Search between two numbers, both included.

    Whole numbers where both are `int`, else real numbers to three significant digits.
    """

    low: float
    high: float
    log: bool = False
    """Whether to search on a logarithmic scale."""

    @property
    def whole(self) -> bool:
        """Whether it is whole numbers that are searched."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def holds(self, value: object) -> bool:
        """Whether a value lies in the space."""
        kind = int if self.whole else int | float
        return isinstance(value, kind) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{' (log)' if self.log else ''}"


@dataclass(frozen=True)
class Options:
    """Search among a few values without an order."""

    values: tuple[Value, ...]

    def holds(self, value: object) -> bool:
        """Whether a value is one of them."""
        return value in self.values

    def __str__(self) -> str:
        return " or ".join(map(str, self.values))


Space: TypeAlias = Mapping[str, Search | Options]
"""By hyper-parameter."""


@cache
def search_space(model: type) -> Space:
    """Where to search the hyper-parameters of a class of models, in the order of its fields."""
    hints = get_type_hints(model, include_extras=True)
    return {
        field.name: marker
        for field in fields(model)
        for marker in getattr(hints[field.name], "__metadata__", ())
        if isinstance(marker, Search | Options)
    }


def validated(model: type, name: str, values: Mapping[str, Any]) -> Any:
    """A model of a class with these hyper-parameters, in the types of its fields.

    `name` is what messages call the model, such as `models.mf`. Raises SettingsError for a value
    that is out of its range.
    """
    try:
        return _adapter(model).validate_python(dict(values))
    except ValidationError as error:
        reasons = "; ".join(
            f"{name}.{'.'.join(map(str, each['loc']))} = {each['input']!r}: {each['msg']}"
            for each in error.errors()
        )
        raise SettingsError(reasons) from error


def check_values(model: Any) -> None:
    """Raises SettingsError where a hyper-parameter of a model is out of its range."""
    validated(type(model), type(model).__name__, asdict(model))


@cache
def _adapter(model: type) -> TypeAdapter[Any]:
    return TypeAdapter(model)
