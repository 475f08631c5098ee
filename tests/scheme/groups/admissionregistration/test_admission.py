"""
Webhooks and policies of admission: v1 fails and matches equivalents, v1beta1 did neither.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.scheme.groups.stored import example, stored

GROUP = "admissionregistration.k8s.io"
ALPHA, BETA, NEW = f"{GROUP}/v1alpha1", f"{GROUP}/v1beta1", f"{GROUP}/v1"
WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


def webhook(kind: str, version: str, **members: Any) -> dict[str, Any]:
    """A webhook of a configuration that is stored as v1."""
    found: dict[str, Any] = stored(example(kind, version, webhooks=[{"name": "w", **members}]), NEW)["webhooks"][0]
    return found


@pytest.mark.parametrize("kind", WEBHOOKS)
def test_versions_differ(kind: str) -> None:
    """An object keeps its version's behaviour when it is stored in another."""
    old, new = webhook(kind, BETA), webhook(kind, NEW)
    names = ("failurePolicy", "matchPolicy", "timeoutSeconds")
    assert [old[name] for name in names] == ["Ignore", "Exact", 30]
    assert [new[name] for name in names] == ["Fail", "Equivalent", 10]
    assert (old["sideEffects"], old["admissionReviewVersions"]) == ("Unknown", ["v1beta1"])
    assert (new["sideEffects"], new["admissionReviewVersions"]) == (None, None)


@pytest.mark.parametrize("kind", WEBHOOKS)
@pytest.mark.parametrize("version", [BETA, NEW])
def test_what_versions_share(kind: str, version: str) -> None:
    """They match everything, and their service listens where HTTPS does."""
    found = webhook(kind, version, clientConfig={"service": {"name": "s", "namespace": "n"}}, rules=[{}])
    assert found["namespaceSelector"] == found["objectSelector"] == {}
    assert found["clientConfig"]["service"]["port"] == 443
    assert found["rules"][0]["scope"] == "*"
    assert found.get("reinvocationPolicy") == ("Never" if kind.startswith("Mutating") else None)


@pytest.mark.parametrize("version", [ALPHA, BETA, NEW])
@pytest.mark.parametrize("kind", ["ValidatingAdmissionPolicy", "MutatingAdmissionPolicy"])
def test_policies(kind: str, version: str) -> None:
    """A policy fails, and matches equivalent requests of everything."""
    spec = stored(example(kind, version, spec={"matchConstraints": {}}), NEW)["spec"]
    assert spec["failurePolicy"] == "Fail"
    assert spec["matchConstraints"] == {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}


def test_parameters_that_are_missing() -> None:
    """v1alpha1 denies without them; later versions leave that to be said."""
    for version, expected in ((ALPHA, "Deny"), (BETA, None), (NEW, None)):
        binding = example("ValidatingAdmissionPolicyBinding", version, spec={"paramRef": {"name": "p"}})
        assert stored(binding, NEW)["spec"]["paramRef"].get("parameterNotFoundAction") == expected
