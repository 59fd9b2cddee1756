"""`python -m scripts.clients`: writes the clients anew; `--check` says which are not up to date.

`--release` notes what clients of a release rely on, from which later documents take nothing away.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from graphrec.api.app import create_app

from graphrec.settings import Settings
from scripts.clients import python, typescript
from scripts.clients.facts import facts

ROOT = Path(__file__).resolve().parents[2]

RELEASED = ROOT / "clients" / "released.txt"
"""What clients of the last release rely on."""


def document() -> Mapping[str, Any]:
    """The OpenAPI document of the service, by the settings' defaults."""
    found: Mapping[str, Any] = create_app(Settings()).openapi()
    return found


def bare(of: Any) -> Any:
    """A document without what says nothing to a program: texts and examples."""
    if isinstance(of, list):
        return [bare(each) for each in of]
    if not isinstance(of, Mapping):
        return of
    texts = ("description", "example", "examples", "pattern", "title", "summary")
    plain = {name: each for name, each in of.items() if not (name in texts and _is_text(each))}
    return {name: bare(each) for name, each in plain.items()}


def _is_text(each: object) -> bool:
    """Of a property that is called so, it is a schema."""
    return not (isinstance(each, Mapping) and ("type" in each or "anyOf" in each or "$ref" in each))


def files(of: Mapping[str, Any]) -> dict[Path, str]:
    """The text of each file that is made."""
    made = {
        ROOT / "graphrec/client/models.py": python.models(of),
        ROOT / "graphrec/client/client.py": python.client(of, asynchronous=False),
        ROOT / "graphrec/client/async_client.py": python.client(of, asynchronous=True),
        ROOT / "clients/typescript/src/models.ts": typescript.models(of),
        ROOT / "clients/typescript/src/client.ts": typescript.client(of),
        ROOT / "clients/openapi.json": json.dumps(bare(of), indent=1, sort_keys=True) + "\n",
    }
    return {p: _formatted(text, p) if p.suffix == ".py" else text for p, text in made.items()}


def _formatted(text: str, path: Path) -> str:
    """As the linter would have a file at a path."""
    name = ["--stdin-filename", str(path), "-"]
    for work in (["check", "--fix", "--exit-zero", "--quiet", *name], ["format", *name]):
        command = [sys.executable, "-m", "ruff", *work]
        done = subprocess.run(  # noqa: S603
            command, input=text, capture_output=True, text=True, check=True, cwd=ROOT
        )
        text = done.stdout
    return text


def main() -> None:
    """Write the files; with `--check`, name those that differ, exit status 1."""
    stale = [p for p, text in files(document()).items() if not _is(p, text)]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not up to date: run python -m scripts.clients")
        raise SystemExit(1 if stale else 0)
    if "--release" in sys.argv:
        RELEASED.write_text("\n".join(sorted(facts(document()))) + "\n", "utf-8")
    for path, text in files(document()).items():
        path.write_text(text, "utf-8")


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


if __name__ == "__main__":
    main()
