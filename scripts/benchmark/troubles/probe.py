"""Whether the service answers who asks nothing of it but whether it lives."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from threading import Event

from scripts.benchmark.commands.clients import Service

EVERY = 0.1
"""Seconds between two questions."""

PATIENCE = 30.0


@dataclass(frozen=True)
class Answer:
    """How long an answer took, and what was wrong with it."""

    began: float
    seconds: float
    problem: str | None
    during: str
    """What went wrong around the service meanwhile."""


@dataclass
class Now:
    """What is going wrong at the moment."""

    trouble: str = "nothing"


@dataclass(frozen=True)
class Probe:
    """Asks a server for one path, again and again."""

    service: Service
    path: str
    now: Now
    answers: list[Answer] = field(default_factory=list)
    """Those that a process was there for."""

    def run(self, stop: Event) -> None:
        """Ask until it is stopped."""
        while not stop.wait(EVERY):
            generation, up, during = self.service.starts, self.service.up, self.now.trouble
            began = time.perf_counter()
            problem = _asked(self.service.port, self.path)
            seconds = time.perf_counter() - began
            if up and self.service.up and self.service.starts == generation:
                self.answers.append(Answer(began, seconds, problem, during))


def starved(found: Sequence[Answer], floor: Sequence[Answer], limit: float) -> Iterator[str]:
    """Who got no answer, or waited longer than `limit` beyond what an empty server took then."""
    for each in found:
        end = each.began + each.seconds
        usual = max(
            (f.seconds for f in floor if f.began < end and f.began + f.seconds > each.began),
            default=0.0,
        )
        if each.problem is not None or each.seconds - usual > limit:
            yield f"{each.problem or 'late'}: {each.seconds:.2f} s, during {each.during}"


def _asked(port: int, path: str) -> str | None:
    """What is wrong with the answer; None where it is 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"{path}: {error!r}"
    finally:
        connection.close()
    return None if status == 200 else f"{path}: {status}"
