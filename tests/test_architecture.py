"""Who may import whom, and what no module does: the map in DESIGN.md, asserted over the code."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.support.paths import ROOT

FOLDERS = {
    "graphrec": ROOT / "graphrec",
    "graphrec.api": ROOT / "api",
    "graphrec.cli": ROOT / "scripts" / "cli",
    "graphrec.ingest": ROOT / "ingest",
    "scripts.benchmark": ROOT / "scripts" / "benchmark",
}
"""Where each part of the package is, as pyproject.toml maps it, and the benchmarks."""

PEERS = ROOT / "scripts" / "benchmark" / "peers"
"""Scripts that run in environments of their own: no module of ours."""
HEAVY = (
    *("torch", "dgl", "sklearn", "implicit", "pandas", "pyarrow", "networkx", "sqlalchemy"),
    *("neo4j", "optuna", "pyspark"),
)
"""What a process that serves never holds, directly or through others."""

MAY_IMPORT = {
    # the bottom: what everything may name
    "errors": "",
    "progress": "",
    "id_search": "",
    "counts": "",
    "stages": "",
    "files": "",
    "locations": "errors",
    "locks": "errors",
    "packings": "",
    "person_lines": "files id_search packings",
    "data": "counts errors",
    # what is asked of a list, and how events count
    "suggest": "",
    "rules": "data suggest",
    "placement": "data errors rules suggest",
    "experiment": "data errors placement rules suggest",
    "policy": "data experiment rules",
    "settings": "data errors experiment locations placement policy rules suggest",
    "settings_file": "errors",
    # the graph where it is kept, and what is learned from it
    "store": "data errors id_search progress settings",
    "models": "data errors",
    # candidates, one order, what is published of them, answers
    "retrieval": "data models store",
    "ranking": "data retrieval",
    "ratings": "data errors models",
    "snapshot": "data errors experiment files locations locks models policy ranking ratings "
    "retrieval rules settings store",
    "recommend": "data errors experiment locations models placement progress ranking ratings "
    "retrieval rules settings snapshot stages store suggest",
    # how good they are, and what is chosen by that
    "evaluation": "data errors models progress ranking ratings",
    "experiments": "data errors experiment files locks packings person_lines policy suggest",
    # what a policy would bring, and what one learns
    "policies": "data experiment experiments files locks policy ranking",
    "off_policy": "data errors experiment experiments models policies policy ranking recommend "
    "snapshot store",
    "training": "data errors evaluation models progress ranking ratings recommend retrieval "
    "settings snapshot",
    "split": "data errors evaluation",
    # the same for logs that one machine is too small for
    "spark": "data errors evaluation ingest models ranking recommend retrieval settings snapshot "
    "store",
    "refresh": "data errors evaluation experiment experiments models policies progress ranking "
    "ratings recommend settings snapshot store training",
    "report": "data errors files ranking recommend refresh settings snapshot",
    "exports": "errors files progress",
    "client": "errors",
    "forget": "data errors experiments packings person_lines report retrieval snapshot store "
    "traces",
    "traces": "data errors id_search person_lines snapshot",
    "backup": "errors files forget progress snapshot store",
    "doctor": "counts data errors locations recommend settings snapshot store",
    # what holds somebody's own store or model to what ours do
    "testing": "data errors models off_policy policy ranking ratings retrieval store",
    # the doors
    "ingest": "counts data errors packings progress settings store",
    "api": "data errors experiment experiments files forget locations locks placement policies "
    "policy ranking ratings recommend rules settings snapshot stages store suggest",
    "cli": "api backup counts data doctor errors evaluation experiment experiments exports forget "
    "ingest locations locks models off_policy packings person_lines placement policies policy "
    "progress ranking ratings recommend refresh report settings settings_file snapshot spark store "
    "suggest traces training",
}
"""A line a folder or module of the package: which others it may import, beside itself."""


@cache
def trees() -> Mapping[str, ast.Module]:
    """The syntax tree of every module, by its dotted name."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in sorted(folder.rglob("*.py")):
            if path.parent == PEERS:
                continue
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *(parts[:-1] if parts[-1] == "__init__" else parts)))
            found[name] = ast.parse(path.read_text("utf-8"), str(path))
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names that a tree imports anywhere: `from a import b` gives `a` and `a.b`.

    But for what is there for type checkers alone, which is never run.
    """
    for node in run_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}: expected absolute ones"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def run_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree, but for blocks under `if TYPE_CHECKING`."""
    left = [tree]
    while left:
        node = left.pop()
        if not (isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"):
            yield node
            left += ast.iter_child_nodes(node)


@cache
def imports(module: str) -> frozenset[str]:
    """The dotted names that a module of this project imports."""
    return frozenset(imported(trees()[module]))


@cache
def own_imports(module: str) -> frozenset[str]:
    """The modules of this project that a module imports."""
    return frozenset(name for name in imports(module) if name in trees()) - {module}


def top_levels(module: str) -> set[str]:
    return {name.split(".")[0] for name in imports(module)}


def top_levels_of(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in imported(tree)}


def who_imports(package: str) -> set[str]:
    return {module for module in trees() if package in top_levels(module)}


def modules(package: str) -> list[str]:
    return [name for name in trees() if f"{name}.".startswith(f"{package}.")]


def folder_of(module: str) -> str:
    """`graphrec.store.sqlite.file` is in `store`; the package itself is in none."""
    parts = module.split(".")
    return parts[1] if parts[0] == "graphrec" and len(parts) > 1 else ""


def test_the_scan_sees_the_code() -> None:
    """The rules below would hold of an empty project too."""
    seen = {"graphrec.data.graph", "graphrec.store.sqlite.store", "graphrec.ingest.load"}
    assert seen | {"graphrec.api.app", "graphrec.cli.main", "scripts.benchmark"} <= set(trees())
    assert "graphrec.snapshot.snapshot" in own_imports("graphrec.recommend.recommender")
    assert "dgl" in top_levels("graphrec.data.dgl_graph")  # inside a `try`
    assert "graphrec.api.server" in own_imports("graphrec.cli.commands.serve")  # in a function


def test_peers_and_the_project_do_not_know_of_each_other() -> None:
    scripts = {path.stem: ast.parse(path.read_text("utf-8")) for path in PEERS.glob("*.py")}
    assert len(scripts) > 1
    for name, tree in scripts.items():
        assert not top_levels_of(tree) & {"graphrec", "scripts", "tests"}, name
    for module in trees():
        assert not top_levels(module) & set(scripts), module
        assert "benchmark.peers" not in ".".join(imports(module)), module


def test_every_folder_has_a_line() -> None:
    assert {folder_of(module) for module in modules("graphrec")} - {""} == set(MAY_IMPORT)


def test_folders_import_what_their_line_says() -> None:
    for module in modules("graphrec"):
        own = folder_of(module)
        others = {folder_of(other) for other in own_imports(module)} - {"", own}
        assert others <= set(MAY_IMPORT[own].split() if own else ()), module
        assert not top_levels(module) & {"scripts", "tests"}, module


def test_every_line_is_needed() -> None:
    for folder, line in MAY_IMPORT.items():
        used = {folder_of(o) for m in modules(f"graphrec.{folder}") for o in own_imports(m)}
        assert set(line.split()) <= used, folder


def test_no_test_module_imports_another() -> None:
    """What they share is in tests/support, or in graphrec.testing."""
    for path in (ROOT / "tests").rglob("*.py"):
        names = imported(ast.parse(path.read_text("utf-8"), str(path)))
        own = {name for name in names if name.startswith("tests.")}
        assert not {name for name in own if re.search(r"\.test_", name)}, path


def test_only_the_contracts_know_the_test_libraries() -> None:
    contracts = set(modules("graphrec.testing"))
    assert (who_imports("pytest") | who_imports("hypothesis")) <= contracts
    simulator = {m for m in contracts if m.startswith("graphrec.testing.simulation")}
    for module in set(trees()) - contracts:
        of_a_checkout = simulator if module.startswith("scripts.benchmark.policy") else set()
        assert not own_imports(module) & contracts - of_a_checkout, module


def test_one_module_knows_dgl() -> None:
    assert who_imports("dgl") == {"graphrec.data.dgl_graph"}


def test_only_what_trains_knows_torch() -> None:
    parts = ("mf", "neumf", "training.losses", "training.loop")
    parts += tuple(
        f"graphsage.{part}"
        for part in (
            *("aggregators", "batches", "inference", "item_side", "kinds", "loss", "model"),
            *("network", "resume", "tensors"),
        )
    )
    parts += tuple(
        f"sequence.{part}"
        for part in (
            *("modules", "loss", "towers", "training"),
            *("sasrec", "gru4rec", "caser", "two_tower"),
        )
    )
    known = {f"graphrec.models.{part}" for part in parts} | {"graphrec.data.dgl_graph"}
    known |= {"graphrec.ratings.graphsage", "graphrec.ratings.mlp"}
    known |= {"graphrec.training.q_learning"}
    assert who_imports("torch") == known


def test_only_models_know_the_libraries_that_fit_them() -> None:
    assert who_imports("implicit") == {"graphrec.models.ials"}


def test_one_folder_knows_spark() -> None:
    known = who_imports("pyspark")
    assert known
    assert known <= set(modules("graphrec.spark"))


def test_one_module_knows_optuna() -> None:
    assert who_imports("optuna") == {"graphrec.training.tune"}


def test_what_trains_is_imported_by_name_when_it_is_asked_for() -> None:
    """So that everything else imports without torch: `models` knows its modules as text."""
    trained = {module for module in trees() if "torch" in top_levels(module)}
    for module in set(trees()) - trained:
        assert not own_imports(module) & trained, module


def test_core_types_rest_on_errors_alone() -> None:
    assert own_imports("graphrec.data.vector") == {"graphrec.errors"}
    of_values = {f"graphrec.data.{name}" for name in ("vector", "ids", "times", "clipping")}
    assert own_imports("graphrec.data.graph") == {"graphrec.errors", *of_values}


def test_no_import_goes_round_in_a_circle() -> None:
    # A package and the modules in it are one: `from graphrec.store import x` runs its __init__.
    edges = {m: {o for o in own_imports(m) if not m.startswith(o + ".")} for m in trees()}
    try:
        list(TopologicalSorter(edges).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def reached(start: str) -> set[str]:
    """What importing a module runs: what it imports, its packages, and theirs."""
    found, open_ = set(), [start]
    while open_:
        module = open_.pop()
        if module in found:
            continue
        found.add(module)
        parts = module.split(".")
        packages = {".".join(parts[:n]) for n in range(1, len(parts))}
        open_ += (own_imports(module) | packages) & set(trees())
    return found


@pytest.mark.parametrize(
    "entry",
    [
        "graphrec.api.app",
        "graphrec.api.server",
        "graphrec.cli.commands.queries",
        "graphrec.cli.commands.serve",
    ],
)
def test_nothing_that_serves_reaches_what_trains_or_loads(entry: str) -> None:
    for module in reached(entry):
        # The driver is imported once a store on such a server is opened, and not before.
        heavy = set(HEAVY) - ({"neo4j"} if module.startswith("graphrec.store.neo4j.") else set())
        assert not top_levels(module) & heavy, f"{entry} reaches {module}"


@pytest.mark.slow
def test_a_process_that_serves_holds_nothing_that_trains_or_loads() -> None:
    """Not through a third library either."""
    modules = "graphrec.cli.commands.queries, graphrec.cli.commands.serve, graphrec.api.server"
    assert held_after(f"import {modules}") == []


@pytest.mark.slow
def test_commands_that_serve_are_as_light_as_the_service() -> None:
    """What a command needs is imported with it, so `graphrec serve` does not hold pandas."""
    helps = [HELP_OF.format(name) for name in ("serve", "recommend", "related", "explain")]
    assert held_after("\n".join(helps)) == []


@pytest.mark.slow
def test_every_command_starts_without_what_trains() -> None:
    """Torch alone takes seconds: help and mistakes are answered before it is imported."""
    names = ("demo", "train", "evaluate", "tune", "ingest", "inspect", "export")
    held = held_after("\n".join(HELP_OF.format(name) for name in names))
    assert not {"torch", "dgl", "sklearn", "implicit", "optuna", "sqlalchemy", "neo4j"} & set(held)


HELP_OF = """
import contextlib, io, sys
from graphrec.cli.main import main
sys.argv = ["graphrec", "{}", "--help"]
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as help:
    main()
assert "--settings" in help.getvalue()
"""


def held_after(code: str) -> list[str]:
    report = f"import sys, json; print(json.dumps(sorted({set(HEAVY)!r} & set(sys.modules))))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    held: list[str] = json.loads(done.stdout)
    return held


# What no module does


PICKLES = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve"}


def pickles(module: str) -> Iterator[str]:
    """What of a module may read or write a pickle, which runs what is in it."""
    yield from top_levels(module) & PICKLES
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            closed = isinstance(node.value, ast.Constant) and node.value.value is False
            yield from () if closed else (f"line {node.value.lineno}",)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            loads = called in ("np.load", "numpy.load", "np.save", "numpy.save")
            if loads and "allow_pickle" not in [keyword.arg for keyword in node.keywords]:
                yield f"line {node.lineno} leaves allow_pickle open"
            if called in ("torch.load", "torch.save", "eval", "exec"):
                yield f"line {node.lineno}"


def test_no_pickle() -> None:
    for module in trees():
        assert not list(pickles(module)), module


SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|CREATE|DROP|ALTER|PRAGMA|BEGIN|ATTACH|MATCH|MERGE)"
    r"\s"
)
OF_NAMES = {"graphrec.store.neo4j.likes", "graphrec.store.neo4j.questions"}
"""Modules whose queries are put together of names of variables, quoted types and parameters."""

