"""The Kubernetes base: what kustomize builds of it is valid, strictly, and fits the worker."""

from __future__ import annotations

import copy
import functools
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from streams.http.hosts import Hosts
from streams.kafka import topics
from streams.settings import SETTINGS
from streams.settings_reader import load
from streams.worker import draining
from tests.deploy.installed import DEPLOY, missing, run, wanted

BASE = DEPLOY / "kubernetes"
HERE = Path(__file__).parent
# Prometheus operator's Go module holds the definitions of its resources.
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
STRIMZI = {
    "Kafka": "io.strimzi.api.kafka.model.kafka.Kafka",
    "KafkaNodePool": "io.strimzi.api.kafka.model.nodepool.KafkaNodePool",
    "KafkaTopic": "io.strimzi.api.kafka.model.topic.KafkaTopic",
}
# Named by the base before the worker has them.
COMING = {"TRUCE_TOKEN_FILE", "TRUCE_ALERTMANAGER"}
# A batch of the most records that are taken at once has been seen to take half a second.
SECONDS_FOR_A_BATCH = 10
# What Strimzi's generator of definitions is compiled for.
JAVA = 21


@functools.cache
def built() -> str:
    done = run(wanted("kubectl", "kubernetes-client"), "kustomize", BASE)
    assert done.returncode == 0, done.stderr
    return done.stdout


def resources(kind: str | None = None) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(built()) if kind in {None, one["kind"]}]


def resource(kind: str, name: str | None = None) -> dict[str, Any]:
    [found] = [one for one in resources(kind) if name in {None, one["metadata"]["name"]}]
    return found


@pytest.fixture
def pod() -> dict[str, Any]:
    found: dict[str, Any] = resource("StatefulSet")["spec"]["template"]["spec"]
    return found


@pytest.fixture
def settings(pod: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["containers"][0]["env"]}


def test_kubernetes_takes_what_is_its_own(tmp_path: Path) -> None:
    file = tmp_path / "built.yaml"
    file.write_text(built())

    checked = run(Path(sys.executable).with_name("kubernetes-validate"), "--strict", file)

    said = checked.stdout + checked.stderr
    assert checked.returncode == 0, said
    ours = {one["kind"] for one in resources()} - STRIMZI.keys() - {"PodMonitor"}
    assert ours == {kind for kind in ours if f"for resource {kind.lower()}/" in said}, said
    # What it has no schema for is checked by the next two.
    unknown = set(re.findall(r"Couldn't find schema for kind (\w+)", said))
    assert unknown == STRIMZI.keys() | {"PodMonitor"}


