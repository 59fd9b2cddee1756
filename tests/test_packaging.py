"""What is installed: the wheel, its metadata, and that each extra brings what its part imports."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copy, copytree, ignore_patterns
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from graphrec.errors import EXTRAS, missing_extra
from tests.support.paths import ROOT

pytestmark = pytest.mark.slow

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

MAPPED: Mapping[str, str] = PROJECT["tool"]["setuptools"]["package-dir"]
"""By package, the folder it is installed from."""

DISTRIBUTIONS = {
    "azure": "azure-core",
    "annotated_types": "annotated-types",
    "confluent_kafka": "confluent-kafka",
    "faiss": "faiss-cpu",
    "google": "protobuf",
    "markupsafe": "jinja2",
    "nats": "nats-py",
    "opentelemetry": "opentelemetry-sdk",
    "prometheus_client": "prometheus-client",
    "pydantic_core": "pydantic",
    "pydantic_settings": "pydantic-settings",
}
"""By the name under which a package is imported, the distribution that brings it, where those two
names differ."""

OFFLINE = re.compile("NewConnectionError|ConnectTimeout|NameResolutionError|ProxyError")
"""What pip prints where it cannot reach the registry."""


def names(requirements: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(each).name) for each in requirements}


def extra(name: str) -> set[str]:
    """The distributions of an extra, those of the extras that it includes too."""
    found: set[str] = set()
    for each in PROJECT["project"]["optional-dependencies"][name]:
        requirement = Requirement(each)
        if requirement.name == "graphrec":
            found |= {dist for included in requirement.extras for dist in extra(included)}
        else:
            found.add(canonicalize_name(requirement.name))
    return found


CORE = names(PROJECT["project"]["dependencies"])


def imported_packages() -> set[str]:
    """The third-party packages that any module of the wheel imports, anywhere in it."""
    found: set[str] = set()
    for folder in MAPPED.values():
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    found |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"graphrec", "tomli"}


def folders_with_modules() -> Iterator[str]:
    for package, folder in MAPPED.items():
        for init in (ROOT / folder).rglob("__init__.py"):
            yield ".".join((package, *init.parent.relative_to(ROOT / folder).parts))


def test_every_folder_of_modules_is_installed() -> None:
    assert sorted(folders_with_modules()) == sorted(PROJECT["tool"]["setuptools"]["packages"])


def test_every_folder_of_modules_has_an_init() -> None:
    for folder in MAPPED.values():
        for path in (ROOT / folder).rglob("*.py"):
            assert (path.parent / "__init__.py").exists(), path


def test_every_package_that_is_imported_is_declared() -> None:
    distributions = {p: DISTRIBUTIONS.get(p, p) for p in imported_packages()}
    optional = {package for package, dist in distributions.items() if dist not in CORE}
    assert optional <= set(EXTRAS), "graphrec.errors.EXTRAS lacks a package"
    for package, name in EXTRAS.items():
        assert canonicalize_name(DISTRIBUTIONS.get(package, package)) in extra(name), package


def test_all_is_every_extra() -> None:
    [everything] = PROJECT["project"]["optional-dependencies"]["all"]
    assert Requirement(everything).extras | {"all"} == set(
        PROJECT["project"]["optional-dependencies"]
    )


def test_every_requirement_has_a_tested_version() -> None:
    pinned: dict[str, list[Requirement]] = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            pinned.setdefault(canonicalize_name(Requirement(line).name), []).append(
                Requirement(line)
            )
    project, groups = PROJECT["project"], PROJECT["dependency-groups"]
    asked = [*project["dependencies"]]
    asked += [each for name in project["optional-dependencies"].values() for each in name]
    asked += [each for group in groups.values() for each in group if isinstance(each, str)]
    for requirement in map(Requirement, asked):
        if requirement.name == "graphrec":
            continue
        for pin in pinned[canonicalize_name(requirement.name)]:
            [version] = [each.version for each in pin.specifier]
            assert requirement.specifier.contains(version), pin


def images() -> Mapping[str, set[str]]:
    """By the stage of the Dockerfile that builds it, the extras that an image has."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert "uninstall" not in text
    stages = re.findall(r"AS packages-(\w+)\n(.*?)(?=\nFROM|\Z)", text, re.DOTALL)
    return {
        name: set(re.findall(r'requirements\.py "(.+?)"', stage)[0].split(","))
        for name, stage in stages
    }


