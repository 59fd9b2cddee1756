"""What `import graphrec` gives: names that are there when they are used, and nothing before."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from dataclasses import is_dataclass
from types import ModuleType

import pytest

import graphrec as gr
from graphrec import errors
from graphrec.models import MODELS
from tests.support.paths import ROOT

LIBRARIES = (
    *("torch", "dgl", "pandas", "pyarrow", "polars", "faiss", "numpy", "scipy", "pydantic"),
    *("sklearn", "implicit", "networkx", "sqlalchemy", "neo4j", "fastapi", "typer", "rich"),
)


def python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_importing_takes_no_time_and_no_library() -> None:
    code = f"""
import json, sys, time
began = time.perf_counter()
import graphrec
seconds = time.perf_counter() - began
print(json.dumps([seconds, sorted(set(sys.modules) & set({LIBRARIES!r}))]))
"""
    seconds, held = json.loads(python(code))
    assert held == []
    assert seconds < 0.3


@pytest.mark.slow
def test_a_data_set_and_what_serves_hold_nothing_that_trains() -> None:
    code = (
        "import sys, graphrec as gr; gr.Dataset, gr.KindPolicy, gr.errors, gr.split, gr.compare; "
        "print({'torch', 'dgl', 'pandas', 'pyarrow', 'faiss'} & set(sys.modules))"
    )
    assert python(code).strip() == "set()"


@pytest.mark.parametrize("name", gr.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(gr, name) is not None
    assert name in dir(gr)


def test_every_model_is_public() -> None:
    for module, name in MODELS.values():
        model = getattr(gr, name)
        assert (model.__module__, model.__name__) == (f"graphrec.models.{module}", name)
        assert is_dataclass(model)


def test_all_else_is_private_or_a_module() -> None:
    for name, value in vars(gr).items():
        known = name.startswith("_") or name in gr.__all__ or isinstance(value, ModuleType)
        typing = name in ("annotations", "Any", "TYPE_CHECKING", "import_module")
        assert known or typing, name


def test_names_that_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'graphrec' has no attribute 'Dataste'"):
        gr.Dataste  # type: ignore[attr-defined]  # noqa: B018
    assert not hasattr(gr, "_nothing")


@pytest.mark.slow
def test_a_model_without_its_library() -> None:
    code = """
import sys
sys.modules["torch"] = None
import graphrec as gr
try:
    gr.MF
except gr.errors.MissingExtra as error:
    print(error)
"""
    assert "graphrec.MF needs 'torch', which is not installed" in python(code)


def test_the_version() -> None:
    assert gr.__version__ == importlib.metadata.version("graphrec")
    done = subprocess.run(
        [sys.executable, "-m", "graphrec.cli.main", "--version"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"graphrec {gr.__version__}\n"


def test_errors_are_public() -> None:
    assert gr.errors is errors
    assert issubclass(gr.errors.DataError, gr.errors.GraphrecError)


def test_the_package_is_typed() -> None:
    assert (ROOT / "graphrec" / "py.typed").is_file()