def test_the_check_would_see_a_wrong_field(tmp_path: Path) -> None:
    wrong = resource("StatefulSet")
    wrong["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(wrong))

    checked = run(Path(sys.executable).with_name("kubernetes-validate"), "--strict", file)

    assert checked.returncode != 0


@pytest.mark.deployment
def test_strimzi_takes_its_resources(tmp_path: Path) -> None:
    for kind, schema in strimzi_schemas(tmp_path).items():
        found = resources(kind)
        assert found, kind
        for one in found:
            refuses_what_is_wrong(one, schema)


def refuses_what_is_wrong(right: dict[str, Any], schema: Any) -> None:
    """Whether it is valid, and would not be with a field more."""
    jsonschema.validate(right, schema)
    wrong = copy.deepcopy(right)
    wrong["spec"]["nosuch"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, schema)


def strimzi_schemas(folder: Path) -> dict[str, Any]:
    """The schema of each kind, as Strimzi's own generator writes its definition."""
    maven = wanted("mvn", "maven")
    java = new_enough_java()
    path = folder / "class-path"
    fetched = run(
        *(maven, "-q", "-B", "-ntp", "-f", HERE / "strimzi.xml"),
        *("dependency:build-classpath", f"-Dmdep.outputFile={path}"),
    )
    if fetched.returncode:
        missing(f"Maven Central does not give Strimzi: {fetched.stdout[:300]}")
    generated = run(
        *(java, "-cp", path.read_text().strip(), "io.strimzi.crdgenerator.CrdGenerator", "--yaml"),
        *(f"{name}={folder / kind}.yaml" for kind, name in STRIMZI.items()),
    )
    assert generated.returncode == 0, generated.stderr
    return {kind: schema_of(folder / f"{kind}.yaml", "v1") for kind in STRIMZI}


def new_enough_java() -> str:
    """A Java that is new enough, wherever those who install several put them."""
    homes = [Path(value) for name, value in os.environ.items() if name.startswith("JAVA_HOME")]
    homes += Path("/usr/lib/jvm").glob("*")
    for java in [Path(shutil.which("java") or ""), *(home / "bin" / "java" for home in homes)]:
        if java.is_file():
            found = re.search(r'version "(\d+)', run(java, "-version").stderr)
            if found and int(found[1]) >= JAVA:
                return str(java)
    # Not every system that CI runs on has a package of it.
    pytest.skip(f"no Java {JAVA} or newer on this machine")


@pytest.mark.deployment
def test_prometheus_operator_takes_the_pod_monitor() -> None:
    go = wanted("go", "golang-go")
    fetched = run(go, "mod", "download", "-json", PROMETHEUS_OPERATOR)
    if fetched.returncode:
        missing(f"the Go proxy does not give the Prometheus operator: {fetched.stdout[:300]}")
    folder = Path(json.loads(fetched.stdout)["Dir"]) / "example" / "prometheus-operator-crd"
    schema = schema_of(folder / "monitoring.coreos.com_podmonitors.yaml", "v1")

    refuses_what_is_wrong(resource("PodMonitor"), schema)


def schema_of(definition: Path, version: str) -> Any:
    """The JSON Schema in a CustomResourceDefinition; what it does not name is refused."""
    versions = yaml.safe_load(definition.read_text())["spec"]["versions"]
    [found] = [one["schema"]["openAPIV3Schema"] for one in versions if one["name"] == version]
    for _ in closed(found):
        pass
    found["properties"]["metadata"] = {"type": "object"}
    return found


def closed(schema: Any) -> Iterator[None]:
    """Refuse unknown fields, as the API server does where it is asked to be strict."""
    if isinstance(schema, list):
        for one in schema:
            yield from closed(one)
    elif isinstance(schema, dict):
        if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
            schema.setdefault("additionalProperties", False)
        for one in schema.values():
            yield from closed(one)


def test_the_topics_are_those_that_the_worker_declares(settings: dict[str, str]) -> None:
    read = load(settings)
    declared = topics.declared(read.partitions, read.replication)

    assert {one["metadata"]["name"] for one in resources("KafkaTopic")} == {
        one.name for one in declared
    }
    for topic in declared:
        spec = resource("KafkaTopic", topic.name)["spec"]
        assert (spec["partitions"], spec["replicas"]) == (topic.partitions, topic.replication)
        assert spec["config"] == {**topic.configs, "min.insync.replicas": "2"}


def test_the_log_survives_the_loss_of_a_broker_and_of_a_topic_object() -> None:
    config = resource("Kafka")["spec"]["kafka"]["config"]
    pool = resource("KafkaNodePool")["spec"]

    assert pool["replicas"] == config["default.replication.factor"] == 3
    assert config["min.insync.replicas"] == 2
    assert config["delete.topic.enable"] == "false"
    assert all(not volume["deleteClaim"] for volume in pool["storage"]["volumes"])


def test_every_setting_is_one_that_the_worker_has(settings: dict[str, str]) -> None:
    assert settings.keys() <= {one.name for one in SETTINGS} | COMING
    assert (
        load(settings).broker[0].host == f"{resource('Kafka')['metadata']['name']}-kafka-bootstrap"
    )


def test_the_worker_may_do_nothing_but_its_work(pod: dict[str, Any]) -> None:
    [container] = pod["containers"]
    rights, limits = pod["securityContext"], container["securityContext"]

    assert (rights["runAsNonRoot"], rights["runAsUser"]) == (True, 65532)
    assert rights["seccompProfile"] == {"type": "RuntimeDefault"}
    assert limits == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["automountServiceAccountToken"] is False
    mounts = {one["mountPath"]: one.get("readOnly", False) for one in container["volumeMounts"]}
    assert mounts == {"/data": False, "/tmp": False, "/run/truce": True}  # noqa: S108 - its name


def test_the_token_is_mounted_as_the_worker_takes_it(
    pod: dict[str, Any], settings: dict[str, str]
) -> None:
    [secret] = [volume["secret"] for volume in pod["volumes"] if "secret" in volume]

    # Kubernetes adds the right of the group, fsGroup, to read: root's, and 0440.
    assert secret["defaultMode"] == 0o400
    assert pod["securityContext"]["fsGroup"] == 65532
    assert settings["TRUCE_TOKEN_FILE"] == "/run/truce/token"  # noqa: S105 - a path
    assert settings["TRUCE_POSTED_BY_KEY_FILE"] == "/run/truce/posted-by-key"
    made = (BASE / "kustomization.yaml").read_text()
    assert all(f"--from-literal={name}=" in made for name in ("token", "posted-by-key"))


def test_the_worker_answers_to_the_names_of_its_service(settings: dict[str, str]) -> None:
    hosts = Hosts("0.0.0.0", load(settings).http_hosts)  # noqa: S104 - in a pod
    name, space = "trucewatch", resource("Service", "trucewatch")["metadata"]["namespace"]
    called = (name, f"{name}.{space}", f"{name}.{space}.svc", f"{name}.{space}.svc.cluster.local")
    assert all(hosts.is_ours(f"{one}:6066") for one in called)
    # A probe, and a scrape of a pod.
    assert hosts.is_ours("10.244.0.7:6066")


def test_the_worker_has_the_time_to_stop_in_good_order(pod: dict[str, Any]) -> None:
    needed = draining.SECONDS_TO_PUBLISH + draining.SECONDS_TO_LEAVE + SECONDS_FOR_A_BATCH
    assert pod["terminationGracePeriodSeconds"] >= needed


def test_only_the_port_of_the_pages_is_reached() -> None:
    spec = resource("NetworkPolicy")["spec"]
    labels = resource("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    [container] = resource("StatefulSet")["spec"]["template"]["spec"]["containers"]

    assert spec["podSelector"]["matchLabels"].items() <= labels.items()
    assert set(spec["policyTypes"]) == {"Ingress", "Egress"}
    assert [one["ports"] for one in spec["ingress"]] == [[{"protocol": "TCP", "port": "http"}]]
    assert container["ports"] == [{"name": "http", "containerPort": 6066}]


def test_every_selector_finds_the_worker() -> None:
    labels = resource("StatefulSet")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        resource("StatefulSet")["spec"]["selector"]["matchLabels"],
        resource("PodMonitor")["spec"]["selector"]["matchLabels"],
        *(one["spec"]["selector"] for one in resources("Service")),
    ]
    for selector in selectors:
        assert selector.items() <= labels.items()
    [listener] = resource("Kafka")["spec"]["kafka"]["listeners"]
    [peer] = listener["networkPolicyPeers"]
    assert peer["podSelector"]["matchLabels"].items() <= labels.items()
    # The rules and the dashboards ask for this name of the job.
    assert labels[resource("PodMonitor")["spec"]["jobLabel"]] == "trucewatch"
