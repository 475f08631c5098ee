"""
What is hidden unless it is asked for.
"""

from __future__ import annotations

import json

import pytest

from kstore.catalog.releases import newest
from kstore.decode.json.raw_json import RawJSON, plain
from kstore.object_codec import ObjectCodec
from kstore.scheme.scheme import Scheme
from kstore.view.mask import LAST_APPLIED, MASK, masked, shown

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "s",
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"data":{"a":"c2VjcmV0"}}', "note": "x"},
        "managedFields": [{"manager": "m"}],
    },
    "data": {"a": "c2VjcmV0"},
    "stringData": {"b": "secret"},
}


def test_a_secrets_values_are_masked():
    """Values of data and stringData, and those that kubectl apply left in its annotation, are not shown; keys are."""
    text = str(masked(SECRET))
    assert "c2VjcmV0" not in text
    assert "secret" not in text.replace("Secret", "")
    assert masked(SECRET)["data"] == {"a": MASK}
    assert masked(SECRET)["stringData"] == {"b": MASK}
    assert masked(SECRET)["metadata"]["annotations"] == {
        "kubectl.kubernetes.io/last-applied-configuration": MASK,
        "note": "x",
    }
    assert SECRET["data"] == {"a": "c2VjcmV0"}, "the object itself is not changed"


def test_secrets_of_a_list_are_masked():
    """A list is masked item by item."""
    assert masked({"kind": "List", "apiVersion": "v1", "items": [SECRET]})["items"][0]["data"] == {"a": MASK}


def test_other_kinds_are_left_alone():
    """A ConfigMap's data is nobody's secret."""
    config = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}}
    assert masked(config) is config


def test_resource_version_and_managed_fields():
    """The revision is written where ObjectMeta has it; managed fields are left out unless asked for."""
    obj = {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"name": "a", "uid": "u", "managedFields": [], "labels": {}},
    }
    assert list(shown(obj, resource_version=7)["metadata"]) == ["name", "uid", "resourceVersion", "labels"]
    assert "managedFields" in shown(obj, resource_version=7, managed_fields=True)["metadata"]


def test_allocations_are_called_by_their_key():
    """The one kind that the apiserver stores without a name has that of its key; others are shown as they are."""
    allocation = {"apiVersion": "v1", "kind": "RangeAllocation", "metadata": {}, "range": "30000-32767"}
    for key, name in (
        (b"/registry/ranges/serviceips", "serviceips"),
        (b"/tenant/ranges/servicenodeports", "servicenodeports"),
    ):
        assert shown(allocation, key=key)["metadata"]["name"] == name
    named = {**allocation, "metadata": {"name": "own"}}
    assert shown(named, key=b"/registry/ranges/serviceips")["metadata"]["name"] == "own"
    assert shown({"kind": "ConfigMap", "metadata": {}}, key=b"/registry/configmaps/a/b")["metadata"] == {}


def test_what_was_meant_to_be_a_secret():
    """A damaged one is masked by where it is; of its metadata, what no ObjectMeta has is hidden."""
    damaged = {"kind": "Secrte", "data": "secret", "metadata": {"name": "s", "password": "secret", "labels": "secret"}}
    assert "secret" not in str(masked(damaged, b"/registry/secrets/d/s"))
    assert masked(damaged, b"/registry/secrets/d/s")["metadata"]["name"] == "s"
    assert masked(damaged, b"/registry/configmaps/d/s") is damaged


def test_all_of_what_was_applied_last_is_hidden():
    """Also where it is no text: a damaged Secret may have the manifest itself in that place."""
    applied = {"kind": "Secret", "data": {"password": "aHVudGVy"}, "more": ["aHVudGVy"]}
    for place in ("annotations", "labels"):
        metadata = {"name": "s", place: {LAST_APPLIED: applied, "of": "no harm"}}
        assert "aHVudGVy" not in json.dumps(masked({"apiVersion": "v1", "kind": "Secret", "metadata": metadata}))


def test_members_that_are_no_maps():
    """Values in the wrong shape are hidden whole, wherever they stand beside the metadata."""
    for member in ("data", "stringData", "unknown"):
        for value in ("secret", ["secret"], 7357, [{"a": "secret"}]):
            damaged = masked({"kind": "Secret", "apiVersion": "v1", member: value})
            assert str(value) not in str(damaged)
            assert "secret" not in str(damaged)


def carried(secret: object) -> list[object]:
    """What carries an object that is sent: events of a watch, reviews of admission."""
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
    return [
        {"type": "ADDED", "object": secret},
        {**review, "request": {"uid": "u", "object": secret, "oldObject": secret}},
    ]


SENT = [SECRET, RawJSON(json.dumps(SECRET).encode()), RawJSON(ObjectCodec(Scheme(newest())).encode(SECRET)),
        RawJSON(b"k8s\x00\x07c2VjcmV0 secret")]  # fmt: skip


@pytest.mark.parametrize("secret", SENT, ids=["parsed", "json", "protobuf", "broken"])
def test_secrets_that_are_sent_are_masked(secret):
    """Within another object as within a list, in whatever encoding."""
    for obj in carried(secret):
        text = str(plain(masked(obj)))
        assert "c2VjcmV0" not in text
        assert "secret" not in text.replace("Secret", "")


