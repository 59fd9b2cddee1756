"""What snapshots need of a place that is not a folder: named contents, one of them switched.

An object is written once and never changed, but for one, which is replaced only by who has seen
what it was. That is all that S3, Google Cloud Storage, Azure and a shared disk have in common.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol


class Objects(Protocol):
    """Named contents at one place.

    Every method raises Away where the place does not answer, which may pass, and Refused where it
    does and will not.
    """

    @property
    def url(self) -> str:
        """The place, without any secret."""

    def token(self, name: str) -> str | None:
        """What changes whenever an object is replaced; None where there is none."""

    def get(self, name: str, size: int | None = None) -> bytes:
        """An object; `size` are its bytes, where that is known. Raises Missing."""

    def put(self, name: str, content: bytes) -> None:
        """Write an object under a name that is new."""

    def swap(self, name: str, content: bytes, token: str | None) -> None:
        """Replace an object that is as it was at a token; None: there was none. Raises Changed."""

    def names(self) -> Collection[str]:
        """The names of all objects."""

    def delete(self, name: str) -> None:
        """Delete an object, if it is there."""


class Missing(Exception):  # noqa: N818 - named after what happened
    """There is no such object."""


class Changed(Exception):  # noqa: N818
    """An object is another one than was seen."""


class Away(Exception):  # noqa: N818
    """The place does not answer."""


class Refused(Away):
    """The place answers, and does not do it: to try again is of no use."""
