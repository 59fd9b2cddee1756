"""Which classes a snapshot may hold where a field names a protocol: never said by the snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import is_dataclass
from importlib import import_module

from graphrec.models import class_at
from graphrec.settings import Settings
from graphrec.snapshot.codec import Types
from graphrec.snapshot.snapshot import TYPES


def types_of(settings: Settings) -> Types:
    """The classes of the package, and the dataclasses that the settings' own modules declare.

    These are the modules of the sources and models in `[fusion]`, and of the model in `[ratings]`,
    that are given as module:Class. Raises SettingsError where one of the classes cannot be
    imported.
    """
    spec = settings.fusion
    named = (*spec.sources.values(), *spec.neighbourhoods, *spec.embeddings)
    named = (*named, settings.ratings.model or "")
    return types_with(class_at(name) for name in named if ":" in name)


def types_with(classes: Iterable[type]) -> Types:
    """The classes of the package, and the dataclasses of the modules that declare `classes`.

    The files of a snapshot have a class under its name here, so nothing else can be made of them.
    """
    places = (
        f"{module}:{each.__qualname__}"
        for module in sorted({each.__module__ for each in classes})
        for each in vars(import_module(module)).values()
        if isinstance(each, type) and is_dataclass(each) and each.__module__ == module
    )
    return {**TYPES, **{place: place for place in places}}
