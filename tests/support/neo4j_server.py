"""A Neo4j server for tests: `scripts/neo4j` on a folder and a port of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec.settings import Neo4jSettings
from tests.support.paths import ROOT


def missing() -> str:
    """What a server would need that is not there; empty where it can be started."""
    if os.name == "nt":
        return "error: scripts/neo4j is a shell script"
    check = [ROOT / "scripts" / "neo4j", "check"]
    return subprocess.run(check, capture_output=True, text=True, check=False).stderr.strip()


@dataclass(frozen=True)
class TestServer:
    folder: Path
    port: int

    __test__ = False

    @property
    def url(self) -> str:
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Neo4jSettings:
        return Neo4jSettings(password=(self.folder / "password").read_text())

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "NEO4J_FOLDER": str(self.folder),
            "NEO4J_PORT": str(self.port),
            # Tests ask little of tiny graphs: most time would go to compiling the planner.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1",
        }
        environment.pop("NEO4J_PASSWORD", None)
        return subprocess.run(
            [ROOT / "scripts" / "neo4j", command],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self) -> None:
        done = self.run("start")
        assert done.returncode == 0, done.stderr

    def stop(self) -> None:
        self.run("stop")

    def kill(self) -> None:
        """As a crash would: nothing is flushed or said."""
        os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)

    def empty(self) -> None:
        """Delete all nodes; constraints stay."""
        self.query("MATCH (node) DETACH DELETE node")

    def query(self, text: str, **values: Any) -> list[list[Any]]:
        import neo4j  # not there where the extra is not installed

        password = self.settings.password
        assert password is not None
        auth = ("neo4j", password.get_secret_value())
        with neo4j.GraphDatabase.driver(self.url, auth=auth) as driver:
            return [list(record.values()) for record in driver.execute_query(text, values).records]
