"""Asking before something is deleted."""

from __future__ import annotations

import typer

from graphrec.errors import SettingsError


def confirm(question: str, yes: bool) -> None:
    """Go on where `yes`, or where the question is answered so.

    Raises SettingsError where it is not, or where nobody is there to answer.
    """
    if yes:
        return
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:
        raise SettingsError(
            f"{question} Nobody answered, and nothing was changed: add --yes where no one is asked"
        ) from None
    if not agreed:
        raise SettingsError("nothing was changed")
