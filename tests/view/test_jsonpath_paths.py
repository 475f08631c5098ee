"""
What a jsonpath looks at: objects of which only that was read give the same text as whole ones.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kstore.catalog.releases import newest
from kstore.cli.session import open_scheme
from kstore.codec import StorageCodec
from kstore.decode.projection import EVERYTHING, Projection
from kstore.errors import KstoreError
from kstore.object_codec import PROTOBUF
from kstore.source.location.address import open_source
from kstore.view.jsonpath import JsonPath


@pytest.mark.parametrize(
    ("template", "paths"),
    [
        ("{.items[*].metadata.name}", {("metadata", "name")}),
        ('{range .items[*]}{.metadata.name}{"\\n"}{.spec.nodeName}{end}', {("metadata", "name"), ("spec", "nodeName")}),
        ("{range .items[*]}{range .spec.containers[*]}{.image}{end}{end}", {("spec", "containers", "image")}),
        ("{range .items[*].spec.containers[*]}x{end}", {("spec", "containers")}),
        (
            '{.items[*].status.conditions[?(@.type=="Ready")].status}',
            {("status", "conditions", n) for n in ("type", "status")},
        ),
        ("{.items[?(@.spec.nodeName)].metadata.name}", {("spec", "nodeName"), ("metadata", "name")}),
        ("{.items[?(@.spec.nodeName==@.metadata.name)].kind}", {("spec", "nodeName"), ("metadata", "name"), ("kind",)}),
        ("{.items[*]['kind','metadata.uid']}", {("kind",), ("metadata", "uid")}),
        ("{.items[*].status.*.name}", {("status",), ("status", "name")}),
        ("{.items[*]..image}", {(), ("image",)}),
        ("{.items[*]}", {()}),
        ("{.items[0].metadata.name}", {("metadata", "name")}),
        ("{.kind}", set()),
        ("{.items[*].metadata.name} {.items[*].kind}", {("metadata", "name"), ("kind",)}),
        ("{.*}", {()}),
        ("{@}", {()}),
    ],
)
def test_paths(template: str, paths: set[tuple[str, ...]]) -> None:
    """Members and filters' members, unions' each, all from a wildcard on; the List itself is not known in advance."""
    assert set(JsonPath(template).item_paths) == paths


@cache
def _stored() -> tuple[StorageCodec, list[bytes]]:
    codec = StorageCodec(open_scheme(newest()))
    with open_source("demo") as source:
        values = [record.value for record in source.scan(b"/registry/")]
    return codec, [value for value in values if value.startswith(b"k8s\0")]


@cache
def _objects(projection: Projection = EVERYTHING) -> list[dict[str, Any]]:
    codec, values = _stored()
    return [codec.decode(value, projection).object for value in values]


def _paths(value: Any, path: str = "") -> set[str]:
    """All paths of a value, lists as `[*]`."""
    if isinstance(value, dict):
        below = {name: child for name, child in value.items() if name.isalnum()}
        return {path}.union(*(_paths(child, f"{path}.{name}") for name, child in below.items()))
    if isinstance(value, list):
        return {path}.union(*(_paths(child, f"{path}[*]") for child in value))
    return {path}


@cache
def paths() -> list[str]:
    """All paths that the demo store's objects have."""
    return sorted({path for obj in _objects() for path in _paths(obj)} - {""})


@st.composite
def templates(draw: st.DrawFn) -> str:
    """Templates over the paths that the demo store has: loops, filters, wildcards, unions."""
    path = draw(st.sampled_from(paths()))
    other = draw(st.sampled_from(paths()))
    cut = path.rfind("[*]")
    forms = [f"{{.items[*]{path}}}", f"{{range .items[*]}}{{{path}}}:{{{other}}} {{end}}"]
    if cut > 0:
        head, tail = path[:cut], path[cut + 3 :]
        forms += [
            f"{{range .items[*]}}{{range {head}[*]}}<{{{tail or '@'}}}>{{end}}{{end}}",
            f'{{.items[*]{head}[?(@{tail})].name}} {{.items[*]{head}[?(@.type=="Ready")]{tail}}}',
            f"{{.items[*]{head}[*]['{tail.lstrip('.') or 'name'}']}}",
        ]
    parent = path.rpartition(".")[0]
    forms += [f"{{.items[*]{parent}.*}}", f"{{.items[*]{parent}..name}}", f"{{range .items[*]{parent}}}x{{end}}"]
    return draw(st.sampled_from(forms))


@pytest.mark.large
@given(templates())
def test_what_is_left_out_is_not_missed(template: str) -> None:
    """Whatever a template selects in whole objects it selects in those of which only its paths were read."""
    path = JsonPath(template)
    texts = []
    for projection in (EVERYTHING, Projection.of(path.item_paths)):
        try:
            texts.append("".join(path.render_list(_objects(projection))))
        except KstoreError as error:
            texts.append(error.message)
    assert texts[0] == texts[1]


def test_much_is_left_out() -> None:
    """The demo store's objects by name alone are a fraction of the whole."""
    codec, values = _stored()
    assert codec.decode(values[0]).encoding == PROTOBUF
    names = Projection.of(JsonPath("{.items[*].metadata.name}").item_paths)
    assert all(set(obj["metadata"]) <= {"name"} for obj in _objects(names))
    assert len(str(_objects(names))) < len(str(_objects())) / 5
