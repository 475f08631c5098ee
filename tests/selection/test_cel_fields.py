"""
The fields that an expression in CEL names.
"""

from __future__ import annotations

import pytest

from kstore.selection.cel_fields import field_paths


@pytest.mark.parametrize(
    ("expression", "paths"),
    [
        ("spec.replicas > 1", ["spec.replicas"]),
        ("spec.containers.exists(c, c.image == 'x')", ["spec.containers", "spec.containers.image"]),
        ("spec.containers.exists(i, c, c.image == 'x')", ["spec.containers"]),
        ("spec.list.map(x, x.on, x.name) == []", ["spec.list", "spec.list.on", "spec.list.name"]),
        ("spec.list.filter(x, x.on).exists(y, y.name == '')", ["spec.list", "spec.list.on", "spec.list.name"]),
        ("metadata.labels['app'] == 'web'", ["metadata.labels.app"]),
        ("metadata.labels[r'app'] == 'web'", ["metadata.labels.app"]),
        ('metadata.labels[R"b.r/app"] == "web"', ["metadata.labels.b.r/app"]),
        ("spec.ports[0].port == 80", ["spec.ports.port"]),
        ("metadata.labels[spec.name] == 'x'", ["metadata.labels", "spec.name"]),
        ("size(spec.a) == 1 && !(spec.b in ['spec.c', spec.d])", ["spec.a", "spec.b", "spec.d"]),
        ("// spec.none\nspec.some", ["spec.some"]),
    ],
)
def test_which_fields_are_named(expression: str, paths: list[str]) -> None:
    """
    A macro's variable is an element of what it goes through, where it has one: of two the second stands for what
    cannot be told. An index may be a raw string; texts and comments name nothing.
    """
    assert [".".join(path) for path in field_paths(expression)] == paths
