"""
`kstore explain`: the fields of a type.
"""

from __future__ import annotations

from tests.cli.conftest import Kstore


def test_fields_of_a_built_in_type(kstore: Kstore) -> None:
    """Types, protobuf numbers and merge keys, of lists those of their elements."""
    ran = kstore("explain", "pods.spec.containers", "--built-in")
    assert ran.code == 0
    assert "FIELD:   spec.containers <[]Container>, number 2" in ran.text
    rows = {line.split()[0]: line.split()[1:] for line in ran.text.splitlines() if line}
    assert rows["env"] == ["[]EnvVar", "7", "merged", "by", "name"]
    assert rows["livenessProbe"][:2] == ["Probe", "10"]


def test_inline_fields_stand_among_the_others(kstore: Kstore) -> None:
    """Go's embedded structs have no name in JSON: a probe has httpGet."""
    assert "httpGet" in kstore("explain", "pods.spec.containers.livenessProbe", "--built-in").text


def test_versions(kstore: Kstore) -> None:
    """The stored version, or the one asked for, in the release asked for."""
    assert "VERSION: autoscaling/v2\n" in kstore("explain", "hpa", "--built-in").text
    old = kstore("explain", "hpa.spec", "--built-in", "--api-version", "autoscaling/v1")
    assert "targetCPUUtilizationPercentage" in old.text
    gone = kstore("explain", "hpa", "--built-in", "--api-version", "autoscaling/v9")
    assert gone.code == 2
    assert "autoscaling/v2beta1" in gone.err


def test_as_json(kstore: Kstore) -> None:
    """A document, with fields of fields on request."""
    found = kstore("explain", "pods.spec", "--built-in", "-o", "json", "--recursive").json
    assert (found["apiVersion"], found["kind"], found["path"]) == ("v1", "Pod", "spec")
    containers = next(field for field in found["fields"] if field["name"] == "containers")
    assert containers["number"] == 2
    assert {"name": "image", "type": "string", "number": 2} in containers["fields"]


def test_recursion_ends(kstore: Kstore) -> None:
    """A schema within a schema is shown once."""
    ran = kstore("explain", "crd.spec.versions.schema", "--built-in", "--recursive")
    assert ran.code == 0
    assert ran.text.count("openAPIV3Schema") == 1


def test_custom_resources(demo: Kstore) -> None:
    """By the schema of their CRD; with the whole name of the resource too."""
    for name in ("ct.spec", "crontabs.stable.example.com.spec"):
        ran = demo("explain", name)
        assert ran.code == 0
        assert "cronSpec  string" in ran.text
        assert "replicas  integer  default 1" in ran.text
    assert demo("explain", "flunders").code in (0, 2)


def test_a_key(demo: Kstore) -> None:
    """A key is explained as `resources explain` does."""
    assert (
        demo("explain", "/registry/minions/node-a").out == demo("resources", "explain", "/registry/minions/node-a").out
    )


def test_fields_that_are_not_there(kstore: Kstore) -> None:
    """The fields that there are are named."""
    ran = kstore("explain", "deploy.spec.strategy.kind", "--built-in")
    assert ran.code == 2
    assert "Deployment.spec.strategy has no field 'kind'" in ran.err
    assert "rollingUpdate" in ran.err
