"""The service under requests that schemathesis makes up from its own OpenAPI document.

All of its checks are on: no 5xx, documented statuses, headers, types and shapes, what does not fit
the document refused, and what fits it taken.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

from api.app import create_app
from api.keys import create_key
from graphrec.config import ServeSettings, Settings
from graphrec.snapshot import publish
from tests.test_api import serving, tiny_snapshot

FEW = settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
MANY = settings(FEW, max_examples=300)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fuzz")
    for _ in range(2):
        publish(tiny_snapshot(), folder / "snapshots")
    return folder


@pytest.fixture(scope="module")
def open_(folder: Path) -> Iterator[httpx.Client]:
    """The service without keys."""
    serve = ServeSettings(keys=folder / "none.json")
    with serving(create_app(Settings(snapshots=folder / "snapshots", serve=serve))) as client:
        yield client


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    return create_key(folder / "keys.json", "fuzz", "admin")


@pytest.fixture(scope="module")
def locked(folder: Path, key: str) -> Iterator[httpx.Client]:
    """The service with keys."""
    serve = ServeSettings(keys=folder / "keys.json")
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


@OPEN.parametrize()
@FEW
def test_without_keys(case: schemathesis.Case, open_: httpx.Client) -> None:
    case.call_and_validate(base_url=str(open_.base_url))


@LOCKED.parametrize()
@FEW
def test_with_keys(case: schemathesis.Case, locked: httpx.Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    case.call_and_validate(base_url=str(locked.base_url), headers=headers)


@pytest.mark.slow
@OPEN.parametrize()
@MANY
def test_without_keys_for_longer(case: schemathesis.Case, open_: httpx.Client) -> None:
    case.call_and_validate(base_url=str(open_.base_url))
