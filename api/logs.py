"""The log: a line an event, as JSON unless it goes to a terminal.

It has no user ids, nor paths that could contain one: requests are logged by the template of their
route. Secrets are never passed to it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import partial
from typing import Any, BinaryIO, TextIO

import orjson
import structlog

LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

_SHARED: Sequence[Any] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(stream: TextIO) -> Callable[..., Any]:
    """Send the logs of all modules to `stream`; returns the log of requests, which goes there."""
    plain = stream.isatty()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(plain),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    if not plain:
        return partial(_write, stream.buffer)
    log = structlog.wrap_logger(
        structlog.PrintLogger(stream), processors=[*_SHARED, *_renderers(plain)]
    )
    info: Callable[..., Any] = log.info
    return info


def _write(stream: BinaryIO, event: str, **fields: Any) -> None:
    """Write a line for a request as structlog would, in a quarter of the time."""
    now = datetime.now(timezone.utc)
    line = {**fields, "event": event, "level": "info", "timestamp": now}
    stream.write(orjson.dumps(line, default=str, option=LINE))
    stream.flush()


def _renderers(plain: bool) -> Sequence[Any]:
    if plain:
        return (structlog.dev.ConsoleRenderer(),)

    def text(line: Any, **_: Any) -> str:
        return orjson.dumps(line, default=str).decode()

    return (
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=text),
    )
