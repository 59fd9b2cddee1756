"""The log: a line an event, as JSON unless a person looks on.

There is no user id in it, nor any path that could hold one: requests are logged by the template of
their route. Secrets are never passed to it.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, TextIO

import orjson
import structlog

_SHARED: Sequence[Any] = (
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(stream: TextIO) -> structlog.typing.FilteringBoundLogger:
    """Send what all modules log to `stream`, and give the log of requests, which goes there too."""
    plain = stream.isatty()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *_SHARED],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(plain, as_text=True),
            ],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    factory = structlog.PrintLogger(stream) if plain else structlog.BytesLogger(stream.buffer)
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        factory,
        processors=[*_SHARED, *_renderers(plain, as_text=False)],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    return log


def _renderers(plain: bool, as_text: bool) -> Sequence[Any]:
    if plain:
        return (structlog.dev.ConsoleRenderer(),)

    def text(line: Any, **_: Any) -> str:
        return orjson.dumps(line, default=str).decode()

    def line(line: Any, **_: Any) -> bytes:
        return orjson.dumps(line, default=str)

    write = text if as_text else line
    return (
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=write),
    )
