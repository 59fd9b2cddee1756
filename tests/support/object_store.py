"""A server that speaks the protocol of S3, in a process of its own, and what is seen of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx
from s3fs import S3FileSystem

from scripts.benchmark.load.process import free_port

BUCKET = "shop"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAOFTHETESTS",
    "AWS_SECRET_ACCESS_KEY": "never-in-a-log-0123456789",
    "AWS_DEFAULT_REGION": "us-east-1",
}

_REQUEST = re.compile(r'"(?:\x1b\[\d+m)*([A-Z]+) /([^ ?"]*)[^"]*" (\d+)')
"""A line of the server's log, which colours some."""


@dataclass
class ObjectStore:
    """The server, which can be stopped and started again, but then is empty."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def requests(self) -> Counter[tuple[str, str, int]]:
        """How often each method, path and status was, so far."""
        found = _REQUEST.findall(self.log.read_text("utf-8", "replace"))
        return Counter((method, path, int(status)) for method, path, status in found)

    def contents(self) -> dict[str, bytes]:
        """Every object of the bucket."""
        client = boto3.client("s3", endpoint_url=self.address)
        found = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {
            each["Key"]: client.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
            for each in found
        }


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """A server with an empty bucket; its address and credentials are in the environment."""
    port, log = free_port(), folder / "requests.log"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    before = dict(os.environ)
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    store = ObjectStore(port, log, process)
    os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=store.address)
    S3FileSystem.clear_instance_cache()  # which know another address
    try:
        until = time.monotonic() + 60
        while True:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            with suppress(httpx.TransportError):
                httpx.get(f"{store.address}/moto-api/")
                break
            time.sleep(0.1)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield store
    finally:
        os.environ.clear()
        os.environ.update(before)
        process.kill()
        process.wait()
