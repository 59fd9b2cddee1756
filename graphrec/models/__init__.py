"""Models: each a frozen dataclass of hyper-parameters, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from importlib import import_module
from typing import Any, cast

from graphrec.errors import SettingsError, missing_extra
from graphrec.models.hyper_parameters import validated
from graphrec.models.protocol import EpochModel, Model, Scorer

__all__ = [
    "MODELS",
    "EpochModel",
    "Model",
    "Scorer",
    "class_at",
    "class_of",
    "create",
    "with_values",
]

MODELS: Mapping[str, tuple[str, str]] = {
    "random": ("random", "Random"),
    "popularity": ("popularity", "Popularity"),
    "recent-popularity": ("popularity", "RecentPopularity"),
    "content-knn": ("content_knn", "ContentKNN"),
    "item-knn": ("knn", "ItemKNN"),
    "user-knn": ("knn", "UserKNN"),
    "rp3beta": ("rp3beta", "RP3Beta"),
    "graph-filter": ("graph_filter.model", "GraphFilter"),
    "svd": ("svd", "SVD"),
    "ials": ("ials", "IALS"),
    "ease": ("ease", "EASE"),
    "mf": ("mf", "MF"),
    "neumf": ("neumf", "NeuMF"),
    "graphsage": ("graphsage.model", "GraphSAGE"),
    "sasrec": ("sequence.sasrec", "SASRec"),
    "gru4rec": ("sequence.gru4rec", "GRU4Rec"),
    "caser": ("sequence.caser", "Caser"),
    "two-tower": ("sequence.two_tower", "TwoTower"),
}
"""Module and class of each model, by its name in settings and commands. A module is imported only
when it is asked for, because those that train need torch and DGL."""


def class_of(name: str) -> type:
    """The class of the model `name`; raises as `class_in`."""
    return class_in(MODELS, "graphrec.models", "model", name)


def class_in(models: Mapping[str, tuple[str, str]], package: str, what: str, name: str) -> type:
    """The class `name` of a table like MODELS, which is "module:Class" for one from elsewhere.

    `what` is what messages call it. Raises SettingsError for an unknown name, and MissingExtra
    where the model's library is not installed.
    """
    if ":" in name:
        return class_at(name)
    if name not in models:
        raise SettingsError(
            f"{what} {name!r} is unknown: expected one of {', '.join(models)}, or module:Class of "
            f"your own"
        )
    module, class_name = models[name]
    try:
        return cast("type", getattr(import_module(f"{package}.{module}"), class_name))
    except ModuleNotFoundError as error:
        raise missing_extra(f"{what} {name!r}", error) from error


def create(name: str, hyper_parameters: Mapping[str, Any] | None = None) -> Model:
    """The model `name`, with its defaults but for `hyper_parameters`.

    Raises SettingsError for an unknown name or hyper-parameter and for a value out of range, and
    MissingExtra where the model's library is not installed.
    """
    return cast("Model", with_values(class_of(name), f"models.{name}", hyper_parameters or {}))


def with_values(model: type, place: str, values: Mapping[str, Any]) -> Any:
    """A model of a class with these hyper-parameters, which messages have under `place`.

    Raises SettingsError for one that is unknown or out of its range.
    """
    known = [field.name for field in fields(model)]
    for key in values:
        if key not in known:
            raise SettingsError(
                f"hyper-parameter {place}.{key} is unknown: expected "
                f"{', '.join(known) or 'none, as it has none'}"
            )
    return validated(model, place, values)


def class_at(place: str) -> type:
    """The dataclass at "module:Class", such as that of a model or source of your own.

    Raises SettingsError where there is none.
    """
    module, _, name = place.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"class {place!r} cannot be imported ({error}): expected module:Class, of a module "
            f"that Python finds; install it, or set PYTHONPATH"
        ) from error
    if not (isinstance(found, type) and is_dataclass(found)):
        raise SettingsError(
            f"class {place!r} is not a dataclass: expected one whose fields are hyper-parameters; "
            f"decorate it with @dataclass(frozen=True)"
        )
    return found
