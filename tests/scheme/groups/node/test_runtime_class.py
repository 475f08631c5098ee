"""
Runtime classes: v1alpha1 has a spec, later versions have its members in the object.
"""

from __future__ import annotations

import pytest
from tests.scheme.groups.stored import example, stored

OLD, NEW = "node.k8s.io/v1alpha1", "node.k8s.io/v1"
REST = {"overhead": {"podFixed": {"cpu": "1"}}, "scheduling": {"nodeSelector": {"a": "b"}}}


def test_the_spec_is_unpacked_and_packed() -> None:
    """The handler has another name within it."""
    new = stored(example("RuntimeClass", OLD, spec={"runtimeHandler": "runc", **REST}), NEW)
    assert {name: new[name] for name in ("handler", *REST)} == {"handler": "runc", **REST}
    assert "spec" not in new
    assert stored(new, OLD)["spec"] == {"runtimeHandler": "runc", **REST}


def test_an_empty_one() -> None:
    """A handler is there in every version."""
    assert stored(example("RuntimeClass", OLD), NEW)["handler"] == ""
    assert stored(example("RuntimeClass", NEW), OLD)["spec"] == {"runtimeHandler": ""}


@pytest.mark.parametrize("version", [OLD, "node.k8s.io/v1beta1", NEW])
def test_amounts_are_not_rounded(version: str) -> None:
    """The group has no defaulting functions: an overhead below a milli stays, unlike a container's request."""
    overhead = {"podFixed": {"cpu": "100n"}}
    spec = {"spec": {"overhead": overhead}} if version == OLD else {"overhead": overhead}
    assert stored(example("RuntimeClass", version, **spec), NEW)["overhead"] == overhead