def run_without(packages: set[str], code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process that finds none of the packages."""
    block = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {sorted(packages)!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
    )
    return subprocess.run(
        [sys.executable, "-c", block + code], capture_output=True, text=True, check=False, cwd=ROOT
    )


def lacking(extras: set[str]) -> set[str]:
    """The packages that an installation with these extras lacks."""
    had = CORE.union(*map(extra, extras))
    return {
        package
        for package in EXTRAS
        if canonicalize_name(DISTRIBUTIONS.get(package, package)) not in had
    }


@pytest.mark.parametrize(
    ("extras", "modules"),
    [
        (set(), "graphrec, graphrec.recommend.recommender, graphrec.doctor, graphrec.forget"),
        (images()["serve"], "graphrec.api.server, graphrec.cli.commands.serve"),
        (
            images()["consume"],
            "graphrec.cli.commands.consume, graphrec.api.server, graphrec.ingest.streams.kafka, "
            "graphrec.ingest.streams.nats, graphrec.ingest.streams.redis",
        ),
        (
            images()["train"],
            "graphrec.cli.commands.models, graphrec.cli.commands.refresh, "
            "graphrec.cli.commands.ingest, graphrec.cli.commands.tune, graphrec.training.tune",
        ),
    ],
    ids=["core", "serve image", "consume image", "train image"],
)
def test_an_installation_has_what_it_imports(extras: set[str], modules: str) -> None:
    assert lacking(extras)
    done = run_without(lacking(extras), f"import {modules}")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "missing"),
    [(["ingest", "events.csv"], "ingest"), (["train"], "ingest"), (["tune", "mf"], "ingest")],
)
def test_a_command_without_its_extra_names_it(arguments: list[str], missing: str) -> None:
    main = f"sys.argv = ['graphrec', *{arguments!r}]\nfrom graphrec.cli import main\nmain()"
    done = run_without(lacking({"cli", "api"}), main)
    assert done.returncode == 1
    assert re.fullmatch(rf"error: .*graphrec\[{missing}\].*\n", done.stderr), done.stderr


def test_help_lists_the_commands_whose_extra_is_missing() -> None:
    main = "sys.argv = ['graphrec', '--help']\nfrom graphrec.cli import main\nmain()"
    done = run_without(lacking({"cli", "api"}), main)
    assert done.returncode == 0, done.stderr
    assert re.search(r"ingest\s+Not available", done.stdout)
    assert not re.search(r"serve\s+Not available", done.stdout)


def test_without_its_extra_the_command_line_names_it() -> None:
    done = run_without(lacking(set()), "from graphrec.cli import main\nmain()")
    assert done.returncode == 1
    assert "graphrec[cli]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_module_of_no_extra_is_no_missing_extra() -> None:
    error = ModuleNotFoundError("No module named 'graphrec.dta'", name="graphrec.dta")
    with pytest.raises(ModuleNotFoundError, match=r"graphrec\.dta"):
        missing_extra("this", error)


def test_the_licence_and_the_papers_are_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    for paper in ("ARCHITECTURE", "CHANGELOG", "CONTRIBUTING", "GLOSSARY", "SECURITY"):
        assert (ROOT / f"{paper}.md").exists()
        assert f"({paper}.md)" in readme
    assert f"## {PROJECT['project']['version']}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_nobody_is_sent_to_a_registry_for_graphrec() -> None:
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        assert not re.search(r"pip install '?graphrec", path.read_text("utf-8")), path


# The wheel


def readme_example() -> str:
    """The first block of Python in the README."""
    [code, *_] = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
    return str(code)


README = (ROOT / "README.md").read_text("utf-8")


def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    (tmp_path / "example.py").write_text(readme_example(), "utf-8")
    done = python(Path(sys.executable), "example.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def python(executable: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(executable), *arguments], capture_output=True, text=True, check=False, cwd=cwd
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `python -m build` makes it: of a source distribution, made of the checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        copy(ROOT / name, source)
    for name in MAPPED.values():
        copytree(ROOT / name, source / name, ignore=ignore_patterns("__pycache__"),
                 dirs_exist_ok=True)  # fmt: skip
    out = tmp_path_factory.mktemp("dist")
    done = python(
        Path(sys.executable), "-m", "build", "--no-isolation", "--outdir", str(out), cwd=source
    )
    assert done.returncode == 0, done.stderr
    assert "absent from the `packages`" not in done.stdout + done.stderr
    [built] = out.glob("*.whl")
    assert [path.name for path in out.glob("*.tar.gz")] == [built.name.split("-py3")[0] + ".tar.gz"]
    return built


@pytest.mark.slow
def test_the_wheel_holds_the_package_its_data_and_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    [info] = {name.partition("/")[0] for name in held} - {"graphrec"}
    assert info == f"graphrec-{PROJECT['project']['version']}.dist-info"
    assert {"graphrec/py.typed", "graphrec/report/page.html", f"{info}/licenses/LICENSE"} <= held
    for path in (ROOT / "api" / "static").iterdir():
        assert f"graphrec/api/static/{path.name}" in held
    for package, folder in MAPPED.items():
        for path in (ROOT / folder).rglob("*.py"):
            inside = path.relative_to(ROOT / folder).as_posix()
            assert f"{package.replace('.', '/')}/{inside}" in held
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read(f"{info}/top_level.txt").split() == [b"graphrec"]


def pip_install(into: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Install into the environment of another Python, which needs no pip of its own."""
    install = ("-m", "pip", "--python", str(into), "install", "--no-compile")
    return python(Path(sys.executable), *install, *arguments, cwd=into.parent)


@pytest.fixture(scope="module")
def empty(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel and, so far, nothing that it requires."""
    folder = tmp_path_factory.mktemp("empty")
    done = python(Path(sys.executable), "-m", "venv", "--without-pip", str(folder), cwd=folder)
    assert done.returncode == 0, done.stderr
    [site] = (folder / "lib").glob("python*/site-packages")
    before, commands = set(site.iterdir()), set((folder / "bin").iterdir())
    executable = folder / "bin" / "python"
    done = pip_install(executable, "--no-deps", str(wheel))
    assert done.returncode == 0, done.stderr
    added = {path.name for path in set(site.iterdir()) - before}
    assert {name for name in added if not name.endswith(".dist-info")} == {"graphrec"}
    assert {path.name for path in set((folder / "bin").iterdir()) - commands} == {"graphrec"}
    return executable


@pytest.mark.slow
def test_the_command_alone_names_its_extra(empty: Path, tmp_path: Path) -> None:
    done = python(empty.parent / "graphrec", "--help", cwd=tmp_path)
    assert done.returncode == 1
    assert re.match(r"error: .*graphrec\[cli\]", done.stderr)


@pytest.mark.slow
def test_the_example_of_the_readme_runs_from_the_wheel(
    wheel: Path, empty: Path, tmp_path: Path
) -> None:
    """In an environment with nothing but the wheel, and what the README says to install with it."""
    [extras] = re.findall(r"pip install 'dist/graphrec-\S+\.whl\[(\S+)\]'", README)
    constraints = str(ROOT / "constraints.txt")
    done = pip_install(empty, "--constraint", constraints, f"{wheel}[{extras}]")
    if done.returncode and OFFLINE.search(done.stdout + done.stderr) and "CI" not in os.environ:
        pytest.skip("the registry cannot be reached")
    assert done.returncode == 0, done.stderr
    # Without vectors, which take long to train: here it is about what is installed.
    example = readme_example().replace("fit(data, seed=0)", "fit(data, seed=0, embeddings={})")
    assert "embeddings" in example
    (tmp_path / "example.py").write_text(example, "utf-8")
    done = python(empty, "-I", "example.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
