"""The server process."""

from __future__ import annotations

import logging

import uvicorn

from api.app import create_app
from graphrec.config import Settings


def serve(settings: Settings, store: str | None = None) -> None:
    """Serve on `settings.serve.host` and `port` until the process is told to stop.

    `store` is the URL of a graph store, to be asked as it is now.

    Port 0 takes a free one; the log says which. Ends the process where the port cannot be had.
    """
    # The driver of a graph store would say at each try what readiness, and the log once, say.
    logging.getLogger("neo4j").addHandler(logging.NullHandler())
    uvicorn.run(
        create_app(settings, store=store),
        host=settings.serve.host,
        port=settings.serve.port,
        lifespan="on",
        server_header=False,
        access_log=False,  # paths hold user ids
    )
