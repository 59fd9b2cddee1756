"""API keys: which requests a client may make.

A key is 256 random bits, shown once, when it is made. The file of keys holds SHA-256 hashes: nobody
can try so many keys, so a fast hash gives away no more than a slow one, which is for passwords that
people choose. Each scope holds the ones before it.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, get_args

import orjson
from pydantic import StringConstraints, TypeAdapter, ValidationError

from graphrec.errors import SettingsError
from graphrec.files import replace_file
from graphrec.locks import file_lock

logger = logging.getLogger(__name__)

Scope: TypeAlias = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""The least first."""

PREFIX = "graphrec_"
"""Of every key, so that scanners for secrets find one in code and logs."""

POLL_SECONDS = 1.0
"""Interval of the checks of the file, each of which costs one `stat`."""

_NAME = re.compile(r"[\w.-]{1,64}", re.ASCII)


@dataclass(frozen=True)
class Key:
    """An API key, as the file holds it: its hash, never the secret."""

    name: str
    scope: Scope
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    created: str
    """ISO 8601, UTC."""

    def allows(self, scope: Scope) -> bool:
        """Whether the scope of the key holds `scope`."""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


_KEYS = TypeAdapter(tuple[Key, ...])


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys in a file; raises SettingsError where it cannot be read."""
    try:
        return _KEYS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise SettingsError(
            f"file of keys {str(path)!r} cannot be read ({type(error).__name__}): expected what "
            f"`graphrec keys create` wrote; bring it back, or move it away and make new keys"
        ) from error


def create_key(path: Path, name: str, scope: Scope) -> str:
    """A new key, whose hash is added to the file; the key itself is stored nowhere.

    Raises SettingsError where the name is taken or not valid.
    """
    if not _NAME.fullmatch(name):
        raise SettingsError(
            f"name of a key {name!r}: expected 1 to 64 letters, digits, dots, dashes or underscores"
        )
    secret = PREFIX + secrets.token_urlsafe(32)
    created = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with _changing(path):
        keys = read_keys(path) if path.exists() else ()
        if any(key.name == name for key in keys):
            raise SettingsError(
                f"key {name!r} is there already: expected a new name; choose another, or revoke it"
            )
        _write(path, (*keys, Key(name, scope, _hash(secret), created)))
    return secret


def revoke_key(path: Path, name: str) -> None:
    """Remove a key from the file; raises SettingsError where it is not in it."""
    with _changing(path):
        keys = read_keys(path)
        left = tuple(key for key in keys if key.name != name)
        if len(left) == len(keys):
            raise SettingsError(
                f"key {name!r} is unknown: expected one of "
                f"{', '.join(key.name for key in keys) or 'none, there are no keys'}"
            )
        _write(path, left)


def holder(keys: Sequence[Key], secret: str) -> Key | None:
    """The key that `secret` is, if it is one.

    Every hash is compared, each in constant time, so that the time reveals nothing.
    """
    presented, found = _hash(secret), None
    for key in keys:
        if hmac.compare_digest(key.sha256, presented):
            found = key
    return found


class Keyring:
    """The keys of a file that is read again when it changes, so that a revoked key ends at once.

    Where there is no file, keys are off and every request is allowed. Once there were keys, they
    stay on even if the file is removed.
    """

    def __init__(self, path: Path) -> None:
        """Raises SettingsError where there is a file and it cannot be read."""
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self.keys: tuple[Key, ...] | None = None
        """None: keys are off."""
        if path.exists():
            self._stamp = self._found()
            self.keys = read_keys(path)

    async def watch(self) -> None:
        """Keep up with the file until cancelled."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.refresh()

    def refresh(self) -> None:
        """Read the file if it is another one; one that cannot be read changes nothing."""
        stamp = self._found()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        if stamp is None:
            logger.warning("the file of keys is gone: those that were in it stay valid")
            return
        try:
            self.keys = read_keys(self._path)
        except SettingsError as error:
            logger.warning("the keys stay as they were: %s", error)

    def _found(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def _changing(path: Path) -> Iterator[None]:
    """While a file of keys is read and replaced, so that of two changes none is lost.

    Raises SettingsError where the file cannot be written, Locked where another process holds it.
    """
    try:
        with file_lock(path.with_name(f".{path.name}.lock"), "graphrec keys"):
            yield
    except OSError as error:
        raise SettingsError(
            f"file of keys {str(path)!r} cannot be written ({error.strerror}): expected a folder "
            f"with room that is yours; nothing was changed"
        ) from error


def _write(path: Path, keys: tuple[Key, ...]) -> None:
    """Replace the file in one step; nobody but its owner can read it."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    replace_file(path, orjson.dumps(keys, option=options), 0o600)
