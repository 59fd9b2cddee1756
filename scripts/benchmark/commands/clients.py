"""The clients of the chaos benchmark: what they ask and send, and what they then expect.

Lists of people who were in the graph from the beginning must be those that the snapshot named in
the answer gives. Each client also sends events of people of its own, and expects of every event
that was acknowledged that its item is in none of their lists from then on, whatever was killed
meanwhile. What was not acknowledged is sent again, as it was.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Lock
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote

import numpy as np
import orjson

from graphrec.recommend.query import Query
from graphrec.recommend.recommender import Recommender
from graphrec.recommend.results import Recommendation
from graphrec.snapshot.registry import load
from scripts.benchmark.commands.serve import Catalogue, K

CATALOGUE = Catalogue("", 400, 300, 12_000)

READS = ("user", "session", "store", "new_user")
"""Lists of someone in the snapshot, of a session and of someone who came since; related items by
the store."""

WRITE = "event"

FORGET = "forget"

ROUTES = (*READS, WRITE)

FORGET_SHARE = 0.02
"""Of the requests, those that delete a new user of before."""

EVENTS_EACH = 8
"""Events of one new user before the next one."""

KIND = "view"

Sent: TypeAlias = tuple[str, str, int]
"""User, item and time of an event."""


@dataclass
class Findings:
    """What the clients observed; they add to it under the lock."""

    answers: Counter[str] = field(default_factory=Counter)
    """By route and status."""
    wrong: list[str] = field(default_factory=list)
    versions: set[str] = field(default_factory=set)
    acknowledged: set[Sent] = field(default_factory=set)
    sent: set[Sent] = field(default_factory=set)
    forgotten: set[str] = field(default_factory=set)
    """Users whose deletion was acknowledged."""
    leaving: set[str] = field(default_factory=set)
    """Users whose deletion was asked for, acknowledged or not."""
    starved: list[str] = field(default_factory=list)
    """Who got no answer, or none in time."""
    lock: Lock = field(default_factory=Lock)

    def note(
        self, route: str, status: str, problem: object = None, version: str | None = None
    ) -> None:
        """Count an answer, and keep what is wrong with it."""
        with self.lock:
            self.answers[f"{route}: {status}"] += 1
            if version is not None:
                self.versions.add(version)
            if problem is not None:
                self.wrong.append(str(problem))


class Service(Protocol):
    """What clients know of the server process."""

    port: int
    up: bool
    starts: int


Judge: TypeAlias = Callable[[str, str, tuple[str, ...]], list[Any]]
"""What a version answers to a route about someone or something."""


def judge_of(folder: Path, versions: int) -> Judge:
    """Asked for the truth, it loads a version once, and works out each answer once."""

    @lru_cache(maxsize=versions)
    def recommender(version: str) -> Recommender:
        return Recommender.of(load(folder, version))

    @lru_cache(maxsize=10_000)
    def truth(version: str, route: str, about: tuple[str, ...]) -> list[Any]:
        found = recommender(version)
        asked = Query(user=about[0], k=K) if route == "user" else Query(items=tuple(about), k=K)
        lists = found.recommend(asked)
        return [_plain(each) for each in lists]

    one_at_a_time = Lock()

    def judge(version: str, route: str, about: tuple[str, ...]) -> list[Any]:
        with one_at_a_time:
            return truth(version, route, about)

    return judge


def _plain(found: Recommendation) -> Any:
    return orjson.loads(orjson.dumps({**vars(found), "contributions": None}))  # as nobody asks why


class Client:
    """One client, in a thread of its own."""

    def __init__(
        self,
        name: int,
        service: Service,
        judge: Judge,
        findings: Findings,
        rng: np.random.Generator,
    ) -> None:
        self._name = name
        self._service = service
        self._judge = judge
        self._findings = findings
        self._rng = rng
        self._connection = HTTPConnection("127.0.0.1", service.port, timeout=30)
        self._seen: dict[str, set[str]] = {}
        """Items of acknowledged events, by new user."""
        self._events = 0
        self._again: Sent | None = None
        """An event that may or may not have been stored."""
        self._leaving: str | None = None
        """A user who may or may not be forgotten."""

    def run(self, stop: Event) -> None:
        """Ask and send, and judge each answer, until it is stopped."""
        while not stop.is_set():
            if self._leaving or self._rng.random() < FORGET_SHARE:
                self._forget()
            route = ROUTES[int(self._rng.integers(len(ROUTES)))]
            if route == WRITE:
                self._send()
            elif route == "new_user":
                if self._seen:
                    self._ask_of(list(self._seen)[int(self._rng.integers(len(self._seen)))])
            else:
                self._ask(route)
        self._connection.close()

    def _ask(self, route: str) -> None:
        items = self._rng.choice(CATALOGUE.items // 10, 3, replace=False).tolist()
        user = int(self._rng.integers(CATALOGUE.users // 2))
        about = (f"u{user}",) if route == "user" else tuple(f"i{n}" for n in items)
        if route == "session":
            answer = self._answer(route, "POST", "/v1/recommendations", {"items": about, "k": K})
        elif route == "user":
            answer = self._answer(route, "GET", f"/v1/users/{user_path(about[0])}")
        else:
            answer = self._answer(route, "GET", f"/v1/items/{about[0]}/related?by=store")
        if answer is None:
            return
        status, body = answer
        problem = None
        if _may_wait(status, body):
            problem = None if body["stated"] else f"{route}: 503, no Retry-After"
        elif status != 200:
            problem = f"{route} {about}: {status} {body}"
        elif route != "store" and body["recommendations"] != self._judge(
            body["version"], route, about
        ):
            problem = f"{route} {about}: {body}"
        self._findings.note(route, str(status), problem, body.get("version"))

    def _ask_of(self, new_user: str) -> None:
        """Items of acknowledged events are not recommended to their user.

        Unless the service says that it has not caught up with its store yet.
        """
        seen, generation = frozenset(self._seen[new_user]), self._service.starts
        answer = self._answer("new_user", "GET", f"/v1/users/{user_path(new_user)}")
        if answer is None:
            return
        status, body = answer
        problem = None
        if _may_wait(status, body):
            problem = None if body["stated"] else "new_user: 503, no Retry-After"
        elif status != 200:
            problem = f"new_user: {status} {body}"
        elif not body["recommendations"]:
            problem = f"new_user: an empty list of {body['version']}"
        elif (
            (known := seen.intersection(each["item"] for each in body["recommendations"]))
            and self._service.up
            and self._service.starts == generation
        ):
            problem = f"new_user: {sorted(known)} were seen, and are in a list of {body['version']}"
        self._findings.note("new_user", str(status), problem, body.get("version"))

    def _send(self) -> None:
        event = self._again or self._new_event()
        user, item, at = event
        with self._findings.lock:
            self._findings.sent.add(event)
        self._again = event
        sent = {"user": user, "item": item, "kind": KIND, "time": at}
        answer = self._answer(WRITE, "POST", "/v1/events", {"events": [sent]})
        if answer is None:
            return
        status, body = answer
        if status == 503 and body["error"]["code"] == "store_away":
            self._findings.note(WRITE, "503", None if body["stated"] else "503, no Retry-After")
            return
        problem = None if status == 200 else f"event: {status} {body}"
        self._findings.note(WRITE, str(status), problem)
        if status != 200:
            return
        self._again = None
        with self._findings.lock:
            self._findings.acknowledged.add(event)
        self._seen.setdefault(user, set()).add(item)
        self._ask_of(user)

    def _forget(self) -> None:
        """Delete the oldest of the new users, and ask until it is done; nothing is left of them."""
        if self._leaving is None:
            # Whoever may still get an event stays.
            staying = {self._user(), self._again[0] if self._again else None}
            user = next((each for each in self._seen if each not in staying), None)
            if user is None:
                return
            del self._seen[user]
            self._leaving = user
            with self._findings.lock:
                self._findings.leaving.add(user)
        user = self._leaving
        path = f"/v1/users/{quote(user)}"
        answer = self._answer(FORGET, "DELETE", path)
        if answer is None:
            return
        status, body = answer
        problem = None
        if status in (409, 503):
            problem = None if body["stated"] else f"forget: {status} {body}, no Retry-After"
        elif status != 200:
            problem = f"forget: {status} {body}"
        self._findings.note(FORGET, str(status), problem)
        if status != 200:
            return
        self._leaving = None
        with self._findings.lock:
            self._findings.forgotten.add(user)
        known = self._answer(FORGET, "GET", path)
        if known is not None and known[0] not in (404, 503):
            self._findings.note(FORGET, "known", f"forget: {user} is still known: {known[1]}")

    def _new_event(self) -> Sent:
        user = self._user()
        self._events += 1
        return user, f"i{int(self._rng.integers(CATALOGUE.items))}", time.time_ns() // 1_000_000

    def _user(self) -> str:
        """Whose the next event is."""
        return f"new_user {self._name} {self._events // EVENTS_EACH}"

    def _answer(
        self, route: str, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> tuple[int, Any] | None:
        """Status and body; None where there was no process to answer, which is noted."""
        generation, was_up = self._service.starts, self._service.up
        headers = {"Content-Type": "application/json"}
        try:
            self._connection.request(method, path, orjson.dumps(body) if body else None, headers)
            response = self._connection.getresponse()
            found = orjson.loads(response.read())
        except (OSError, HTTPException) as error:
            self._connection.close()
            killed = not was_up or not self._service.up or self._service.starts != generation
            self._findings.note(
                route, "no process" if killed else "none", None if killed else repr(error)
            )
            time.sleep(0.05)
            return None
        if response.status in (409, 503):
            found["stated"] = "Retry-After" in response.headers
        return response.status, found


def _may_wait(status: int, body: Any) -> bool:
    """Whether a read was refused with 503, as more is asked than can be answered."""
    return status == 503 and body["error"]["code"] in ("overloaded", "not_ready", "store_away")


def user_path(user: str) -> str:
    """Of the list of a user."""
    return f"{quote(user)}/recommendations?k={K}"
