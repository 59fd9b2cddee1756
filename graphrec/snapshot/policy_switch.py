"""The switch of policies: which are off, whatever the settings say.

The file `policies-off` beside the snapshots names them, a line each. Every process that serves
looks at it, so a policy can be ended at once, without a restart.
"""

from __future__ import annotations

from pathlib import Path

from graphrec.files import make_folder, replace_file

OFF = "policies-off"


def switched_off(folder: Path) -> frozenset[str]:
    """The policies that are off; raises OSError where that cannot be read."""
    try:
        return frozenset((folder / OFF).read_text("utf-8").split())
    except FileNotFoundError:
        return frozenset()


def switch(folder: Path, name: str, *, on: bool) -> bool:
    """Switch a policy on or off, durably; whether that changed anything."""
    before = switched_off(folder)
    after = before - {name} if on else before | {name}
    if after != before:
        make_folder(folder)
        replace_file(folder / OFF, "".join(f"{each}\n" for each in sorted(after)).encode())
    return after != before
