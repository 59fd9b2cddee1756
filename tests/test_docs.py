"""The documents against the code: links, paths, commands, settings and examples."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
import typer.main
from graphrec.cli.main import command_line
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import graphrec as gr
from graphrec.data.ids import IdRules
from graphrec.experiment.definition import Experiment, Goal, Variant
from graphrec.policy.definition import Guards, NetworkSettings, Policy, Reward
from graphrec.settings import (
    EvaluationSettings,
    FusionSettings,
    IngestSettings,
    KindPolicy,
    Neo4jSettings,
    PrivacySettings,
    RefreshSettings,
    RetrievalSettings,
    ServeSettings,
    Settings,
    load_settings,
)
from scripts.benchmark.__main__ import benchmark
from tests.support.command import graphrec
from tests.support.paths import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=[p.name for p in DOCUMENTS])

FOLDERS = "graphrec|ingest|api|scripts|tests|docs|deploy"

SECTIONS: Mapping[str, type[BaseModel]] = {
    "neo4j": Neo4jSettings,
    "ingest": IngestSettings,
    "ids": IdRules,
    "evaluation": EvaluationSettings,
    "retrieval": RetrievalSettings,
    "fusion": FusionSettings,
    "privacy": PrivacySettings,
    "refresh": RefreshSettings,
    "serve": ServeSettings,
    "experiments.NAME": Experiment,
    "experiments.NAME.variants.NAME": Variant,
    "experiments.NAME.goals.NAME": Goal,
    "policies.NAME": Policy,
    "policies.NAME.rewards.NAME": Reward,
    "policies.NAME.guards": Guards,
    "policies.NAME.network": NetworkSettings,
}


# Links, paths and names


@each_document
def test_links_lead_to_files_and_headings(document: Path) -> None:
    for name, anchor in re.findall(r"\]\(([^)#:\s]*)(?:#([^)]*))?\)", document.read_text("utf-8")):
        target = document.parent / name if name else document
        assert target.exists(), name
        if anchor:
            assert anchor in anchors(target), f"{name}#{anchor}"


def anchors(document: Path) -> set[str]:
    """The anchors of the headings of a document, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


@each_document
def test_paths_exist(document: Path) -> None:
    for name in re.findall(rf"`((?:{FOLDERS})/[\w./-]*)`", document.read_text("utf-8")):
        assert (ROOT / name).exists(), name


@each_document
def test_names_in_modules_exist(document: Path) -> None:
    for name in re.findall(r"`(graphrec(?:\.\w+)+)[`(]", document.read_text("utf-8")):
        if not name.endswith((".toml", ".db")):
            assert resolve_name(name) is not None


@each_document
def test_public_names_exist(document: Path) -> None:
    for name in re.findall(r"\bgr\.(\w+)", document.read_text("utf-8")):
        assert name in gr.__all__, name


# Commands


def test_commands_and_options_exist() -> None:
    present = [each for each in DOCUMENTS if each.name != "CHANGELOG.md"]  # which has old names
    found = [(document, *each) for document in present for each in commands(document)]
    assert len(found) > 60
    for document, program, words in found:
        options = options_of(program)
        name = " ".join(words[:2]) if " ".join(words[:2]) in options else words[0]
        assert name in options, f"{document.name}: {program} {' '.join(words)}"
        for word in words[1:]:
            if re.match(r"--?[a-z]", word):
                assert word.partition("=")[0] in options[name], f"{document.name}: {name} {word}"


def commands(document: Path) -> Iterator[tuple[str, list[str]]]:
    """The commands in blocks and between backticks: the program, and the words after it."""
    text = document.read_text("utf-8")
    blocks = re.findall(r"^ *```(?:sh|cron|yaml)\n(.*?)^ *```", text, re.M | re.S)
    lines = [line for block in blocks for line in re.sub(r"\\\n\s*", " ", block).splitlines()]
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.M | re.S)
    lines += [re.sub(r"\s+", " ", each) for each in re.findall(r"`([^`]+)`", prose)]
    for line in lines:
        known = re.search(r"(?:^|[\s/])(python -m scripts\.benchmark|graphrec) ([a-z].*)", line)
        if known is None or re.search(r"\b(pip|import|image:) ", line):
            continue
        command = re.split(r" [#|<>]|;|&&|>>| 2>", known[2])[0]
        yield known[1], shlex.split(command.replace("…", ""))


