"""A real nginx for tests, with the example in `deploy/nginx` in front of a service."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from scripts.benchmark.load.process import free_port
from tests.support.paths import ROOT

EXAMPLE = ROOT / "deploy" / "nginx" / "graphrec.conf"

AROUND = """
daemon off;
pid {folder}/pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/graphrec.conf;
}}
"""


def program() -> str | None:
    """nginx, where it is; outside of PATH on some systems, for people who are not root."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@contextmanager
def in_front_of(service: str, folder: Path) -> Iterator[str]:
    """The address of the example in front of a service, without TLS and its certificates."""
    nginx = program()
    assert nginx is not None
    port, at = free_port(), service.removeprefix("http://")
    text = EXAMPLE.read_text("utf-8").replace("127.0.0.1:8000", at)
    text = re.sub(r"^ *ssl_.*\n", "", text, flags=re.MULTILINE)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    (folder / "graphrec.conf").write_text(text)
    main = folder / "nginx.conf"
    main.write_text(AROUND.format(folder=folder))
    command = [nginx, "-p", str(folder), "-c", str(main), "-e", "stderr"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr.replace('[warn] the "user" directive', "")
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as running:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + 30
            while True:
                try:
                    httpx.get(f"{url}/", timeout=5)
                    break
                except httpx.TransportError:
                    assert running.poll() is None
                    assert time.monotonic() < deadline
                    time.sleep(0.02)
            yield url
        finally:
            running.terminate()
