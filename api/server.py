"""The server process."""

from __future__ import annotations

import uvicorn

from api.app import create_app
from graphrec.config import Settings


def serve(settings: Settings) -> None:
    """Serve on `settings.serve.host` and `port` until the process is told to stop.

    Port 0 takes a free one; the log says which. Ends the process where the port cannot be had.
    """
    uvicorn.run(
        create_app(settings),
        host=settings.serve.host,
        port=settings.serve.port,
        lifespan="on",
        server_header=False,
        access_log=False,  # paths hold user ids
    )
