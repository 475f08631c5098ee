"""
Custom resources that an apiserver stored as CBOR are rewritten as CBOR.
"""

from __future__ import annotations

from typing import Any

import pytest

from kstore.catalog.releases import Release
from kstore.codec import StorageCodec
from kstore.customresource import unstructured as custom
from kstore.customresource.converter import Converted, CustomConverter
from kstore.customresource.definition import CustomDefinition
from kstore.decode import cbor
from kstore.errors import NotConvertible
from kstore.migrate.plan import Change, Skipped, Step, VersionPlanner
from kstore.migrate.targets import ReleaseTargets, VersionTargets
from kstore.naming import GroupVersion
from kstore.records import Record
from kstore.scheme.scheme import Scheme

CRD: dict[str, Any] = {
    "metadata": {"name": "birds.example.com"},
    "spec": {
        "group": "example.com",
        "names": {"plural": "birds", "kind": "Bird"},
        "versions": [
            {
                "name": name,
                "served": True,
                "storage": name == "v2",
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
            for name in ("v1", "v2")
        ],
    },
}
BIRD = {
    "apiVersion": "example.com/v1",
    "kind": "Bird",
    "metadata": {"name": "robin", "namespace": "default", "generation": 1},
    "spec": {"wings": 2, "weight": 16.0, "song": "tsip"},
}


@pytest.mark.parametrize("encoding", ["cbor", "json"])
def test_the_encoding_stays(encoding: str) -> None:
    """Another version in the encoding that was there; a float without a fraction stays a float in CBOR."""
    codec = StorageCodec(Scheme(Release("1.37")))
    converter = CustomConverter(CustomDefinition.of(CRD), codec.scheme.typed)
    targets = VersionTargets(codec.scheme, (GroupVersion("example.com", "v2"),), frozenset({"example.com"}))
    planner = VersionPlanner(codec, targets, custom_converter=lambda _: converter)
    value = custom.write(custom.normalize(BIRD), encoding)
    (change,) = planner.plan([Record(b"/registry/example.com/birds/default/robin", value, 1, 2, 1, 0)])
    assert isinstance(change, Change)
    moved = {**BIRD, "apiVersion": "example.com/v2"}
    assert change.value == custom.write(custom.normalize(moved), encoding)
    assert change.value.startswith(b"\xd9\xd9\xf7") == (encoding == "cbor")
    if encoding == "cbor":
        assert isinstance(cbor.loads(change.value)["spec"]["weight"], float)


@pytest.mark.parametrize(
    ("release", "media_type", "encoding"),
    [
        (Release("1.29"), "", "json"),
        (Release("1.31"), "", "json"),
        (Release("1.32"), "", "cbor"),
        (Release("1.37"), "protobuf", "cbor"),
        (Release("1.37"), "json", "json"),
        (Release("1.37", {"CBORServingAndStorage": False}), "", "json"),
    ],
)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_cbor_becomes_json(release: Release, media_type: str, encoding: str, version: str) -> None:
    """Where it is asked for, and where the target's servers cannot read CBOR, or do not write it."""
    codec = StorageCodec(Scheme(release))
    converter = CustomConverter(CustomDefinition.of(CRD), codec.scheme.typed)
    planner = VersionPlanner(
        codec, ReleaseTargets(codec.scheme), media_type=media_type, custom_converter=lambda _: converter
    )
    bird = custom.normalize({**BIRD, "apiVersion": f"example.com/{version}"})
    key = b"/registry/example.com/birds/default/robin"
    (step,) = planner.plan([Record(key, custom.write(bird, "cbor"), 1, 2, 1, 0)])
    (expected,) = converter.convert([bird], "v2")
    assert isinstance(expected, Converted)
    wanted = custom.write(expected.object, encoding)
    assert (step.value if isinstance(step, Change) else step.record.value) == wanted


@pytest.mark.parametrize("encoding", ["cbor", "json"])
def test_a_version_that_is_assumed(encoding: str) -> None:
    """An object of a version that has left the CRD is skipped with what to do; told how to read it, it is converted."""
    codec = StorageCodec(Scheme(Release("1.37")))
    converter = CustomConverter(CustomDefinition.of(CRD), codec.scheme.typed)
    gone = custom.write(custom.normalize({**BIRD, "apiVersion": "example.com/v1alpha1"}), encoding)
    here = custom.write(custom.normalize({**BIRD, "apiVersion": "example.com/v1"}), encoding)
    records = [Record(b"/registry/example.com/birds/a/gone", gone, 1, 2, 1, 0),
               Record(b"/registry/example.com/birds/a/here", here, 1, 2, 1, 0)]  # fmt: skip

    def steps(assumed: GroupVersion | None) -> list[Step]:
        planner = VersionPlanner(
            codec, ReleaseTargets(codec.scheme), assume_version=assumed, custom_converter=lambda _: converter
        )
        return list(planner.plan(records))

    skipped, _ = steps(None)
    assert isinstance(skipped, Skipped)
    assert "`assume_version='example.com/v2'`" in skipped.error.hint
    assert isinstance(steps(GroupVersion("other.example.com", "v1"))[0], Skipped)
    for assumed in ("v1", "v2"):
        first, second = steps(GroupVersion("example.com", assumed))
        assert isinstance(first, Change)
        assert isinstance(second, Change)
        assert (first.reason, second.reason) == ("assumed-version", "version")
        assert first.stored.version == "v1alpha1"
        wanted = custom.write(custom.normalize({**BIRD, "apiVersion": "example.com/v2"}), encoding)
        assert first.value == second.value == wanted
    assert isinstance(steps(GroupVersion("example.com", "v3"))[0], Skipped)


def test_a_conversion_that_fails_as_a_whole() -> None:
    """Each object that was sent is skipped with the reason; what needs no conversion of it goes on."""

    class Away(CustomConverter):
        def convert(self, *_: Any, **__: Any) -> Any:
            raise NotConvertible("the webhook is away")

    codec = StorageCodec(Scheme(Release("1.37")))
    targets = VersionTargets(codec.scheme, (GroupVersion("example.com", "v2"),), frozenset({"example.com"}))
    planner = VersionPlanner(
        codec, targets, custom_converter=lambda _: Away(CustomDefinition.of(CRD), codec.scheme.typed)
    )
    value = custom.write(custom.normalize(BIRD), "json")
    config_map = codec.encode({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}})
    birds = [Record(b"/registry/example.com/birds/default/%s" % name, value, 1, 2, 1, 0) for name in (b"a", b"b")]
    steps = list(planner.plan([birds[0], Record(b"/registry/configmaps/default/a", config_map, 1, 2, 1, 0), birds[1]]))
    assert [step.record.key for step in steps] == [one.key for one in birds]
    assert {step.error.message for step in steps if isinstance(step, Skipped)} == {"the webhook is away"}
