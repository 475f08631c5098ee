"""
`kstore resources`: the RESTMapper, of any release and of the store at hand.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Kstore


def rows(kstore: Kstore, *arguments: str) -> dict[str, dict[str, object]]:
    """The resources of a document, by name and group."""
    found = kstore("resources", "-o", "json", *arguments).json["resources"]
    return {f"{row['resource']}.{row['group']}".rstrip("."): row for row in found}


def test_built_in_resources(kstore: Kstore) -> None:
    """Names, scope, key prefix and storage version of the release; no store is needed."""
    found = rows(kstore, "--built-in")
    assert found["services"]["keyPrefix"] == "services/specs"
    assert found["nodes"]["keyPrefix"] == "minions"
    deployments = found["deployments.apps"]
    assert (deployments["storageVersion"], deployments["shortNames"]) == ("apps/v1", ["deploy"])
    assert "podsecuritypolicies.policy" not in found
    assert "deployments.extensions" not in found, "removed before the first known release"


def test_another_release(kstore: Kstore) -> None:
    """Storage versions and what is gone are the release's."""
    found = rows(kstore, "--built-in", "--release", "1.22")
    assert found["podsecuritypolicies.policy"]["storageVersion"] == "policy/v1beta1"
    assert found["horizontalpodautoscalers.autoscaling"]["storageVersion"] == "autoscaling/v1"
    everything = rows(kstore, "--built-in", "--all")
    psp = everything["podsecuritypolicies.policy"]
    assert psp["storageVersion"] == ""
    assert psp["versions"] == [
        {
            "version": "v1beta1", "served": False, "introduced": "1.10", "deprecated": "1.21", "removed": "1.25",
            "replacement": "",
        }
    ]  # fmt: skip


def test_custom_resources_of_the_store(demo: Kstore) -> None:
    """Those of CRDs with their versions; those that only keys tell of; plugins' kinds as built-in ones."""
    found = rows(demo)
    crontabs = found["crontabs.stable.example.com"]
    assert (crontabs["source"], crontabs["storageVersion"]) == ("crontabs.stable.example.com", "stable.example.com/v1")
    assert [version["version"] for version in crontabs["versions"]] == ["v1beta1", "v1"]  # type: ignore[attr-defined]
    assert found["flunders.wardle.example.com"]["keyPrefix"].endswith("flunders")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("/registry/minions/node-a", ["nodes", "/api/v1/nodes/node-a", "/registry/minions/NAME"]),
        ("/registry/services/specs/default/web", ["services", "/api/v1/namespaces/default/services/web"]),
        ("deploy/shop/cart", ["/registry/deployments/shop/cart", "/apis/apps/v1/namespaces/shop/deployments/cart"]),
        ("hpa", ["autoscaling/v2 HorizontalPodAutoscaler", "1.17-1.26", "autoscaling/v1"]),
        ("ct", ["CustomResourceDefinition crontabs.stable.example.com"]),
        ("/registry/stable.example.com/crontabs/default/x", ["CronTab", "stable.example.com/v1"]),
    ],
)
def test_explain(demo: Kstore, asked: str, words: list[str]) -> None:
    """From a key to its resource, from a name to its key."""
    ran = demo("resources", "explain", asked)
    assert ran.code == 0
    assert all(word in ran.text for word in words)


def test_explain_as_json(demo: Kstore) -> None:
    """The same for programs: the resource, and what the key says."""
    found = demo("resources", "explain", "/registry/deployments/shop/cart", "-o", "json").json
    assert (found["group"], found["kind"], found["namespace"], found["name"]) == ("apps", "Deployment", "shop", "cart")
    assert found["path"] == "/apis/apps/v1/namespaces/shop/deployments/cart"
    back = demo("resources", "explain", "deployments.apps/shop/cart", "-o", "json").json
    assert back["key"] == "/registry/deployments/shop/cart"


def test_tables(demo: Kstore) -> None:
    """A line a resource, under headers; wide has more; names are what ls takes."""
    plain = demo("resources", "po", "deploy").text.splitlines()
    assert plain[0].split() == ["NAME", "SHORTNAMES", "STORED", "AS", "NAMESPACED", "KIND", "KEYS"]
    assert plain[1].split() == ["pods", "po", "v1", "true", "Pod", "pods"]
    assert "v1beta1:1.16" in demo("resources", "deploy", "-o", "wide").text
    assert demo("resources", "deploy", "-o", "name").text == "deployments.apps\n"
    assert demo("resources", "deploy", "--no-headers").text.startswith("deployments.apps")


def test_what_nobody_knows(demo: Kstore, kstore: Kstore) -> None:
    """A name or key without a resource is a usage error; a store that was named must be there."""
    assert demo("resources", "explain", "nothings").code == 2
    assert demo("resources", "explain", "/registry/nothings/a").code == 2
    assert demo("resources", "explain").code == 2
    assert kstore("--store", "/no/such/file", "resources").code == 1


def test_resources_of_a_plugin(
    kstore: Kstore, repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A plugin's resources are there without a store, and say where they come from."""
    folder = tmp_path / "kstore_wardle-0.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: kstore-wardle\nVersion: 0.1.0\n")
    (folder / "entry_points.txt").write_text("[kstore.scheme]\nwardle = kstore_wardle:plugin\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.syspath_prepend(repository / "examples" / "wardle")
    assert rows(kstore, "--built-in", "flunders")["flunders.wardle.example.com"]["source"] == "plugin"
    assert "reference" in kstore("explain", "flunders.spec", "--built-in").text
