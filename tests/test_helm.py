"""The Helm chart: linted and rendered by Helm itself, and valid for Kubernetes.

Helm's own library renders; the schemas of Kubernetes come with a package. No cluster runs here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from graphrec.cli.main import COMMANDS

from graphrec.settings import Settings
from tests.support.paths import ROOT

helm = pytest.importorskip("helm_python")
kubernetes = pytest.importorskip("kubernetes_validate")

CHART = ROOT / "deploy" / "helm" / "graphrec"
KUBERNETES = "1.31"

KEYS = {"secrets": {"keys": "graphrec-keys"}}
EVERYTHING = {
    "secrets": {"keys": "graphrec-keys", "environment": "graphrec-environment"},
    "environment": {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"},
    "imagePullSecrets": [{"name": "registry"}],
    "autoscaling": {"enabled": True},
    "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"},
    "consumer": {
        "enabled": True,
        "url": "kafka://kafka:9092/clicks",
        "arguments": ["--batch", "9"],
    },
    "service": {"tolerations": [{"operator": "Exists"}], "nodeSelector": {"a": "b"}},
    "persistence": {"storageClass": "nfs"},
}
ONE_POD = {
    **KEYS,
    "store": "sqlite:////data/graphrec.db",
    "service": {"replicas": 1},
    "podDisruptionBudget": {"enabled": False},
    "refresh": {"enabled": False},
    "upgrade": {"enabled": False},
    "persistence": {"existingClaim": "mine"},
}


def rendered(values: Mapping[str, Any], release: str = "shop") -> list[dict[str, Any]]:
    """The objects that the chart makes."""
    with helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema(chart.merge_values(values))
        found = chart.render(values, name=release, namespace="rec")
    return [
        each
        for name, text in found.items()
        if name.endswith(".yaml")
        for each in yaml.safe_load_all(text)
        if each
    ]


def of_kind(objects: list[dict[str, Any]], kind: str, suffix: str = "") -> dict[str, Any]:
    [found] = [
        each
        for each in objects
        if each["kind"] == kind and each["metadata"]["name"] == f"shop-graphrec{suffix}"
    ]
    return found


def pods(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The specifications of all pods."""
    found = []
    for each in objects:
        spec = each.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        if "template" in spec:
            found.append(spec["template"]["spec"])
    return found


def test_helm_finds_nothing_wrong() -> None:
    found = helm.lint(str(CHART), KEYS, strict=True)
    assert found["total_charts_linted"] == 1
    assert found["errors"] == []
    assert [each["error"] for each in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize("values", [KEYS, EVERYTHING, ONE_POD], ids=["least", "all", "one pod"])
def test_kubernetes_takes_it(values: Mapping[str, Any]) -> None:
    objects = rendered(values)
    for each in objects:
        kubernetes.validate(each, KUBERNETES, strict=True)
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(names) == len(set(names))


def test_what_there_is() -> None:
    kinds = [each["kind"] for each in rendered(EVERYTHING)]
    assert sorted(kinds) == sorted(
        [
            *("ConfigMap", "CronJob", "Deployment", "Deployment", "HorizontalPodAutoscaler"),
            *("Ingress", "Job", "PersistentVolumeClaim", "PodDisruptionBudget", "Service"),
            "ServiceAccount",
        ]
    )


def test_the_service_and_its_probes() -> None:
    objects = rendered(KEYS)
    deployment = of_kind(objects, "Deployment")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "graphrec-serve:0.1.0"
    paths = {
        name: container[name]["httpGet"]["path"]
        for name in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    for each in (of_kind(objects, "Service"), of_kind(objects, "PodDisruptionBudget")):
        selector = each["spec"]["selector"]
        selector = selector.get("matchLabels", selector)
        assert selector.items() <= labels.items()
        assert selector["app.kubernetes.io/component"] == "service"
    assert deployment["spec"]["replicas"] == 2
    assert "replicas" not in of_kind(rendered(EVERYTHING), "Deployment")["spec"]


def test_every_pod_is_confined_and_runs_a_command_that_there_is() -> None:
    found = pods(rendered(EVERYTHING))
    assert len(found) == 4
    for pod in found:
        assert pod["securityContext"]["runAsNonRoot"]
        assert not pod["automountServiceAccountToken"]
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"]
            assert container["args"][0] in COMMANDS
            assert "--settings" in container["args"]
            assert container["envFrom"] == [{"secretRef": {"name": "graphrec-environment"}}]
            mounted = {each["name"] for each in container["volumeMounts"]}
            assert mounted == {each["name"] for each in pod["volumes"]}
            for each in container["env"]:
                if each["name"].startswith("GRAPHREC_"):
                    section, _, key = each["name"][9:].lower().partition("__")
                    known = getattr(Settings(), section)
                    assert not key or key in type(known).model_fields


def test_no_secret_is_in_what_is_rendered() -> None:
    text = json.dumps(rendered(EVERYTHING))
    assert '"kind": "Secret"' not in text
    assert "password" not in text.lower()


def test_a_refresh_is_one_at_a_time() -> None:
    job = of_kind(rendered(KEYS), "CronJob", "-refresh")["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    [container] = job["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "graphrec-train:0.1.0"
    assert container["args"][:1] + container["args"][-1:] == ["refresh", "--since-last"]


def test_a_change_of_the_settings_starts_pods_anew() -> None:
    def checksum(settings: str) -> str:
        deployment = of_kind(rendered({**KEYS, "settings": settings}), "Deployment")
        return deployment["spec"]["template"]["metadata"]["annotations"]["checksum/settings"]

    assert checksum("seed = 1\n") != checksum("seed = 2\n")
    settings = of_kind(rendered({**KEYS, "settings": "seed = 1\n"}), "ConfigMap")
    assert settings["data"]["graphrec.toml"].strip() == "seed = 1"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "secrets.keys is empty: expected the name of a Secret"),
        ({**KEYS, "store": "sqlite:///graphrec.db"}, "there are several pods: expected a server"),
        (
            {**ONE_POD, "consumer": {"enabled": True, "url": "kafka://k/t"}},
            "consumer.enabled is true: expected a server",
        ),
        ({**KEYS, "consumer": {"enabled": True}}, "consumer.url is empty"),
        ({**KEYS, "store": "mysql://x"}, "store"),
        ({**KEYS, "replicas": 3}, "replicas"),
        ({**KEYS, "service": {"replicas": "many"}}, "replicas"),
    ],
)
def test_what_cannot_work_is_refused(values: Mapping[str, Any], said: str) -> None:
    with pytest.raises(helm.HelmError, match=said):
        rendered(values)


def test_the_chart_is_of_this_version() -> None:
    import graphrec

    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["appVersion"] == graphrec.__version__
