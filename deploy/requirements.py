"""Prints what graphrec needs with some extras, from pyproject.toml, without graphrec itself.

    python deploy/requirements.py api,cli,neo4j

So that an image installs packages before the code is there: they are a layer of their own.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tomllib


def requirements(project: dict[str, Any], extras: list[str]) -> Iterator[str]:
    """The requirements of the project and of its extras; an extra may name others of its own."""
    yield from project["dependencies"]
    for extra in extras:
        for each in project["optional-dependencies"][extra]:
            own = re.fullmatch(rf"{project['name']}\[(.+)\]", each)
            if own is None:
                yield each
            else:
                yield from list(requirements({**project, "dependencies": []}, own[1].split(",")))


def main() -> None:
    """Print them, each once."""
    file = Path(__file__).parent.parent / "pyproject.toml"
    project = tomllib.loads(file.read_text("utf-8"))["project"]
    print(*dict.fromkeys(requirements(project, sys.argv[1].split(","))), sep="\n")


if __name__ == "__main__":
    main()
