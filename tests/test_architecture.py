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
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("graphrec", "ingest", "api", "scripts")
PEERS = ROOT / "scripts" / "peers"
"""Scripts that run in environments of their own: no module of ours."""
HEAVY = (
    *("torch", "dgl", "sklearn", "implicit", "pandas", "pyarrow", "networkx", "sqlalchemy"),
    *("neo4j", "optuna", "ingest"),
)
"""What a process that serves never holds, directly or through others."""

# Each layer may import those above it, and its own. Every module of graphrec is in one.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("errors", "progress", "memory", "lock", "traces", "exposures", "exposure_log"),
    ("data",),
    ("weighting", "rules", "relations", "text"),
    ("config", "settings_file", "gate", "policy"),
    # stores, matrices and models, and the small parts that they are made of
    (
        *("blocked", "candidates", "cold", "degrees", "drift", "encoder", "embeddings", "features"),
        *("graph_filter", "index", "inspect", "item_links", "likeness", "metrics", "ranking"),
        *("sampling", "spectral", "friends", "split", "store", "losses", "train", "user_blocks"),
        *("dgl_graph", "models", "warm_start"),
    ),
    ("neighbours", "search"),
    (
        *("snapshot", "explain", "evaluate", "overlay", "catalogue", "diversity", "exploration"),
        *("newcomers", "thompson", "fusion", "segments"),
    ),
    ("taste", "options", "directory", "canary", "infer"),
    ("recall", "ruling", "live_items", "related"),
    ("people", "ranker", "explainer"),
    ("recommend", "early_stopping", "tune", "changes"),
    ("pipeline", "objective"),
    ("ablation", "judge", "learning_curve"),
    ("refresh",),
    ("report",),
    ("forget", "doctor", "compare"),
)


@cache
def trees() -> Mapping[str, ast.Module]:
    """The syntax tree of every module, by its dotted name."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if path.parent == PEERS:
                continue
            parts = path.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found[name] = ast.parse(path.read_text("utf-8"), str(path))
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names that a tree imports anywhere: `from a import b` gives `a` and `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in line {node.lineno}: expected absolute ones"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def own_imports(module: str) -> frozenset[str]:
    """The modules of this project that a module imports."""
    return frozenset(name for name in imported(trees()[module]) if name in trees()) - {module}


def top_levels(module: str) -> set[str]:
    return top_levels_of(trees()[module])


def top_levels_of(tree: ast.AST) -> set[str]:
    return {name.split(".")[0] for name in imported(tree)}


def who_imports(package: str) -> set[str]:
    return {module for module in trees() if package in top_levels(module)}


def modules(package: str) -> list[str]:
    return [name for name in trees() if name.split(".")[0] == package]


def unit(module: str) -> str:
    """`graphrec.store.sqlite` is part of `store`."""
    return module.split(".")[1] if "." in module else ""


def test_the_scan_sees_the_code() -> None:
    """The rules below would hold of an empty project too."""
    assert {"graphrec.data", "graphrec.store.sqlite", "ingest.load", "api.app", "scripts.cli"} <= (
        set(trees())
    )
    assert "graphrec.snapshot" in own_imports("graphrec.recommend")
    assert "dgl" in top_levels("graphrec.dgl_graph")  # inside a `try`
    assert "api.server" in own_imports("scripts.commands.serve")  # inside a function


def test_peers_and_the_project_do_not_know_of_each_other() -> None:
    scripts = {path.stem: ast.parse(path.read_text("utf-8")) for path in PEERS.glob("*.py")}
    assert len(scripts) > 1
    for name, tree in scripts.items():
        assert not top_levels_of(tree) & {*PACKAGES, "tests"}, name
    for module in trees():
        assert not top_levels(module) & set(scripts), module
        assert "scripts.peers" not in ".".join(imported(trees()[module])), module


@pytest.mark.parametrize("module", modules("graphrec"))
def test_the_library_imports_nothing_of_what_is_built_on_it(module: str) -> None:
    assert not top_levels(module) & {"ingest", "api", "scripts", "tests"}


@pytest.mark.parametrize("module", modules("ingest"))
def test_ingest_imports_the_data_side_of_the_library_only(module: str) -> None:
    allowed = {"data", "config", "errors", "progress", "weighting", "store"}
    assert {unit(m) for m in own_imports(module) if m.startswith("graphrec.")} <= allowed
    assert not top_levels(module) & {"api", "scripts"}


@pytest.mark.parametrize("module", modules("api"))
def test_the_service_imports_neither_ingest_nor_the_command_line(module: str) -> None:
    assert not top_levels(module) & {"ingest", "scripts"}


def test_one_module_knows_dgl() -> None:
    assert who_imports("dgl") == {"graphrec.dgl_graph"}
    assert {m for m in trees() if "graphrec.dgl_graph" in own_imports(m)} == {
        "graphrec.models.graphsage",
        "graphrec.models.aggregators",
    }


def test_only_what_trains_knows_torch() -> None:
    parts = ("models.mf", "models.neumf", "models.graphsage", "models.item_side")
    parts += ("models.aggregators", "models.kinds", "losses", "train", "dgl_graph")
    assert who_imports("torch") == {f"graphrec.{part}" for part in parts}


def test_only_models_know_the_libraries_that_fit_them() -> None:
    assert who_imports("sklearn") == {"graphrec.spectral"}
    assert who_imports("implicit") == {"graphrec.models.ials"}


def test_one_module_knows_optuna() -> None:
    assert who_imports("optuna") == {"graphrec.tune"}


def test_what_trains_is_imported_by_name_when_it_is_asked_for() -> None:
    """So that everything else imports without torch: `models` knows its modules as text."""
    trained = {"graphrec.models.mf", "graphrec.models.graphsage", "graphrec.losses"}
    trained |= {"graphrec.models.neumf", "graphrec.models.aggregators"}
    trained |= {"graphrec.train", "graphrec.dgl_graph"}
    for module in set(trees()) - trained:
        assert not own_imports(module) & trained, module


def test_every_module_of_the_library_has_a_layer() -> None:
    placed = [part for layer in LAYERS for part in layer]
    assert len(placed) == len(set(placed))
    assert {unit(m) for m in modules("graphrec")} - {""} == set(placed)


@pytest.mark.parametrize("module", modules("graphrec"))
def test_layers_import_downwards_only(module: str) -> None:
    if not unit(module):
        assert not own_imports(module)
        return
    height = {part: at for at, layer in enumerate(LAYERS) for part in layer}
    for other in own_imports(module):
        if unit(other):  # `from graphrec import pipeline` names the package too
            assert height[unit(other)] <= height[unit(module)], f"{module} imports {other}"


def test_core_types_rest_on_errors_alone() -> None:
    assert own_imports("graphrec.data") == {"graphrec.errors"}
    assert not own_imports("graphrec.errors")


def test_models_and_stores_do_not_know_of_each_other() -> None:
    for module in modules("graphrec"):
        others = {unit(m) for m in own_imports(module)}
        if unit(module) in ("models", "store"):
            assert not others & ({"models", "store"} - {unit(module)}), module


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
    "entry", ["api.app", "api.server", "scripts.commands.queries", "scripts.commands.serve"]
)
def test_nothing_that_serves_reaches_what_trains_or_loads(entry: str) -> None:
    for module in reached(entry):
        # The driver is imported once a store on such a server is opened, and not before.
        heavy = set(HEAVY) - ({"neo4j"} if module.startswith("graphrec.store.neo4j") else set())
        assert not top_levels(module) & heavy, f"{entry} reaches {module}"


@pytest.mark.parametrize(
    "code",
    [
        "import api.app, api.server",
        "import scripts.commands.queries, scripts.commands.serve, api.server",
    ],
)
def test_a_process_that_serves_holds_nothing_that_trains_or_loads(code: str) -> None:
    """Not through a third library either."""
    assert held_after(code) == []


@pytest.mark.parametrize("command", ["serve", "recommend", "related", "explain"])
def test_a_command_that_serves_is_as_light_as_the_service(command: str) -> None:
    """What a command needs is imported with it, so `graphrec serve` does not hold pandas."""
    assert held_after(f"import api.server\n{HELP_OF.format(command)}") == []


@pytest.mark.parametrize("command", ["demo", "train", "evaluate", "tune", "ingest", "inspect"])
def test_every_command_starts_without_what_trains(command: str) -> None:
    """Torch alone takes seconds: help and mistakes are answered before it is imported."""
    held = held_after(HELP_OF.format(command))
    assert not {"torch", "dgl", "sklearn", "implicit", "optuna", "sqlalchemy", "neo4j"} & set(held)


HELP_OF = """
import contextlib, io, sys
from scripts.cli import main
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