CONSTANTS = {"mode", "newer", "schema.APPLICATION_ID", "PAGE", "_EDGES", "_EVENT"}
"""What SQL may be put together from: a Literal type, a loop over the migrations, a constant."""


def pasted_values(node: ast.AST) -> list[str]:
    """What is pasted into a text that is SQL: expressions in f-strings, `%`, `+` and `format`."""

    def is_sql(text: ast.AST) -> bool:
        return (
            isinstance(text, ast.Constant)
            and isinstance(text.value, str)
            and SQL.match(text.value) is not None
        )

    if isinstance(node, ast.JoinedStr) and node.values and is_sql(node.values[0]):
        return [ast.unparse(v.value) for v in node.values if isinstance(v, ast.FormattedValue)]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add) and is_sql(node.left):
        return [ast.unparse(node.right)]
    match node:
        case ast.Call(func=ast.Attribute(value=text, attr="format")) if is_sql(text):
            return [ast.unparse(node)]
    return []


def test_a_pasted_value_would_be_found() -> None:
    for code in (
        'db.execute(f"SELECT id FROM nodes WHERE id = {user}")',
        "query = \"DELETE FROM nodes WHERE id = '%s'\" % user",
        'db.execute("SELECT id FROM " + user)',
        'db.execute("SELECT {} FROM nodes".format(user))',
    ):
        assert [v for node in ast.walk(ast.parse(code)) for v in pasted_values(node)], code


def test_no_value_is_pasted_into_sql() -> None:
    for module in set(trees()) - OF_NAMES:
        for node in ast.walk(trees()[module]):
            assert set(pasted_values(node)) <= CONSTANTS, f"{module}: {ast.unparse(node)}"


GLOBAL_RANDOMNESS = re.compile(
    r"(np|numpy)\.random\.(seed|rand\w*|choice|shuffle|permutation|normal)"
    r"|random\.(seed|random|choice|shuffle|sample)|torch\.(manual_seed|seed)"
)


def test_no_global_generator_and_no_print_is_called() -> None:
    """A seed would not reach such a generator, and one model would change the next."""
    for module in modules("graphrec"):
        for node in ast.walk(trees()[module]):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert not GLOBAL_RANDOMNESS.fullmatch(called), f"{module}: line {node.lineno}"
                assert called != "print", f"{module}: line {node.lineno}"
