"""Work in another thread while this one goes on: array operations and SQLite let others run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


class Beside:
    """One piece of work at a time, in the order in which it is given."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Begin a piece of work once the one before has ended; raises what that one raised."""
        self.wait()
        self._last = self._thread.submit(work)

    def wait(self) -> None:
        """Until all is done; raises what the last piece raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def close(self) -> None:
        """Wait for the thread."""
        self._thread.shutdown()


def ahead(source: Iterable[Item]) -> Iterator[Item]:
    """The items of `source`, each of which is made while the one before is in use."""
    items = iter(source)

    def coming() -> tuple[Item, ...]:
        for item in items:
            return (item,)
        return ()

    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(coming)
        while found := future.result():
            future = thread.submit(coming)
            yield found[0]
