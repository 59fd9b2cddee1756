"""docs/shop.md, run from its own text: commands, requests and settings in the order of the page."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from graphrec.ingest.shop.__main__ import main as make_shop

from scripts.benchmark.load.process import free_port, start, wait_until_answers
from tests.support.command import graphrec, inside
from tests.support.paths import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]


@dataclass(frozen=True)
class Run:
    """What came of the page."""

    folder: Path
    said: dict[str, str]
    """By command, what it printed."""

    def places(self, start: str) -> list[dict[str, Any]]:
        """The list that the request with this beginning of its address was answered with."""
        [answer] = (said for command, said in self.said.items() if start in command)
        found: list[dict[str, Any]] = json.loads(answer)["recommendations"]
        return found

    @property
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "files" / "truth.json").read_text())
        return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("shop")
    text = (ROOT / "docs" / "shop.md").read_text("utf-8")
    blocks = re.findall(r"^```(sh|toml)\n(.*?)^```", text, re.M | re.S)
    port, said, server = str(free_port()), dict[str, str](), None
    try:
        for kind, block in blocks:
            if kind == "toml":
                (folder / "graphrec.toml").write_text(block, "utf-8")
                continue
            for command in commands(block.replace(":8000", f":{port}")):
                if "scripts.benchmark" in command:
                    continue  # tests/benchmark/test_shop.py
                if command.endswith("&"):
                    server = begin(folder, f"{command.rstrip('& ')} --port {port}", port)
                else:
                    said[command] = done(folder, command)
        yield Run(folder, said)
    finally:
        if server is not None:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


def commands(block: str) -> list[str]:
    """The commands of a block: a line each, but for what is quoted over several."""
    found = [""]
    for line in block.splitlines():
        found[-1] += line
        if found[-1].count("'") % 2:
            found[-1] += "\n"
        else:
            found.append("")
    return [each for each in found if each.strip()]


def begin(folder: Path, command: str, port: str) -> subprocess.Popen[bytes]:
    """A server in a process of its own, once it is ready."""
    log = folder / "serve.log"
    words = shlex.split(command)[1:]
    process = start(["graphrec.cli.main", *words], log, {}, folder)
    wait_until_answers(f"http://127.0.0.1:{port}/health/ready", process, log)
    return process


def done(folder: Path, command: str) -> str:
    """What a command printed."""
    words = shlex.split(command)
    if words[0] == "graphrec":
        answer = graphrec(folder, *words[1:])
        assert answer.code == 0, f"{command}\n{answer.out}\n{answer.err}"
        return answer.out + answer.err
    if words[:3] == ["python", "-m", "graphrec.ingest.shop"]:
        with inside(folder):
            make_shop(words[3:])
        return ""
    assert words[0] == "curl", command
    found = subprocess.run(words, capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"{command}\n{found.stderr}"
    return found.stdout


def test_the_page_runs_from_its_first_command_to_its_last(run: Run) -> None:
    assert len(run.said) > 15
    requests = {command: said for command, said in run.said.items() if command.startswith("curl")}
    for command, said in requests.items():
        assert "error" not in json.loads(said), f"{command}\n{said}"


def test_lists_hold_what_the_page_says(run: Run) -> None:
    listed = run.places("for-you?user=C001")
    assert len(listed) == 5
    assert all(each["title"] and each["reason"] for each in listed)
    assert all(each["fields"].keys() == {"price", "image_url"} for each in listed)
    assert all(each["item"] == "GAR-0001" for each in run.places("recent?user=C001"))
    trending = run.places("trending?k=5&where=category:Garden")
    assert all(each["item"].startswith("GAR-") for each in trending)


def test_nothing_is_out_of_stock_and_new_articles_come_at_once(run: Run) -> None:
    out = set(run.truth["out_of_stock"])
    answers = [run.places(name) for name in ("for-you?", "cart?", "trending?", "new?")]
    assert not out & {each["item"] for places in answers for each in places}
    for name, column in (("newsletter", "item"), ("related", "related")):
        with (run.folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert len(rows) > 400
        assert not out & {row[column] for row in rows}
    new = {each["item"] for each in run.places("new?user=C001&k=50")}
    assert "GAR-9001" in new
    assert new & set(run.truth["new_items"])


def test_ingest_takes_every_column_for_what_it_is(run: Run) -> None:
    [said] = {v for k, v in run.said.items() if k.startswith("graphrec ingest")}
    for column, meaning in {
        "customer_id": "user",
        "sku": "item",
        "event": "kind",
        "timestamp": "time",
        "quantity": "weight",
        "title": "text",
        "category": "category",
        "subcategory": "category",
        "brand": "category",
        "price": "number",
        "stock": "number",
        "image_url": "text",
        "published_at": "text",
        "description": "text",
        "country": "category",
        "birth_year": "number",
    }.items():
        assert re.search(rf"\b{column}\s+{meaning}\b", said), column
    assert "warning" not in said
