"""Commands in processes of their own that hold already what is imported: forks of this one."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from pathlib import Path
from subprocess import CompletedProcess

from graphrec.cli.main import main


def forked(folder: Path, *arguments: str) -> CompletedProcess[str]:
    """What `graphrec` says and returns, with `folder` as the working folder."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            for number, file in ((1, out), (2, err)):
                os.dup2(file.fileno(), number)
            _run(arguments)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read())
    return CompletedProcess(arguments, status, *said)


def _run(arguments: tuple[str, ...]) -> None:
    """Run the command, and end the process: nothing of the tests goes on in it."""
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    sys.argv = ["graphrec", *arguments]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
