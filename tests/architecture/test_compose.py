"""docker-compose.yml, held against the specification: there is no Docker engine where kstore is developed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

COMPOSE_GO = "github.com/compose-spec/compose-go/v2@v2.16.2"


@pytest.fixture(scope="module")
def compose(repository: Path) -> dict[str, Any]:
    return yaml.safe_load((repository / "docker-compose.yml").read_text())


def test_is_what_the_specification_allows(compose, repository):
    """Every member is one that the specification has, of its type."""
    schema = json.loads((repository / "tests/architecture/compose.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(compose, schema)


def test_the_schema_refuses_mistakes(compose, repository):
    """A misspelt member, an unpinned image and a duration without a unit are found."""
    schema = json.loads((repository / "tests/architecture/compose.schema.json").read_text())
    etcd = compose["services"]["etcd"]
    for mistake in (
        {"comand": []},
        {"image": "quay.io/coreos/etcd"},
        {"image": "quay.io/coreos/etcd:latest"},
        {"healthcheck": {**etcd["healthcheck"], "interval": "2"}},
        {"depends_on": {"etcd": {"condition": "healthy"}}},
    ):
        broken = {**compose, "services": {**compose["services"], "etcd": {**etcd, **mistake}}}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema)


@pytest.mark.e2e
def test_is_what_the_published_schema_allows(compose, tmp_path):
    """The specification's own JSON schema, from the Go module that Docker uses, accepts the file."""
    if shutil.which("go") is None:
        pytest.skip("Go is not installed, which would bring the published schema")
    module = subprocess.run(
        ["go", "mod", "download", "-json", COMPOSE_GO], cwd=tmp_path, capture_output=True, check=True
    )
    schema = json.loads((Path(json.loads(module.stdout)["Dir"]) / "schema/compose-spec.json").read_text())
    jsonschema.validate(compose, schema)


def test_names_refer_to_something(compose):
    """Services, volumes and configs that are named are declared, and the other way round."""
    services = compose["services"].values()
    for service in services:
        assert set(service.get("depends_on", {})) <= set(compose["services"])
    volumes = {mount.split(":")[0] for service in services for mount in service.get("volumes", ())}
    assert set(compose["volumes"]) == volumes
    configs = {config["source"] for service in services for config in service.get("configs", ())}
    assert set(compose["configs"]) == configs


def test_only_loopback_is_published(compose):
    """A server with a public token is reachable from its own machine alone."""
    ports = [port for service in compose["services"].values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:2379:2379", "127.0.0.1:6443:6443"]


def test_plain_up_starts_etcd_alone(compose):
    """What is not etcd waits for its profile."""
    assert [name for name, service in compose["services"].items() if "profiles" not in service] == ["etcd"]


def test_health_checks_run_what_the_image_has(compose):
    """The etcd image has no shell, so its check runs a program; what depends on it waits for health."""
    assert compose["services"]["etcd"]["healthcheck"]["test"][:2] == ["CMD", "etcdctl"]
    assert compose["services"]["kube-apiserver"]["depends_on"] == {"etcd": {"condition": "service_healthy"}}


def test_versions_are_those_that_the_tests_build(compose, repository):
    """The images are of the very releases that tests/e2e/servers builds, and README.md names them."""
    versions = {name: service["image"].rpartition(":v")[2] for name, service in compose["services"].items()}
    assert (
        f"k8s.io/kubernetes v{versions['kube-apiserver']}"
        in (repository / "tests/e2e/servers/kubernetes-1.37/go.mod").read_text()
    )
    assert (
        f"go.etcd.io/etcd/server/v3 v{versions['etcd']}" in (repository / "tests/e2e/servers/etcd/go.mod").read_text()
    )
    readme = (repository / "README.md").read_text()
    assert f"etcd {versions['etcd']}" in readme
    assert f"kube-apiserver {versions['kube-apiserver']}" in readme
