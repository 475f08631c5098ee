"""
A second migration of a custom resource changes nothing, whatever its CRD says and whatever is stored.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from kstore.catalog.releases import Release
from kstore.customresource.converter import Converted, CustomConverter
from kstore.customresource.definition import CustomDefinition
from kstore.customresource.unstructured import write
from kstore.decode.json.raw_json import RawJSON
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme

CODEC = ObjectCodec(Scheme(Release("1.37")))
NAMES = st.sampled_from(["a", "b", "c", "kind", "metadata"])
NUMBERS = st.sampled_from([
    "0", "-0", "-0.0", "1", "1.0", "1.5", "1e3", "1e18", "1e20", "1e21", "1e-7", "9223372036854775807", "0e5",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "12345678901234567890123", "100000e-5",
])  # fmt: skip
SCALARS = st.one_of(NUMBERS, st.sampled_from(['"x"', '"\\u00e9<"', '""', "true", "null"]))


def _texts(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    members = st.dictionaries(NAMES, inner, max_size=4)
    return st.one_of(
        members.map(lambda found: "{" + ",".join(f'"{name}":{value}' for name, value in found.items()) + "}"),
        st.lists(inner, max_size=3).map(lambda found: "[" + ",".join(found) + "]"),
    )


TEXTS = st.recursive(SCALARS, _texts, max_leaves=10)
"""JSON as anybody may have written it."""


def _of(schema: dict[str, Any], value: str | None, *, nullable: bool, preserves: bool) -> dict[str, Any]:
    found = dict(schema)
    if value not in (None, "null"):
        found["default"] = RawJSON(value.encode())  # as the typed CRD holds it
    if nullable:
        found["nullable"] = True
    if preserves:
        found["x-kubernetes-preserve-unknown-fields"] = True
    return found


def _schemas(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    shapes = st.one_of(
        st.dictionaries(NAMES, inner, max_size=3).map(lambda found: {"type": "object", "properties": found}),
        inner.map(lambda found: {"type": "object", "additionalProperties": found}),
        inner.map(lambda found: {"type": "array", "items": found}),
        st.just({"type": "object", "x-kubernetes-embedded-resource": True}),
    )
    return st.builds(_of, shapes, st.one_of(st.none(), TEXTS), nullable=st.booleans(), preserves=st.booleans())


SCHEMAS = st.recursive(
    st.builds(
        _of,
        st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": "number"}]),
        st.one_of(st.none(), SCALARS),
        nullable=st.booleans(),
        preserves=st.just(False),
    ),
    _schemas,
    max_leaves=8,
)


def _version(name: str, spec: dict[str, Any], *, served: bool, status: bool) -> dict[str, Any]:
    properties = {"spec": spec, "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "name": name, "served": served, "storage": name == "v2",
        "schema": {"openAPIV3Schema": {"type": "object", "properties": properties}},
        **({"subresources": {"status": {}}} if status else {}),
    }  # fmt: skip


VERSIONS = [
    st.builds(_version, st.just(name), SCHEMAS, served=st.booleans(), status=st.booleans()) for name in ("v1", "v2")
]


@given(
    one=VERSIONS[0], two=VERSIONS[1], stored=st.sampled_from(["v1", "v2"]), spec=TEXTS, status=TEXTS, generation=NUMBERS
)
def test_a_second_migration_changes_nothing(
    one: dict[str, Any], two: dict[str, Any], stored: str, spec: str, status: str, generation: str
) -> None:
    """What was converted is read again, and comes out as it is, byte for byte."""
    crd = {
        "metadata": {"name": "kites.sky.example.com"},
        "spec": {"group": "sky.example.com", "names": {"plural": "kites", "kind": "Kite"}, "versions": [one, two]},
    }
    converter = CustomConverter(CustomDefinition.of(crd), CODEC.scheme.typed)
    metadata = f'{{"name":"k","generation":{generation},"selfLink":"/k","resourceVersion":"1"}}'
    head = json.dumps({"apiVersion": f"sky.example.com/{stored}", "kind": "Kite"})[:-1]
    text = f'{head},"metadata":{metadata},"spec":{spec},"status":{status}}}'
    (first,) = converter.convert([CODEC.decode(text.encode()).object], "v2", drop_unknown_fields=True)
    if not isinstance(first, Converted):
        return  # metadata of an embedded resource that is none, which a server does not read
    written = write(first.object)
    (second,) = converter.convert([CODEC.decode(written).object], "v2")
    assert isinstance(second, Converted), second
    assert write(second.object) == written
    assert second.pruned == ()
