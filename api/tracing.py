"""Traces for OpenTelemetry: a span for each request, and one for each stage of it.

Nothing is imported before `serve.traces` is set. Where spans go, and how many, is said by the
variables that OpenTelemetry knows (`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, …). No
span has a path, a user or an item: requests are named by their route.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from starlette.types import Message, Scope, Send

from graphrec.errors import MissingExtra, SettingsError
from graphrec.stages import traced

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

NOT_TRACED = ("/health/", "/metrics", "/static/")
"""Paths that are asked for by machines, all the time, or are files."""

FLUSH_MILLISECONDS = 3_000
"""How long the end of the process waits for a collector."""


class Tracing:
    """Traces requests with a provider, and ends it once it is closed."""

    def __init__(self, provider: TracerProvider) -> None:
        from opentelemetry import propagate, trace

        self._provider = provider
        self._tracer = provider.get_tracer("graphrec", version("graphrec"))
        self._trace, self._propagate = trace, propagate

    @contextmanager
    def request(self, scope: Scope, send: Send) -> Iterator[Send]:
        """A span around a request, which goes on with the trace that its headers name.

        Its own `traceparent` is a header of the answer, and its id `trace_id` in the state, for the
        log. Gives what sends the answer.
        """
        if scope["path"].startswith(NOT_TRACED):
            yield send
            return
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        method = scope["method"]
        with self._tracer.start_as_current_span(
            method,
            self._propagate.extract(headers),
            self._trace.SpanKind.SERVER,
            {"http.request.method": method, "url.scheme": scope.get("scheme", "http")},
            record_exception=False,
        ) as span:
            context = span.get_span_context()
            back: dict[str, str] = {}
            self._propagate.inject(back)
            added = [(name.encode(), value.encode()) for name, value in back.items()]
            scope.setdefault("state", {})["trace_id"] = f"{context.trace_id:032x}"

            async def send_traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_status(self._trace.Status(self._trace.StatusCode.ERROR))
                    message["headers"] = [*message["headers"], *added]
                await send(message)

            try:
                with traced(self._stage):
                    yield send_traced
            finally:
                self._name(span, scope)

    def _stage(self, name: str) -> AbstractContextManager[Any]:
        """A span of a stage; errors are not recorded, as what they say may name a user."""
        return self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        )

    def close(self) -> None:
        """Send what is left, waiting for the collector no longer than FLUSH_MILLISECONDS."""
        self._provider.force_flush(FLUSH_MILLISECONDS)
        self._provider.shutdown()

    @staticmethod
    def _name(span: Any, scope: Scope) -> None:
        route = getattr(scope.get("route"), "path", None)
        if route is not None:
            span.update_name(f"{scope['method']} {route}")
            span.set_attribute("http.route", route)
        if scope.get("root_path"):  # such as that of a tenant
            span.set_attribute("graphrec.root_path", scope["root_path"])
        state = scope.get("state", {})
        for name in ("request_id", "version"):
            if state.get(name) is not None:
                span.set_attribute(f"graphrec.{name}", state[name])


def open_tracing(environment: Mapping[str, str] = os.environ) -> Tracing | None:
    """What traces, as the variables of OpenTelemetry say; None where they turn it off.

    Raises MissingExtra without the extra `otel`, and SettingsError for an exporter that is not
    here.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return None
    try:
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        raise MissingExtra("serve.traces", error.name or "opentelemetry", "otel") from error
    exporter = _exporter(environment)
    if exporter is None:
        return None
    own = {"service.version": version("graphrec")}
    if "OTEL_SERVICE_NAME" not in environment:
        named = "service.name=" in environment.get("OTEL_RESOURCE_ATTRIBUTES", "")
        own |= {} if named else {"service.name": "graphrec"}
    provider = TracerProvider(resource=Resource.create(own))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider)


def _exporter(environment: Mapping[str, str]) -> SpanExporter | None:
    """Where spans go: by OTLP over HTTP, or to standard output; None: nowhere."""
    name = environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() or "otlp"
    if name == "none":
        return None
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter()
    protocol = environment.get(
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        environment.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
    )
    if name != "otlp" or protocol.strip().lower() != "http/protobuf":
        raise SettingsError(
            f"OTEL_TRACES_EXPORTER is {name!r} with protocol {protocol!r}: expected otlp with "
            f"http/protobuf, console or none; a collector translates to others"
        )
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ModuleNotFoundError as error:
        raise MissingExtra("serve.traces", error.name or "opentelemetry", "otel") from error
    return OTLPSpanExporter()
