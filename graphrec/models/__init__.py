"""Models: each a frozen dataclass of hyper-parameters, one file each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from importlib import import_module
from typing import Any

from pydantic import TypeAdapter, ValidationError

from graphrec.errors import SettingsError, missing_extra
from graphrec.models.protocol import EpochModel, Model, Scorer

__all__ = ["MODELS", "EpochModel", "Model", "Scorer", "create"]

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
}
"""By the name that people type: where the class is. A module is imported when it is asked for,
because those that train need torch, and DGL."""


def create(name: str, hyper_parameters: Mapping[str, Any] | None = None) -> Model:
    """The model `name`, with its defaults but for `hyper_parameters`.

    Raises SettingsError for a name, hyper-parameter or value that there is not, and MissingExtra
    where the model's library is not installed.
    """
    if name not in MODELS:
        raise SettingsError(f"model {name!r} is unknown: expected one of {', '.join(MODELS)}")
    module, class_name = MODELS[name]
    try:
        model = getattr(import_module(f"graphrec.models.{module}"), class_name)
    except ModuleNotFoundError as error:
        raise missing_extra(f"model {name!r}", error) from error
    known = [field.name for field in fields(model)]
    values = dict(hyper_parameters or {})
    for key in values:
        if key not in known:
            raise SettingsError(
                f"hyper-parameter models.{name}.{key} is unknown: expected {', '.join(known)}"
            )
    try:
        return TypeAdapter(model).validate_python(values)
    except ValidationError as error:
        reasons = "; ".join(
            f"models.{name}.{'.'.join(map(str, e['loc']))} = {e['input']!r}: {e['msg']}"
            for e in error.errors()
        )
        raise SettingsError(reasons) from error
