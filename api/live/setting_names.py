"""Whether what the settings name is there, as of now: for readiness, metrics and the log."""

from __future__ import annotations

import asyncio
import logging
import weakref

from graphrec.api.live.engine import Engine
from starlette.concurrency import run_in_threadpool

from graphrec.recommend.recommender import Recommender
from graphrec.recommend.setting_names import known_in_view, setting_problems
from graphrec.rules.check import Problem
from graphrec.settings import Settings
from graphrec.snapshot.view import View

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Interval at which a change is looked for; all that it costs is a comparison."""


class SettingNames:
    """The names in the settings, looked up whenever anything is written."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._checked: weakref.ref[View] | None = None  # else a replaced snapshot would stay
        self._problems: tuple[Problem, ...] = ()
        self._logged: tuple[Problem, ...] = ()

    def problems(self, recommender: Recommender) -> tuple[Problem, ...]:
        """What is unknown or doubtful in the settings."""
        view = recommender.view
        if self._checked is None or self._checked() is not view:
            sources = frozenset(source.name for source in view.snapshot.all_sources)
            known = known_in_view(view)
            self._problems = tuple(setting_problems(self._settings, known, sources))
            self._checked = weakref.ref(view)
        return self._problems

    def log(self, recommender: Recommender) -> None:
        """Log what is new."""
        found = self.problems(recommender)
        for each in found:
            if each not in self._logged:
                state = "degraded: " if each.unknown else ""
                logger.warning("%ssetting %s: %s", state, each.key, each.said)
        if self._logged and not found:
            logger.warning("all that the settings name is known now")
        self._logged = found

    async def watch(self, engine: Engine) -> None:
        """Log what is unknown, whenever that changes, until cancelled."""
        while True:
            await run_in_threadpool(self._look, engine)
            await asyncio.sleep(POLL_SECONDS)

    def _look(self, engine: Engine) -> None:
        # In a function of its own: a variable would keep what is replaced during the sleep.
        current = engine.serving.get("current")
        if current is not None:
            self.log(current)
