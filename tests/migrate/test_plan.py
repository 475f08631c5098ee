"""
Plans: a change, unchanged or skipped for every object.
"""

from __future__ import annotations

import json

import pytest

from kstore.codec import StorageCodec
from kstore.customresource.converter import Converted
from kstore.customresource.definition import CustomDefinition
from kstore.encryption.config import load_configuration
from kstore.encryption.interface import Opened
from kstore.errors import EncryptionError, UsageError
from kstore.migrate.plan import Change, EncryptionPlanner, Skipped, Unchanged, VersionPlanner
from kstore.migrate.targets import OnlyStoredIn, ReleaseTargets, VersionTargets
from kstore.naming import GroupResource, GroupVersion, gvk, parse_group_version
from kstore.records import Record

from .conftest import key


def record(value: bytes, name: str = "web", lease: int = 0) -> Record:
    return Record(key(name), value, 3, 7, 2, lease)


def test_every_object_is_accounted_for(planner, codec, deployment):
    """An old version is a change, the wanted one is not, broken bytes are skipped, other kinds are not concerned."""
    pod = codec.encode({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "p"}})
    values = [deployment("a"), deployment("b", version="apps/v1"), deployment("c")[:-3], pod]
    steps = list(planner.plan(record(value) for value in values))
    assert [type(step) for step in steps] == [Change, Unchanged, Skipped]
    assert steps[2].error.code == "undecodable"


def test_a_change_keeps_lease_and_revision(planner, deployment):
    """The write depends on the revision that was read, and the key keeps its lease."""
    (change,) = planner.plan([record(deployment("a"), lease=77)])
    put = change.mutation()
    assert (put.expected_mod_revision, put.lease) == (7, 77)
    assert change.reason == "version"


def test_another_encoding_is_a_change(codec, deployment):
    """JSON becomes protobuf, as the apiserver would write it; and the other way when asked."""
    targets = VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),))
    as_json = codec.convert(deployment("a"), GroupVersion("apps", "v1"), media_type="json")
    (change,) = VersionPlanner(codec, targets).plan([record(as_json)])
    assert (change.reason, change.value) == ("encoding", deployment("a", version="apps/v1"))
    (back,) = VersionPlanner(codec, targets, media_type="json").plan([record(deployment("a"))])
    assert back.value == as_json


@pytest.mark.large
def test_unknown_fields_are_skipped_by_name(planner, codec, deployment):
    """What would be lost is not converted, unless that is asked for."""
    strange = codec.encode({"kind": "Deployment", "apiVersion": "apps/v1beta1", "metadata": {}, "colour": 1}, "json")
    (skipped,) = planner.plan([record(strange)])
    assert (skipped.error.code, skipped.error.paths) == ("unknown-fields", ("colour",))
    targets = VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),))
    (change,) = VersionPlanner(codec, targets, drop_unknown_fields=True).plan([record(strange)])
    assert isinstance(change, Change)


def test_only_what_is_stored_in_a_version(codec, deployment):
    """A pattern limits the plan to what is in such a version."""
    targets = OnlyStoredIn(VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),)), "extensions/*")
    values = [deployment("a"), deployment("b", version="extensions/v1beta1")]
    assert len(list(VersionPlanner(codec, targets).plan(record(value) for value in values))) == 1


THING = {"names": {"plural": "things", "kind": "Thing"}, "versions": [{"name": "v2", "storage": True}]}


def test_an_assumed_version_is_of_its_own_group(codec):
    """An object of another group, whose version has left its CRD as well, is read as what it says that it is."""
    asked = []

    class Converter:
        """Takes objects as they are."""

        def __init__(self, group):
            self.definition = CustomDefinition.of({"metadata": {"name": "things"}, "spec": {"group": group, **THING}})

        def convert(self, objects, version, **_):
            asked.extend(obj["apiVersion"] for obj in objects)
            return [Converted({**obj, "apiVersion": f"{self.definition.kind.group}/{version}"}, ()) for obj in objects]

    things = {
        group: json.dumps({"apiVersion": f"{group}/v1", "kind": "Thing", "metadata": {"name": "t"}}).encode()
        for group in ("a.example", "b.example")
    }
    planner = VersionPlanner(
        codec,
        ReleaseTargets(codec.scheme),
        assume_version=GroupVersion("a.example", "v2"),
        custom_converter=lambda kind: Converter(kind.group),
    )
    steps = list(planner.plan([record(value, group) for group, value in things.items()]))
    assert sorted(asked) == ["a.example/v2", "b.example/v1"]
    assert [step.reason for step in steps] == ["assumed-version"] * 2


def test_only_what_is_stored_in_a_version_of_a_custom_kind(codec):
    """The pattern is held to the version of the object, not to that of its CRD."""
    definition = CustomDefinition.of({"metadata": {"name": "things"}, "spec": {"group": "a.example", **THING}})
    targets = OnlyStoredIn(ReleaseTargets(codec.scheme), "*/v1*")
    assert targets.custom(gvk("a.example/v1alpha1", "Thing"), definition) == GroupVersion("a.example", "v2")
    assert targets.custom(gvk("a.example/v2", "Thing"), definition) is None