def test_others_that_are_sent_are_shown():
    """They stay as they are, and so does a patch of what is no Secret; who does not say of what hides it."""
    held = RawJSON(b'{"apiVersion":"v1","kind":"ConfigMap","data":{"a":"b"}}')
    for obj in carried(held):
        assert masked(obj) == obj
    review = {"kind": "AdmissionReview", "response": {"uid": "u", "patch": "W10="}}
    assert masked(review)["response"]["patch"] == MASK
    assert masked({**review, "request": {"kind": {"kind": "Secret"}}})["response"]["patch"] == MASK
    assert masked({**review, "request": {"kind": {"kind": "Pod"}}})["response"]["patch"] == "W10="


@pytest.mark.parametrize("own", [{}, {"kind": None}, {"kind": "Secret"}, {"kind": "Secret", "apiVersion": "v1"}])
@pytest.mark.parametrize("kind", ["SecretList", "List"])
def test_a_list_of_secrets_as_a_server_sends_it(kind, own):
    """Its items need not say that they are Secrets, since the list does."""
    item = {name: value for name, value in SECRET.items() if name not in ("kind", "apiVersion")} | own
    found = masked({"kind": kind, "apiVersion": "v1", "metadata": {"resourceVersion": "5"}, "items": [item, "odd"]})
    if kind == "SecretList" or own.get("kind"):
        assert "c2VjcmV0" not in str(found)
        assert found["items"][0].keys() == item.keys()
    assert (found["items"][1], found["metadata"]) == ("odd", {"resourceVersion": "5"})


@pytest.mark.parametrize(("kind", "version"), [("ConfigMapList", "v1"), ("SecretList", "example.com/v1")])
def test_a_list_of_others_is_shown(kind, version):
    """So is one of another group's kind of that name."""
    listed = {"kind": kind, "apiVersion": version, "items": [{"metadata": {"name": "a"}, "data": {"a": "b"}}]}
    assert masked(listed) == listed


@pytest.mark.parametrize(
    ("kind", "version", "key", "hidden"),
    [
        ("Secret", "v1", b"", True),
        ("Secret", "example.com/v1", b"", False),
        ("Secret", "example.com/v1", b"/registry/example.com/secrets/d/s", False),
        ("Secrte", "v1", b"/registry/secrets/d/s", True),
        ("Secrte", "example.com/v1", b"/registry/secrets/d/s", True),
        (None, None, b"/registry/secrets/d/s", True),
        ("ConfigMap", "v1", b"/registry/configmaps/secret/s", False),
    ],
)
def test_what_is_a_secret(kind, version, key, hidden):
    """What the core group calls so, and whatever lies among them; another group's kind of the name is its own."""
    obj = {"kind": kind, "apiVersion": version, "metadata": {"name": "s"}, "data": {"a": "c2VjcmV0"}}
    for found in (masked(obj, key), masked(obj, key.decode()), shown(obj, key=key)):
        assert ("c2VjcmV0" not in str(found)) is hidden
    assert shown(obj, key=key, secrets=True) == obj


def test_names_are_shown_only_where_they_are_no_values():
    """Of data, stringData and metadata; of what no Secret has, nothing is."""
    odd = {"passw0rd": ["passw0rd", {"passw0rd": "passw0rd"}]}
    for member in ("unknown", "type", "immutable", "kind", "apiVersion"):
        secret = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s"}, member: odd}
        assert masked(secret, b"/registry/secrets/d/s")[member] == MASK
    for value in (["passw0rd"], [["passw0rd"]], odd["passw0rd"]):
        assert masked({"kind": "Secret", "unknown": value, "data": value}) == {
            "kind": "Secret",
            "unknown": MASK,
            "data": MASK,
        }
    assert masked({"kind": "Secret", "metadata": "passw0rd"}) == {"kind": "Secret", "metadata": MASK}
    assert masked({"kind": "Secret", "metadata": ["passw0rd"]}) == {"kind": "Secret", "metadata": MASK}


def test_the_revision_is_that_of_the_store():
    """What the metadata say of it is not heeded: the store knows better."""
    obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "resourceVersion": "5", "labels": {}}}
    found = shown(obj, resource_version=7)["metadata"]
    assert list(found.items()) == [("name", "a"), ("resourceVersion", "7"), ("labels", {})]
    assert obj["metadata"]["resourceVersion"] == "5"


METADATA = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": SECRET["metadata"]}


@pytest.mark.parametrize("held", [*SENT, METADATA, RawJSON(json.dumps(METADATA).encode())])
def test_a_table_as_a_server_sends_it(held):
    """Its rows have the objects with them, or their metadata, if that was asked for; the cells stay."""
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": [{"cells": ["s"], "object": held}, {"cells": []}]}
    found = masked(table)
    assert "c2VjcmV0" not in str(plain(found))
    assert [row["cells"] for row in found["rows"]] == [["s"], []]
    other = {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}}
    shown_rows = {"kind": "Table", "rows": [{"cells": [], "object": other}, "odd"]}
    assert masked(shown_rows) == shown_rows


def test_metadata_alone():
    """They do not say of what they are: what was applied last is hidden, and nothing else."""
    items = [{"metadata": SECRET["metadata"]}, METADATA]
    for found in (
        masked(METADATA),
        *masked({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "items": items})["items"],
    ):
        assert found["metadata"]["annotations"] == {LAST_APPLIED: MASK, "note": "x"}
        assert found["metadata"]["name"] == "s"
    for metadata in ({"name": "s"}, {"annotations": {"note": "x"}}, {"annotations": "odd"}, "odd", None):
        bare = {"kind": "PartialObjectMetadata", "metadata": metadata}
        assert masked(bare) is bare
