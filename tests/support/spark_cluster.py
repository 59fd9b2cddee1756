"""A cluster of Spark for tests: a master and workers as processes, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from scripts.benchmark.load.process import free_port

SECONDS = 90
"""In which a process is up; the machine may be busy."""

SMALL = (
    "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC "
    "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
)
"""Of a Java that does little and should not spend its time on compiling."""

CONF = (
    "spark.driver.host=127.0.0.1",
    "spark.driver.bindAddress=127.0.0.1",
    "spark.driver.memory=600m",
    f"spark.driver.extraJavaOptions={SMALL}",
    f"spark.executor.extraJavaOptions={SMALL}",
    "spark.executor.memory=480m",
    "spark.executor.cores=1",
    "spark.ui.enabled=false",
    "spark.sql.shuffle.partitions=2",
    "spark.sql.adaptive.enabled=false",
    "spark.sql.codegen.wholeStage=false",
    "spark.sql.codegen.factoryMode=NO_CODEGEN",
)


def missing() -> str:
    """What a cluster would need that is not there; empty where it can be started."""
    if os.name == "nt":
        return "the scripts of Spark are for a shell"
    if find_spec("pyspark") is None:
        return "pyspark is not installed (the extra `spark`)"
    home = os.environ.get("JAVA_HOME")
    if not (shutil.which("java") or (home and (Path(home) / "bin" / "java").exists())):
        return "Java was not found (apt install openjdk-17-jre-headless)"
    return ""


@dataclass(frozen=True)
class Cluster:
    """One that runs."""

    url: str
    workers: tuple[subprocess.Popen[bytes], ...]

    def executors(self) -> list[int]:
        """The processes that do the work: the children of the workers."""
        found = []
        for worker in self.workers:
            children = subprocess.run(
                ["pgrep", "-P", str(worker.pid), "-f", "CoarseGrainedExecutorBackend"],
                capture_output=True,
                text=True,
                check=False,
            )
            found += [int(pid) for pid in children.stdout.split()]
        return found

    def kill_one(self) -> int:
        """Kill an executor, without warning; returns its process."""
        pid = self.executors()[0]
        os.kill(pid, signal.SIGKILL)
        return pid


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[Cluster]:
    """A master and workers of one core each, which end with the context."""
    import pyspark

    home = Path(pyspark.__file__).parent
    environment = {
        **os.environ,
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_DAEMON_MEMORY": "160m",
        "SPARK_DAEMON_JAVA_OPTS": SMALL,
        "SPARK_LOCAL_DIRS": str(folder / "local"),
    }
    port = free_port()
    running: list[subprocess.Popen[bytes]] = []

    def start(name: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [home / "bin" / "spark-class", f"org.apache.spark.deploy.{name}"]
        with (folder / f"{len(running)}.log").open("wb") as log:
            process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--webui-port", "0", *arguments],
                env=environment, stdout=log, stderr=log, cwd=folder,
            )  # fmt: skip
        running.append(process)
        return process

    url = f"spark://127.0.0.1:{port}"
    try:
        start("master.Master", "--port", str(port))
        _until(running[0], folder / "0.log", "I have been elected leader")
        found = tuple(
            start("worker.Worker", "--cores", "1", "--memory", "512m",
                  "--work-dir", str(folder / "work"), url)
            for _ in range(workers)
        )  # fmt: skip
        for at in range(1, workers + 1):
            _until(running[at], folder / f"{at}.log", "Successfully registered with master")
        yield Cluster(url, found)
    finally:
        for process in reversed(running):
            process.terminate()
        for process in running:
            process.wait(SECONDS)


def _until(process: subprocess.Popen[bytes], log: Path, said: str) -> None:
    end = time.monotonic() + SECONDS
    while said not in (text := log.read_text("utf-8", errors="replace")):
        assert process.poll() is None, text[-2000:]
        assert time.monotonic() < end, text[-2000:]
        time.sleep(0.1)
