"""Stages of a piece of work, for whoever traces it; where nobody does, they cost next to nothing.

    with stage("retrieve"):
        ...

What traces sets the context in which the work runs, `traced`, and gets the name of each stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any, TypeAlias

Begin: TypeAlias = Callable[[str], AbstractContextManager[Any]]
"""Begins a stage of a name, which lasts as long as the context."""

_BEGIN: ContextVar[Begin | None] = ContextVar("stages", default=None)

_NOTHING = nullcontext()


def stage(name: str) -> AbstractContextManager[Any]:
    """A stage of the work that this context belongs to."""
    begin = _BEGIN.get()
    return _NOTHING if begin is None else begin(name)


@contextmanager
def traced(begin: Begin) -> Iterator[None]:
    """All stages within, also in threads that copy this context, are begun by `begin`."""
    token = _BEGIN.set(begin)
    try:
        yield
    finally:
        _BEGIN.reset(token)
