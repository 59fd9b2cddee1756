"""`scripts/venv`: which packages it asks pip for. No package is installed: pip is a stand-in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="torch is large on Linux alone")

PYTHON = """#!/bin/sh
echo "$@" >>"$(dirname "$0")/asked"
case "$*" in
*"import torch"*) exit ${HAS_TORCH:-1} ;;
*"index versions torch"*)
    [ -n "${CPU_BUILDS-}" ] || exit 1
    echo "torch ($CPU_BUILDS)"
    echo "Available versions: $CPU_BUILDS, 1.0.0+cpu" ;;
*"install --dis"*torch) exit ${BROKEN:-0} ;;
*"config list"*) echo "${CONFIGURED-}" ;;
esac
"""

PINNED = re.findall(
    r"^torch==([\d.]+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE
)

FOUND = {"CPU_BUILDS": f"{PINNED[-1]}+cpu"}


def set_up(folder: Path, wants: str, **variables: str) -> tuple[str, list[str]]:
    """What the script says, and what it asks pip to install, with the options."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "TORCH_"))}
    done = subprocess.run(
        [ROOT / "scripts" / "venv", wants],
        env={**environment, "VENV": str(folder), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    asked = (folder / "bin" / "asked").read_text().splitlines()
    assert list(folder.glob(f".installed-{wants}"))
    return done.stdout, [line for line in asked if " install " in line]


def test_torch_is_the_build_for_cpus_where_it_can_be_had(tmp_path: Path) -> None:
    for number, wants in enumerate(("all", "dev", "api,train")):
        said, installed = set_up(tmp_path / str(number), wants, **FOUND)
        assert "torch's build for CPUs at https://" in said
        assert "the usual one" not in said
        assert re.search(r"--no-deps --index-url https://\S+ torch$", installed[0])
        # Nothing else comes from there.
        assert all("index-url" not in line for line in installed[1:])
    _, installed = set_up(tmp_path / "mirror", "all", TORCH_INDEX="http://mirror/cpu", **FOUND)
    assert "--index-url http://mirror/cpu torch" in installed[0]


@pytest.mark.parametrize(
    "variables",
    [
        *({"CPU_BUILDS": f"{PINNED[-1]}9+cpu"}, {"CPU_BUILDS": f"9{PINNED[-1]}+cpu"}),
        *({"CPU_BUILDS": PINNED[-1]}, {"CPU_BUILDS": "0.1+cpu"}, {"CPU_BUILDS": ""}),
        {**FOUND, "BROKEN": "1"},
    ],
)
def test_else_it_is_the_usual_one_and_that_is_said(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    said, installed = set_up(tmp_path, "all", **variables)
    assert "torch is the usual one" in said
    assert "index-url" not in installed[-1]


@pytest.mark.parametrize(
    ("wants", "variables"),
    [
        ("api,cli", {}),  # without torch
        ("all", {"HAS_TORCH": "0"}),
        ("all", {"TORCH_INDEX": ""}),
        ("all", {"PIP_INDEX_URL": "http://mirror/simple"}),
        ("all", {"PIP_EXTRA_INDEX_URL": "http://mirror/cpu"}),
        ("all", {"CONFIGURED": "global.index-url='http://mirror/simple'"}),
    ],
)
def test_nothing_is_looked_for_where_it_is_not_needed_or_pip_was_told(
    tmp_path: Path, wants: str, variables: dict[str, str]
) -> None:
    said, installed = set_up(tmp_path, wants, **FOUND, **variables)
    assert "torch" not in said.replace("with torch, this takes", "")
    assert "index-url" not in "".join(installed)
    assert "index versions" not in (tmp_path / "bin" / "asked").read_text()


def test_pip_shows_how_far_it_is(tmp_path: Path) -> None:
    assert "--quiet" not in "".join(set_up(tmp_path, "all")[1])
