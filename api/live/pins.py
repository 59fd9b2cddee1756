"""The snapshots that experiments name, beside the current one and the canary."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from graphrec.api.live.loading import Adopt, Stamp, advanced, stamp_of, unexpected
from starlette.concurrency import run_in_threadpool

from graphrec.errors import SnapshotError
from graphrec.recommend.recommender import Recommender
from graphrec.snapshot.registry import MANIFEST, resolved
from graphrec.store.delta import Delta

logger = logging.getLogger(__name__)

NOT_YET = "it is not loaded yet: try again in a moment"


class Pins:
    """Holds the recommenders of versions by name; one that cannot be loaded is refused, once."""

    def __init__(
        self,
        folder: Path,
        load: Callable[[str], Recommender],
        wanted: Callable[[], Collection[str]],
        loaded: Callable[[bool], None],
    ) -> None:
        """`wanted` are the names; `loaded` counts each success and failure."""
        self._folder = folder
        self._load = load
        self._wanted = wanted
        self._loaded = loaded
        self._versions: Mapping[str, str] = {}
        """The versions that are meant, by name."""
        self._held: dict[str, Recommender] = {}
        """By version, those that are neither current nor the canary."""
        self._failures: dict[str, tuple[Stamp, str]] = {}
        """By name, the state of the snapshot that was refused, and why."""

    @property
    def serving(self) -> Mapping[str, Recommender]:
        """By version, those that are neither current nor the canary."""
        return self._held

    def version_of(self, name: str) -> str | None:
        """The version that is meant by a name; None where there is none."""
        return self._versions.get(name)

    def why(self, name: str) -> str:
        """Why the snapshot of a name does not serve."""
        failure = self._failures.get(name)
        return NOT_YET if failure is None else failure[1]

    @property
    def reason(self) -> str | None:
        """Why one of them does not serve; None where all do."""
        return next((f"experiment: {said}" for _, said in self._failures.values()), None)

    async def advance(self, delta: Delta) -> None:
        """Serve them with what was written since."""
        for version, found in list(self._held.items()):
            later = await advanced(found, delta)
            if version in self._held:
                self._held[version] = later

    async def update(
        self, others: Collection[str], held: Collection[Recommender], adopt: Adopt, retry: bool
    ) -> None:
        """Hold what is wanted, but for the versions of `others`, and nothing else.

        `held` are recommenders that need not be loaded. One that was refused is tried again once
        its snapshot is another one, or with `retry`.
        """
        wanted = self._wanted()
        if not (wanted or self._versions):
            return
        meant = {name: resolved(self._folder, name) for name in sorted(wanted)}
        self._versions = {name: version for name, version in meant.items() if version is not None}
        for version in [*self._held]:
            if version in others or version not in self._versions.values():
                del self._held[version]
        self._failures = {n: f for n, f in self._failures.items() if n in wanted}
        for name, found in meant.items():
            stamp = None if found is None else stamp_of(self._folder / found / MANIFEST)
            failed = self._failures.get(name)
            if found is not None and (found in others or found in self._held):
                self._failures.pop(name, None)
            elif failed is None or failed[0] != stamp or retry:
                await self._hold(name, found, stamp, held, adopt)

    async def _hold(
        self,
        name: str,
        version: str | None,
        stamp: Stamp,
        held: Collection[Recommender],
        adopt: Adopt,
    ) -> None:
        """Hold the snapshot that an experiment names; where it cannot be, say so once."""
        try:
            if version is None:
                raise SnapshotError(
                    f"snapshot {name!r} is not in {str(self._folder)!r}: expected a version that "
                    f"is there; name another one in the experiment, or end it"
                )
            found = next((e for e in held if e.snapshot.manifest.version == version), None)
            if found is None:
                found = await run_in_threadpool(self._load, version)
            await adopt(found, lambda ready: self._held.update({version: ready}))
        except SnapshotError as error:
            reason, cause = str(error), None
        except Exception as error:
            reason, cause = unexpected(error), error
        else:
            self._failures.pop(name, None)
            self._loaded(True)
            logger.info("serving snapshot %s to experiments", version)
            return
        self._loaded(False)
        self._failures[name] = (stamp, reason)
        logger.warning("an experiment does not run: %s", reason, exc_info=cause)
