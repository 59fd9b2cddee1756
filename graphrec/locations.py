"""Where snapshots may be: a folder of this machine, or a URL of another place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from graphrec.errors import SettingsError

Location: TypeAlias = Path | str
"""A folder, or a URL of one of SCHEMES."""

SCHEMES = ("s3", "gs", "az", "file")

_URL = re.compile("[a-zA-Z][a-zA-Z0-9+.-]*://")


def location_of(given: str | Path) -> Location:
    """A folder, or a URL such as s3://bucket/folder.

    Raises SettingsError for a URL of another scheme, of no bucket, or with a login in it, which is
    not repeated.
    """
    text = str(given)
    if isinstance(given, Path) or not _URL.match(text):
        return Path(given)
    url = urlsplit(text)
    if url.scheme not in SCHEMES:
        raise SettingsError(
            f"snapshots are at a URL of {url.scheme!r}: expected a folder, or a URL that begins "
            f"with {', '.join(f'{each}://' for each in SCHEMES)}"
        )
    if "@" in url.netloc or url.query or url.fragment:
        raise SettingsError(
            f"snapshots are at a URL of {url.scheme!r} with more than a bucket and a folder: "
            f"expected no login and no options in it; give them in the environment, such as "
            f"AWS_ACCESS_KEY_ID and AWS_ENDPOINT_URL"
        )
    if not url.netloc and (url.scheme != "file" or url.path in ("", "/")):
        raise SettingsError(
            f"snapshots are at {text!r}: expected a bucket and a folder, such as "
            f"s3://bucket/folder or file:///mnt/snapshots"
        )
    return text.rstrip("/")
