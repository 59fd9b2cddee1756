"""The service under requests that schemathesis makes up from its own OpenAPI document.

It is asked without a graph store and with one, into which the requests write, and with keys.
All of its checks are on: no 5xx, documented statuses, headers, types and shapes, what does not fit
the document refused, and what fits it taken. `FUZZ_EXAMPLES=300` makes a run of a few minutes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import schemathesis
from graphrec.api.app import create_app
from graphrec.api.middleware.keys import create_key
from graphrec.api.routes.recommendations import LISTS
from graphrec.api.schemas.fields import LAST
from hypothesis import HealthCheck, Phase, assume, settings

from graphrec.data.times import clock, milliseconds
from graphrec.errors import DataError
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from graphrec.store.sqlite.store import SQLiteStore
from tests.support.live import fill, publish_at, served
from tests.support.service import serving, tiny_snapshot

pytestmark = pytest.mark.slow

EXAMPLES = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "3")),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
LARGE = 2**26
"""Bytes of a body: that some are too large is tested elsewhere, and no fault of the document."""

LONG = 60_000
"""Bytes of a query: the server takes about as many of a whole request line."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    for _ in range(2):
        publish(tiny_snapshot(), folder / "snapshots")
    return folder


@pytest.fixture(scope="module")
def open_(folder: Path) -> Iterator[httpx.Client]:
    """The service without keys."""
    serve = ServeSettings(keys=folder / "none.json", max_body_bytes=LARGE)
    with serving(create_app(Settings(snapshots=folder / "snapshots", serve=serve))) as client:
        yield client


@pytest.fixture(scope="module")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The service with a graph store, which takes what is sent."""
    work = tmp_path_factory.mktemp("fuzz-store")
    with SQLiteStore(work / "graph.db", Settings().kinds) as store:
        fill(store)
        publish_at(store.position(), work / "snapshots")
    settings_ = Settings(
        store=f"sqlite:///{work / 'graph.db'}",
        snapshots=work / "snapshots",
        serve=ServeSettings(keys=work / "none.json", max_body_bytes=LARGE),
    )
    with served(settings_) as client:
        yield client


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    return create_key(folder / "keys.json", "fuzz", "admin")


@pytest.fixture(scope="module")
def locked(folder: Path, key: str) -> Iterator[httpx.Client]:
    """The service with keys."""
    serve = ServeSettings(keys=folder / "keys.json", max_body_bytes=LARGE)
    with serving(create_app(Settings(snapshots=folder / "snapshots", serve=serve))) as client:
        client.headers["authorization"] = f"Bearer {key}"
        yield client


def document(keys: Path) -> schemathesis.BaseSchema:
    app = create_app(Settings(serve=ServeSettings(keys=keys)))
    return schemathesis.openapi.from_dict(app.openapi())


with TemporaryDirectory() as somewhere:
    OPEN = document(Path(somewhere) / "keys.json")
    create_key(Path(somewhere) / "keys.json", "any", "read")
    LOCKED = document(Path(somewhere) / "keys.json")


def leave_out_odd_times(where: dict[str, Any], name: str) -> None:
    """A time that fits the document and is none, such as a number of the 1970s or the future."""
    time = where.get(name)
    if not isinstance(time, str) or re.fullmatch(r"[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}T.*", time):
        try:
            assert time is None or milliseconds(time) <= clock()
        except (DataError, AssertionError):
            whole = isinstance(time, int) and not isinstance(time, bool)
            if isinstance(time, str) or (whole and 0 <= time <= LAST):
                del where[name]


def check(case: schemathesis.Case, client: httpx.Client, **options: Any) -> None:
    query = case.query or {}
    bodies = [case.body] if isinstance(case.body, dict) else []
    for where in (query, *bodies):
        leave_out_odd_times(where, "as_of")
    for body in bodies:
        for event in body["events"] if isinstance(body.get("events"), list) else ():
            if isinstance(event, dict):
                leave_out_odd_times(event, "time")
    assume(len(urlencode(query, doseq=True)) < LONG)
    # A number where a list is meant is a list of one text by the time it is in a query.
    assume(not any(isinstance(query.get(name), int | float) for name in LISTS))
    response = case.call(base_url=str(client.base_url), **options)
    # That an attribute or a kind is there is for the store to say, not for the document.
    if response.status_code != 422 or response.json()["error"]["code"] != "unknown_name":
        case.validate_response(response)


@OPEN.parametrize()
@EXAMPLES
def test_without_keys(case: schemathesis.Case, open_: httpx.Client) -> None:
    check(case, open_)


@OPEN.parametrize()
@EXAMPLES
def test_with_a_store(case: schemathesis.Case, writing: httpx.Client) -> None:
    check(case, writing)


@LOCKED.parametrize()
@EXAMPLES
def test_with_keys(case: schemathesis.Case, locked: httpx.Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    check(case, locked, headers=headers)
