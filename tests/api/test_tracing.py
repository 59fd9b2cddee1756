"""Traces of requests, as a collector gets them."""

from __future__ import annotations

import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from graphrec.api.app import create_app
from graphrec.api.tracing import open_tracing

from graphrec.client import Client
from graphrec.errors import SettingsError
from graphrec.settings import ServeSettings, Settings
from graphrec.snapshot.registry import publish
from graphrec.stages import stage, traced
from tests.support.service import serving, tiny_snapshot

pytest.importorskip("opentelemetry.sdk")
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
)
from opentelemetry.sdk.trace import TracerProvider

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Collector:
    """What an OTLP collector was sent."""

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.path == "/v1/traces"
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def spans(self) -> list:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> tuple[Collector, dict]:
    """A service that was asked some things, and what its collector got once it had ended."""
    collector, answers = Collector(), {}
    folder = tmp_path_factory.mktemp("traced")
    publish(tiny_snapshot(), folder / "snapshots")
    serve = ServeSettings(traces=True, max_wait_ms=20_000)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        patched.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
        app = create_app(Settings(snapshots=folder / "snapshots", serve=serve))
        with serving(app) as client:
            with_parent = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "mine"}
            answers["list"] = client.get("/v1/users/ann/recommendations", headers=with_parent)
            answers["new"] = client.post("/v1/recommendations", json={"items": ["alien"]})
            answers["unknown"] = client.get("/v1/items/no-such-item/related")
            answers["unsampled"] = client.get(
                "/v1/users/bob/recommendations",
                headers={"traceparent": f"00-{TRACE}-{PARENT}-00"},
            )
            answers["bad"] = client.get(
                "/v1/users/cat/recommendations", headers={"traceparent": "nonsense"}
            )
            answers["health"] = client.get("/health/live")
            provider = TracerProvider()
            with provider.get_tracer("shop").start_as_current_span("page") as page:
                caller = Client(str(client.base_url)).user_recommendations("dan")
                answers["page"] = page.get_span_context(), caller
    collector.server.shutdown()
    collector.server.server_close()
    return collector, answers


def roots(collector: Collector) -> list:
    return [span for span in collector.spans if span.kind == 2]


def test_a_request_goes_on_with_the_trace_that_it_brings(collected) -> None:
    collector, answers = collected
    [span] = [each for each in roots(collector) if each.trace_id.hex() == TRACE]
    assert (span.name, span.parent_span_id.hex()) == (
        "GET /v1/users/{user_id}/recommendations",
        PARENT,
    )
    facts = {each.key: each.value for each in span.attributes}
    assert facts["http.response.status_code"].int_value == 200
    assert facts["http.route"].string_value == "/v1/users/{user_id}/recommendations"
    assert facts["graphrec.request_id"].string_value == "mine"
    assert facts["graphrec.version"].string_value == answers["list"].json()["version"]
    assert answers["list"].headers["traceparent"] == f"00-{TRACE}-{span.span_id.hex()}-01"


def test_its_stages_are_spans_within_it(collected) -> None:
    collector, _ = collected
    spans = {each.span_id: each for each in collector.spans}
    of_trace = [each for each in collector.spans if each.trace_id.hex() == TRACE]
    below = {each.name: spans[each.parent_span_id].name for each in of_trace if each.kind != 2}
    assert below == {
        "turn": "GET /v1/users/{user_id}/recommendations",
        "list": "GET /v1/users/{user_id}/recommendations",
        "profile": "list",
        "retrieve": "list",
        "rank": "list",
        "reasons": "list",
    }
    for each in of_trace:
        assert each.start_time_unix_nano <= each.end_time_unix_nano


def test_other_requests_begin_a_trace(collected) -> None:
    collector, answers = collected
    for name in ("new", "bad"):
        parent = answers[name].headers["traceparent"].split("-")
        [span] = [each for each in roots(collector) if each.trace_id.hex() == parent[1]]
        assert (span.parent_span_id, parent[0]) == (b"", "00")
        assert int(parent[3], 16) & 1  # sampled
        assert span.span_id.hex() == parent[2]


def test_what_is_not_sampled_is_not_sent(collected) -> None:
    collector, answers = collected
    assert answers["unsampled"].headers["traceparent"].endswith("-00")
    assert len([each for each in roots(collector) if each.trace_id.hex() == TRACE]) == 1


def test_nothing_names_anybody(collected) -> None:
    collector, answers = collected
    assert answers["unknown"].status_code == 404
    sent = b"".join(each.SerializeToString() for each in collector.requests)
    for word in (b"ann", b"alien", b"no-such-item", b"/v1/users/ann"):
        assert word not in sent.replace(b"annotation", b"")
    assert not any("health" in each.name for each in roots(collector))
    assert {each.name for each in roots(collector)} == {
        "GET /v1/users/{user_id}/recommendations",
        "POST /v1/recommendations",
        "GET /v1/items/{item_id}/related",
    }  # and none of FastAPI's own
    assert "traceparent" not in answers["health"].headers


def test_the_resource_is_named(collected) -> None:
    collector, _ = collected
    facts = {
        each.key: each.value.string_value
        for each in collector.requests[0].resource_spans[0].resource.attributes
    }
    assert facts["service.name"] == "graphrec"
    assert facts["deployment.environment"] == "test"
    assert facts["service.version"]


def test_the_python_client_passes_the_trace_on(collected) -> None:
    collector, answers = collected
    page, _ = answers["page"]
    [span] = [each for each in roots(collector) if each.trace_id == page.trace_id.to_bytes(16)]
    assert span.parent_span_id == page.span_id.to_bytes(8)
    assert trace.get_current_span() is not None


def test_off_adds_nothing(tmp_path: Path) -> None:
    publish(tiny_snapshot(), tmp_path)
    with serving(create_app(Settings(snapshots=tmp_path))) as client:
        sent = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        answer = client.get("/v1/users/ann/recommendations", headers=sent)
    assert answer.status_code == 200
    assert "traceparent" not in answer.headers


@pytest.mark.slow
def test_off_imports_no_sdk() -> None:
    code = (
        "import sys, graphrec.api.app, graphrec.client;"
        "print([m for m in sys.modules if m.startswith('opentelemetry.sdk')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_collector_that_is_away_costs_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    publish(tiny_snapshot(), tmp_path)
    serve = ServeSettings(traces=True)
    with serving(create_app(Settings(snapshots=tmp_path, serve=serve))) as client:
        assert client.get("/v1/users/ann/recommendations").status_code == 200


@pytest.mark.parametrize(
    "variables",
    [{"OTEL_SDK_DISABLED": "true"}, {"OTEL_TRACES_EXPORTER": "none"}],
)
def test_the_variables_turn_it_off(variables: dict[str, str]) -> None:
    assert open_tracing(variables) is None


@pytest.mark.parametrize(
    "variables",
    [{"OTEL_TRACES_EXPORTER": "zipkin"}, {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}],
)
def test_an_exporter_that_is_not_here_is_an_error(variables: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="expected otlp with http/protobuf, console or none"):
        open_tracing(variables)


def test_stages_are_begun_within_their_context_only() -> None:
    seen: list[str] = []

    class Mark:
        def __init__(self, name: str) -> None:
            seen.append(name)

        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None: ...

    with stage("before"):
        pass
    with traced(Mark), stage("within"):
        pass
    with stage("after"):
        pass
    assert seen == ["within"]
