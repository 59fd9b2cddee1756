"""Environments of Python that peers run in: made by the command, kept, and used again."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from graphrec.errors import GraphrecError

INSTALL_SECONDS = 3600
"""After which an installation is given up."""


class PeerError(GraphrecError):
    """A peer that cannot be installed or run, or whose answer cannot be used."""


def ready(name: str, requirements: Path, cache: Path) -> Path:
    """The interpreter of an environment with the pinned packages of a file of requirements.

    It is in a folder of `cache` whose name tells what is in it, so that changed pins make another.
    Raises PeerError where it cannot be made, with the last line of what was said.
    """
    wanted = f"{sys.version_info[:2]} {requirements.read_text('utf-8')}"
    folder = cache / "peers" / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / ".installed"
    if stamp.is_file():
        return python
    shutil.rmtree(folder, ignore_errors=True)  # half of one
    # The pip of this environment installs into the other: some systems' Pythons have none to give.
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    _run([*pip, "--disable-pip-version-check", "--requirement", str(requirements)])
    stamp.touch()
    return python


def last_line(text: str) -> str:
    """What a program said at last; errors are usually that."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def _run(command: list[str]) -> None:
    try:
        subprocess.run(  # noqa: S603 - the arguments are ours
            command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise PeerError(f"cannot be installed: {last_line(error.stderr)}") from error
    except (subprocess.TimeoutExpired, OSError) as error:
        raise PeerError(f"cannot be installed: {error}") from error
