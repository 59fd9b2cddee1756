"""Objects in a bucket of S3, Google Cloud Storage or Azure, by fsspec.

Credentials, and addresses of servers that speak the protocol of S3, are taken from where the
libraries look for them: the environment, their files, or the machine. None is in a URL, and none
is in a message.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from graphrec.errors import missing_extra
from graphrec.snapshot.remote.objects import Away, Changed, Missing, Refused

CONNECT_SECONDS, READ_SECONDS = 5, 20

Swap = Callable[[Any, str, bytes, "str | None"], None]
"""Replaces an object at a path by a condition on its token."""

CHANGED = (409, 412)
"""Statuses of an answer where somebody else was first."""

REFUSED = (400, 401, 403)

SECRETS = re.compile(r"(?i)(sig|signature|token|key|secret|credential)(=|%3d)[^&\s'\"]+")
"""What a library may put into the message of an error."""

ENVIRONMENT = re.compile("(?i)key|secret|token|credential|connection_string|password|sas")
"""Names of variables whose values are never shown."""


class Bucket:
    """A folder in a bucket."""

    def __init__(self, scheme: str, path: str) -> None:
        """`path` is the bucket and the folder. Raises MissingExtra."""
        module, cls, options, self._token_key, self._swap = _LIBRARIES[scheme]
        try:
            library = import_module(module)
        except ModuleNotFoundError as error:
            raise missing_extra(f"a place of snapshots at {scheme}://", error) from error
        self.url = f"{scheme}://{path}"
        self._root = path
        with _translated():
            self._files = getattr(library, cls)(use_listings_cache=False, **options)

    def token(self, name: str) -> str | None:
        """ETag, or generation."""
        with _translated():
            try:
                found = self._files.info(self._path(name))
            except FileNotFoundError:
                return None
            if found.get("type") == "directory":
                return None
            return str(found[self._token_key])

    def get(self, name: str, size: int | None = None) -> bytes:
        """One request, where the size is known."""
        limits = {} if not size else {"start": 0, "end": size}
        with _translated():
            content: bytes = self._files.cat_file(self._path(name), **limits)
            return content

    def put(self, name: str, content: bytes) -> None:
        """One request."""
        with _translated():
            self._files.pipe_file(self._path(name), content)

    def swap(self, name: str, content: bytes, token: str | None) -> None:
        """One request, with If-None-Match, If-Match or ifGenerationMatch."""
        with _translated():
            if token is None:
                self._files.pipe_file(self._path(name), content, mode="create")
            else:
                self._swap(self._files, self._path(name), content, token)

    def names(self) -> Collection[str]:
        """One request for a thousand."""
        with _translated():
            try:
                found = self._files.find(self._root)
            except FileNotFoundError:
                return ()
            return [path[len(self._root) + 1 :] for path in found]

    def delete(self, name: str) -> None:
        """One request."""
        with _translated():
            try:
                self._files.rm_file(self._path(name))
            except FileNotFoundError:
                return

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


def _swap_s3(files: Any, path: str, content: bytes, token: str) -> None:
    files.pipe_file(path, content, IfMatch=token)


def _swap_gs(files: Any, path: str, content: bytes, token: str) -> None:
    bucket, _, name = path.partition("/")
    border, head = secrets.token_hex(16), "Content-Type: application/json; charset=UTF-8\r\n\r\n"
    body = f"--{border}\r\n{head}{json.dumps({'name': name})}\r\n--{border}\r\n{head}".encode()
    files.call(
        "POST",
        f"{files._location}/upload/storage/v1/b/{{}}/o",
        bucket,
        uploadType="multipart",
        ifGenerationMatch=token,
        headers={"Content-Type": f'multipart/related; boundary="{border}"'},
        data=body + content + f"\r\n--{border}--".encode(),
    )


def _swap_az(files: Any, path: str, content: bytes, token: str) -> None:
    condition = import_module("azure.core").MatchConditions.IfNotModified
    files.pipe_file(path, content, overwrite=True, etag=token, match_condition=condition)


_LIBRARIES: Mapping[str, tuple[str, str, Mapping[str, Any], str, Any]] = {
    "s3": (
        "s3fs",
        "S3FileSystem",
        {
            "config_kwargs": {
                "connect_timeout": CONNECT_SECONDS,
                "read_timeout": READ_SECONDS,
                "retries": {"total_max_attempts": 1},  # those of s3fs are enough
            }
        },
        "ETag",
        _swap_s3,
    ),
    "gs": ("gcsfs", "GCSFileSystem", {"timeout": READ_SECONDS}, "generation", _swap_gs),
    "az": ("adlfs", "AzureBlobFileSystem", {}, "etag", _swap_az),
}
"""By scheme: the package, its class, options, what changes with an object, and the switch."""


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the libraries as those of `graphrec.snapshot.remote.objects`."""
    try:
        yield
    except FileNotFoundError as error:
        raise Missing(_said(error)) from None
    except FileExistsError as error:
        raise Changed(_said(error)) from None
    except Exception as error:
        status = _status(error)
        if status in CHANGED:
            raise Changed(_said(error)) from None
        if isinstance(error, PermissionError) or status in REFUSED:
            raise Refused(_said(error)) from None
        raise Away(_said(error)) from None


def _status(error: BaseException | None) -> int | None:
    """The status of the answer that an error is about, or that its cause is about."""
    while error is not None:
        response = getattr(error, "response", None)
        known = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
        for each in (
            known.get("HTTPStatusCode"),
            getattr(error, "status_code", None),
            getattr(error, "code", None),
        ):
            if str(each).isdigit():
                return int(str(each))
        error = error.__cause__ or error.__context__
    return None


def _said(error: Exception) -> str:
    """What is said of an error: its kind and first line, without any credential."""
    lines = str(error).strip().splitlines()
    said = SECRETS.sub(r"\1\2…", lines[0] if lines else "")
    for name, value in os.environ.items():
        if ENVIRONMENT.search(name) and len(value) > 3:
            said = said.replace(value, "…")
    return f"{type(error).__name__}: {said[:300]}" if said else type(error).__name__