@cache
def options_of(program: str) -> Mapping[str, set[str]]:
    """The options of each command of a program; a command of a group has two words."""
    app = command_line() if program == "graphrec" else benchmark
    group: Any = typer.main.get_command(app)
    found: dict[str, set[str]] = {}
    for name, command in group.commands.items():
        inner = getattr(command, "commands", {})
        for path, each in [(name, command), *((f"{name} {sub}", c) for sub, c in inner.items())]:
            named = (o for p in each.params for o in (*p.opts, *p.secondary_opts))
            found[path] = {"--help", *named}
    return found


# Settings


@each_document
def test_settings_load(document: Path, tmp_path: Path) -> None:
    for block in re.findall(r"^```toml\n(.*?)^```", document.read_text("utf-8"), re.M | re.S):
        file = tmp_path / "graphrec.toml"
        file.write_text(block, "utf-8")
        assert load_settings(file) != Settings()


@each_document
def test_keys_of_sections_exist(document: Path) -> None:
    """Such as `serve.exposures`, and `[refresh] keep`."""
    if document.name == "CHANGELOG.md":  # which has old names
        return
    text = document.read_text("utf-8")
    names = re.findall(rf"`({'|'.join(SECTIONS)})\.(\w+)`", text)
    names += re.findall(r"`\[(\w+)\] (\w+)", text)
    files = {("refresh", "lock"), ("refresh", "holder")}
    for section, key in set(names) - files:
        assert key in SECTIONS[section].model_fields, f"{section}.{key}"


@pytest.mark.parametrize("section", [*SECTIONS, "kinds.NAME"])
def test_the_table_of_a_section_is_whole(section: str) -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    table = re.split(r"^#", text.partition(f"## `[{section}]`\n")[2], flags=re.M)[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", table, re.M))
    if section == "kinds.NAME":
        fields = set(vars(KindPolicy()))
    else:
        own = {n: f for n, f in SECTIONS[section].model_fields.items() if not is_section(f)}
        fields = set(own)
        for key, field in own.items():
            default = field.get_default(call_default_factory=True)
            assert same(rows.get(key, ""), default), f"{section}.{key}: {default!r}"
    assert set(rows) == fields


def is_section(field: FieldInfo) -> bool:
    """Whether a setting is a section of its own."""
    return isinstance(field.get_default(call_default_factory=True), BaseModel)


def same(cell: str, default: Any) -> bool:
    """Whether a cell of a table shows a default."""
    if default is None:
        return cell == "not set"
    shown = cell.strip("`")
    if isinstance(default, (tuple, dict)):
        value = tomllib.loads(f"value = {shown}")["value"]
        return bool(value == (list(default) if isinstance(default, tuple) else default))
    if isinstance(default, bool):
        return shown == str(default).lower()
    if isinstance(default, (int, float)):
        return float(shown) == default
    return shown.strip('"') == str(default)


# Examples


@pytest.mark.slow
def test_the_examples_in_python_run(tmp_path: Path) -> None:
    """Those of docs/python.md, one after the other."""
    text = (ROOT / "docs" / "python.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    (tmp_path / "examples.py").write_text("\n".join(blocks), "utf-8")
    done = subprocess.run(
        [sys.executable, "examples.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_worked_example_of_an_experiment_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "experiments.md").read_text("utf-8").partition("## Worked example")[2]
    [script], [toml], [said] = (
        re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)
        for language in ("python", "toml", "sh")
    )
    (tmp_path / "graphrec.toml").write_text(toml, "utf-8")
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
    answers = [graphrec(tmp_path, *shlex.split(line)[1:]) for line in said.splitlines()]
    assert [each.code for each in answers] == [0, 0, 0], answers
    found = answers[-1].json()
    _, cheap = found["goals"][0]["figures"]["rate"]
    assert cheap["verdict"] == "higher"
    assert cheap["low"] < 0.02 < cheap["high"]
    assert [each["value"] for each in found["segments"]] == ["DE", "FR"]
    assert "whenever you look" in " ".join(answers[1].out.split())
