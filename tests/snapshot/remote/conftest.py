"""Places of snapshots: a folder, a shared disk, and a bucket of a real server of S3's protocol."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.object_store import BUCKET, ObjectStore, object_store


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    with object_store(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture
def bucket(store: ObjectStore) -> str:
    """A folder of the bucket that is empty."""
    return f"s3://{BUCKET}/{secrets.token_hex(4)}"


@pytest.fixture
def shared(tmp_path: Path) -> str:
    return f"file://{tmp_path}/shared"
