"""
Structural schemas: what is pruned, what nulls go, what is filled in.
"""

from __future__ import annotations

from typing import Any

from kstore.customresource.structural import Structural, default, drop_nulls, prune, repair_embedded

PORTS = {
    "type": "object",
    "properties": {
        "replicas": {"type": "integer", "default": 1},
        "ports": {
            "type": "array",
            "items": {
                "type": "object",
                "default": {"number": 80, "odd": True},
                "properties": {"number": {"type": "integer"}, "protocol": {"type": "string", "default": "TCP"}},
            },
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "note": {"type": "string", "nullable": True, "default": "none"},
    },
}


def spec(schema: dict[str, Any]) -> Structural:
    """A whole object's schema whose `spec` is the given one."""
    return Structural.of({"type": "object", "properties": {"spec": schema}})


def test_unknown_members_are_pruned_and_named():
    """Members without a schema go, below lists too; kind, apiVersion and metadata of the object stay."""
    obj = {
        "kind": "A",
        "apiVersion": "b/v1",
        "metadata": {"name": "x", "odd": 1},
        "status": {"a": 1},
        "spec": {"replicas": 1, "extra": {}, "ports": [{"number": 1, "name": "a"}], "labels": {"any": "x"}},
    }
    assert prune(obj, spec(PORTS), root=True) == ["spec.extra", "spec.ports[0].name", "status"]
    assert obj == {
        "kind": "A",
        "apiVersion": "b/v1",
        "metadata": {"name": "x", "odd": 1},
        "spec": {"replicas": 1, "ports": [{"number": 1}], "labels": {"any": "x"}},
    }


def test_preserved_members_stay_but_described_ones_are_pruned():
    """Below x-kubernetes-preserve-unknown-fields only what has a schema of its own is pruned."""
    schema = spec(
        {
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"inner": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        }
    )
    obj = {"spec": {"free": {"x": 1}, "inner": {"a": 1, "b": 2}}}
    assert prune(obj, schema, root=True) == ["spec.inner.b"]
    assert obj == {"spec": {"free": {"x": 1}, "inner": {"a": 1}}}


def test_without_a_schema_everything_but_the_head_goes():
    """A version without a schema keeps kind, apiVersion and metadata only."""
    obj = {"kind": "A", "metadata": {}, "spec": {"a": 1}}
    assert prune(obj, None, root=True) == ["spec"]
    assert obj == {"kind": "A", "metadata": {}}


def test_defaults_are_filled_in_at_every_level():
    """Missing members, and forbidden nulls, get the default; a null that is allowed stays; defaults are pruned."""
    obj: dict[str, Any] = {"spec": {"replicas": None, "note": None, "ports": [{}, None]}}
    schema = spec(PORTS)
    drop_nulls(obj, schema)
    default(obj, schema)
    assert obj == {
        "spec": {
            "replicas": 1,
            "note": None,
            "ports": [{"protocol": "TCP"}, {"number": 80, "protocol": "TCP"}],
        }
    }


def test_preserved_lists_keep_what_their_items_do_not_describe():
    """Where a list preserves unknown fields, so do its items; what is described within them is pruned."""
    item = {"type": "object", "properties": {"a": {"type": "object", "properties": {"x": {}}}, "b": {}}}
    for keeps in (True, False):
        schema = spec({"type": "array", "x-kubernetes-preserve-unknown-fields": keeps, "items": item})
        obj = {"spec": [{"a": {"x": 1, "y": 2}, "b": 1, "c": 3}]}
        dropped = prune(obj, schema, root=True)
        assert dropped == ["spec[0].a.y", *([] if keeps else ["spec[0].c"])]


def test_nulls_of_a_map_get_its_default():
    """A forbidden null does, whatever its name; one that is allowed, and what is not there, stays so."""
    for nullable in (True, False):
        schema = spec({"additionalProperties": {"type": "integer", "default": 5, "nullable": nullable}})
        obj: dict[str, Any] = {"spec": {"a": None, "b": 1}}
        default(obj, schema)
        assert obj == {"spec": {"a": None if nullable else 5, "b": 1}}


def test_a_default_is_a_copy():
    """Two objects never share a default's value."""
    schema = Structural.of({"properties": {"list": {"type": "array", "default": [1]}}})
    one: dict[str, Any] = {}
    two: dict[str, Any] = {}
    default(one, schema)
    default(two, schema)
    one["list"].append(2)
    assert two == {"list": [1]}


def test_nulls_without_a_default_are_dropped():
    """A null that is neither allowed nor replaced is as good as absent; one that no schema describes stays."""
    obj = {"spec": {"labels": {"a": None, "b": "x"}, "free": None}}
    drop_nulls(obj, spec(PORTS))
    assert obj == {"spec": {"labels": {"b": "x"}, "free": None}}


def test_embedded_resources_are_repaired():
    """The metadata of an embedded resource goes through ObjectMeta, and an unset creation time is left out."""
    schema = Structural.of({"properties": {"template": {"type": "object", "x-kubernetes-embedded-resource": True}}})
    obj = {"template": {"kind": 5, "metadata": {"name": "x"}}}
    repair_embedded(obj, schema, lambda found, _: {**found, "creationTimestamp": None}, lenient=True)
    assert obj == {"template": {"metadata": {"name": "x"}}}


def test_a_null_that_is_allowed_stays():
    """Whether it has a default or not; a forbidden one without a default goes."""
    schema = spec({"type": "object", "properties": {
        "may": {"type": "string", "nullable": True}, "must": {"type": "string"},
    }})  # fmt: skip
    obj: dict[str, Any] = {"spec": {"may": None, "must": None}}
    drop_nulls(obj, schema)
    assert obj == {"spec": {"may": None}}