@pytest.mark.parametrize("module", trees())
def test_no_pickle(module: str) -> None:
    """A pickle runs what is in it; so do the libraries that are pickle underneath."""
    assert not top_levels(module) & {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "shelve"}
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant), f"line {node.value.lineno}"
            assert node.value.value is False, f"line {node.value.lineno}"
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("torch.load", "torch.save", "eval", "exec"), f"{node.lineno}"
            if called in ("np.load", "numpy.load", "np.save", "numpy.save"):
                passed = [keyword.arg for keyword in node.keywords]
                assert "allow_pickle" in passed, f"line {node.lineno} leaves allow_pickle open"


SQL = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|CREATE|DROP|ALTER|PRAGMA|BEGIN|ATTACH|MATCH|MERGE)"
    r"\s"
)
CONSTANTS = {"mode", "newer", "sql.APPLICATION_ID"}
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


@pytest.mark.parametrize("module", trees())
def test_no_value_is_pasted_into_sql(module: str) -> None:
    for node in ast.walk(trees()[module]):
        assert set(pasted_values(node)) <= CONSTANTS, f"line {node.lineno}"


GLOBAL_RANDOMNESS = re.compile(
    r"(np|numpy)\.random\.(seed|rand\w*|choice|shuffle|permutation|normal)"
    r"|random\.(seed|random|choice|shuffle|sample)|torch\.(manual_seed|seed)"
)


@pytest.mark.parametrize("module", modules("graphrec"))
def test_randomness_is_an_argument(module: str) -> None:
    """No global generator: a seed would not reach it, and one model would change the next."""
    for node in ast.walk(trees()[module]):
        if isinstance(node, ast.Call):
            assert not GLOBAL_RANDOMNESS.fullmatch(ast.unparse(node.func)), f"line {node.lineno}"


def test_the_library_prints_nothing() -> None:
    for module in [*modules("graphrec"), *modules("ingest"), *modules("api")]:
        for node in ast.walk(trees()[module]):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) != "print", f"{module}: line {node.lineno}"