def test_a_release_says_where_everything_goes(codec):
    """Across groups, too."""
    targets = ReleaseTargets(codec.scheme)
    assert str(targets.built_in(gvk("extensions/v1beta1", "Ingress"))) == "networking.k8s.io/v1"
    assert str(targets.built_in(gvk("events.k8s.io/v1", "Event"))) == "v1"


@pytest.mark.parametrize(
    ("to", "fates"),
    [
        (("discovery.k8s.io/v1",), {"old": Skipped, "beta": Change}),
        (("apps/v1", "discovery.k8s.io/v1"), {"old": Skipped, "beta": Change}),
        (("apps/v1",), {}),
    ],
)
def test_a_version_that_is_not_converted(codec, to, fates):
    """What cannot be had in the version that is asked for is named; what is of other groups is no concern."""
    slices = {
        name: {
            "apiVersion": f"discovery.k8s.io/{version}", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": name, "namespace": "shop"}, "endpoints": [], "ports": [],
        }
        for name, version in (("old", "v1alpha1"), ("beta", "v1beta1"))
    }  # fmt: skip
    targets = VersionTargets(codec.scheme, tuple(map(parse_group_version, to)))
    records = [record(json.dumps(value).encode(), name) for name, value in slices.items()]
    steps = {step.record.key: step for step in VersionPlanner(codec, targets).plan(records)}
    assert {name: type(step) for name, step in steps.items()} == {key(name): fate for name, fate in fates.items()}
    for name in fates.keys() & {"old"}:
        assert "cannot be had as discovery.k8s.io/v1" in steps[key(name)].error.message


def test_a_version_that_nobody_knows(codec):
    """The versions that there are are named."""
    with pytest.raises(UsageError, match="apps/v7") as raised:
        VersionTargets(codec.scheme, (GroupVersion("apps", "v7"),))
    assert "v1beta2" in raised.value.hint


CONFIGURATION = """
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [deployments.apps]
  providers:
  - aesgcm: {keys: [{name: new, secret: MDEyMzQ1Njc4OWFiY2RlZg==}]}
  - identity: {}
"""


def test_encrypting_what_is_plain(codec, deployment, tmp_path):
    """A plain value is encrypted; a second plan finds nothing to do; a conversion is encrypted as well."""
    path = tmp_path / "encryption.yaml"
    path.write_text(CONFIGURATION)
    encrypting = StorageCodec(
        codec.scheme,
        transformers=load_configuration(str(path)),
        resource_of=lambda _: GroupResource("apps", "deployments"),
    )
    (encrypted,) = EncryptionPlanner(encrypting).plan([record(deployment("a"))])
    assert encrypted.value.startswith(b"k8s:enc:aesgcm:v1:new:")
    (again,) = EncryptionPlanner(encrypting).plan([record(encrypted.value)])
    assert isinstance(again, Unchanged)
    targets = VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),))
    (converted,) = VersionPlanner(encrypting, targets).plan([record(encrypted.value)])
    assert encrypting.open(key("web"), converted.value).plain == deployment("a", version="apps/v1")
    named = EncryptionPlanner(encrypting, wanted=lambda read: read.object["metadata"]["name"] == "a")
    (only,) = named.plan([record(deployment("b"), "b"), record(deployment("a"), "a")])
    assert (only.record.key, type(only)) == (key("a"), Change), "what is not selected is no concern"


@pytest.mark.parametrize("encrypts", [False, True])
def test_an_object_that_cannot_be_encrypted(codec, deployment, monkeypatch, encrypts):
    """It is skipped, with the plugin's reason, and the others go on."""
    encrypting = StorageCodec(codec.scheme)

    def encrypt(where: bytes, plain: bytes) -> bytes:
        if where == key("b"):
            raise EncryptionError("the plugin is away")
        return plain

    monkeypatch.setattr(encrypting, "encrypt", encrypt)
    monkeypatch.setattr(encrypting, "open", lambda _, value: Opened(value, None, stale=True, authenticated=False))
    targets = VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),))
    planner = EncryptionPlanner(encrypting) if encrypts else VersionPlanner(encrypting, targets)
    steps = list(planner.plan([record(deployment(name), name) for name in "abc"]))
    assert [type(step) for step in steps] == [Change, Skipped, Change]
    assert (steps[1].record.key, steps[1].error.message) == (key("b"), "the plugin is away")
    assert steps[1].stored == gvk("apps/v1beta1", "Deployment")


@pytest.mark.large
def test_several_processes_plan_as_one(planner, codec, deployment):
    """The same steps in the same order, the skipped among them, whoever converts."""
    records = [record(deployment(f"web-{n}")[: None if n % 7 else -3], f"web-{n}") for n in range(3000)]
    together = VersionPlanner(codec, VersionTargets(codec.scheme, (GroupVersion("apps", "v1"),)), processes=3)

    def plain(step):
        return step.record, getattr(step, "value", None), str(getattr(step, "error", ""))

    assert list(map(plain, together.plan(records))) == list(map(plain, planner.plan(records)))
